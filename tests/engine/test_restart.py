"""What a pico has and does survives a restart, and a crash: all on one real file."""

from __future__ import annotations

import asyncio

import pytest

from engine import KeyReused, PolicyRefused, Stopping
from tests.engine.conftest import eventually
from tests.engine.gate import open_gate
from tests.engine.homes import Home

KEEPER = """ruleset keeper {
  meta { shares kept, config }
  global { kept = function() { ent:kept.defaultsTo([]) } config = function() { ctx:rid_config } }
  rule keep { select when x keep fired { ent:kept := kept().append(event:attrs{"n"}) } }
  rule set { select when x set fired { ent:kept := event:attrs{"value"} } }
  rule both { select when x one then x two send_directive("both") }
  rule several { select when count 3 (x again num re#(\\d)#) max(largest) send_directive("largest", {"n": largest}) }
  rule wait { select when x wait http:get(event:attrs{"url"}) fired { ent:kept := kept().append("waited") } }
  rule send { select when x send
    event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "keep", "attrs": {"n": event:attrs{"n"}}}) }
}"""


@pytest.fixture
async def gate():
    async with open_gate() as gate:
        yield gate


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


async def kept(pico, *expected):
    return await eventually(lambda: pico.query("keeper", "kept"), list(expected))


VALUES = [0, -1.5, 2**53, "", "ünï \U0001f600 \x00 \ud800", True, [], {}, [[[1]], None]]


@pytest.mark.parametrize("value", [*VALUES, {"b": 1, "a": [None, {"10": 1, "9": 2}]}])
async def test_entity_variables_survive_as_they_were(home, value):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.send("x", "set", value=value)
        before = await root.query("keeper", "kept")

    async with home.root() as root:
        assert await root.query("keeper", "kept") == before


async def test_channels_survive_with_tags_and_policies(home):
    policy = {"allow": [{"domain": "x", "name": "*"}], "deny": [{"domain": "x", "name": "no"}]}
    async with home.root() as root:
        eci = await root.channel(eventPolicy=policy)
        before = (await root.ask_ui("pico"))["channels"]

    async with home.root() as root:
        assert (await root.ask_ui("pico"))["channels"] == before
        with pytest.raises(PolicyRefused):
            await root.deliver("event", "x", "no", via=eci)


async def test_the_ui_channel_of_the_root_stays_the_same(home):
    async with home.engine() as engine:
        before = engine.ui_context()

    async with home.engine() as engine:
        assert engine.ui_context() == before


async def test_the_family_survives_in_its_order(home):
    async with home.root() as root:
        for name in ("c", "a", "b"):
            await root.child(name)
        before = (await root.ask_ui("box"))["children"]

    async with home.root() as root:
        assert (await root.ask_ui("box"))["children"] == before
        names = [(await type(root)(root.engine, eci).ask_ui("box"))["name"] for eci in before]
        assert names == ["c", "a", "b"]


async def test_rulesets_survive_with_their_configuration(home):
    async with home.root() as root:
        await root.install(KEEPER, config={"color": "red"})

    async with home.root() as root:
        assert await root.query("keeper", "config") == {"color": "red"}


async def test_half_matched_expressions_survive(home):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.send("x", "one")
        for num in ("7", "2"):
            await root.send("x", "again", num=num)

    async with home.root() as root:
        both = await root.directives("x", "two")
        [largest] = (await root.send("x", "again", num="5")).directives

        assert (both, largest["options"]) == (["both"], {"n": 7})


async def test_timers_survive(home, clock):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.install("""ruleset later { rule r { select when x later fired {
            schedule x event "keep" at event:attrs{"at"} attributes {"n": "later"} } } }""")
        await root.send("x", "later", at=clock.ms + 5000)

    async with home.root() as root:
        clock.advance(5)

        assert await kept(root, "later") == ["later"]


@pytest.mark.fault(32)
async def test_accepted_events_survive_a_crash_in_their_order(home, gate):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.accept("x", "wait", url=gate.url)
        await gate.reached()
        for n in range(5):
            await root.accept("x", "keep", n=n)
        torn = home.torn_away()
        gate.open()

    async with torn.root() as root:
        assert await kept(root, "waited", 0, 1, 2, 3, 4) == ["waited", 0, 1, 2, 3, 4]


async def test_accepted_events_that_a_stop_left_are_taken_at_the_start(home, gate):
    async with home.root() as root:
        await root.install(KEEPER)
        waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
        await gate.reached()
        for n in range(3):
            await root.accept("x", "keep", n=n)
        root.engine._mailboxes.pause()
        gate.open()
        await waiting

    async with home.root() as root:
        assert await kept(root, "waited", 0, 1, 2) == ["waited", 0, 1, 2]


