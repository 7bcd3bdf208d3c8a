"""What stands between two words of a source: comments, and where the author broke the line.

All comments belong to gaps. A word, an expression, a statement never knows what comes in front of it: who puts it
somewhere lays the gap too. So no comment can get lost or pass a word, and none makes what follows it look longer.
"""

from __future__ import annotations

from copy import copy
from typing import NamedTuple


class Remark(NamedTuple):
    """A comment in a gap."""

    text: str
    is_apart: bool  # it begins a line
    is_blank: bool  # behind an empty line

    @property
    def ends_line(self) -> bool:
        """Nothing can follow it on its line."""
        return self.text.startswith("//")


class Gap:
    """What stands in front of a word."""

    __slots__ = ("after", "before", "breaks", "ends_line", "is_blank", "is_broken", "is_last_apart", "remarks")

    def __init__(self, remarks: tuple[Remark, ...], *, lines: int, opens: bool = False, closes: bool = False) -> None:
        """`lines`: line breaks right before the word. `opens`: it follows a bracket; `closes`: it hangs on what
        comes before, as a comma does."""
        last_ends = bool(remarks) and remarks[-1].ends_line
        self.remarks = remarks
        self.is_last_apart = lines > 0  # the word begins a line
        self.is_blank = lines > 1  # behind an empty line
        self.is_broken = lines > 0 or any(each.is_apart or "\n" in each.text for each in remarks)
        self.breaks = any(each.is_apart or each.ends_line or "\n" in each.text for each in remarks)
        """No line can hold the gap."""
        self.ends_line = last_ends or (bool(remarks) and remarks[-1].is_apart and lines > 0)
        self.before = "" if opens else " "
        self.after = "" if closes else " "

    def flat(self, glue: str) -> str | None:
        """The gap within a line, where `glue` stands if there is no comment; None if no line can hold it."""
        if not self.remarks:
            return glue
        if self.breaks:
            return None
        return self.before + " ".join(each.text for each in self.remarks) + self.after

    def behind_blank(self) -> Gap:
        """The gap with an empty line in it, in front of the first thing that begins a line."""
        gap = copy(self)
        first = next((number for number, each in enumerate(self.remarks) if each.is_apart), None)
        if first is None:
            gap.is_blank = True
        else:
            remarks = list(self.remarks)
            remarks[first] = remarks[first]._replace(is_blank=True)
            gap.remarks = tuple(remarks)
        return gap


NOTHING = Gap((), lines=0)
LINE = Gap((), lines=1)
BLANK = Gap((), lines=2)
