"""The watch over the program: a process that starts it again when it has crashed.

Signals are passed on, so that the watch is stopped as the program is. A program that ends by itself with one of its
own exit codes, before it has run for a while, could not start, and starting it again would not help.

The program runs in a process group of its own: Ctrl-C on a terminal reaches everything in the terminal's group, and
the program, which also gets the signal from here, would take that for the second one and end at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from .watchdog import SUPERVISED

SIGNALS = (signal.SIGINT, signal.SIGTERM)
FIRST_DELAY = 0.5  # seconds before the program is started again
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0  # a program that has run so long begins with the first delay again
START_SECONDS = 10.0  # one that ends of its own will within this time could not start
OWN_CODES = (1, 2)  # what the program says when it cannot start

Sleep = Callable[[float], Awaitable[Any]]


def supervise(command: Sequence[str]) -> int:
    """Run the command until it ends in good order or a signal ends it; its exit status."""
    return asyncio.run(Watch(command).run())


class Watch:
    """Runs one command again and again."""

    def __init__(
        self, command: Sequence[str], sleep: Sleep = asyncio.sleep, clock: Callable[[], float] = monotonic
    ) -> None:
        self._command = command
        self._sleep = sleep
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = asyncio.Event()
        self.crashes = 0

    async def run(self) -> int:
        """See `supervise`."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._pass_on, number)
        delay = FIRST_DELAY
        while True:
            began = self._clock()
            code = await self._run_once()
            seconds = self._clock() - began
            if self._stopped.is_set() or code == 0 or (code in OWN_CODES and self._could_not_start(seconds)):
                return code if code >= 0 else 128 - code
            self.crashes += 1
            delay = FIRST_DELAY if seconds >= STEADY_SECONDS else delay
            print(f"picoengine ended {_how(code)}; it is started again in {delay:g} s", file=sys.stderr, flush=True)
            if await self._stopped_within(delay):
                return 0
            delay = min(delay * 2, LONGEST_DELAY)

    async def _run_once(self) -> int:
        environment = {**os.environ, SUPERVISED: "1"}
        self._process = await asyncio.create_subprocess_exec(*self._command, process_group=0, env=environment)
        if self._stopped.is_set():  # while it was being started
            self._pass_on(signal.SIGTERM)
        try:
            return await self._process.wait()
        finally:
            self._process = None

    def _could_not_start(self, seconds: float) -> bool:
        return self.crashes == 0 and seconds < START_SECONDS

    def _pass_on(self, number: int) -> None:
        self._stopped.set()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _stopped_within(self, seconds: float) -> bool:
        waits = [asyncio.ensure_future(each) for each in (self._stopped.wait(), self._sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return self._stopped.is_set()


def _how(code: int) -> str:
    if code >= 0:
        return f"with status {code}"
    if code == -signal.SIGPROF:
        return "by its watchdog, since an event took too much of the processor (watchdog_seconds)"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
