"""Boxes: pieces of a page that know how to stand on one line, and how to break if they cannot.

    Text      words that are never broken     Verbatim  a word with line breaks of its own
    Joined    parts in a row                  Clauses   a head, and parts that may begin lines
    Shifted   a box that is indented further where it breaks

Those of lists are in `brackets.py`.

A box stays as the author broke it, or breaks if it does not fit, and then at all its places. What is broken once is
found broken by the next run: that is why a page that was printed is printed the same again.

A box that *hugs* breaks inside brackets, so that its first line can go on what stands before it and its last line
can be gone on: `f({`, …, `}, x)`. `lead` and `trail` are the widths of these two lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .gaps import NOTHING, Gap
from .page import INDENT, WIDTH, Page


class Box:
    """`flat` is the whole box on one line, None if it must be broken."""

    __slots__ = ("flat", "hugs", "lead", "trail")

    flat: str | None
    hugs: bool
    lead: int
    trail: int

    def render(self, page: Page, indent: int, tail: int) -> None:
        """Write the box; lines that it breaks are indented from `indent`, and `tail` more columns must fit behind."""
        if self.flat is not None and page.column + len(self.flat) + tail <= WIDTH:
            page.write(self.flat)
        else:
            self.render_broken(page, indent, tail)

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write the box on several lines; one that cannot be broken is written as it is, though it is too long."""
        page.write(self.flat or "")


class Text(Box):
    """Words that are never broken."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        self.flat = text
        self.hugs = False
        self.lead = self.trail = len(text)


class Verbatim(Box):
    """A string, a regexp or a chevron that spans lines: they are the author's, to the last blank."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.flat = None
        self.text = text
        self.hugs = True
        self.lead = text.index("\n")
        self.trail = len(text) - text.rindex("\n") - 1

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write it as it is."""
        page.write_lines(self.text)


class Part(NamedTuple):
    """A box behind others: what comes between them, and how."""

    glue: str  # "" or a blank
    gap: Gap
    box: Box
    step: int = INDENT  # of a clause that begins a line

    def flat(self) -> str | None:
        """The part on one line, with what is in front of it."""
        between = self.gap.flat(self.glue)
        return None if between is None or self.box.flat is None else between + self.box.flat

    def reserve(self) -> int:
        """The columns in front of the box."""
        between = self.gap.flat(self.glue)
        return 0 if between is None else len(between)


def flat_row(start: str, parts: Sequence[Part], end: str = "") -> str | None:
    """All parts on one line, if it can hold them."""
    pieces = [start]
    for each in parts:
        piece = each.flat()
        if piece is None:
            return None
        pieces.append(piece)
    pieces.append(end)
    flat = "".join(pieces)
    return flat if len(flat) <= WIDTH else None


def joined(parts: Sequence[Part], *, step: int = INDENT) -> Box:
    """The parts in a row; plain words become one text."""
    if len(parts) == 1:
        return parts[0].box
    if all(type(each.box) is Text and not each.gap.remarks for each in parts):
        return Text("".join(each.glue + (each.box.flat or "") for each in parts))
    return Joined(parts, step)


class Joined(Box):
    """Parts in a row. It is never broken between them, unless a comment does it; then `step` more is indented."""

    __slots__ = ("parts", "step")

    def __init__(self, parts: Sequence[Part], step: int = INDENT) -> None:
        self.parts = parts
        self.step = step
        self.flat = flat_row("", parts)
        breakable = [each.box for each in parts if type(each.box) is not Text]
        comments = any(each.gap.breaks for each in parts)
        self.hugs = bool(breakable) and not comments and all(each.hugs for each in breakable)
        self.lead = self._edge()
        self.trail = self._last()

    def _edge(self) -> int:
        width = 0
        for each in self.parts:
            if each.gap.breaks:
                break
            width += each.reserve() + each.box.lead
            if type(each.box) is not Text:
                break
        return width

    def _last(self) -> int:
        width = 0
        for each in reversed(self.parts):
            width += each.box.trail
            if type(each.box) is not Text or each.gap.breaks:
                break
            width += each.reserve()
        return width

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write the parts, each broken as it must."""
        for each, behind in zip(self.parts, self._tails(tail), strict=True):
            page.lay(each.gap, each.glue, indent + self.step)
            each.box.render(page, indent, behind)

    def _tails(self, tail: int) -> list[int]:
        """What must fit behind each part, up to the next place at which the line may be broken."""
        tails = []
        for each in reversed(self.parts):
            tails.append(tail)
            width = each.box.lead
            if each.gap.breaks:
                tail = 0
            elif type(each.box) is Text:
                tail += each.reserve() + width
            else:
                tail = each.reserve() + width
        tails.reverse()
        return tails


