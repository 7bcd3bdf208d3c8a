"""Means that run out: descriptors, and the memory of keys.

Invariants: ACK ONCE (nothing half done), LIVE (it goes on when there are means again).
"""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path

import httpx2
import pytest

from tests.engine.homes import Home
from tests.engine.process import Client
from tests.examples.engine_process import EngineProcess

LEDGER = """ruleset ledger {
  meta { shares entries }
  global { entries = function() { ent:entries.defaultsTo([]) } }
  rule enter { select when ledger enter always { ent:entries := entries().append(event:attrs{"n"}) } } }"""


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
            with pytest.raises((httpx2.TransportError, TimeoutError)):
                async with asyncio.timeout(0.5):
                    await stranger.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 2}, "two")
            resource.prlimit(process, resource.RLIMIT_NOFILE, limits)
            async with Client(engine) as other:
                await other.post_until_acknowledged(f"/c/{eci}/event-wait/ledger/enter", {"n": 2}, "two")

                assert await other.query(eci, "ledger", "entries") == [0, 1, 2]


@pytest.mark.fault(52)
async def test_a_key_is_known_for_as_long_as_was_said_and_a_later_repeat_is_a_new_event(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock, dedup_seconds=100.0)
    async with home.root() as root:
        await root.install(LEDGER)
        for advance in (0, 99, 2):
            clock.advance(advance)
            await root.deliver("event", "ledger", "enter", key="one", n=1)

        assert await root.query("ledger", "entries") == [1, 1]


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
