"""The events that were finished since the engine started: the latest of them, and those who follow them live.

Only names are kept, never rows; who wants to know more reads the log. So neither a follower that is slow nor one that
has gone to sleep holds much: what it does not fetch in time is dropped, the oldest first, and it is told how many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from ..store.interface import LogRow

RECENT = 1000
BACKLOG = 256  # events that wait for one follower


class Finished(NamedTuple):
    """One finished event, on disk."""

    number: int  # in the order of finishing, since the start
    pico: str
    seq: int
    eid: str
    status: str
    respond_ms: float  # from its last rule to the disk


Wanted = Callable[[Finished], bool]


class Feed:
    """The finished events of one engine."""

    def __init__(self) -> None:
        self.recent: deque[Finished] = deque(maxlen=RECENT)
        self._number = 0
        self._followers: list[Follower] = []
        self._ended = False

    def add(self, rows: Iterable[LogRow], respond_ms: float) -> None:
        """These rows are on disk."""
        for row in rows:
            self._number += 1
            finished = Finished(self._number, row.pico, row.seq, row.eid, row.status, round(respond_ms, 3))
            self.recent.append(finished)
            for follower in self._followers:
                follower.offer(finished)

    def follow(self, wanted: Wanted) -> Follower:
        """A follower of the wanted ones among the events that finish from now on; to be used in a `with` block."""
        follower = Follower(wanted, self._followers.remove)
        self._followers.append(follower)
        if self._ended:
            follower.end()
        return follower

    def end(self) -> None:
        """Nothing more will come: let all followers go, and whoever comes later."""
        self._ended = True
        for follower in self._followers:
            follower.end()


class Follower:
    """One who follows."""

    def __init__(self, wanted: Wanted, forget: Callable[[Follower], None]) -> None:
        self.ended = False
        self.dropped = 0  # since the last `take`
        self._wanted = wanted
        self._forget = forget
        self._waiting: deque[Finished] = deque(maxlen=BACKLOG)
        self._something = asyncio.Event()

    def offer(self, finished: Finished) -> None:
        """Keep the event for `take` if it is wanted; a full backlog loses its oldest."""
        if self._wanted(finished):
            self.dropped += len(self._waiting) == BACKLOG
            self._waiting.append(finished)
            self._something.set()

    async def take(self, seconds: float) -> tuple[int, list[Finished]]:
        """How many were dropped, and all that wait; waits for the first, but not longer than so many seconds."""
        if not self.ended:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), seconds)
        taken = self.dropped, list(self._waiting)
        self.dropped = 0
        self._waiting.clear()
        self._something.clear()
        return taken

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._something.set()

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget(self)
