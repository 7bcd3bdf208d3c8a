"""Source text and places in it: offsets to lines and columns, and the excerpt with its caret.

Offsets are Python string indices everywhere inside; a line is 1 + the number of LF before the place; a column
is 1-based and counts UTF-16 code units, because editors and the peer's vectors do.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from .tree import Span

MAX_EXCERPT = 120  # characters of a source line shown in a message


class Position(NamedTuple):
    """A place as editors name it."""

    line: int  # 1-based
    column: int  # 1-based, in UTF-16 code units


def utf16_length(text: str) -> int:
    """How many UTF-16 code units `text` takes."""
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


@dataclass(frozen=True)
class Source:
    """A text with a name: a file's path, a URL, or `<inline>`."""

    text: str
    name: str = "<inline>"
    _line_starts: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        object.__setattr__(self, "_line_starts", starts)

    def position(self, offset: int) -> Position:
        """Line and column of the character at `offset`; an offset beyond the end counts as the end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return Position(line, 1 + utf16_length(self.text[self._line_starts[line - 1] : offset]))

    def line_starts(self) -> list[int]:
        """The offsets at which lines begin, for who asks for many lines and no columns (do not change it)."""
        return self._line_starts

    def line(self, number: int) -> str:
        """The text of a line (1-based) without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def excerpt(self, span: Span) -> str:
        """The line on which `span` begins, and a caret line under its first character."""
        position = self.position(span.start)
        text = self.line(position.line)
        before = text[: span.start - self._line_starts[position.line - 1]]
        if len(before) > MAX_EXCERPT - 40:
            cut = len(before) - (MAX_EXCERPT - 40)
            text, before = "…" + text[cut + 1 :], before[cut:]
        # A tab before the caret stays a tab, so that the caret stands right whatever a tab's width is.
        padding = "".join("\t" if c == "\t" else " " for c in before)
        return f"{text[:MAX_EXCERPT]}\n{padding}^"
