"""The page that is written on: where the next character will stand, and what comes between two words.

A line is not broken before something is written on the next one, so a comment can still be put behind what stands
there, and no line ends in blanks.
"""

from __future__ import annotations

from .gaps import Gap

WIDTH = 120  # columns, as of all that we write
INDENT = 2


class Page:
    """Text in the making. `column` is where the next word will begin; at the start of a line `is_fresh` is true."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._pending = ""  # what comes in front of the next word
        self.column = 0
        self.is_fresh = True

    def write(self, text: str) -> None:
        """Write a word, or several, that hold no line break."""
        self._written.append(self._pending + text if self._pending else text)
        self._pending = ""
        self.column += len(text)
        self.is_fresh = False

    def write_lines(self, text: str) -> None:
        """Write a text as it is, line breaks and all."""
        self.write(text)
        if (at := text.rfind("\n")) >= 0:
            self.column = len(text) - at - 1

    def break_line(self, indent: int, *, blank: bool = False) -> None:
        """Let the next word begin a line; with `blank` an empty line comes first. At the top nothing is broken."""
        self._pending = ("\n\n" if blank else "\n") + " " * indent if self._written else ""
        self.column = indent
        self.is_fresh = True

    def space(self) -> None:
        """Let there be a blank in front of the next word, unless it begins a line."""
        if not self.is_fresh and not self._pending:
            self._pending = " "
            self.column += 1

    def lay(self, gap: Gap, glue: str, indent: int) -> None:
        """Go over a gap within a line; its comments may break the line all the same."""
        if gap.remarks:
            self._remark(gap, indent, may_be_blank=True)
            if gap.ends_line:
                self.break_line(indent)
                return
            glue = gap.after
        if glue:
            self.space()

    def lay_line(self, gap: Gap, indent: int, *, blank: bool = True, blank_before: bool = True) -> None:
        """Go over a gap to a new line. `blank`: keep an empty line of the author's."""
        if gap.remarks:
            self._remark(gap, indent, may_be_blank=blank_before)
            if not gap.ends_line and gap.remarks[-1].is_apart and not gap.is_last_apart:
                self.space()  # a comment on the line of what it belongs to
                return
            blank_before = True
        self.break_line(indent, blank=blank and blank_before and gap.is_blank)

    def lay_end(self, gap: Gap, inner: int, indent: int) -> None:
        """Go over the gap in front of a closing bracket, whose comments belong to what it closes."""
        if gap.remarks:
            self._remark(gap, inner, may_be_blank=True)
        self.break_line(indent)

    def text(self) -> str:
        """All that was written; the last line ends."""
        return "".join(self._written) + "\n"

    def _remark(self, gap: Gap, indent: int, *, may_be_blank: bool) -> None:
        for number, remark in enumerate(gap.remarks):
            if remark.is_apart:
                self.break_line(indent, blank=remark.is_blank and (may_be_blank or number > 0))
            elif number > 0 or gap.before or remark.ends_line:
                self.space()
            self.write_lines(remark.text)
