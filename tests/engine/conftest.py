"""A small engine for tests: a memory store, a clock that tests own, one pico to play with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from engine import Chance, Delivery, Engine, Reply, Settings, open_engine

UI = "io.picolabs.pico-engine-ui"


@dataclass
class Clock:
    """Milliseconds since 1970, moved by hand."""

    ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@dataclass
class TestPico:
    """A pico behind its UI channel and a channel of its own that allows everything."""

    engine: Engine
    ui: str
    eci: str = ""

    async def deliver(self, *words: str, via: str | None = None, key: str | None = None, **attrs: Any) -> Reply:
        return await self.engine.deliver(self.delivery(*words, via=via, key=key, **attrs))

    def delivery(self, *words: str, via: str | None = None, key: str | None = None, **attrs: Any) -> Delivery:
        return Delivery("http", via or self.eci, words, json.dumps(attrs).encode(), key=key)

    async def send(self, domain: str, type: str, **attrs: Any) -> Reply:
        return await self.deliver("event", domain, type, **attrs)

    async def directives(self, domain: str, type: str, **attrs: Any) -> list[str]:
        """The names of the directives that the event is answered with."""
        reply = await self.send(domain, type, **attrs)
        return [each["name"] for each in reply.directives or []]

    async def query(self, rid: str, name: str, **args: Any) -> Any:
        return (await self.deliver("query", rid, name, **args)).value

    async def tell_ui(self, type: str, **attrs: Any) -> Reply:
        return await self.deliver("event", "engine_ui", type, via=self.ui, **attrs)

    async def ask_ui(self, name: str, **args: Any) -> Any:
        return (await self.deliver("query", UI, name, via=self.ui, **args)).value

    async def install(self, source: str, config: dict[str, Any] | None = None) -> None:
        await self.tell_ui("install", source=source, config=config)

    async def channel(self, **policies: Any) -> str:
        """A new channel's ECI."""
        before = {each["id"] for each in (await self.ask_ui("pico"))["channels"]}
        await self.tell_ui("new_channel", tags=["test"], **policies)
        return next(each["id"] for each in (await self.ask_ui("pico"))["channels"] if each["id"] not in before)

    async def child(self, name: str = "child") -> TestPico:
        """A new child."""
        before = set((await self.ask_ui("box"))["children"])
        await self.tell_ui("new", name=name)
        ui = next(eci for eci in (await self.ask_ui("box"))["children"] if eci not in before)
        child = TestPico(self.engine, ui)
        child.eci = await child.channel()
        return child


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def engine(clock: Clock, settings: Settings) -> AsyncIterator[Engine]:
    async with open_engine(settings, chance=Chance(now=clock)) as engine:
        yield engine


@pytest.fixture
async def root(engine: Engine) -> TestPico:
    pico = TestPico(engine, engine.ui_context()["eci"])
    pico.eci = await pico.channel()
    return pico


@pytest.fixture
async def pico(root: TestPico) -> TestPico:
    return await root.child("pico")
