"""What goes wrong in a simulated world, and how often: all of it drawn from one seed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from engine import StoreUnavailable
from engine.effects.web import WebAnswer, WebFailed, WebRequest
from engine.store.interface import Store, Writes
from engine.store.writer import Writer

TIME_LIMIT = 10.0  # seconds; the engine gives a request up after them


@dataclass(frozen=True)
class Faults:
    """How likely each thing is, whenever it could happen."""

    crash_at_write: float = 0.02  # before or behind it
    crash_at_round: float = 0.0005  # of the event loop
    crash_at_request: float = 0.02  # before or behind its arrival
    failed_write: float = 0.03
    failed_read: float = 0.0005
    failed_request: float = 0.2
    slow_request: float = 0.05
    repeated_delivery: float = 0.1
    clock_jump: float = 0.02  # by an hour or a day, back or forth
    small_batch: float = 0.5  # not all that is ready shares a commit: what must, is submitted as one


NO_FAULTS = Faults(*[0.0] * 10)


class Life:
    """One run of the engine, from its start to its crash. A dead one has no hands: what it does is not done."""

    def __init__(self, random: Random, faults: Faults) -> None:
        self.random = random
        self.faults = faults
        self.alive = True

    def happens(self, chance: float) -> bool:
        """Whether something of this likeliness happens now."""
        return chance > 0 and self.random.random() < chance

    def perhaps_crash(self, chance: float) -> None:
        """End this life, if chance will have it."""
        if self.happens(chance):
            self.alive = False

    def pause(self, most: float = 0.05) -> float:
        """Seconds until something is done: often none at all."""
        return 0.0 if self.random.random() < 0.3 else self.random.random() * most


class Hand:
    """What one life holds its store by: a dead hand writes nothing, and every hand trembles."""

    def __init__(self, store: Store, life: Life) -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:
        if self._life.happens(self._life.faults.failed_read):
            return _unreadable
        return getattr(self._store, name)

    def stage(self, batch: Sequence[Writes]) -> Callable[[], None]:
        return partial(self.write, batch)

    def write(self, batch: Sequence[Writes]) -> None:
        life = self._life
        life.perhaps_crash(life.faults.crash_at_write / 2)
        if not life.alive or life.happens(life.faults.failed_write):
            raise StoreUnavailable("the disk is full")
        self._store.write(batch)
        life.perhaps_crash(life.faults.crash_at_write / 2)

    def beside(self, name: str) -> None:
        """No file: the black box of a crash would blame an event that has done nothing."""

    def close(self) -> None:
        """The disk outlives the engine."""


def _unreadable(*_: Any, **__: Any) -> Any:
    raise StoreUnavailable("the disk cannot be read")


class InlineWriter(Writer):
    """The writer, with callbacks of the loop in place of its thread: batches take time, and so does word of them."""

    def __init__(self, store: Store, loop: Any, life: Life) -> None:
        self._life = life
        super().__init__(store, loop)

    def _begin(self) -> None:
        self._to_end = self  # type: ignore[assignment]  # there is no thread to put it before

    def _stage(self, then: Callable[[Callable[[], None]], None]) -> Exception | None:
        life, left = self._life, 0
        if len(self._ready) > 1 and life.happens(life.faults.small_batch):
            left = life.random.randrange(1, len(self._ready))
        behind = [self._ready.pop() for _ in range(left)]
        error = super()._stage(then)
        self._ready.extend(reversed(behind))
        return error

    def put(self, end: Callable[[], None]) -> None:
        """End the batch, in a while."""
        self._at_work = self._loop.call_later(self._life.pause(), self._outcome_of, end)
        self._under_way = end

    def _finish(self) -> None:
        if self._batches and not self._ended:
            self._at_work.cancel()
            self._outcome_of(self._under_way)

    def _tell(self) -> None:
        self._loop.call_later(self._life.pause(0.02), self._hear)


@dataclass
class Sink:
    """A foreign receiver: what has arrived, by key, in order."""

    arrived: list[tuple[str, bytes]] = field(default_factory=list)

    def keys(self) -> Iterator[str]:
        return (key for key, _ in self.arrived)

    def network_of(self, life: Life, sleep: Callable[[float], Awaitable[None]]) -> Any:
        """How one life reaches it."""

        async def fetch(request: WebRequest) -> WebAnswer:
            faults = life.faults
            await sleep(life.pause(2.0))
            if life.happens(faults.failed_request / 3):
                raise WebFailed(request.url, "connection refused")
            life.perhaps_crash(faults.crash_at_request / 2)
            if life.alive:
                self.arrived.append((request.headers["idempotency-key"], request.body or b""))
            life.perhaps_crash(faults.crash_at_request / 2)
            if life.happens(faults.slow_request):
                await sleep(TIME_LIMIT)
                raise WebFailed(request.url, "no answer within 10 s")
            await sleep(life.pause(2.0))
            if life.happens(faults.failed_request / 3):
                raise WebFailed(request.url, "connection reset")
            status = 503 if life.happens(faults.failed_request / 3) else 200
            return WebAnswer(status, "", {}, b"{}", request.url)

        return fetch
