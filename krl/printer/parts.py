"""What all constructs are made of: rows of words, lists in brackets, blocks, and the semicolons that must stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..tree import Name, Qualified
from .boxes import Box, Part, Text, joined
from .brackets import Block, Enclosed, Fill, Item, Line
from .dispatch import prints
from .gaps import NOTHING, Gap
from .words import Words

N = TypeVar("N")

_GO_ON = frozenset(["(", "[", "{", ".", "+", "-", "like", "cmp"])
"""What makes an expression longer, though it could also begin something new."""


class Row:
    """Parts in a row, as they are taken from the words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.parts: list[Part] = []

    def word(self, glue: str = " ") -> Row:
        """The next word; `glue` is what comes in front of it."""
        gap = self.gap()
        self.add(gap, Text(self._words.take()), glue)
        return self

    def box(self, make: Callable[[Words, N], Box], node: N, glue: str = " ") -> Row:
        """The box that `make` makes of the node."""
        gap = self.gap()
        self.add(gap, make(self._words, node), glue)
        return self

    def add(self, gap: Gap, box: Box, glue: str = " ") -> None:
        """A box that has been made, behind a gap that was asked for before."""
        self.parts.append(Part(glue if self.parts else "", gap, box))

    def gap(self) -> Gap:
        """What stands in front of the next word; the first part of a row leaves it to who lays the row."""
        return self._words.gap() if self.parts else NOTHING

    def done(self, *, step: int = 2) -> Box:
        """The row as a box."""
        return joined(self.parts, step=step)


@prints(Name)
def name(words: Words, node: Name) -> Box:
    """A name, or any other single word."""
    return Text(words.take())


@prints(Qualified)
def qualified(words: Words, node: Qualified) -> Box:
    """`domain:name`."""
    return Row(words).word().word("").word("").done()


def rid(words: Words) -> Box:
    """A ruleset id: words that hang together by dots and dashes."""
    text = words.take()
    while words.follows_at_once() and (words.sees(".") or words.sees("-")):
        text += words.take() + words.take()
    return Text(text)


def enclosed(
    words: Words, nodes: Sequence[N], make: Callable[[Words, N], Box], *, padding: str = "", hugs_one: bool = False
) -> Box:
    """Items between brackets, with commas between them; one behind the last is dropped."""
    bracket = words.take()
    items = []
    for number, node in enumerate(nodes):
        gap = words.gap()
        made = make(words, node)
        comma = None
        if number < len(nodes) - 1:
            comma = words.gap()
            words.take()
        elif words.sees(","):
            words.drop()
        items.append(Item(gap, made, comma, " " if number else ""))
    end = words.gap()
    closing = words.take()
    if not items and not end.remarks:
        return Text(bracket + closing)
    return Enclosed(bracket, items, end, closing, padding=padding, hugs_one=hugs_one)


def setting(words: Words, names: Sequence[Name]) -> Box:
    """`setting(a, b)`."""
    return Row(words).word().box(lambda w, each: enclosed(w, each, name), names, "").done()


def block(words: Words, nodes: Sequence[N], make: Callable[[Words, N], Box]) -> Box:
    """Braces with a line for each node."""
    words.take()
    return block_of(words, [line(words, each, make) for each in nodes])


def block_of(words: Words, lines: Sequence[Line]) -> Box:
    """The block whose lines have been taken; its brace is next."""
    end = words.gap()
    words.take()
    return Block(lines, end)


def line(words: Words, node: N, make: Callable[[Words, N], Box]) -> Line:
    """One line of a block."""
    gap = words.gap()
    return Line(gap, make(words, node))


def fill(words: Words, names: Sequence[Name]) -> Box:
    """Names with commas between them."""
    items = []
    for number, each in enumerate(names):
        gap = words.gap() if number else NOTHING
        made = name(words, each)
        comma = None
        if number < len(names) - 1:
            comma = words.gap()
            words.take()
        items.append(Item(gap, made, comma, " " if number else ""))
    return Fill(items)


def ended(words: Words, box: Box, further: frozenset[str] = frozenset()) -> Box:
    """The box with the semicolon behind it, if there is one and it must stay: without it the next line would belong
    to this one. `further` are the words that go on from what the box is, besides those that go on from any
    expression."""
    if not words.sees(";"):
        return box
    following = words.texts[words.at + 1]
    if following in _GO_ON or following in further:
        return joined([Part("", NOTHING, box), Part("", words.gap(), Text(words.take()))])
    words.drop()
    return box
