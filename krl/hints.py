"""What to do about common slips: a sentence to go with a diagnostic, or none.

A slip is known by what stands around the refused token. Most come from other languages: a mark of theirs, a comma
between statements, quotes where KRL wants a bare word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .tokens import OPENING, OPERATOR_WORDS, PROPERTY_WORDS, RESERVED, Token

_CONDITIONAL = "a conditional is written 'test => one | other'"
_QUOTES = 'strings stand in double quotes: "…"'
_EVERY = "several actions stand in 'every { … }'"
_NO_COMMA = "no comma: declarations are separated by ';' or by nothing"
_RULE_ORDER = "the order in a rule is: select, foreach, pre, actions, postlude"
_RULESET_ORDER = "the order in a ruleset is: meta, global, rules"

_POSTLUDE = {"ALWAYS", "FIRED", "NOTFIRED", "ELSE", "FINALLY"}

_ILLEGAL = {
    **dict.fromkeys("'`‘’“”", _QUOTES),
    "!": "write 'not'",
    "&": "write '&&'",
    "?": _CONDITIONAL,
    "#": "a regular expression is written 're#…#', a comment '// …'",
}
# By the token found, where a '}' or a '(' was expected in a rule.
_MISPLACED = {
    **dict.fromkeys(("fired", "notfired", "always"), "a rule has one postlude"),
    **dict.fromkeys(("else", "finally"), "this goes with 'fired { … }' or 'notfired { … }'"),
    **dict.fromkeys(("meta", "global"), _RULESET_ORDER),
    **dict.fromkeys(("select", "foreach", "pre"), _RULE_ORDER),
    "=": "write '==' to compare",
}


class Place(NamedTuple):
    """The refused token, its neighbours, what was expected of it, and the symbols before it."""

    token: Token
    before: str
    after: str
    expected: str
    stack: Sequence[str]


def hint_for(code: str, expected: str, tokens: Sequence[Token], at: int, stack: Sequence[str]) -> str | None:
    """What the author probably wants to write, if the diagnostic's code and the place tell."""
    after = tokens[at + 1].value if at + 1 < len(tokens) else ""
    place = Place(tokens[at], tokens[at - 1].value if at else "", after, expected, stack)
    hint = _HINTS.get(code)
    return hint(place) if hint else None


def _illegal_character(place: Place) -> str | None:
    if place.token.value.isalpha():
        return "a name has the letters a to z, digits, '_' and '$' only"
    return _ILLEGAL.get(place.token.value)


def _expression(place: Place) -> str | None:
    match place.token.value:
        case word if word in OPERATOR_WORDS:
            return f"'{word}' is an operator: the name can be declared, but not read"
        case "=" if place.before == "==":
            return "write '=='"
        case "=":
            return "write '==' to compare; a declaration is 'name = …', and is no value itself"
        case ":=":
            return "':=' stores entity variables, in a postlude; a declaration takes '='"
        case ";" if place.before == ";":
            return "one ';' is enough"
        case "," if OPENING.isdisjoint(place.stack):
            return _NO_COMMA
        case "|":
            return _CONDITIONAL
    return None


def _declaration(place: Place) -> str | None:
    match place.token.value, place.after:
        case ",", _:
            return _NO_COMMA
        case "for", _:
            return "'for' stands before 'attributes'"
        case "on", _:
            return "write 'on final'"
        case "if", _:
            return _CONDITIONAL
        case _, ":=":
            return "':=' stores entity variables, in a postlude: 'ent:name := …'; a declaration takes '='"
        case _, ":":
            return "entity variables are set in a postlude, with ':='"
        case _, "(" if _POSTLUDE.isdisjoint(place.stack):
            return "only declarations, 'name = …', stand here"
        case _, "(":
            return "actions stand before the postlude"
    return None


def _fixed_token(place: Place) -> str | None:
    match place.expected, place.token.value:
        case "':='", "=":
            return "entity variables are set with ':='"
        case "':='", "{":
            return 'a path of several steps is an array: ent:name{["a", "b"]}'
        case "':='", "[":
            return "a step into an entity variable stands in braces: ent:name{…}"
        case "'|'", "=>":
            return "put the inner conditional in parentheses"
        case "'|'", _:
            return _CONDITIONAL
        case "'event'", _ if place.token.kind == "STRING":
            return 'the domain is a bare word: raise domain event "type"'
        case "':'", _ if "WHEN" in place.stack:
            return "an event is written 'domain:type'"
        case "'('", _ if place.before == "function":
            return "a function has no name of its own: write 'name = function(…){ … }'"
        case "'return'" | "'}'", _ if (
            place.before in (")", ";") and place.token.kind == "SYMBOL" and place.after == "("
        ):
            return _EVERY
        case (("'}'" | "'('"), word):
            return _MISPLACED.get(word)
        case ("')'", word) if word in OPERATOR_WORDS and not {"COUNT", "REPEAT"}.isdisjoint(place.stack):
            return "'count' and 'repeat' take one event"
        case (("')'" | "']'"), _) if place.token.kind in ("SYMBOL", "STRING", "INT", "FLOAT"):
            return "is a comma missing?"
    return None


def _name(place: Place) -> str | None:
    if place.token.value in RESERVED:
        return f"'{place.token.value}' is a reserved word"
    if "action_list" in place.stack and place.token.value == ",":
        return "actions are separated by ';' or by nothing"
    if place.stack[-3:] == ["tight", "{", "action_list"]:
        return "after 'choose', an expression with braces stands in parentheses"
    return None


def _event(place: Place) -> str | None:
    match place.token.value:
        case "*":
            return "there is no wildcard; 'select where' is offered every event"
        case "not":
            return "'not' stands only before 'between'"
        case _ if place.token.kind == "STRING":
            return "domain and type of an event are bare words: domain:type"
    return None


def _property(place: Place) -> str | None:
    if place.before != ";" and place.stack[-1] in ("ident", "name_list", "SYMBOL"):
        return "names are separated by commas"
    import difflib  # late: a text without this slip need not wait for it

    near = difflib.get_close_matches(place.token.value, sorted(PROPERTY_WORDS), 1)
    return f"did you mean '{near[0]}'?" if near else None


def _result(place: Place) -> str:
    return "write 'return'" if place.token.value == "returns" else "put several values into an array or a map"


def _trailing(place: Place) -> str | None:
    match place.token.value:
        case "}":
            return "one '}' is too many, or an earlier one closes too much"
        case "ruleset":
            return "a source has one ruleset"
    return None


_HINTS: dict[str, Callable[[Place], str | None]] = {
    "expected-block-keyword": lambda _: _EVERY,
    "expected-declaration": _declaration,
    "expected-event-expression": _event,
    "expected-expression": _expression,
    "expected-identifier": _name,
    "expected-rid": lambda place: "an id is a bare word: ruleset my.id { … }" if place.token.kind == "STRING" else None,
    "expected-string": lambda place: f'write "{place.token.value}"' if place.token.kind == "SYMBOL" else None,
    "expected-token": _fixed_token,
    "illegal-character": _illegal_character,
    "single-result": _result,
    "trailing-input": _trailing,
    "unknown-meta-property": _property,
}
