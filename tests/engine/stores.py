"""A store with a hand on it: writes wait or fail, and reads fail, when a test says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from engine import StoreUnavailable
from engine.store.interface import CommitRefused, Store, Writes

HELD_SECONDS = 20.0  # a write that is held longer goes on: the test has failed


class HeldStore:
    """Another store's promises, except where a test takes them back."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self._free = threading.Event()
        self._free.set()
        self._arrived = threading.Event()
        self._to_pass = 0  # writes that still succeed before the next refusals
        self._to_refuse = 0
        self.refused = 0  # batches that failed, whether we failed them or the store did
        self.written = 0
        self._counts: dict[str, int] = {}
        self._copies: list[Path] | None = None
        self._copies_in = Path()
        self.broken_reads: dict[str, int] = {}  # name of the read → how often it still fails

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_counts", {}):
            self._counts[name] += 1
        if self.__dict__.get("broken_reads", {}).get(name, 0) > 0:
            self.broken_reads[name] -= 1
            if self.broken_reads[name] == 0:
                del self.broken_reads[name]
            return _unreadable
        return getattr(self._inner, name)

    def stage(self, batch: Sequence[Writes]) -> Callable[[], None]:
        """All of it on the writer's thread, where it may be held."""
        return partial(self.write, batch)

    def write(self, batch: Sequence[Writes]) -> None:
        """On the writer's thread, as always."""
        self._arrived.set()
        self._free.wait(HELD_SECONDS)
        if self._to_refuse and self._to_pass == 0:
            self._to_refuse -= 1
            self.refused += 1
            raise StoreUnavailable("the disk is full")
        self._to_pass = max(0, self._to_pass - 1)
        try:
            self._inner.write(batch)
        except CommitRefused:
            self.refused += 1
            raise
        self.written += 1
        if self._copies is not None:
            self._copies.append(self._copies_in / f"after-{self.written}.db")
            self._inner.backup(str(self._copies[-1]))

    def refuse(self, times: int, after: int = 0) -> None:
        """Fail so many writes, once `after` others have succeeded."""
        self._to_refuse, self._to_pass = times, after

    def break_reads(self, name: str, times: int) -> None:
        """Let this read fail so many times."""
        self.broken_reads[name] = times

    def counted(self, name: str) -> Callable[[], int]:
        """How often this read is made from now on."""
        self._counts[name] = 0
        return lambda: self._counts[name]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let writes wait inside the block."""
        self._arrived.clear()
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    @contextmanager
    def copied_after_each_write(self, folder: Path) -> Iterator[list[Path]]:
        """What a crash behind each of the writes inside the block would leave, and one before the first."""
        first = folder / "before.db"
        self._inner.backup(str(first))
        self._copies_in, self._copies = folder, [first]
        try:
            yield self._copies
        finally:
            self._copies = None

    async def reached(self) -> None:
        """Return when a write waits."""
        await asyncio.to_thread(self._arrived.wait, HELD_SECONDS)

    def plant(self, **rows: Any) -> None:
        """Write rows past the engine, as another version or an accident may have left them."""
        self._inner.write([Writes(**rows)])


def _unreadable(*_: Any) -> Any:
    raise StoreUnavailable("the disk cannot be read")
