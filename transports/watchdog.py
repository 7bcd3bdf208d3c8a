"""The watchdog: an event that takes too much of the processor ends the process, so that the engine can begin anew.

Rules run on the event loop's own thread, and the limits count what KRL does, not what a library does in C or a fault
of ours does for ever. So the loop winds up a clock, again and again, that the kernel lets run down while the process
uses the processor. When the loop has not come round for so long, the kernel ends the process by SIGPROF: no code of
ours has to run for that, however the process hangs. Which event it was stands in the black box beside the store, and
the next start counts it.

Only a process that is watched over is ended so: without somebody who starts it again, a slow engine is better than
none.

Source: man 2 setitimer, ITIMER_PROF.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

SUPERVISED = "PICO_ENGINE_SUPERVISED"  # in the environment of a program that is started again when it ends
WINDS = 20  # of the clock, in the time that it takes to run down
LONGEST_PAUSE = 1.0  # seconds between two of them


@contextmanager
def watchdog(seconds: float, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Let nothing inside the block hold the running loop up for so much processor time; 0: for ever.

    Does nothing in a process that is not supervised, or on a system that has no such clock.
    """
    if seconds <= 0 or SUPERVISED not in environment or not hasattr(signal, "setitimer"):
        yield
        return
    winder = asyncio.get_running_loop().create_task(_wind(seconds))
    try:
        yield
    finally:
        winder.cancel()
        signal.setitimer(signal.ITIMER_PROF, 0)


async def _wind(seconds: float) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while True:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        await asyncio.sleep(min(seconds / WINDS, LONGEST_PAUSE))
