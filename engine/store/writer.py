"""The writer: what is ready is committed as one batch, while the next one gathers.

The busier the engine is, the more events share a sync; a lone one never waits for company. A batch is staged on the
loop's own thread, which takes no longer than reading does, and ended on a thread of its own, where the disk is waited
for. Two threads that both run Python hinder each other: staging there, too, was measured to cost half as much again.

When a batch fails, whatever stands behind it was decided on state that does not exist, and fails with it. Until
`reopen` says that this state was forgotten, everything new fails, too. What is tried then goes one by one for a while,
so that a poisonous one stands alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

from ..errors import Exhausted, Stopping
from .interface import Store, Writes

MAX_BATCH = 2000  # Writes that share a commit

Done = Callable[[Exception | None], None]
"""Told on the loop's thread: None when the Writes are on disk, or why nothing of them is."""


class Ticket:
    """One submission: under way, committed, or failed with `error`."""

    __slots__ = ("_callbacks", "done", "error")

    def __init__(self) -> None:
        self.done = False
        self.error: Exception | None = None
        self._callbacks: list[Done] = []

    def then(self, callback: Done) -> None:
        """Call `callback` when the ticket is done, after those given before; at once if it is done already."""
        if self.done:
            callback(self.error)
        else:
            self._callbacks.append(callback)


class Writer:
    """Submissions are made, and told of, on the loop's thread; in both directions their order is kept."""

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[list[Ticket], Exception], None] | None = None,
    ) -> None:
        """`on_failure` is told of all tickets that a failure takes along, before each of them is told itself."""
        self._store = store
        self._loop = loop
        self._on_failure = on_failure
        self._ready: deque[Writes] = deque()  # not staged yet
        self._pending: deque[Ticket] = deque()  # of all that is ready or under way, in order
        self._refused: list[Ticket] = []  # submitted after a failure, and not told yet
        self._batches: deque[int] = deque()  # how many Writes each has that is under way: one, but while closing
        self._to_end: SimpleQueue[Callable[[], None] | None] = SimpleQueue()  # None: the thread may go
        self._ended: deque[Exception | None] = deque()  # how batches came out, until the loop has heard of it
        self._stage_is_due = False
        self._failure: Exception | None = None
        self._singly = 0  # as many Writes are committed alone
        self._closed = False
        self._begin()

    # --- on the loop's thread -----------------------------------------------------------------------------

    def submit(self, writes: Writes, done: Done | None = None) -> Ticket:
        """Commit the Writes, which nobody changes any more, with whatever else is ready.

        `done` is told later, never during this call. After `close`, or a failure, they fail.
        """
        ticket = Ticket()
        if done is not None:
            ticket._callbacks.append(done)
        if self._failure is None:
            self._pending.append(ticket)
            self._ready.append(writes)
            if not self._stage_is_due and not self._batches:
                self._stage_is_due = True
                self._loop.call_soon(self._gather)
        else:
            ticket.error = self._failure
            self._refused.append(ticket)
            if len(self._refused) == 1:
                self._loop.call_soon(self._tell_refused)
        return ticket

    def reopen(self) -> None:
        """After a failure: what was not committed is forgotten, and submissions are welcome again."""
        self._tell_refused()
        if not self._closed:
            self._failure = None

    async def drain(self) -> None:
        """Return when everything submitted so far, and by its callbacks, is committed or has failed."""
        while self._pending:
            await _told(self._pending[-1])

    def close(self) -> None:
        """Commit what was submitted and end the thread; what comes later fails with Stopping.

        Blocks for the length of the last commits. Their callbacks come in the loop's next rounds; who needs them
        drains first.
        """
        if self._closed:
            return
        self._closed = True
        self._failure = self._failure or Stopping("the store is closed")
        self._finish()
        while self._ready and not any(self._ended):
            error = self._stage(self._outcome_of)
            if error is not None:
                self._batches.append(0)
                self._ended.append(error)
                self._tell()

    # --- batches ------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Let everybody have his say before the next batch begins.

        Most events that were just accepted are evaluated now: their arrival and their outcome are one change then.
        """
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Let the next batch begin, unless one is under way."""
        self._stage_is_due = False
        error = self._stage(self._to_end.put)
        if error is not None:
            self._failed(error)

    def _stage(self, then: Callable[[Callable[[], None]], None]) -> Exception | None:
        """Stage what is ready, and hand over how it is ended; the error of one that cannot be."""
        if not self._ready or (self._batches and not self._closed):
            return None
        size = 1 if self._singly else min(len(self._ready), MAX_BATCH)
        try:
            end = self._store.stage([self._ready.popleft() for _ in range(size)])
        except Exception as error:  # noqa: BLE001 - whatever it is, its callers wait
            return error
        self._batches.append(size)
        then(end)
        return None

    def _hear(self) -> None:
        """A batch has come out well or not."""
        size, error = self._batches.popleft(), self._ended.popleft()
        if error is None:
            self._committed(size)
        else:
            self._failed(error)

    def _committed(self, size: int) -> None:
        self._singly = max(0, self._singly - size)
        done = [self._pending.popleft() for _ in range(size)]
        error = self._stage(self._to_end.put)  # first, so that the disk is at work while callers are told
        for ticket in done:
            self._settle(ticket, None)
        if error is not None:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._failure = error
        self._ready.clear()
        tickets = list(self._pending)
        self._pending.clear()
        self._singly = len(tickets)
        for ticket in tickets:
            ticket.done, ticket.error = True, error
        if self._on_failure is not None:
            self._on_failure(tickets, error)
        for ticket in tickets:
            self._settle(ticket, error)

    def _tell_refused(self) -> None:
        refused, self._refused = self._refused, []
        for ticket in refused:
            self._settle(ticket, ticket.error)

    def _settle(self, ticket: Ticket, error: Exception | None) -> None:
        ticket.done, ticket.error = True, error
        callbacks, ticket._callbacks = ticket._callbacks, []
        for callback in callbacks:
            try:
                callback(error)
            except Exception as failure:  # noqa: BLE001 - the next one's caller waits, too
                self._loop.call_exception_handler({"message": "a callback of a commit failed", "exception": failure})

    # --- the thread ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._thread = Thread(target=self._run, name="picoengine-writer", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise Exhausted(f"no thread to write the store: {error}") from error

    def _finish(self) -> None:
        """Return when what is under way is at its end."""
        self._to_end.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (end := self._to_end.get()) is not None:
            self._outcome_of(end)

    def _outcome_of(self, end: Callable[[], None]) -> None:
        """End a batch, and tell the loop how it came out."""
        try:
            end()
        except Exception as error:  # noqa: BLE001 - a thread that died would leave every caller waiting
            self._ended.append(error)
        else:
            self._ended.append(None)
        self._tell()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(self._hear)


async def _told(ticket: Ticket) -> None:
    done = asyncio.Event()
    ticket.then(lambda _: done.set())
    await done.wait()
