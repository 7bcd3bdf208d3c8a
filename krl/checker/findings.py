"""Collects what the checker finds, and proposes the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..errors import Diagnostic
from ..source import Source
from ..tree import Node, Span

MAX_PROPOSALS = 100  # of one check: comparing names is slow, and nobody reads more
MAX_COMPARED = 2_000  # names that are candidates for one proposal
MAX_NAME = 60  # characters; nobody mistypes a longer name into another


class Findings:
    """The diagnostics of one source, in the making."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.dormant = False
        """True within an inactive rule: what is wrong there stops nobody, so errors become warnings."""
        self._found: list[Diagnostic] = []
        self._proposals = 0

    def error(self, place: Node | Span, code: str, message: str, hint: str | None = None) -> None:
        """The program cannot be loaded."""
        self._add(place, "warning" if self.dormant else "error", code, message, hint)

    def warning(self, place: Node | Span, code: str, message: str, hint: str | None = None) -> None:
        """The program can be loaded, but its author probably meant something else."""
        self._add(place, "warning", code, message, hint)

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All findings by their place in the source; at one place errors first."""
        return tuple(sorted(self._found, key=lambda each: (each.span.start, each.severity)))

    def line(self, place: Node | Span) -> int:
        """The line on which something stands."""
        return self.source.position(_span(place).start).line

    def nearest(self, name: str, candidates: Iterable[str]) -> str | None:
        """The candidate that looks most like `name`, None if none does."""
        if self._proposals >= MAX_PROPOSALS or len(name) > MAX_NAME:
            return None
        from difflib import get_close_matches  # here, since a source without slips needs no comparing

        self._proposals += 1
        near = [each for each in dict.fromkeys(candidates) if abs(len(each) - len(name)) <= 3][:MAX_COMPARED]
        by_case = {each.lower(): each for each in near}
        found = get_close_matches(name.lower(), by_case, n=1, cutoff=0.7)
        return by_case[found[0]] if found else None

    def proposal(self, name: str, candidates: Iterable[str]) -> str | None:
        """A hint with the candidate that looks most like `name`."""
        near = self.nearest(name, candidates)
        return f"did you mean `{near}`?" if near else None

    def _add(
        self, place: Node | Span, severity: Literal["error", "warning"], code: str, message: str, hint: str | None
    ) -> None:
        self._found.append(Diagnostic(self.source, _span(place), severity, code, message, hint))


def _span(place: Node | Span) -> Span:
    return place.span if isinstance(place, Node) else place
