"""What to do about common slips: a sentence to go with a diagnostic, or none.

A slip is known by what stands around the refused token. Most come from other languages: a word or a mark of theirs, a
comma between statements, quotes where KRL wants a bare word. Others are a bracket that was never closed: the token
at which the parser notices stands far from it, so the hint names the line of the bracket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .lookahead import TokenSource
from .tokens import NAME_KINDS, OPENING, OPERATOR_WORDS, POSTLUDE_WORDS, PROPERTY_WORDS, RESERVED, Token

_CONDITIONAL = "a conditional is written 'test => one | other'"
_FUNCTION = "a function is written 'name = function(…){ … }': it has no name of its own"
_DECLARATION = "a declaration is 'name = …', without a word in front"
_QUOTES = 'strings stand in double quotes: "…"'
_EVERY = "several actions stand in 'every { … }'"
_NO_COMMA = "no comma: declarations are separated by ';' or by nothing"
_COMMA = "is a comma missing?"
_RULE_ORDER = "the order in a rule is: select, foreach, pre, actions, postlude"
_RULESET_ORDER = "the order in a ruleset is: meta, global, rules"
_IN_META = "this stands in 'meta { … }', the first block of a ruleset"
_MODULES = "a module is named in the meta block: use module its.rid alias name"
_EVENT = "an event is written 'domain:type'"
_RAISE = 'an event is raised by: raise domain event "type" attributes {…}'
_SELECT = "a rule begins with: select when domain:type"
_LOOP = "lists are gone through with 'foreach … setting(item)' in a rule, and with '.map(…)' in an expression"
_LOG = "in a postlude a value is logged with 'log info …'"

_PARTS = {"rule", "meta", "global"}
_CLOSING = {"'}'", "')'", "']'", "'>>'"}
_POSTLUDE = {"ALWAYS", "FIRED", "NOTFIRED", "ELSE", "FINALLY"}

# Words of other languages: they are names here, and it is the next token that is refused.
_FOREIGN = {
    **dict.fromkeys(("let", "const", "var"), _DECLARATION),
    **dict.fromkeys(("def", "fn", "func", "lambda"), _FUNCTION),
    **dict.fromkeys(("for", "while"), _LOOP),
    **dict.fromkeys(("import", "require", "from"), _MODULES),
    **dict.fromkeys(("await", "async"), "there is no such word: every call waits for its answer"),
    "if": _CONDITIONAL,
    "set": "entity variables are set in a postlude: ent:name := …",
    "new": "there is no 'new': values are written as literals, or made by functions",
    "when": _SELECT,
}
_OPERATORS = {"and": "write '&&'", "or": "write '||'"}
_ILLEGAL = {
    **dict.fromkeys("'`‘’“”", _QUOTES),
    "!": "write 'not'",
    "&": "write '&&'",
    "?": _CONDITIONAL,
    "#": "a regular expression is written 're#…#', a comment '// …'",
}
# By the token found, where a '}' or a '(' was expected in a rule or a ruleset.
_MISPLACED = {
    **dict.fromkeys(("fired", "notfired", "always"), "a rule has one postlude"),
    **dict.fromkeys(("else", "finally"), "after the actions, this goes with 'fired { … }' or 'notfired { … }'"),
    **dict.fromkeys(("meta", "global"), _RULESET_ORDER),
    **dict.fromkeys(("select", "foreach", "pre"), _RULE_ORDER),
    "=": "write '==' to compare",
    "return": "a function has one result, at its end",
}


class Place(NamedTuple):
    """The refused token, its neighbours, what was expected of it, and the symbols before it."""

    token: Token
    before: Token | None
    after: str
    expected: str
    stack: Sequence[str]
    inner: Sequence[str]  # the symbols since the innermost bracket that is open
    opened: str  # the innermost bracket that is open, and its line: "'{' of line 5"; empty if none is
    begins_line: bool

    @property
    def begins_anew(self) -> bool:
        """Something begins here that cannot belong to what is open."""
        if not self.begins_line:
            return False
        return self.token.kind == "$end" or self.token.value in _PARTS or self.after == "="

    @property
    def previous(self) -> str:
        """The text of the token before."""
        return self.before.value if self.before else ""

    @property
    def foreign(self) -> str | None:
        """What to say of a word of another language, if it is this token or a name before it."""
        is_name = self.before is not None and self.before.type in ("SYMBOL", *NAME_KINDS.values())
        return _FOREIGN.get(self.token.value) or (_FOREIGN.get(self.previous) if is_name else None)


def hint_for(code: str, expected: str, source: TokenSource, at: int) -> str | None:
    """What the author probably wants to write, if the diagnostic's code and the place tell."""
    hint = _HINTS.get(code)
    return hint(_place(expected, source, at)) if hint else None


