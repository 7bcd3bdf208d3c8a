"""A small engine for tests: a memory store, a clock that tests own, one pico to play with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine import Chance, Delivery, Engine, Overloaded, Receipt, Reply, Settings, StoreUnavailable, open_engine

UI = "io.picolabs.pico-engine-ui"
PATIENCE_SECONDS = 15.0


@dataclass
class Clock:
    """Milliseconds since 1970, moved by hand; who sleeps by it wakes when it is moved far enough."""

    ms: int = 1_700_000_000_000
    sleepers: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)

    def __call__(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)
        for until, sleeper in self.sleepers:
            if until <= self.ms and not sleeper.done():
                sleeper.set_result(None)

    def sleep(self, seconds: float) -> asyncio.Future[None]:
        """Counts from the call, not from when it is first awaited."""
        sleeper = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.ms + int(seconds * 1000), sleeper))
        return sleeper


@dataclass
class TestPico:
    """A pico behind its UI channel and a channel of its own that allows everything."""

    __test__ = False  # its name notwithstanding

    engine: Engine
    ui: str
    eci: str = ""

    async def deliver(self, *words: str, via: str | None = None, key: str | None = None, **attrs: Any) -> Reply:
        return await self.engine.deliver(self.delivery(*words, via=via, key=key, **attrs))

    def delivery(self, *words: str, via: str | None = None, key: str | None = None, **attrs: Any) -> Delivery:
        return Delivery("http", via or self.eci, words, json.dumps(attrs).encode(), key=key)

    async def send(self, domain: str, type: str, /, **attrs: Any) -> Reply:
        return await self.deliver("event", domain, type, **attrs)

    async def directives(self, domain: str, type: str, **attrs: Any) -> list[str]:
        """The names of the directives that the event is answered with."""
        reply = await self.send(domain, type, **attrs)
        return [each["name"] for each in reply.directives or []]

    async def accept(self, domain: str, type: str, key: str | None = None, **attrs: Any) -> Receipt:
        """Send an event without waiting for its end."""
        return await self.engine.accept(self.delivery("event", domain, type, key=key, **attrs))

    async def query(self, rid: str, name: str, /, **args: Any) -> Any:
        return (await self.deliver("query", rid, name, **args)).value

    async def tell_ui(self, type: str, /, **attrs: Any) -> Reply:
        return await self.deliver("event", "engine_ui", type, via=self.ui, **attrs)

    async def ask_ui(self, name: str, /, **args: Any) -> Any:
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


async def eventually(ask: Callable[[], Awaitable[Any]], expected: Any) -> Any:
    """The expected answer as soon as it comes; when patience ends, the one that comes instead."""
    answer = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (answer := await _asked(ask)) != expected:
                await asyncio.sleep(0)  # whatever is on its way
    return answer


async def _asked(ask: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await ask()
    except (Overloaded, StoreUnavailable) as error:  # for a while, since some tests see to that
        return error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def engine(clock: Clock, settings: Settings) -> AsyncIterator[Engine]:
    async with open_engine(settings, chance=Chance(now=clock, sleep=clock.sleep)) as engine:
        yield engine


@pytest.fixture
async def root(engine: Engine) -> TestPico:
    pico = TestPico(engine, engine.ui_context()["eci"])
    pico.eci = await pico.channel()
    return pico


@pytest.fixture
async def pico(root: TestPico) -> TestPico:
    return await root.child("pico")
