"""Too much of something: limits end it with a word, and everybody else goes on.

Invariants: LIVE (nobody starves), STATE (what a limit ends leaves nothing).
"""

from __future__ import annotations

import asyncio

import pytest

from engine import Chance, Overloaded, RuleFailed, Settings, open_engine
from krl import Limits
from tests.engine.conftest import TestPico, eventually

STORM = """ruleset storm {
  meta { shares n }
  global { n = function() { ent:n.defaultsTo(0) }
           deep = function(n) { n == 0 => 0 | 1 + deep(n - 1) } }
  rule ball { select when storm ball
    event:send({"eci": event:attrs{"to"}, "domain": "storm", "type": "ball",
                "attrs": {"to": event:attrs{"from"}, "from": event:attrs{"to"}}})
    always { ent:n := n() + 1 } }
  rule two { select when storm two
    event:send({"eci": event:attrs{"eci"}, "domain": "storm", "type": "two", "attrs": event:attrs})
    always { raise storm event "again" attributes event:attrs } }
  rule again { select when storm again
    event:send({"eci": event:attrs{"eci"}, "domain": "storm", "type": "two", "attrs": event:attrs}) }
  rule raises { select when storm raises where event:attrs{"n"} > 0
    always { raise storm event "raises" attributes {"n": event:attrs{"n"} - 1}; ent:n := 100 } }
  rule deep { select when storm deep always { ent:n := deep(event:attrs{"n"}) } }
  rule good { select when storm good always { ent:good := true } }
  rule draw { select when storm draw pre { drawn = random:number() } always { ent:drawn := drawn } }
}"""
MANY = 1000


@pytest.fixture
async def pair(root):
    picos = [await root.child(name) for name in ("a", "b")]
    for pico in picos:
        await pico.install(STORM)
    return picos


@pytest.mark.fault(37)
async def test_two_picos_that_send_each_other_without_end_starve_nobody(root, pair):
    """LIVE: the others have their turns while the ball is in the air."""
    a, b = pair
    for _ in range(20):
        await a.accept("storm", "ball", to=b.eci, **{"from": a.eci})
    await root.install(STORM)

    before = await a.query("storm", "n")
    async with asyncio.timeout(10):
        for _ in range(10):
            await root.send("storm", "good")
    after = await eventually(lambda: _more(a, before), True)

    assert after is True


async def _more(pico, before):
    return await pico.query("storm", "n") > before


@pytest.mark.fault(37)
async def test_a_pico_that_sends_itself_ever_more_keeps_others_working_and_refuses_what_comes(clock):
    """LIVE: what the door lets in is bounded, whatever picos send each other."""
    async with open_engine(Settings(pico_inbox_limit=200, trace=False)) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        root.eci = await root.channel()
        wild, calm = [await root.child(name) for name in ("wild", "calm")]
        for pico in (wild, calm):
            await pico.install(STORM)
        await wild.accept("storm", "two", eci=wild.eci)

        async def refused():
            try:
                await wild.accept("storm", "good")
            except Overloaded:
                return True
            return False

        assert await eventually(refused, True) is True
        async with asyncio.timeout(10):
            await calm.send("storm", "good")


@pytest.mark.fault(37)
async def test_who_has_much_to_do_lets_others_have_their_turns_between(clock):
    """LIVE: the moment of the other's turn is told by who is asked for chance in it."""
    left = []

    def random():
        left.append(engine.waiting)
        return 0.5

    async with open_engine(Settings(trace=False), chance=Chance(now=clock, random=random, sleep=clock.sleep)) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        busy, other = [await root.child(name) for name in ("busy", "other")]
        for pico in (busy, other):
            await pico.install(STORM)
        left.clear()

        for _ in range(MANY):
            engine.accept_nowait(busy.delivery("event", "storm", "good"), lambda *_: None)
        await other.send("storm", "draw")

        assert left[0] > MANY * 0.9


@pytest.mark.fault(37)
async def test_while_much_is_to_do_the_network_is_looked_at_between(engine, pair):
    """LIVE: as many rounds of the event loop as it takes, with a bounded number of events in each."""
    busy, _ = pair
    for _ in range(MANY):
        engine.accept_nowait(busy.delivery("event", "storm", "good"), lambda *_: None)
    rounds = 0

    while engine.waiting:
        await asyncio.sleep(0)
        rounds += 1

    assert rounds > 2


@pytest.mark.fault(37)
async def test_raises_without_end_are_ended_by_a_limit_and_leave_nothing(pair):
    a, _ = pair

    with pytest.raises(RuleFailed, match="max_raises"):
        await a.send("storm", "raises", n=12_000)

    assert await a.query("storm", "n") == 0


@pytest.mark.fault(37)
async def test_functions_within_functions_without_end_are_ended_by_a_limit(pair):
    a, _ = pair

    with pytest.raises(RuleFailed, match="max_depth"):
        await a.send("storm", "deep", n=10_000)
    await a.send("storm", "deep", n=3000)

    assert await a.query("storm", "n") == 3000


# --- much state ---------------------------------------------------------------------------------------------------

HEAP = """ruleset heap {
  meta { shares size, count, one }
  global { size = function() { ent:text.length() }  count = function() { ent:many.length() }
           one = function(k) { ent:many{k} }
           doubled = function(text, n) { n == 0 => text | doubled(text + text, n - 1) } }
  rule grow { select when heap grow
    always { ent:before := true; ent:text := doubled("x", event:attrs{"n"}) } }
  rule many { select when heap many
    always { ent:many := 0.range(event:attrs{"n"}).reduce(function(m, i) { m.put("k" + i, i) }, {}) } }
}"""


@pytest.mark.fault(39)
async def test_a_text_beyond_its_limit_fails_the_event_and_one_at_the_limit_is_kept(clock):
    async with open_engine(Settings(limits=Limits(max_text_units=1 << 16))) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        root.eci = await root.channel()
        await root.install(HEAP)

        await root.send("heap", "grow", n=16)
        with pytest.raises(RuleFailed, match="max_text_units"):
            await root.send("heap", "grow", n=17)

        assert await root.query("heap", "size") == 1 << 16


@pytest.mark.fault(39)
async def test_a_map_beyond_its_limit_fails_the_event(clock):
    async with open_engine(Settings(limits=Limits(max_items=1000))) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        root.eci = await root.channel()
        await root.install(HEAP)

        with pytest.raises(RuleFailed, match="max_items"):
            await root.send("heap", "many", n=2000)

        assert await root.query("heap", "count") in (0, None)