def _place(expected: str, source: TokenSource, at: int) -> Place:
    def line(offset: int) -> int:
        return source.source.position(offset).line

    tokens, symbols = source.tokens, source.parser.symstack
    kinds = [each.type for each in symbols]
    innermost = max((number for number, kind in enumerate(kinds) if kind in OPENING), default=0)
    bracket = symbols[innermost]
    return Place(
        token=tokens[at],
        before=tokens[at - 1] if at else None,
        after=tokens[at + 1].value if at + 1 < len(tokens) else "",
        expected=expected,
        stack=kinds,
        inner=kinds[innermost + 1 :],
        # One that was made up, to begin in the middle, has no text.
        opened=f"'{bracket.value}' of line {line(bracket.lexpos)}" if innermost and bracket.value else "",
        begins_line=at == 0 or tokens[at].kind == "$end" or line(tokens[at].lexpos) > line(tokens[at - 1].lexpos),
    )


# --- by code ----------------------------------------------------------------------------------------------


def _illegal_character(place: Place) -> str | None:
    if place.token.value.isalpha():
        return "a name has the letters a to z, digits, '_' and '$' only"
    return _ILLEGAL.get(place.token.value)


def _expression(place: Place) -> str | None:
    match place.token.value:
        case word if word in OPERATOR_WORDS:
            return f"'{word}' is an operator: the name can be declared, but not read"
        case "=" if place.previous in ("==", "!="):
            return f"write '{place.previous}'"
        case "=":
            return "write '==' to compare; a declaration is 'name = …', and is no value itself"
        case ":=":
            return "':=' stores entity variables, in a postlude; a declaration takes '='"
        case ":" if place.stack[-1].lower() in PROPERTY_WORDS:
            return f"no colon: {place.previous} …"
        case ";" if place.previous == ";":
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
        case "for", _ if "RAISE" in place.stack:
            return "'for' stands before 'attributes'"
        case "with", _ if "RAISE" in place.stack:
            return _RAISE
        case "on", _:
            return "write 'on final'"
        case ("and" | "or") as word, _:
            return _OPERATORS[word]
        case "function", _:
            return _FUNCTION
        case _, ":=":
            return "':=' stores entity variables, in a postlude: 'ent:name := …'; a declaration takes '='"
    return place.foreign or _no_declaration(place)


def _no_declaration(place: Place) -> str | None:
    in_postlude = not _POSTLUDE.isdisjoint(place.stack)
    match place.after:
        case ":" if not in_postlude:
            return "entity variables are set in a postlude, with ':='"
        case "(" if not in_postlude:
            return "only declarations, 'name = …', stand here"
        case "(":
            return "actions stand before the postlude"
        case "." if in_postlude:
            return _LOG
    return None