class Clauses(Box):
    """A head, and clauses that stand behind it or, all of them, on lines of their own.

    If one part alone must be broken and hugs, the others stay on its lines. `hugs_long` allows it also if the whole
    is merely too long. `at_start`: at the start of a line the clauses are not indented.
    """

    __slots__ = ("_hugging", "at_start", "parts")

    def __init__(
        self,
        head: Box,
        clauses: Sequence[Part],
        *,
        broken: bool,
        hugs: bool = True,
        hugs_long: bool = False,
        at_start: bool = False,
    ) -> None:
        self.parts = (Part("", NOTHING, head), *clauses)
        self.at_start = at_start
        broken = broken or any(each.gap.breaks for each in clauses)
        self.flat = None if broken else flat_row("", self.parts)
        self._hugging = None if broken or not hugs else self._candidate(hugs_long)
        self.hugs = self._hugging is not None
        self.lead, self.trail = self._edges()

    def _candidate(self, hugs_long: bool) -> int | None:
        """The number of the part that is broken instead of the whole."""
        must = [number for number, each in enumerate(self.parts) if each.box.flat is None]
        if len(must) == 1:
            return must[0] if self.parts[must[0]].box.hugs else None
        may = [number for number, each in enumerate(self.parts) if each.box.hugs]
        return may[-1] if hugs_long and not must and may else None

    def _edges(self) -> tuple[int, int]:
        if self._hugging is None:
            return self.parts[0].box.lead, self.parts[-1].box.trail
        before, after = self._around(self._hugging)
        box = self.parts[self._hugging].box
        return before + box.lead, box.trail + after

    def _around(self, number: int) -> tuple[int, int]:
        """The widths in front of a part and behind it, on one line."""
        before = sum(len(each.flat() or "") for each in self.parts[:number]) + self.parts[number].reserve()
        return before, sum(len(each.flat() or "") for each in self.parts[number + 1 :])

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Break the part that hugs, or in front of every clause."""
        if self._hugging is not None and self._fits(page, indent, tail):
            for number, each in enumerate(self.parts):
                page.lay(each.gap, each.glue, indent)
                if number == self._hugging:
                    each.box.render(page, indent, self._around(number)[1] + tail)
                else:
                    page.write(each.box.flat or "")
            return
        outdent = INDENT if self.at_start and page.is_fresh else 0
        head, *clauses = self.parts
        head.box.render(page, indent, 0)
        for each in clauses:
            own = indent + each.step - outdent
            page.lay_line(each.gap, own, blank=False)
            each.box.render(page, own, tail if each is clauses[-1] else 0)

    def _fits(self, page: Page, indent: int, tail: int) -> bool:
        return page.column + self.lead <= WIDTH and indent + self.trail + tail <= WIDTH


class Shifted(Box):
    """A box whose broken lines are indented `by` more."""

    __slots__ = ("box", "by")

    def __init__(self, box: Box, by: int) -> None:
        self.box = box
        self.by = by
        self.flat, self.hugs, self.lead, self.trail = box.flat, box.hugs, box.lead, box.trail + by

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write the box."""
        self.box.render(page, indent + self.by, tail)
