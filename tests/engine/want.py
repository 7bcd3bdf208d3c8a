"""A process that can start no further thread, for as long as a block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest


@contextmanager
def no_thread_starts(times: int | None = None) -> Iterator[list[Thread]]:
    """So many threads that are wanted cannot be started, by default all; the block sees which."""
    wanted: list[Thread] = []
    start = Thread.start

    def refuse(self: Thread) -> None:
        if times is not None and len(wanted) >= times:
            start(self)
            return
        wanted.append(self)
        raise RuntimeError("can't start new thread")  # as Python says it

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        yield wanted