def _fixed_token(place: Place) -> str | None:
    match place.expected, place.token.value:
        case "':='", "=":
            return "entity variables are set with ':='"
        case "':='", "{":
            return 'a path of several steps is an array: ent:name{["a", "b"]}'
        case "':='", "[":
            return "a step into an entity variable stands in braces: ent:name{…}"
        case "':='", "+" | "-":
            return "write the sum out: ent:name := ent:name + 1"
        case "'|'", "=>":
            return "put the inner conditional in parentheses"
        case "'|'", _:
            return f"{_CONDITIONAL}, a function 'function(…){{ … }}'"
        case "'event'", _ if place.token.kind == "STRING" and place.previous == "raise":
            return 'the domain is a bare word: raise domain event "type"'
        case "'event'", _:
            return _RAISE
        case "':'", _ if "WHEN" in place.stack:
            return _EVENT
        case "'('", _ if place.previous == "function":
            return _FUNCTION
        case "'setting'", _:
            return "write: foreach list setting(item)"
        case "'then'", "=":
            return "write '==' to compare"
        case (("'then'" | "'}'" | "')'" | "']'"), ("and" | "or") as word) if "WHEN" not in place.stack:
            return _OPERATORS[word]
        case "'then'", _:
            return "'then' stands between a condition and its actions"
        case "'{'", _ if place.stack[-1] == "RID":
            return "an id is one word, or several joined by '.' or '-'"
        case ("')'", word) if word in OPERATOR_WORDS and not {"COUNT", "REPEAT"}.isdisjoint(place.stack):
            return "'count' and 'repeat' take one event"
    return _bracket(place)


# A bracket was expected: something stands here that may not, or the bracket was forgotten before.
def _bracket(place: Place) -> str | None:
    token = place.token
    match place.expected:
        case "'('" if place.previous in _PARTS | POSTLUDE_WORDS:  # taken for an action's name
            return _not_closed(place)
        case "'}'" | "'('" if hint := _MISPLACED.get(token.value) or place.foreign:
            return hint
        case "'return'" | "'}'" if (
            place.previous in (")", ";")
            and token.kind == "SYMBOL"
            and place.after == "("
            and not {"RULE", "DEFACTION"}.isdisjoint(place.stack)
        ):
            return _EVERY
        case "'}'" if token.kind == "STRING" and place.inner[:1] in (["KEY_FOLLOWS"], ["pair_list"]):
            return _COMMA
        case "'}'" if token.value == ":" and "RAISE" in place.stack:
            return _RAISE
        case "'}'" if token.kind == "STRING" and place.stack[-1] == "property_list":
            return 'a property begins with a bare word: name "…"'
        case "'}'" if token.value in PROPERTY_WORDS and "META" not in place.stack:
            return _IN_META
        case "')'" | "']'" if token.kind in ("SYMBOL", "STRING", "INT", "FLOAT") and not place.begins_anew:
            return _COMMA
    return _not_closed(place) if place.begins_anew and place.expected in _CLOSING else None


def _not_closed(place: Place) -> str | None:
    return f"the {place.opened} is not closed" if place.opened else None


def _name(place: Place) -> str | None:
    if place.token.value in RESERVED:
        return f"'{place.token.value}' is a reserved word"
    if "action_list" in place.stack and place.token.value == ",":
        return "actions are separated by ';' or by nothing"
    if place.stack[-3:] == ["tight", "{", "action_list"]:
        return "after 'choose', an expression with braces stands in parentheses"
    if place.previous == "." and place.token.kind == "STRING":
        return "texts are joined by '+'"
    return "a rule has a name, which is a bare word: rule name { … }" if place.stack[-1] == "RULE" else None


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
    if place.previous != ";" and place.stack[-1] in ("ident", "name_list", "SYMBOL"):
        return "names are separated by commas"
    import difflib  # late: a text without this slip need not wait for it

    near = difflib.get_close_matches(place.token.value, sorted(PROPERTY_WORDS), 1)
    return f"did you mean '{near[0]}'?" if near else place.foreign


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
    "expected-level": lambda place: _LOG if place.token.value == "(" else None,
    "expected-rid": lambda place: "an id is a bare word: ruleset my.id { … }" if place.token.kind == "STRING" else None,
    "expected-string": lambda place: f'write "{place.token.value}"' if place.token.kind == "SYMBOL" else None,
    "expected-token": _fixed_token,
    "expected-when-or-where": lambda _: _SELECT,
    "illegal-character": _illegal_character,
    "single-result": _result,
    "trailing-input": _trailing,
    "unknown-meta-property": _property,
}
