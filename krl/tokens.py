"""The vocabulary of KRL: marks, words, kinds of tokens, and how tightly operators bind.

A word outside a small reserved set means something only in its place: `rule` opens a rule between rules and is
a name anywhere else. So a word has no kind of its own here but a list of kinds that it may be; which one it is,
the parser's state decides (`lookahead.py`).

Source: docs/language.md, "Lexical structure" and "Keywords".
"""

from __future__ import annotations

from typing import NamedTuple

from .tree import Span


class Token:
    """A piece of source text: `kind` is what the lexer saw, `type` what the parser takes it for.

    The names of the other attributes are PLY's. `lineno` and `lexer` are never used, but PLY asks for them.
    """

    __slots__ = ("endlexpos", "kind", "lexpos", "type", "value")

    lineno = 0
    lexer = None

    def __init__(self, kind: str, value: str, lexpos: int, endlexpos: int) -> None:
        self.kind = self.type = kind
        self.value = value
        self.lexpos = lexpos
        self.endlexpos = endlexpos

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.value!r}, {self.lexpos})"


class Comment(NamedTuple):
    """A comment with its marks; the parser ignores it, a formatter may not."""

    span: Span
    text: str


# Everything that JavaScript's \s matches.
WHITE_SPACE = (
    "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

# A mark of one character is its own kind; so is a curly brace, which the lexer counts.
MARKS = {
    "<=>": "COMPARE",
    "<=": "AT_MOST",
    ">=": "AT_LEAST",
    "==": "EQUAL",
    "!=": "UNEQUAL",
    "><": "HAS",
    "=>": "ARROW",
    ":=": "BECOMES",
    "||": "EITHER",
    "&&": "BOTH",
    **{mark: mark for mark in "()[]:.,;=<>|+-*/%"},
}

# Tokens that no production uses: they surface when the parser reaches them, and not before.
UNUSABLE = frozenset({"ILLEGAL", "UNCLOSED"})

LEXED = (
    "INT",
    "FLOAT",
    "STRING",
    "REGEX",
    "SYMBOL",
    "CHEVRON_OPEN",
    "CHEVRON_TEXT",
    "CHEVRON_CLOSE",
    "BEESTING_OPEN",
    "BEESTING_CLOSE",
    *sorted(UNUSABLE),
    *(kind for kind in MARKS.values() if len(kind) > 1),
)

OPENING = frozenset({"(", "[", "{", "BEESTING_OPEN", "CHEVRON_OPEN"})
CLOSING = frozenset({")", "]", "}", "BEESTING_CLOSE", "CHEVRON_CLOSE"})

# --- words ------------------------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RESERVED = _words("function defaction return not setting null true false")
INFIX_WORDS = _words("like cmp")
EVENT_WORDS = _words("and or before then after between any count repeat")
OPERATOR_WORDS = INFIX_WORDS | EVENT_WORDS
# These end the body of a rule, so none of them can name its only action.
POSTLUDE_WORDS = _words("fired notfired else finally always")
# A word here before `=` is declared, though a property could begin: `configure using name = …`.
PROPERTY_WORDS = _words(
    "name description author version logging use configure provide provides share shares key keys errors"
)

_UNITS = _words("second minute hour day week month year")
_LIKE_THEIR_KINDS = _words(
    "ruleset meta global rule is active inactive select when where within foreach pre if every sample choose "
    "fired notfired else finally always raise schedule event attributes for at final log error last clear "
    "name description author version logging off use module alias with configure using key keys errors to"
)

# The keywords that a word may be, the likelier first.
KEYWORDS: dict[str, tuple[str, ...]] = {
    **{word: (word.upper(),) for word in RESERVED | OPERATOR_WORDS},
    **{word: (word.upper(),) for word in _LIKE_THEIR_KINDS},
    **dict.fromkeys(_words("provide provides"), ("PROVIDES",)),
    **dict.fromkeys(_words("share shares"), ("SHARES",)),
    **dict.fromkeys(_words("warn info debug"), ("LEVEL",)),
    "error": ("ERROR", "LEVEL"),
    "on": ("ON", "ON_FINAL"),
    **dict.fromkeys(_words("max min sum avg push"), ("AGGREGATE",)),
    **{unit + s: ("UNIT",) for unit in _UNITS for s in ("", "s")},
}

# What a word is where it is no keyword. A reserved word has no such kind.
NAME_KINDS: dict[str, str] = {
    **dict.fromkeys(OPERATOR_WORDS, "OPERATOR_WORD"),
    **dict.fromkeys(POSTLUDE_WORDS, "POSTLUDE_WORD"),
}

# The same when `=` follows: an operator word can be declared, but it cannot name an argument.
DECLARED_KINDS = {"SYMBOL": "DECLARED", "POSTLUDE_WORD": "DECLARED", "OPERATOR_WORD": "DECLARED_OPERATOR"}

# Kinds that only the token source gives: names that take a glance ahead, and the mark in front of a map's key.
DECIDED = ("RID", "ATTRIBUTE", "PERSISTENT", "KEY_FOLLOWS")

KINDS = (
    *(kind for kind in LEXED if kind not in UNUSABLE),
    *sorted({kind for kinds in KEYWORDS.values() for kind in kinds}),
    *sorted({*NAME_KINDS.values()}),
    *sorted({*DECLARED_KINDS.values()}),
    *DECIDED,
    *(mark for mark in MARKS if len(MARKS[mark]) == 1),
    "{",
    "}",
)

# --- precedence, loosest first ----------------------------------------------------------------------------

# Event operators and infix operators share the table: they never meet. NOT is both the prefix and the first word
# of `not between`. LOWEST is for reductions that lose to any mark that could go on with what stands there:
# `a = b` before a line that begins with `(` is a call.
PRECEDENCE = (
    ("nonassoc", "LOWEST"),
    ("left", "OR"),
    ("left", "AND"),
    ("left", "BEFORE", "THEN", "AFTER"),
    ("left", "BETWEEN"),
    ("left", "EITHER"),
    ("left", "BOTH"),
    ("left", "EQUAL", "UNEQUAL", "<", "AT_MOST", ">", "AT_LEAST", "LIKE", "HAS", "COMPARE", "CMP"),
    ("left", "+", "-"),
    ("left", "*", "/", "%"),
    ("right", "NOT"),
    ("left", "{", "[", ".", "(", ":"),
)
