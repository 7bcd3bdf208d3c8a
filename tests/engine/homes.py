"""Engines whose store outlives them: closed and opened again, or torn away in the middle."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from engine import Chance, Engine, Settings, open_engine
from engine.store.choose import open_store
from tests.engine.conftest import Clock, TestPico
from tests.engine.stores import HeldStore

_numbers = count(1)


class Home:
    """A SQLite file, and engines on it one after the other."""

    def __init__(self, path: Path, clock: Clock, **settings: Any) -> None:
        self.path = path
        self.clock = clock
        self.settings = replace(Settings(), **settings)
        self.store: HeldStore | None = None  # of the engine that runs

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """A running engine, ended in good order."""
        self.store = HeldStore(open_store(self.path))
        chance = Chance(now=self.clock, sleep=self.clock.sleep)
        async with open_engine(self.settings, chance=chance, store=self.store) as engine:
            yield engine

    @asynccontextmanager
    async def root(self) -> AsyncIterator[TestPico]:
        """The root pico of a running engine, behind a channel of its own that stays the same."""
        async with self.engine() as engine:
            root = TestPico(engine, engine.ui_context()["eci"])
            channels = (await root.ask_ui("pico"))["channels"]
            known = [each["id"] for each in channels if each["tags"] == ["test"]]
            root.eci = known[0] if known else await root.channel()
            yield root

    def torn_away(self) -> Home:
        """What a crash at this moment would leave: a home with all that is on disk now, and nothing else."""
        if self.store is None:
            raise ValueError("no engine has run here")
        copy = self.path.with_name(f"{self.path.stem}-torn{next(_numbers)}{self.path.suffix}")
        self.store.backup(str(copy))
        home = Home(copy, self.clock)
        home.settings = self.settings
        return home

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The file itself, between two engines."""
        with closing(sqlite3.connect(self.path)) as database, database:
            yield database

    def rows(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """What the file has, between two engines."""
        with self.database() as database:
            return database.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where}").fetchall()

    def again(self, pico: TestPico, engine: Engine) -> TestPico:
        """The same pico, on another engine."""
        return TestPico(engine, pico.ui, pico.eci)
