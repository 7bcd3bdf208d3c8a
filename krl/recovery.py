"""Where to go on after an error, to find the next one.

The parser is not asked to recover: after an error a fresh one starts where something new begins, with a beginning
made up that leads there, such as the tokens of `ruleset x { global {`. At most one error is reported for a rule, a
property or a declaration outside rules, so the place lies beyond the one at fault. It is found by counting brackets;
and because a bracket may be what is missing, also by the layout: a line that begins with `rule NAME {`, or an item
that is indented no more than the one at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .tokens import CLOSING, OPENING, PROPERTY_WORDS, RESERVED, Token

IN_RULESET = ("RULESET", "RID", "{")
_IN_LIST = {"GLOBAL": (*IN_RULESET, "GLOBAL", "{"), "META": (*IN_RULESET, "META", "{")}


class Resumption(NamedTuple):
    """Go on with the token of this number, as if tokens of these kinds had come before."""

    at: int
    beginning: tuple[str, ...] = ()


def resumption(text: str, tokens: Sequence[Token], at: int, stack: Sequence[Any]) -> Resumption | None:
    """Where to go on after the parser refused the token number `at`, having these symbols; None for nowhere."""
    kinds = [symbol.type for symbol in stack]
    for opener in ("RULE", "GLOBAL", "META", "RULESET", "source_list"):
        if opener in kinds and at < len(tokens):
            inner = stack[kinds.index(opener) + 1 :]
            layout = Layout(text, tokens, _item_start(inner, tokens[at]))
            depth = sum(symbol.type in OPENING for symbol in inner)
            return _outside(layout, at, depth) if opener == "source_list" else _inside(layout, at, depth, opener)
    return None


def _inside(layout: Layout, at: int, depth: int, opener: str) -> Resumption | None:
    """Within a ruleset: the next item of the list that `opener` began, the list's end, or the next part or rule."""
    for index in range(at, len(layout.tokens)):
        kind = layout.tokens[index].kind
        if layout.begins_part(index):
            return Resumption(index, IN_RULESET)
        if layout.begins_item(opener, index) and ((depth == 1 and index > at) or layout.is_outdented(index)):
            return Resumption(index, _IN_LIST[opener])
        if opener == "GLOBAL" and kind == ";" and depth == 1:
            return Resumption(index + 1, _IN_LIST[opener])
        if kind in OPENING:
            depth += 1
        elif kind == "}" and depth == 1 and opener != "RULESET":
            return Resumption(index, _IN_LIST[opener]) if opener in _IN_LIST else Resumption(index + 1, IN_RULESET)
        elif kind in CLOSING and depth > 1:
            depth -= 1
    return None


def _outside(layout: Layout, at: int, depth: int) -> Resumption | None:
    """Where there is no ruleset: after the next `;`, or with the next declaration."""
    for index in range(at, len(layout.tokens)):
        kind = layout.tokens[index].kind
        if layout.begins_declaration(index) and ((depth == 0 and index > at) or layout.is_outdented(index)):
            return Resumption(index)
        if kind == ";" and depth == 0:
            return Resumption(index + 1)
        if kind in OPENING:
            depth += 1
        elif kind in CLOSING and depth > 0:
            depth -= 1
    return None


def _item_start(inner: Sequence[Any], refused: Token) -> int:
    """Where the item at fault begins: its name is still among the symbols, or it is the refused token itself."""
    declared = (symbol for symbol in inner if symbol.type in ("DECLARED", "DECLARED_OPERATOR"))
    return int(next(declared, refused).lexpos)


class Layout:
    """What tokens look like: which begin a line, and how far in."""

    def __init__(self, text: str, tokens: Sequence[Token], item_start: int) -> None:
        self.text = text
        self.tokens = tokens
        self._item_column = self._column(item_start)

    def begins_part(self, index: int) -> bool:
        """A line begins here with `rule NAME {`, `meta {` or `global {`."""
        match [token.value for token in self.tokens[index : index + 3]]:
            case ["rule", _, "{" | "is"] | ["meta" | "global", "{", *_]:
                return self._begins_line(index)
        return False

    def begins_item(self, opener: str, index: int) -> bool:
        """An item of the list that `opener` began may begin here."""
        if opener == "GLOBAL":
            return self.begins_declaration(index)
        return opener == "META" and self.tokens[index].value in PROPERTY_WORDS and not self._precedes_equals(index)

    def begins_declaration(self, index: int) -> bool:
        """`name =` stands here, which is no keyword's place."""
        token = self.tokens[index]
        return token.kind == "SYMBOL" and token.value not in RESERVED and self._precedes_equals(index)

    def is_outdented(self, index: int) -> bool:
        """A line begins here, indented no more than the item at fault."""
        return self._begins_line(index) and self._column(self.tokens[index].lexpos) <= self._item_column

    def _precedes_equals(self, index: int) -> bool:
        return index + 1 < len(self.tokens) and self.tokens[index + 1].kind == "="

    def _begins_line(self, index: int) -> bool:
        before = self.tokens[index - 1].endlexpos if index else 0
        return not index or "\n" in self.text[before : self.tokens[index].lexpos]

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1
