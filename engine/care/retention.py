"""Retention: what is kept for how long, and the space of what is not.

Traces go first, being large and no part of the state; failures are kept longer, since somebody may still want to try
them again; the log itself is kept for ever unless a setting says otherwise, and then it is cut only where a snapshot
holds the state and the hash from which the rest goes on. All work is done in small slices on another thread, with
pauses between them, so that a commit waits for one slice at most.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial

import structlog

from ..clock import Chance
from ..errors import StoreUnavailable
from ..means import on_thread
from ..settings import Settings
from ..store.interface import Reading, Store

ROUND_SECONDS = 60.0
CUT_ROUNDS = 60  # logs are looked through once in so many rounds
PAUSE_SECONDS = 0.02  # between two slices: several times as long as one takes
SLICE_ROWS = 200
SLICE_PAGES = 100  # of 4 kB
SLICE_PICOS = 50
SPARE_PAGES = 1000  # that stay in the file for what comes next

_log = structlog.get_logger("picoengine")

Slice = Callable[[], int]
"""Does a little; how much it did, 0 when nothing is left to do for now."""


class Retention:
    """Lets go of what is too old."""

    def __init__(self, store: Store, settings: Settings, chance: Chance) -> None:
        self._store = store
        self._settings = settings
        self._chance = chance
        self._rounds = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go round for ever."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Begin no further slice; returns when the one under way is done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._chance.sleep(ROUND_SECONDS)
            try:
                await self.round()
            except StoreUnavailable as error:
                _log.error("retention cannot work on the store", error=error.text)

    async def round(self) -> None:
        """Let go of all that is too old now. Raises StoreUnavailable; what is left then is for the next round."""
        for work in self._work():
            while await self._slice(work):
                await asyncio.sleep(PAUSE_SECONDS)
        self._rounds += 1

    @staticmethod
    async def _slice(work: Slice) -> int:
        under_way = asyncio.ensure_future(on_thread(work))
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            await asyncio.gather(under_way, return_exceptions=True)  # a thread cannot be called back
            raise

    def _work(self) -> Iterator[Slice]:
        store, settings = self._store, self._settings
        traces, failures = self._before(settings.trace_seconds), self._before(settings.failure_seconds)
        attachments = self._before(settings.attachment_seconds)
        yield lambda: store.trim_failures(failures, SLICE_ROWS)
        yield lambda: store.trim_attachments(attachments, SLICE_ROWS)
        yield lambda: store.trim_traces(traces, settings.trace_bytes, SLICE_ROWS)
        yield self._prune
        if settings.log_seconds > 0 and self._rounds % CUT_ROUNDS == 0:
            yield partial(next, self._cut_logs(self._before(settings.log_seconds)), 0)
        yield lambda: store.shrink(SLICE_PAGES, SPARE_PAGES)

    def _cut_logs(self, before: int) -> Iterator[int]:
        """Cut the log of each pico behind its latest snapshot from before that time; each step is a slice."""
        with self._store.view() as view:
            for number, pico in enumerate(view.pico_ids(), 1):
                seq = last_to_cut(view, pico, before)
                while self._store.cut_log(pico, seq, SLICE_ROWS):
                    yield 1
                if number % SLICE_PICOS == 0:
                    yield 1

    def _prune(self) -> int:
        self._store.prune(self._chance.now())
        return 0

    def _before(self, seconds: float) -> int:
        return self._chance.now() - int(seconds * 1000)


def last_to_cut(store: Reading, pico: str, before: int) -> int:
    """The number of the last event from before that time that the state can do without, 0 if it needs them all.

    Behind it there is a snapshot, from which every later state can be told.
    """
    row, (cut, _) = store.pico(pico), store.cut(pico)
    if row is None:
        return 0

    def time(seq: int) -> int:
        rows = store.log(pico, seq - 1, 1)
        return rows[0].t_commit if rows else 0

    old = range(cut + 1, row.head_seq + 1)
    snapshot = store.snapshot(pico, cut + bisect_left(old, before, key=time))
    return 0 if snapshot is None else snapshot.seq
