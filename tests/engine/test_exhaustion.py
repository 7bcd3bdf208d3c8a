"""Means that run out: descriptors, threads, and the memory of keys.

Invariants: ACK ONCE (nothing half done), LIVE (it goes on when there are means again).
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engine import Exhausted, Settings, open_engine
from tests.engine.conftest import Clock, TestPico, eventually
from tests.engine.gate import Gate, open_gate
from tests.engine.homes import Home
from tests.engine.process import Client
from tests.engine.want import no_thread_starts
from tests.examples.engine_process import EngineProcess

LEDGER = """ruleset ledger {
  meta { shares entries }
  global { entries = function() { ent:entries.defaultsTo([]) } }
  rule enter { select when ledger enter always { ent:entries := entries().append(event:attrs{"n"}) } }
  rule ask { select when ledger ask
    http:get(event:attrs{"url"})
    always { ent:entries := entries().append(event:attrs{"n"}) } }
  rule buy { select when ledger buy
    http:post(event:attrs{"url"}) setting(answer)
    always { ent:entries := entries().append(answer{"content"}) } }
  rule tell { select when ledger tell http:post(event:attrs{"url"}) } }"""
LITTLE = 6 * 1024 * 1024  # bytes of memory: enough for events, too little for another thread's stack


@pytest.mark.fault(53)
async def test_an_engine_without_descriptors_goes_on_with_whom_it_has_and_takes_others_again_later(
    tmp_path: Path,
) -> None:
    with EngineProcess(tmp_path / "home") as engine:
        async with Client(engine) as known, Client(engine) as stranger:
            eci = await known.new_pico("ledger", LEDGER)
            await known.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 0})
            process = engine._process.pid  # type: ignore[union-attr]
            limits = resource.prlimit(process, resource.RLIMIT_NOFILE)
            resource.prlimit(process, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{process}/fd")), limits[1]))

            await known.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 1})
            with pytest.raises(httpx2.HTTPStatusError, match="503"):
                await known.post(f"/c/{eci}/event-wait/ledger/ask", {"n": "lost", "url": engine.url})
            with pytest.raises((httpx2.TransportError, TimeoutError)):
                async with asyncio.timeout(0.5):
                    await stranger.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 2}, "two")
            resource.prlimit(process, resource.RLIMIT_NOFILE, limits)
            async with Client(engine) as other:
                await other.post_until_acknowledged(f"/c/{eci}/event-wait/ledger/enter", {"n": 2}, "two")

                assert await other.query(eci, "ledger", "entries") == [0, 1, 2]


@pytest.mark.fault(53)
async def test_an_engine_that_can_start_no_thread_goes_on_and_answers_503_where_it_needs_one(tmp_path: Path) -> None:
    with EngineProcess(tmp_path / "home") as engine:
        async with Client(engine) as client, open_gate() as gate:
            gate.open()
            eci = await client.new_pico("ledger", LEDGER)
            process = engine._process.pid  # type: ignore[union-attr]
            limits = resource.prlimit(process, resource.RLIMIT_AS)
            resource.prlimit(process, resource.RLIMIT_AS, (_memory(process) + LITTLE, limits[1]))

            await client.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 0})
            await client.post(f"/c/{eci}/event-wait/ledger/ask", {"n": 1, "url": named(gate)})
            during = await client.status("/api/v1/doctor")
            resource.prlimit(process, resource.RLIMIT_AS, limits)
            after = await client.status("/api/v1/doctor")

            assert (during, after) == (503, 200)
            assert await client.query(eci, "ledger", "entries") == [0, 1]


def _memory(process: int) -> int:
    """The size of its address space in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[0]) * resource.getpagesize()


def named(gate: Gate) -> str:
    """Its URL, with a host whose address must be looked up: on a thread, since that may take long."""
    return gate.url.replace("127.0.0.1", "localhost")


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with open_gate() as gate:
        yield gate


@pytest.mark.fault(53)
async def test_a_caller_whose_rule_can_ask_nobody_for_want_of_a_thread_is_told_to_come_again(
    root: TestPico, gate: Gate
) -> None:
    gate.open()
    await root.install(LEDGER)

    with no_thread_starts(), pytest.raises(Exhausted):
        await root.send("ledger", "ask", url=named(gate), n=0)
    await root.send("ledger", "ask", url=named(gate), n=1)

    assert await root.query("ledger", "entries") == [1]


@pytest.mark.fault(53)
async def test_an_accepted_event_whose_rule_can_ask_nobody_for_want_of_a_thread_happens_later(
    root: TestPico, gate: Gate
) -> None:
    await root.install(LEDGER)
    waiting = asyncio.create_task(root.send("ledger", "ask", url=gate.url, n=0))
    await gate.reached()
    await root.accept("ledger", "ask", url=named(gate), n=1)

    with no_thread_starts() as wanted:
        gate.open()
        await waiting
        assert await eventually(lambda: _some(wanted), True)

    assert await eventually(lambda: root.query("ledger", "entries"), [0, 1]) == [0, 1]


@pytest.mark.fault(53)
async def test_a_call_that_a_rule_waits_for_is_made_once_when_there_is_a_thread_for_it(
    root: TestPico, gate: Gate
) -> None:
    gate.open()
    await root.install(LEDGER)

    with no_thread_starts() as wanted:
        buying = asyncio.create_task(root.send("ledger", "buy", url=named(gate)))
        assert await eventually(lambda: _some(wanted), True)
    async with asyncio.timeout(10):
        await buying

    assert (len(gate.keys), await root.query("ledger", "entries")) == (1, ["open"])


@pytest.mark.fault(53)
async def test_an_effect_leaves_when_there_is_a_thread_for_it(root: TestPico, gate: Gate, clock: Clock) -> None:
    gate.open()
    await root.install(LEDGER)

    with no_thread_starts() as wanted:
        await root.send("ledger", "tell", url=named(gate))
        assert await eventually(lambda: _some(wanted), True)

    async def left() -> int:
        clock.advance(1)
        return len(gate.keys)

    assert await eventually(left, 1) == 1


async def _some(things: list[Any]) -> bool:
    return bool(things)


@pytest.mark.fault(53)
async def test_an_engine_without_a_thread_to_write_with_does_not_start_and_lets_go_of_its_store(
    tmp_path: Path,
) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/store.db")
    with no_thread_starts(), pytest.raises(Exhausted, match="no thread to write the store"):
        async with open_engine(settings):
            pass

    async with open_engine(settings) as engine:
        assert engine.ready


@pytest.mark.fault(52)
async def test_a_key_is_known_for_as_long_as_was_said_and_a_later_repeat_is_a_new_event(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock, dedup_seconds=100.0)
    async with home.root() as root:
        await root.install(LEDGER)
        entries = []
        for advance in (0, 99, 2):
            clock.advance(advance)
            await root.deliver("event", "ledger", "enter", key="one", n=1)
            entries.append(await root.query("ledger", "entries"))

        assert entries == [[1], [1], [1, 1]]


@pytest.mark.fault(52)
async def test_keys_that_have_expired_take_no_room(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock, dedup_seconds=100.0)
    async with home.root() as root:
        await root.install(LEDGER)
        for n in range(50):
            await root.deliver("event", "ledger", "enter", key=f"key-{n}", n=n)
        clock.advance(101)

        assert home.store.prune(clock.ms) == 50
    assert home.rows("dedup", "count(*)") == [(0,)]
