"""Say what is wrong at the token that the parser refused: a stable code, what was expected, what was found.

What was expected is read off the parser: the kinds of tokens that it could have taken. A mark that would only have
gone on with what stands there (an operator, a comma) tells nobody anything; so a list of expectations says what counts.

Source: docs/language.md, "Parse errors".
"""

from __future__ import annotations

from typing import NamedTuple

from .hints import hint_for
from .lookahead import Refused, TokenSource
from .tokens import KINDS, OPENING, OPERATOR_WORDS, RESERVED, UNUSABLE, Token


class Expectation(NamedTuple):
    """Where the parser could take all of `takes` and none of `but_not`, this code or this token was expected."""

    takes: frozenset[str]
    but_not: frozenset[str]
    code: str
    expected: str


def _code(takes: str, code: str, expected: str, but_not: str = "") -> Expectation:
    return Expectation(frozenset(takes.split()), frozenset(but_not.split()), code, expected)


def _token(takes: str, text: str, but_not: str = "") -> Expectation:
    return _code(takes, "expected-token", f"'{text}'", but_not)


# First match wins: what opens a construct stands before what could stand in the middle of one, and what is always
# there in the middle of an expression (`(`, `:` after a name) comes last.
EXPECTATIONS = (
    _code("RID", "expected-rid", "a ruleset id"),
    _code("KEY_FOLLOWS", "expected-string", "a string as key"),
    _code("STRING", "expected-string", "a string", but_not="INT"),
    _code("INT", "expected-integer", "a whole number", but_not="STRING"),
    _code("UNIT", "expected-time-unit", "a unit of time, such as 'minutes'"),
    _code("LEVEL", "expected-level", "'error', 'warn', 'info' or 'debug'"),
    _code("AT REPEAT", "expected-at-or-repeat", "'at' or 'repeat'"),
    _code("ACTIVE", "expected-active-or-inactive", "'active' or 'inactive'"),
    _code("WHEN WHERE", "expected-when-or-where", "'when' or 'where'"),
    _code("ON OFF", "expected-on-or-off", "'on' or 'off'"),
    _code("STRING INT DECLARED RETURN", "expected-function-result", "the function's result"),
    _code("STRING INT", "expected-expression", "an expression"),
    _code("CHEVRON_TEXT", "expected-expression", "more text, '#{' or '>>'"),
    _token("CHEVRON_CLOSE", ">>"),
    _code("EVERY DECLARED", "expected-identifier", "an action"),  # in a defaction
    _token("EVERY }", "}"),  # in a rule
    _code("EVERY", "expected-action", "an action"),
    _token("RETURN }", "return"),
    _code("LOGGING }", "unknown-meta-property", "a property of the meta block"),
    _code("DECLARED RAISE", "expected-declaration", "a statement of the postlude"),
    _code("DECLARED", "expected-declaration", "a declaration"),
    _code("ANY COUNT", "expected-event-expression", "an event expression"),
    _token("EVENT", "event"),
    _code("SYMBOL }", "expected-identifier", "an action"),
    _token("BECOMES", ":="),
    _code("SYMBOL )", "expected-identifier", "a name"),
    _token(")", ")"),
    _token("]", "]"),
    _token("}", "}"),
    _token("BEESTING_CLOSE", "}"),
    _token("TO", "to"),
    _token(",", ","),
    _token("|", "|"),
    _token("SETTING", "setting", but_not="SYMBOL"),
    _token("THEN", "then"),
    _token("MODULE", "module"),
    _token("USING", "using"),
    _token("BETWEEN", "between"),
    _token("{", "{", but_not="["),
    _token("(", "(", but_not="["),
    _token(":", ":"),
    _token("=", "="),
    _code("SYMBOL NULL", "expected-word", "a word"),
    _code("SYMBOL", "expected-identifier", "a name"),
    _code("", "unexpected-token", "something else"),
)

_TWO_TOKENS = {"DECLARED", "ATTRIBUTE"}
_UNCLOSED = {'"': ("string", '"'), "/*": ("comment", "*/"), "re#": ("regular expression", "#")}


class Finding(NamedTuple):
    """What is wrong where the parser has stopped, and what would have been right, if one thing would."""

    code: str
    message: str
    expected: str = ""


def refused(source: TokenSource) -> Refused:
    """What to say of the token that was asked for last and that the parser cannot take."""
    at = source.last
    takes = frozenset(kind for kind in (*KINDS, "$end") if source.can_take(kind))
    stack = [symbol.type for symbol in source.parser.symstack]
    # The peer looks two tokens ahead for a declaration and an attribute, and stumbles over the second one first.
    if source.tokens[at].kind == "SYMBOL" and source.tokens[at + 1].kind in UNUSABLE and takes & _TWO_TOKENS:
        at += 1
    finding = _finding(takes, stack, source.tokens[at], source.tokens[at + 1])
    hint = hint_for(finding.code, finding.expected, source, at)
    if finding.code == "single-result" and source.tokens[at].value == "returns":
        at += 1
    return source.refusal(finding.code, finding.message, at, hint)


def _finding(takes: frozenset[str], stack: list[str], token: Token, following: Token) -> Finding:
    if token.kind == "ILLEGAL":
        return Finding("illegal-character", f"illegal character {token.value!r}")
    if token.kind == "UNCLOSED":
        what, closing = _UNCLOSED[token.value]
        return Finding("unterminated", f"unterminated {what}: expected '{closing}'")
    if takes == {"$end"}:
        return Finding("trailing-input", f"expected nothing after the ruleset, found {_found(token)}")
    if token.value in RESERVED and following.kind == "=" and takes >= {"DECLARED", "$end"}:
        return Finding("expected-declaration", f"the reserved word {_found(token)} cannot be declared")
    # The peer takes `returns` for the first of several results.
    if (token.kind == "," and _in_result_of_defaction(stack)) or (
        token.value == "returns" and takes >= {"RETURN", "}"}
    ):
        return Finding("single-result", f"expected 'return' and one result, found {_found(token)}")
    return _unexpected(takes, stack[-1], token)


def _unexpected(takes: frozenset[str], before: str, token: Token) -> Finding:
    found = next(each for each in EXPECTATIONS if each.takes <= takes and not each.but_not & takes)
    code, expected = found.code, found.expected
    match code:
        case "expected-expression" if token.value in ("setting", "return"):
            code = "reserved-word"
        case "unknown-meta-property" if token.kind != "SYMBOL" or token.value in RESERVED | OPERATOR_WORDS:
            code, expected = "expected-token", "'}'"
        case "expected-action" if token.kind == "{":
            code, expected = "expected-block-keyword", "'every', 'sample' or 'choose'"
        case "expected-declaration" if before == "WITH":
            code = "expected-with-declaration"
        case "expected-word" if before in ("KEY", "KEYS"):
            code, expected = "expected-key-name", "the name of a key"
    return Finding(code, f"expected {expected}, found {_found(token)}", expected)


def _in_result_of_defaction(stack: list[str]) -> bool:
    for place in reversed(range(len(stack))):
        if stack[place] in OPENING:
            return False
        if stack[place] == "RETURN":
            return stack[place - 1] == "action_block"
    return False


def _found(token: Token) -> str:
    if token.kind == "$end":
        return "the end of the text"
    text = " ".join(token.value.split())
    return f"'{text}'" if len(text) <= 40 else f"'{text[:39]}…'"
