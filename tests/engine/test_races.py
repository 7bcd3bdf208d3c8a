"""Pause, resume, cancel and delete, raced with events: each event has one clear outcome, in every order of things.

Invariants: ACK (no acknowledged event vanishes), ONCE, ORD, LIVE.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from random import Random

import pytest

from engine import ChannelNotFound, Conflict, EngineError, Receipt, open_engine
from engine.document import loads
from engine.store.memory import MemoryStore
from tests.engine.conftest import TestPico, eventually

LEDGER = """ruleset ledger {
  meta { shares entries }
  global { entries = function() { ent:entries.defaultsTo([]) } }
  rule enter { select when ledger enter
    always { ent:entries := entries().append(event:attrs{"n"});
             schedule ledger event "later" at "2100-01-01" } } }"""
EVENTS = 12


class Race:
    """One pico, and everything at once."""

    def __init__(self, pico: TestPico, random: Random) -> None:
        self.pico = pico
        self.random = random
        self.receipts: dict[int, Receipt] = {}
        self.cancelled: set[str] = set()

    async def run(self, *, delete: TestPico | None) -> None:
        """Events, operators, and in the end perhaps the deletion, all in some order."""
        works = [self._sends(n) for n in range(EVENTS)]
        works += [self._cancels() for _ in range(4)]
        works += [self._pauses() for _ in range(2)]
        if delete is not None:
            works.append(self._deletes(delete))
        self.random.shuffle(works)
        await asyncio.gather(*works)

    async def _some_time(self) -> None:
        for _ in range(self.random.randrange(40)):
            await asyncio.sleep(0)

    async def _sends(self, n: int) -> None:
        await self._some_time()
        with suppress(ChannelNotFound):
            self.receipts[n] = await self.pico.accept("ledger", "enter", n=n)

    async def _cancels(self) -> None:
        await self._some_time()
        if self.receipts:
            eid = self.random.choice([receipt.eid for receipt in self.receipts.values()])
            with suppress(EngineError):  # it has begun, or ended: then it is not cancelled
                await self.pico.engine.operations.cancel_event(eid)
                self.cancelled.add(eid)

    async def _pauses(self) -> None:
        await self._some_time()
        operations = self.pico.engine.operations
        with suppress(EngineError):
            await operations.pause(self.pico.eci)
            await self._some_time()
        with suppress(EngineError):
            await operations.resume(self.pico.eci)

    async def _deletes(self, parent: TestPico) -> None:
        await self._some_time()
        await parent.tell_ui("del", eci=self.pico.ui)


@pytest.mark.fault(48)
@pytest.mark.parametrize("seed", range(20))
async def test_each_event_is_evaluated_or_cancelled_and_the_log_says_which(seed):
    store = MemoryStore()
    async with open_engine(store=store) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        pico = await root.child()
        await pico.install(LEDGER)
        race = Race(pico, Random(seed))

        await race.run(delete=None)
        with suppress(Conflict):
            await engine.operations.resume(pico.eci)
        await eventually(lambda: _left(store), [])

        log = store.log(store.channel(pico.eci).pico, 0, 1000)
        ends = {row.eid: row.status for row in log}
        told = {
            receipt.eid: "cancelled" if receipt.eid in race.cancelled else "ok" for receipt in race.receipts.values()
        }
        assert len(told) == EVENTS
        assert {eid: ends.get(eid) for eid in told} == told
        assert max(Counter(row.eid for row in log).values()) == 1
        entered = [loads(row.event)["attrs"]["n"] for row in log if row.eid in told and row.status == "ok"]
        assert await pico.query("ledger", "entries") == entered


@pytest.mark.fault(48)
@pytest.mark.parametrize("seed", range(20))
async def test_of_a_pico_that_is_deleted_meanwhile_nothing_is_left_to_do(seed):
    store = MemoryStore()
    async with open_engine(store=store) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        pico = await root.child()
        await pico.install(LEDGER)
        id = store.channel(pico.eci).pico
        race = Race(pico, Random(seed))

        await race.run(delete=root)
        with suppress(EngineError):  # a pico that is paused is not deleted before it goes on
            await engine.operations.resume(pico.eci)

        assert await eventually(lambda: _left(store), []) == []
        assert (store.pico(id), store.next_due(), store.paused(), store.orphans()) == (None, None, {}, [])
        entered = [row.eid for row in store.log(id, 0, 1000) if row.status == "ok"]
        assert len(entered) == len(set(entered))


async def _left(store):
    return store.inbox()
