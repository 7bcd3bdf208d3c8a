"""Places in a text as the protocol has them: a line and a character, in the units that client and server agreed on.

Lines end at LF, CR LF or CR, and nowhere else: not at the other characters at which Python's `splitlines` ends them.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol.types import Position, PositionEncodingKind, Range

from krl import Span

_LINE_END = re.compile(r"\r\n|\n|\r")


class Lines:
    """A text cut into lines, from offsets to positions and back."""

    def __init__(self, text: str, encoding: str = PositionEncodingKind.Utf16) -> None:
        self._text = text
        self._encoding = encoding
        self._starts = [0, *(each.end() for each in _LINE_END.finditer(text))]
        self._ends = [*(each.start() for each in _LINE_END.finditer(text)), len(text)]

    def offset(self, position: Position) -> int:
        """The offset of a position; one beyond the end of its line is at the end, and so is one beyond the text."""
        if position.line >= len(self._starts):
            return len(self._text)
        start, end = self._starts[position.line], self._ends[position.line]
        line = self._text[start:end]
        if line.isascii() or self._encoding == PositionEncodingKind.Utf32:
            return start + min(position.character, len(line))
        units = 0
        for index, character in enumerate(line):
            units += self._units(character)
            if units > position.character:
                return start + index
        return end

    def position(self, offset: int) -> Position:
        """The position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        before = self._text[self._starts[line] : offset]
        if before.isascii() or self._encoding == PositionEncodingKind.Utf32:
            return Position(line, len(before))
        return Position(line, sum(map(self._units, before)))

    def range(self, span: Span) -> Range:
        """A stretch of the text."""
        return Range(self.position(span.start), self.position(span.end))

    def _units(self, character: str) -> int:
        if self._encoding == PositionEncodingKind.Utf8:
            return len(character.encode("utf-8", "surrogatepass"))
        return 2 if character > "\uffff" else 1
