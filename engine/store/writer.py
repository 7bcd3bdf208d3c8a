"""The writer: one thread that commits whatever is ready as one batch.

While one batch is on its way to the disk the next one gathers, so the busier the engine is, the more events share a
sync; a lone one never waits for company. Only Writes and counts cross between the threads: tickets, and what their
callbacks hold, stay on the loop's thread (a suspended cycle may only be let go there).

When a batch fails, whatever stands behind it was decided on state that does not exist, and fails with it. Until
`reopen` says that this state was forgotten, everything new fails, too. What is tried then goes one by one for a while,
so that a poisonous one stands alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from ..errors import Stopping
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
        self._queue: SimpleQueue[Writes | None] = SimpleQueue()  # None: the end
        self._go_on: SimpleQueue[bool] = SimpleQueue()  # the loop's answer to a failure
        self._pending: deque[Ticket] = deque()  # in the queue or in the batch, in order
        self._refused: list[Ticket] = []  # submitted after a failure, and not told yet
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
            self._queue.put(writes)
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
        """Commit what is under way and end the thread; what comes later fails with Stopping.

        Blocks for the length of the last commits. Their callbacks come in the loop's next rounds; who needs them
        drains first.
        """
        if self._closed:
            return
        self._closed = True
        self._failure = self._failure or Stopping("the store is closed")
        self._queue.put(None)
        self._go_on.put(False)
        self._thread.join()

    def _committed(self, count: int) -> None:
        for _ in range(count):
            self._settle(self._pending.popleft(), None)

    def _failed(self, error: Exception) -> None:
        self._failure = error
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        tickets = list(self._pending)
        self._pending.clear()
        self._singly = len(tickets)
        self._go_on.put(True)
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

    def _begin(self) -> None:
        self._thread = Thread(target=self._run, name="picoengine-writer", daemon=True)
        self._thread.start()

    # --- on the writer's thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._store.write(batch)
            except Exception as error:  # noqa: BLE001 - a thread that died would leave every caller waiting
                self._tell(self._failed, error)
                if not self._go_on.get():
                    return
            else:
                self._singly = max(0, self._singly - len(batch))
                self._tell(self._committed, len(batch))

    def _take(self) -> list[Writes]:
        """Whatever is there, at least one; none at the end."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        limit = 1 if self._singly else MAX_BATCH
        with suppress(Empty):
            while len(batch) < limit:
                writes = self._queue.get_nowait()
                if writes is None:
                    self._queue.put(None)  # for the next turn
                    break
                batch.append(writes)
        return batch

    def _tell(self, told: Callable[..., None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(told, what)


async def _told(ticket: Ticket) -> None:
    done = asyncio.Event()
    ticket.then(lambda _: done.set())
    await done.wait()
