"""A world in one thread: an engine that lives and dies on one disk, a receiver of its effects, and a clock.

Everything that could differ from run to run is drawn from the seed, so a seed is a story that can be told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from engine import Chance, Settings, StoreUnavailable
from engine.clock import EventIds
from engine.engine import Engine
from engine.store.memory import MemoryStore
from tests.engine.simulation.faults import NO_FAULTS, Faults, Hand, InlineWriter, Life, Sink
from tests.engine.simulation.virtual_loop import VirtualLoop

BEGAN = 1_700_000_000_000  # milliseconds since 1970

Work = Callable[[Engine, Life], Awaitable[None]]


class World:
    """One seed's story."""

    def __init__(self, seed: int, disk: MemoryStore, faults: Faults = NO_FAULTS, began: int = BEGAN) -> None:
        """`began`, in milliseconds since 1970, is when its time begins."""
        self.began = began
        self.random = Random(seed)
        self.disk = disk
        self.faults = faults
        self.settings = Settings(trace=False)
        self.sink = Sink()
        self.seconds = 0.0
        self.clock_is_ahead = 0  # milliseconds; moved by who sets the clock
        self.lives = 0
        self.surprises: list[str] = []  # exceptions that nobody caught
        self.loop: VirtualLoop | None = None

    def now(self) -> int:
        """What the machine's clock says."""
        seconds = self.seconds if self.loop is None else self.loop.time()
        return self.began + int(seconds * 1000) + self.clock_is_ahead

    def live(self, work: Work) -> bool:
        """Let an engine live until the work is done, or until it dies; whether it is done."""
        life = Life(self.random, self.faults)
        self.lives += 1

        def each_round() -> None:
            life.perhaps_crash(life.faults.crash_at_round)
            if not life.alive:
                raise _Dead

        loop = self.loop = VirtualLoop(self.seconds, each_round)
        loop.set_exception_handler(lambda _, context: self.surprises.append(str(context)))
        try:
            loop.run_until_complete(self._run(life, work))
            return True
        except (_Dead, StoreUnavailable):
            return False
        finally:
            life.alive = False
            life.faults = NO_FAULTS
            loop._each_round = lambda: None
            _bury(loop)
            self.seconds = loop.time()
            self.loop = None

    async def _run(self, life: Life, work: Work) -> None:
        engine = Engine(
            self.settings,
            Hand(self.disk, life),  # type: ignore[arg-type]
            self._chance(),
            {},
            self.sink.network_of(life, asyncio.sleep),
            writer=lambda store, loop: InlineWriter(store, loop, life),
        )
        await engine.start()
        await work(engine, life)
        await engine.stop()

    def _chance(self) -> Chance:
        random = self.random
        eids = EventIds(self.now, random.getrandbits)
        return Chance(self.now, random.random, lambda: f"i{random.getrandbits(100):025x}", eids, asyncio.sleep)


class _Dead(BaseException):
    """This life is over."""


def _bury(loop: VirtualLoop) -> None:
    """End what a dead engine has left in the loop, hands tied."""
    loop.set_exception_handler(lambda *_: None)
    loop.run_until_complete(_end_all())
    loop.close()


async def _end_all() -> None:
    for _ in range(3):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.sleep(0)
        if not others:
            return
