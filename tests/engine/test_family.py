"""A large family at work: every event arrives, once, in the order in which its sender sent it."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.conftest import TestPico, eventually
from tests.engine.homes import Home

CHILDREN = 500
EVENTS = 10_000
LAPS = EVENTS // CHILDREN

RING = """ruleset ring {
  meta { use module io.picolabs.subscription alias subs  shares got, next_bus }
  global {
    got = function() { ent:got.defaultsTo([]) }
    next_bus = function() { subs:established("Tx_role", "next").head() }
  }
  // Each child starts one token. A token that comes in goes on to the next child until its laps are over.
  rule start { select when ring start
    event:send({"eci": next_bus(){"Tx"}, "domain": "ring", "type": "token",
      "attrs": {"from": event:attrs{"me"}, "hop": 1, "hops": event:attrs{"hops"}}}) }
  rule pass { select when ring token
    pre { token = event:attrs }
    if token{"hop"} < token{"hops"} then
      event:send({"eci": next_bus(){"Tx"}, "domain": "ring", "type": "token",
        "attrs": token.put("hop", token{"hop"} + 1)})
    always { ent:got := got().append([[token{"from"}, token{"hop"}]]) } }
}"""


async def family(root: TestPico, size: int) -> list[TestPico]:
    """Children of the root, subscribed to one another in a ring: each to the next."""
    children = []
    for number in range(size):
        await root.tell_ui("new", name=f"child {number}")
    for ui in (await root.ask_ui("box"))["children"]:
        child = TestPico(root.engine, ui)
        child.eci = await child.channel()
        await child.install(RING)
        children.append(child)
    for child, after in zip(children, [*children[1:], children[0]], strict=True):
        well_known = await after.query("io.picolabs.subscription", "wellKnown_Rx")
        roles = {"Rx_role": "previous", "Tx_role": "next"}
        await child.send("wrangler", "subscription", wellKnown_Tx=well_known["id"], name="ring", **roles)
        inbound = await eventually(lambda pico=after: _count(pico, "inbound"), 1)
        assert inbound == 1
        [bus] = await after.query("io.picolabs.subscription", "inbound")
        await after.send("wrangler", "pending_subscription_approval", Id=bus["Id"])
    return children


async def _count(pico: TestPico, name: str) -> int:
    return len(await pico.query("io.picolabs.subscription", name))


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_ring_of_subscribed_children_loses_no_event_and_doubles_none(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        children = await family(root, CHILDREN)
        await _start(children)

        got = await _all_got(children)

    _check(got)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_ring_that_crashes_in_full_flight_loses_no_event_and_doubles_none(tmp_path, clock):
    """Each crash leaves a copy of what was on disk at that moment, and the copy goes on."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        children = await family(root, CHILDREN)
        await _start(children)
        await _some_got(children[0], LAPS // 4)
        home = home.torn_away()
    async with home.engine() as engine:
        await _some_got(home.again(children[0], engine), LAPS // 2)
        home = home.torn_away()

    async with home.engine() as engine:
        got = await _all_got([home.again(child, engine) for child in children])

    _check(got)


async def _start(children: list[TestPico]) -> None:
    for number, child in enumerate(children):
        await child.accept("ring", "start", me=number, hops=LAPS)


def _check(got: list[list[list[int]]]) -> None:
    """Every token has passed every child of its way once, and none has overtaken another."""
    hops = range(1, LAPS + 1)
    assert [sorted(each) for each in got] == [
        sorted([(number - hop) % CHILDREN, hop] for hop in hops) for number in range(CHILDREN)
    ]
    for number, each in enumerate(got):
        sent = [[start, hop + 1] for start, hop in got[number - 1] if hop < LAPS]
        assert [token for token in each if token[1] > 1] == sent


async def _all_got(children: list[TestPico]) -> list[list[list[int]]]:
    """What each child has got when nothing is under way any more."""
    engine = children[0].engine
    while engine.reports.queues()["unfinished"]:
        await asyncio.sleep(0.01)
    return [await child.query("ring", "got") for child in children]


async def _some_got(child: TestPico, count: int) -> None:
    while len(await child.query("ring", "got")) < count:
        pass
