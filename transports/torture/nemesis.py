"""What is done to the engine while it works: which blow falls when follows from the seed alone."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .victim import Victim

SPARE_FILES = 2  # that the engine may open beside those it has, when it is short of them
SMALL_FILE = 8192  # bytes; where files may not be larger, nothing can be written to a store that is in use


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow: which, how long after the one before it, and for how long."""

    name: str
    after_seconds: float
    seconds: float


async def _kill(victim: Victim, seconds: float) -> None:
    """SIGKILL, and start again."""
    victim.kill()
    await victim.ended(-signal.SIGKILL)
    await victim.start()


async def _kill_twice(victim: Victim, seconds: float) -> None:
    """SIGKILL, and again while it recovers."""
    victim.kill()
    await victim.ended(-signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await victim.start()
    victim.kill()
    await victim.ended(-signal.SIGKILL)
    await victim.start()


async def _restart(victim: Victim, seconds: float) -> None:
    """SIGTERM, its end in good order, and start again."""
    await victim.stop()
    await victim.start()


async def _pause(victim: Victim, seconds: float) -> None:
    """SIGSTOP, and SIGCONT."""
    victim.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    victim.signal(signal.SIGCONT)


async def _no_files(victim: Victim, seconds: float) -> None:
    """As good as no further file or connection can be opened."""
    import resource

    in_use = len(list(Path(f"/proc/{victim.pid}/fd").iterdir()))
    with _limited(victim.pid, resource.RLIMIT_NOFILE, in_use + SPARE_FILES):
        await asyncio.sleep(seconds)


async def _no_writing(victim: Victim, seconds: float) -> None:
    """Every write to the store fails."""
    import resource

    with _limited(victim.pid, resource.RLIMIT_FSIZE, SMALL_FILE):
        await asyncio.sleep(seconds)


@contextmanager
def _limited(pid: int, what: int, soft: int) -> Iterator[None]:
    """Lower a limit of another process for the block's time."""
    import resource

    with suppress(ProcessLookupError):  # it has ended by itself: whoever starts it again will say so
        before = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (soft, before[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, what, before)


BLOWS: Mapping[str, Callable[[Victim, float], Awaitable[None]]] = {
    "kill": _kill,
    "kill-twice": _kill_twice,
    "restart": _restart,
    "pause": _pause,
    **({"no-files": _no_files, "no-writing": _no_writing} if sys.platform == "linux" else {}),
}
"""Limits of a running process can be changed on Linux only."""


def plan(random: Random, blows: int, among: Sequence[str] = tuple(BLOWS)) -> list[Blow]:
    """So many blows; none comes twice before every kind has come."""
    kinds: list[str] = []
    while len(kinds) < blows:
        kinds += random.sample(among, len(among))
    return [Blow(kind, random.uniform(0.2, 1.2), random.uniform(0.1, 1.5)) for kind in kinds[:blows]]


async def strike(victim: Victim, blow: Blow) -> None:
    """Let one blow fall, and what it hurt be whole again."""
    await asyncio.sleep(blow.after_seconds)
    await BLOWS[blow.name](victim, blow.seconds)
