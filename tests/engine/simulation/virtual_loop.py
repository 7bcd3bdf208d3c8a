"""An event loop without a clock of its own: when nothing is left to do, it is later at once.

Whatever waits for time waits in here, so days pass in the time that their work takes, and one seed leads to one run.
Work for threads is done in between two callbacks.
"""

from __future__ import annotations

import asyncio
from asyncio import base_events
from collections.abc import Callable
from typing import Any


class Stuck(AssertionError):
    """Somebody waits, and nothing will ever happen."""


class VirtualLoop(base_events.BaseEventLoop):
    """Runs until it is stopped, or `each_round` raises."""

    def __init__(self, began: float = 0.0, each_round: Callable[[], None] = lambda: None) -> None:
        """Its time goes on from `began`; `each_round` is called before each round of callbacks."""
        super().__init__()
        self._seconds = began
        self._each_round = each_round
        self._selector = self  # the base class asks it what happened outside: nothing does

    def time(self) -> float:
        return self._seconds

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing happens outside; instead of waiting, be later."""
        if timeout is None:
            raise Stuck("nothing is left to do, and somebody waits")
        self._seconds += max(timeout, 0.0)
        return []

    def run_in_executor(self, executor: Any, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """The work is done in a later callback: there are no threads."""
        future = self.create_future()

        def run() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(work(*args))
            except Exception as error:  # noqa: BLE001 - handed on to who waits
                future.set_exception(error)

        self.call_soon(run)
        return future

    def _run_once(self) -> None:
        self._each_round()
        super()._run_once()  # type: ignore[misc]

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody has to be woken: there is one thread."""
