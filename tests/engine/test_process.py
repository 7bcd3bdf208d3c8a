"""The real program, killed while it works: what it acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import httpx2
import pytest

from tests.engine.process import Client
from tests.examples.engine_process import EngineProcess

LEDGER = """ruleset ledger {
  meta { shares entries, told, timed }
  global {
    entries = function() { ent:entries.defaultsTo([]) }
    told = function() { ent:told.defaultsTo([]) }
    timed = function() { ent:timed.defaultsTo([]) }
  }
  rule enter { select when ledger enter
    if event:attrs{"to"} then
      event:send({"eci": event:attrs{"to"}, "domain": "ledger", "type": "tell", "attrs": {"n": event:attrs{"n"}}})
    always {
      ent:entries := entries().append(event:attrs{"n"})
      schedule ledger event "time" at time:now() attributes {"n": event:attrs{"n"}} } }
  rule tell { select when ledger tell always { ent:told := told().append(event:attrs{"n"}) } }
  rule time { select when ledger time always { ent:timed := timed().append(event:attrs{"n"}) } }
  rule fail { select when ledger fail always { ent:entries := 1 - "one" } }
}"""
CLIENTS = 8
PATIENCE_SECONDS = 60.0


@pytest.fixture
def engine(tmp_path):
    with EngineProcess(tmp_path / "home") as engine:
        yield engine


async def work(
    engine: EngineProcess,
    events: int,
    deliver: Callable[[Client, int], Awaitable[Any]],
    acknowledged: Callable[[int], None],
) -> None:
    """Several clients deliver events, by number, each one after the other; every acknowledgement is told."""
    numbers = iter(range(events))

    async def one_client() -> None:
        # One whose engine dies in the middle of a request, and who does not try again, goes home.
        with suppress(httpx2.TransportError):
            async with Client(engine) as client:
                for n in numbers:
                    await deliver(client, n)
                    acknowledged(n)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(one_client())


async def settled(client: Client, eci: str, name: str, events: int) -> list[int]:
    """The pico's list as soon as it has so many entries, or when patience ends."""
    found: list[int] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found) < events:
                found = await client.query(eci, "ledger", name)
    return found


class Killer:
    """Kills the engine at random moments in the work, and starts it again."""

    def __init__(self, engine: EngineProcess, seed: int, events: int, kills: int) -> None:
        self._engine = engine
        self._moments = set(Random(seed).sample(range(1, events), kills))
        self._count = 0

    def __call__(self, _: int) -> None:
        """An event was acknowledged; others are under way."""
        self._count += 1
        if self._count in self._moments:
            self._engine.kill()
            self._engine.start()


async def survive(engine: EngineProcess, seed: int, events: int, kills: int, path: str) -> list[list[int]]:
    """What two picos have of the events in the end: entries and firings of the first, what it told the second."""
    async with Client(engine) as client:
        first, second = [await client.new_pico(name, LEDGER) for name in ("first", "second")]

        async def deliver(each: Client, n: int) -> None:
            await each.post_until_acknowledged(f"/c/{first}/{path}/ledger/enter", {"n": n, "to": second}, f"key-{n}")

        await work(engine, events, deliver, Killer(engine, seed, events, kills))
        lists = (first, "entries"), (first, "timed"), (second, "told")
        return [sorted(await settled(client, eci, name, events)) for eci, name in lists]


@pytest.mark.parametrize("path", ["event", "event-wait"])
async def test_a_killed_engine_has_what_it_acknowledged_and_nothing_twice(engine, path):
    found = await survive(engine, seed=1, events=120, kills=2, path=path)

    assert found == [list(range(120))] * 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("path", ["event", "event-wait"])
async def test_an_engine_that_is_killed_again_and_again_has_it_too(engine, seed, path):
    found = await survive(engine, seed, events=600, kills=12, path=path)

    assert found == [list(range(600))] * 3


async def test_without_a_key_what_was_acknowledged_is_there_too(engine):
    acknowledged: list[int] = []
    async with Client(engine) as client:
        eci = await client.new_pico("ledger", LEDGER)

        async def deliver(each: Client, n: int) -> None:
            await each.post(f"/c/{eci}/event/ledger/enter", {"n": n})

        def count(n: int) -> None:
            acknowledged.append(n)
            if len(acknowledged) == 60:
                engine.kill()

        await work(engine, 1000, deliver, count)
        engine.start()
        found = await settled(client, eci, "entries", len(acknowledged))

    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


async def test_an_engine_that_is_asked_to_stop_ends_well_and_has_what_it_acknowledged(engine):
    enough = asyncio.Event()
    acknowledged: list[int] = []

    async def stop_and_start() -> int:
        await enough.wait()
        status = await asyncio.to_thread(engine.stop)
        engine.start()
        return status

    def count(n: int) -> None:
        acknowledged.append(n)
        if len(acknowledged) == 60:
            enough.set()

    async with Client(engine) as client:
        eci = await client.new_pico("ledger", LEDGER)

        async def deliver(each: Client, n: int) -> None:
            await each.post_until_acknowledged(f"/c/{eci}/event/ledger/enter", {"n": n}, f"key-{n}")

        status, _ = await asyncio.gather(stop_and_start(), work(engine, 300, deliver, count))
        found = await settled(client, eci, "entries", 300)

    assert (status, sorted(found)) == (0, list(range(300)))


async def test_an_event_that_fails_is_answered_with_a_status_that_says_so(engine):
    """G16 at the wire: the Node engine answers 200."""
    async with Client(engine) as client:
        eci = await client.new_pico("ledger", LEDGER)

        with pytest.raises(httpx2.HTTPStatusError, match="500"):
            await client.post(f"/c/{eci}/event-wait/ledger/fail", {})
