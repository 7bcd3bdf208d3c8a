"""A circuit breaker: a destination that fails again and again is left alone for a while, then probed."""

from __future__ import annotations

from dataclasses import dataclass

FAILURES = 5  # in a row, until it opens
OPEN_MS = 30_000


@dataclass(slots=True)
class Breaker:
    """The health of one destination."""

    failures: int = 0
    opened_at: int = 0

    def note(self, good: bool, now: int) -> None:
        """An attempt ended."""
        self.failures = 0 if good else self.failures + 1
        if self.failures >= FAILURES:
            self.opened_at = now

    def closed_at(self, now: int) -> int:
        """When the next attempt may be made; `now` or earlier: at once."""
        self.opened_at = min(self.opened_at, now)  # the clock may have been set back since
        return self.opened_at + OPEN_MS if self.failures >= FAILURES else now