async def test_a_waited_event_that_a_crash_interrupted_has_not_happened(home, gate):
    """Its caller was promised nothing."""
    async with home.root() as root:
        await root.install(KEEPER)
        waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
        await gate.reached()
        torn = home.torn_away()
        gate.open()
        await waiting

    async with torn.root() as root:
        assert await root.query("keeper", "kept") == []


async def test_sent_events_survive_a_crash_of_a_busy_receiver(home, gate):
    async with home.root() as root:
        child = await root.child()
        for each in (root, child):
            await each.install(KEEPER)
        waiting = asyncio.create_task(child.send("x", "wait", url=gate.url))
        await gate.reached()
        for n in range(3):
            await root.send("x", "send", to=child.eci, n=n)
        torn = home.torn_away()
        gate.open()
        await waiting

    async with torn.engine() as engine:
        assert await kept(torn.again(child, engine), 0, 1, 2) == [0, 1, 2]


async def test_a_key_is_known_after_a_restart(home):
    async with home.root() as root:
        await root.install(KEEPER)
        first = await root.deliver("event", "x", "keep", key="http:k", n=1)

    async with home.root() as root:
        again = await root.deliver("event", "x", "keep", key="http:k", n=1)

        assert (again.eid, again.duplicate) == (first.eid, True)
        assert await root.query("keeper", "kept") == [1]


async def test_the_key_of_an_event_that_is_still_queued_is_known_after_a_crash(home, gate):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.accept("x", "wait", url=gate.url)
        await gate.reached()
        first = await root.accept("x", "keep", key="http:k", n=1)
        torn = home.torn_away()
        gate.open()
        await kept(root, "waited", 1)
    gate.close()

    async with torn.engine() as engine:
        again = torn.again(root, engine)
        repeat = await again.accept("x", "keep", key="http:k", n=1)
        with pytest.raises(KeyReused):
            await again.accept("x", "keep", key="http:k", n=2)
        gate.open()

        assert (repeat.eid, repeat.duplicate) == (first.eid, True)
        assert await kept(again, "waited", 1) == ["waited", 1]


async def test_a_start_does_not_wait_for_what_the_root_has_still_to_do(home, gate):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.accept("x", "wait", url=gate.url)
        await gate.reached()
        torn = home.torn_away()
        gate.open()
        await kept(root, "waited")
    gate.close()

    async with torn.engine() as engine:
        gate.open()

        assert await kept(torn.again(root, engine), "waited") == ["waited"]


async def test_the_reply_of_an_event_can_be_asked_for_after_a_restart(home):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.send("x", "one")
        reply = await root.send("x", "two")

    async with home.root() as root:
        assert (await root.engine.reply_to(root.eci, reply.eid)).directives == reply.directives


async def test_a_crash_during_the_start_after_a_crash_loses_nothing_either(home, gate):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.accept("x", "wait", url=gate.url)
        await gate.reached()
        await root.accept("x", "keep", n=1)
        torn = home.torn_away()
        gate.open()
        await kept(root, "waited", 1)
    gate.close()
    async with torn.engine():
        await gate.reached()  # the first event is evaluated again
        again = torn.torn_away()
        gate.open()

    async with again.root() as root:
        assert await kept(root, "waited", 1) == ["waited", 1]


async def test_an_engine_starts_though_its_root_is_paused(home):
    async with home.root() as root:
        await root.install(KEEPER)
        await root.accept("x", "keep", n=1)
        await kept(root, 1)
        await root.engine.operations.pause(root.eci)
        await root.accept("x", "keep", n=2)

    async with home.engine() as engine:
        root = home.again(root, engine)
        before = await root.query("keeper", "kept")
        await engine.operations.resume(root.eci)

        assert (before, await kept(root, 1, 2)) == ([1], [1, 2])


async def test_a_stop_does_not_wait_for_a_pico_that_waits_for_the_turn_of_another(home, gate):
    async with asyncio.timeout(8), home.root() as root:
        child = await root.child()
        await child.install(KEEPER)
        await root.install("""ruleset asker { rule r { select when x ask
          pre { kept = ctx:query(event:attrs{"of"}, "keeper", "kept") } send_directive("kept", {"kept": kept}) } }""")
        busy = asyncio.create_task(child.send("x", "wait", url=gate.url))
        await gate.reached()
        asking = asyncio.create_task(root.send("x", "ask", of=child.eci))
        await eventually(lambda: _waiting(root, child), 1)
        root.engine._mailboxes.pause()  # as the stop does it, before the child's event has ended
        gate.open()
        await busy

    with pytest.raises(Stopping):
        await asking


async def _waiting(root, pico):
    return root.engine.reports.pico(pico.eci)["waiting"]
