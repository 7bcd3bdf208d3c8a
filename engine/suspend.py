"""The one place where rule code waits.

Rule code is synchronous. It runs in a greenlet, and when a module must wait (an HTTP answer, a query to a busy
pico) `wait` switches to the event loop and comes back with the answer; everything between stays plain Python.
Greenlets are kept in a pool, since a fresh one costs ten times a pooled one.

Rule code and modules must not catch BaseException: a job is given up by throwing GreenletExit into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")

POOL_SIZE = 64  # idle greenlets kept


class Job:
    """One piece of synchronous code under way; `cancel` gives it up where it waits."""

    __slots__ = ("_greenlet", "_task", "number", "run")

    def __init__(self, run: Callable[[], None], number: int = 0) -> None:
        self.run = run
        self.number = number  # what is noted while it has its turn
        self._greenlet: _Worker | None = None
        self._task: asyncio.Future[Any] | None = None

    @property
    def waiting(self) -> bool:
        """Whether the job has begun and waits for the event loop."""
        return self._task is not None

    def cancel(self) -> None:
        """Give up a waiting job: its `finally` blocks run, soon. A job that does not wait is left alone."""
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        # Not here: thrown from within another job, the end of this one would lead to the loop and not back to that job.
        asyncio.get_running_loop().call_soon(self._throw)

    def _throw(self) -> None:
        if self._greenlet is not None:
            self._greenlet.throw(GreenletExit)


class _Worker(greenlet):
    """A greenlet that runs one job after another; between two it lies in the pool."""

    __slots__ = ("hub", "job", "note", "pool")

    def __init__(self, pool: list[_Worker], hub: greenlet, note: Callable[[int], None]) -> None:
        super().__init__(self._serve, hub)
        self.hub = hub  # where the event loop runs
        self.note = note
        self.pool = pool
        self.job: Job | None = None

    def _serve(self) -> None:
        while self.job is not None:
            self.job.run()
            self.job = None
            if len(self.pool) >= POOL_SIZE:
                return
            self.pool.append(self)
            self.hub.switch()

    def go_on(self, job: Job) -> None:
        """Let the job have its turn, until it ends or waits."""
        self.note(job.number)
        self.switch()
        self.note(0)


def _ignore(number: int) -> None:
    """Note nothing."""


class Suspender:
    """Runs jobs in greenlets on the current thread's event loop."""

    def __init__(self, note: Callable[[int], None] = _ignore) -> None:
        """`note` is told the number of the job that has its turn, and 0 when none has."""
        self._pool: list[_Worker] = []
        self._hub = getcurrent()
        self._note = note

    def start(self, job: Job) -> None:
        """Run the job until it ends or waits for the first time. Its errors are its own affair: `run` may not raise."""
        worker = self._pool.pop() if self._pool else _Worker(self._pool, self._hub, self._note)
        worker.job = job
        job._greenlet = worker
        worker.go_on(job)


def wait(awaitable: Awaitable[T]) -> T:
    """The awaitable's result, from synchronous code inside a job; the event loop goes on meanwhile.

    Raises what the awaitable raises; RuntimeError outside a job.
    """
    current = getcurrent()
    if not isinstance(current, _Worker) or current.job is None:
        raise RuntimeError("only code that runs as a job can wait")
    job = current.job
    future = asyncio.ensure_future(awaitable)
    job._task = future
    future.add_done_callback(lambda done: _resume(job, done))
    current.hub.switch()
    return future.result()


def _resume(job: Job, done: asyncio.Future[Any]) -> None:
    if job._task is done and job._greenlet is not None:  # else it was cancelled meanwhile
        job._task = None
        job._greenlet.go_on(job)
    elif not done.cancelled():
        done.exception()  # nobody waits any more; without this the loop would complain
