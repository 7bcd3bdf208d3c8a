"""Named points of the protocol at which a test may end the process, as `kill -9` there would. In production: nothing.

A process that was started with PICO_ENGINE_CRASH_AT=T5.2:3 ends the third time that it reaches T5.2; one with
PICO_ENGINE_CRASH_AFTER=17 at the 17th point that it reaches, whichever that is. It says nothing, writes nothing and
ends with status 137. PICO_ENGINE_CRASH_TRACE=FILE has every point that is reached noted in a file, by a line of its
own. These variables are no settings: they are read once, when this module is imported, and serve tests only.

Source of the points: the phases of the protocol, in the order in which an event meets them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock

AT = "PICO_ENGINE_CRASH_AT"
AFTER = "PICO_ENGINE_CRASH_AFTER"
TRACE = "PICO_ENGINE_CRASH_TRACE"
STATUS = 137  # what a shell says of a process that SIGKILL has ended

POINTS = {
    "T1": "an event is about to be stored in the inbox",
    "T2": "an event is stored, and who sent it has not been told",
    "T3": "a rule is about to be asked; what the rules before it did is in memory only",
    "T4": "all rules were asked, nothing of it is decided",
    "T5.1": "a transaction has begun",
    "T5.2": "a statement of a transaction is done",
    "T5.3": "all statements of a transaction are done, it is not committed",
    "T5.4": "a transaction is on disk, and only the writer's thread knows",
    "T6": "an outcome is on disk, and nobody has been told",
    "T7": "an effect is on disk and about to leave",
    "T8": "an effect was answered, which is not written down",
    "T9a": "a step is written down, and its call not made",
    "T9b": "a step was answered, which is not written down",
    "T10.1": "a timer is due, and its firing not decided",
    "T10.2": "a timer's firing is decided and on its way to disk",
    "T11.1": "the schema is brought up to date, not committed",
    "T11.2": "the store is open, and nothing of it read",
    "T11.3": "the root pico is ready in memory",
    "T11.4": "the root pico is on disk",
    "T11.5": "the root pico has been greeted",
    "T11.6": "a stored event is about to be taken up again",
    "T11.7": "all that was left is taken up, and nobody can enter",
    "T12": "effects that were left are about to be taken up",
    "T13": "a repeated delivery was recognised, and not answered",
    "T14": "the end of an effect is on its way to disk",
    "T15": "a commit has failed, and nothing is forgotten yet",
    "T16": "after a failed commit, what is stored is about to be taken up again",
    "T17.1": "the engine was asked to stop, and refuses what comes",
    "T17.2": "nothing runs any more, and commits are under way",
    "T17.3": "the last commit is done, the store is open",
}
"""What is true at each point."""


def _nothing(point: str) -> None:
    """What `reached` is in production."""


class Trap:
    """Counts the points that are reached, on any thread, and ends the process at the one that was asked for."""

    def __init__(self, environment: Mapping[str, str], end: Callable[[int], object] = os._exit) -> None:
        """Raises ValueError for a point that there is not."""
        self._end = end
        self._lock = Lock()
        self.arm(environment)

    def arm(self, environment: Mapping[str, str]) -> None:
        """Count from the beginning, for what this environment asks."""
        self._point, _, count = environment.get(AT, "").partition(":")
        if self._point and self._point not in POINTS:
            raise ValueError(f"expected one of the points {', '.join(POINTS)}, found {self._point!r}")
        self._count = int(count or 1)
        self._after = int(environment.get(AFTER) or 0)
        self._trace = environment.get(TRACE, "")
        self._met: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        """The process has come to this point."""
        with self._lock:
            self._met[point] += 1
            if self._trace:
                with open(self._trace, "a") as trace:
                    trace.write(f"{point}\n")
            if (point, self._met[point]) == (self._point, self._count) or self._met.total() == self._after:
                self._end(STATUS)


trap = Trap(os.environ) if any(os.environ.get(name) for name in (AT, AFTER, TRACE)) else None
reached: Callable[[str], None] = trap.reached if trap is not None else _nothing
