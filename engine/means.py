"""The means of the process that may run out: threads and descriptors.

What cannot be done for want of them has not begun. Nobody out there is to blame for it, and it is as good later.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from typing import Any, TypeVar

from .errors import Exhausted

T = TypeVar("T")

NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
NO_THREAD = "can't start new thread"  # all that Python says, in a RuntimeError


async def on_thread(work: Callable[[], T]) -> T:
    """What `work` returns or raises, on a thread of its own.

    Raises Exhausted if there is no thread for it; then it has not begun, and never does.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


class _Threads(Executor):
    """A thread for each piece of work.

    Python's pool keeps what it has found no thread for, does it some time later, when it may have been tried again, and
    from then on believes that it has a thread more than there is.
    """

    def submit(self, work: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        outcome: Future[T] = Future()

        def run() -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                outcome.set_result(work(*args, **named))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is for who waits
                outcome.set_exception(error)

        try:
            Thread(target=run, name="picoengine-work").start()
        except RuntimeError as error:
            raise Exhausted(f"no thread for it: {error}") from error
        return outcome


_THREADS = _Threads()


def is_exhausted(error: BaseException | None) -> bool:
    """Whether it is, or comes of, the want of a thread or a descriptor."""
    if error is None:
        return False
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_exhausted, error.exceptions))
    if isinstance(error, OSError) and error.errno in NO_DESCRIPTOR:
        return True
    if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        return True
    return is_exhausted(error.__cause__ or error.__context__)
