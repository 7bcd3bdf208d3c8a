"""What a test comes to: what was wrong with its file, and what was not as expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NOTHING = object()
"""There is no such value; shown as `nothing`, which null is not."""


class Words(str):
    """What a report says in words, where else a value stands."""

    __slots__ = ()


class FormatError(Exception):
    """A file says something that no test can say: which file, where in it, what was found and what is possible."""

    def __init__(self, file: str, place: str, message: str) -> None:
        super().__init__(": ".join(part for part in (file, place, message) if part))
        self.file = file
        self.place = place
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was not as expected."""

    what: str  # "state count", "rule reset"
    expected: Any = NOTHING
    actual: Any = NOTHING
    step: int = 0  # counted from 1; 0: before the first one
    title: str = ""  # of the step
    rule: str | None = None  # that did it, or should have
    place: str | None = None  # `file.krl:12`, where that rule stands
    why: str | None = None  # the trace's reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test ended."""

    file: str
    name: str
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    skipped: str | None = None  # why it was not run

    @property
    def passed(self) -> bool:
        """Everything was as expected."""
        return not self.problems and self.skipped is None
