"""Boxes of lists: items between brackets, lines in braces, names with commas.

Enclosed  items between brackets             Block     lines in braces, never on the line of the braces
Fill      names, as many on a line as fit
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .boxes import Box, Part, Text, flat_row
from .gaps import Gap
from .page import INDENT, WIDTH, Page


class Enclosed(Box):
    """Items between brackets: on one line, or one on each.

    `hugs_one`: if one item alone must be broken and hugs, the brackets stay with it; if none must but all are too
    long, the last one may, or the only one that can.
    """

    __slots__ = ("_hugging", "bracket", "closing", "end", "items")

    def __init__(
        self,
        bracket: str,
        items: Sequence[Item],
        end: Gap,
        closing: str,
        *,
        padding: str = "",
        hugs_one: bool = False,
    ) -> None:
        self.bracket = bracket
        self.items = items
        self.end = end
        self.closing = closing
        parts = [part for each in items for part in each.parts()]
        broken = bool(items) and items[0].gap.is_broken
        broken = broken or end.breaks or any(each.gap.breaks for each in parts)
        self._hugging = self._candidate() if hugs_one and not broken else None
        self.hugs = True
        self.lead = len(bracket)
        self.trail = len(closing)
        if parts and padding:
            parts[0] = parts[0]._replace(glue=padding)
        between = end.flat(padding if items else "")
        self.flat = None if broken or between is None else flat_row(bracket, parts, between + closing)

    def _candidate(self) -> int | None:
        must = [number for number, each in enumerate(self.items) if each.box.flat is None]
        may = [number for number, each in enumerate(self.items) if each.box.hugs]
        if len(must) == 1:
            return must[0] if must[0] in may else None
        if must or not may:
            return None
        return may[-1] if may[-1] == len(self.items) - 1 or len(may) == 1 else None

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Break the item that hugs, or give each a line."""
        if self._hugging is not None and self._fits(page, indent, tail, self._hugging):
            self._render_hugging(page, indent, tail, self._hugging)
            return
        page.write(self.bracket)
        inner = indent + INDENT
        for number, each in enumerate(self.items):
            page.lay_line(each.gap, inner, blank_before=number > 0)
            each.box.render(page, inner, 1 if each.comma else 0)
            if each.comma:
                page.lay(each.comma, "", inner)
                page.write(",")
        page.lay_end(self.end, inner, indent)
        page.write(self.closing)

    def _around(self, number: int) -> tuple[int, int]:
        own = [each.parts() for each in self.items]
        before = [part for parts in own[:number] for part in parts]
        after = [*own[number][1:], *(part for parts in own[number + 1 :] for part in parts)]
        left = len(self.bracket) + sum(len(each.flat() or "") for each in before) + own[number][0].reserve()
        return left, sum(len(each.flat() or "") for each in after) + len((self.end.flat("") or "") + self.closing)

    def _fits(self, page: Page, indent: int, tail: int, number: int) -> bool:
        before, after = self._around(number)
        box = self.items[number].box
        return page.column + before + box.lead <= WIDTH and indent + box.trail + after + tail <= WIDTH

    def _render_hugging(self, page: Page, indent: int, tail: int, hugging: int) -> None:
        page.write(self.bracket)
        for number, each in enumerate(self.items):
            page.lay(each.gap, " " if number else "", indent)
            if number == hugging:
                each.box.render(page, indent, self._around(number)[1] + tail)
            else:
                page.write(each.box.flat or "")
            if each.comma:
                page.lay(each.comma, "", indent)
                page.write(",")
        page.lay(self.end, "", indent)
        page.write(self.closing)


class Item(NamedTuple):
    """An item between brackets; `comma` is what stands in front of the comma behind it, None if there is none."""

    gap: Gap
    box: Box
    comma: Gap | None
    glue: str = ""

    def parts(self) -> list[Part]:
        """The item and its comma, as they stand on one line."""
        own = Part(self.glue, self.gap, self.box)
        return [own] if self.comma is None else [own, Part("", self.comma, COMMA)]


COMMA = Text(",")


class Line(NamedTuple):
    """A line of a block: a declaration, a rule."""

    gap: Gap
    box: Box
    is_blank: bool = False  # behind an empty line, whatever the author did


class Block(Box):
    """Lines in braces."""

    __slots__ = ("end", "lines")

    def __init__(self, lines: Sequence[Line], end: Gap) -> None:
        self.lines = lines
        self.end = end
        self.flat = None if lines or end.breaks else "{" + (end.flat("") or "") + "}"
        self.hugs = True
        self.lead = self.trail = 1

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write each line, one step in."""
        page.write("{")
        write_lines(page, self.lines, indent + INDENT)
        page.lay_end(self.end, indent + INDENT, indent)
        page.write("}")


def write_lines(page: Page, lines: Sequence[Line], indent: int) -> None:
    """Write lines; the empty ones of the author's are kept, but not at the beginning."""
    for number, each in enumerate(lines):
        gap = each.gap.behind_blank() if each.is_blank else each.gap
        page.lay_line(gap, indent, blank_before=number > 0)
        each.box.render(page, indent, 0)


class Fill(Box):
    """Names with commas: the author's lines, and further ones where they are too long."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        broken = any(each.gap.is_broken for each in items[1:])
        self.flat = None if broken else flat_row("", [part for each in items for part in each.parts()])
        self.hugs = True
        self.lead = self.trail = len(items[0].box.flat or "")

    def render_broken(self, page: Page, indent: int, tail: int) -> None:
        """Write name after name."""
        for number, each in enumerate(self.items):
            name = each.box.flat or ""
            if number and (each.gap.is_broken or page.column + len(name) + 2 > WIDTH):
                page.lay_line(each.gap, indent + INDENT, blank=False)
            elif number:
                page.lay(each.gap, " ", indent + INDENT)
            page.write(name)
            if each.comma:
                page.lay(each.comma, "", indent + INDENT)
                page.write(",")
