"""Gaps that other pico engines have, each with the test that an engine with that gap would fail.

They are numbered as in the list of gaps of the Node engine, 1.4.0, which was found by crashing it and looking.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from engine import DeliveryTooLarge, FunctionNotFound, Overloaded, RuleFailed, Settings, open_engine
from krl import Limits
from tests.engine.conftest import TestPico, eventually
from tests.engine.gate import open_gate
from tests.engine.homes import Home

LIST = """ruleset list {
  meta { shares all } global { all = function() { ent:all.defaultsTo([]) } }
  rule add { select when x add fired { ent:all := all().append(event:attrs{"n"}) } }
  rule wait { select when x wait http:get(event:attrs{"url"}) fired { ent:all := all().append("waited") } }
}"""


@pytest.fixture
async def gate():
    async with open_gate() as gate:
        yield gate


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


async def items(pico, *expected):
    return await eventually(lambda: pico.query("list", "all"), list(expected))


async def test_accepted_events_happen_after_a_crash(home, gate):
    """G1: events that were answered with their eid were lost."""
    async with home.root() as root:
        await root.install(LIST)
        await root.accept("x", "wait", url=gate.url)
        for n in range(4):
            await root.accept("x", "add", n=n)
        await gate.reached()
        torn = home.torn_away()
        gate.open()

    async with torn.root() as root:
        assert await items(root, "waited", 0, 1, 2, 3) == ["waited", 0, 1, 2, 3]


async def test_an_event_with_all_that_it_raised_happens_as_a_whole_after_a_crash(home, gate):
    """G2: the first rule's write stayed, the raised event was gone."""
    async with home.root() as root:
        await root.install("""ruleset two { meta { shares v } global { v = function() { ent:v } }
          rule first { select when x go fired { ent:v := "first"; raise x event "on" attributes event:attrs } }
          rule second { select when x on http:get(event:attrs{"url"}) fired { ent:v := ent:v + " and second" } } }""")
        await root.accept("x", "go", url=gate.url)
        await gate.reached()
        torn = home.torn_away()
        gate.open()
        await eventually(lambda: root.query("two", "v"), "first and second")

    assert torn.rows("ent", "value", where="rid = 'two'") == []
    async with torn.root() as root:
        assert await eventually(lambda: root.query("two", "v"), "first and second") == "first and second"


@pytest.mark.parametrize("end", ["crash", "stop", "flush"])
async def test_half_matched_expressions_are_kept(tmp_path, clock, end):
    """G3: a crash, a stop and a flush each forgot them."""
    source = 'ruleset half {{ rule r {{ select when x one then x two send_directive("both{}") }} }}'
    file = tmp_path / "half.krl"
    file.write_text(source.format(""))
    home = Home(tmp_path / "home.db", clock, file_folders=(str(tmp_path),))
    async with home.root() as root:
        await root.tell_ui("install", url=file.as_uri(), config={})
        await root.send("x", "one")
        torn = home.torn_away()

    async with (torn if end == "crash" else home).root() as root:
        if end == "flush":
            file.write_text(source.format("!"))
            await root.engine.flush(file.as_uri())

        assert await root.directives("x", "two") == ["both!" if end == "flush" else "both"]


async def test_a_sent_event_reaches_its_receiver_after_a_crash(home, gate):
    """G4: what was sent to a busy pico was lost."""
    async with home.root() as root:
        child = await root.child()
        await child.install(LIST)
        await root.install("""ruleset sender { rule r { select when x send
          event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "add", "attrs": {"n": "sent"}}) } }""")
        waiting = asyncio.create_task(child.send("x", "wait", url=gate.url))
        await gate.reached()
        await root.send("x", "send", to=child.eci)
        torn = home.torn_away()
        gate.open()
        await waiting

    async with torn.engine() as engine:
        assert await items(torn.again(child, engine), "sent") == ["sent"]


async def test_an_event_for_another_host_is_on_disk_before_its_sender_is_answered(home, gate):
    """G4: with a dead host, or a crash, it was lost without a word."""
    async with home.root() as root:
        await root.install("""ruleset sender { rule r { select when x send event:send(
          {"eci": "far", "domain": "x", "type": "add", "attrs": {}}, event:attrs{"host"}) } }""")
        await root.send("x", "send", host=gate.url)
        await gate.reached()

        [(state, payload)] = home.torn_away().rows("outbox", "state", "payload")
        gate.open()

        assert (state, b"/c/far/event/x/add" in payload) == ("ready", True)


async def test_an_event_that_fails_leaves_nothing(pico):
    """G5: what was written before the failure stayed."""
    await pico.install(LIST)
    await pico.install("""ruleset broken { rule r { select when x add fired { ent:n := 2; ent:n := 1 - "one" } } }""")

    with pytest.raises(RuleFailed):
        await pico.send("x", "add", n=1)

    assert await pico.query("list", "all") == []


async def test_a_child_is_there_completely_or_not_at_all_wherever_a_crash_cuts(home, tmp_path):
    """G6: a crash right after the answer left children without name, rulesets and parent for ever."""
    async with home.root() as root:
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.tell_ui("new", name="kid")
            await eventually(lambda: _families(root), [["kid", 5, True]])
    assert len(copies) > 1

    families = []
    for copy in copies:
        async with Home(copy, home.clock).root() as root:
            families.append(await eventually(lambda root=root: _is_whole(root), True))

    assert families == [True] * len(copies)


async def _families(root):
    """Of each child its name, how many rulesets it has, and whether it knows its parent."""
    found = []
    for eci in (await root.ask_ui("box"))["children"]:
        child = TestPico(root.engine, eci)
        box = await child.ask_ui("box")
        found.append([box["name"], len((await child.ask_ui("pico"))["rulesets"]), box["parent"] == root.ui])
    return found


async def _is_whole(root):
    return await _families(root) in ([], [["kid", 5, True]])


async def test_a_pico_that_asks_itself_gets_an_answer(pico):
    """G7a: it waited for itself for ever."""
    await pico.install("""ruleset self { meta { shares n } global { n = function() { ent:n } }
      rule r { select when x ask fired { ent:n := 1; raise x event "on" } }
      rule s { select when x on send_directive("answer", {"n": ctx:query(event:eci, "self", "n")}) } }""")

    reply = await asyncio.wait_for(pico.send("x", "ask"), 5)

    assert reply.directives[0]["options"] == {"n": 1}


async def test_parent_and_child_that_ask_each_other_at_one_moment_get_answers(root, gate):
    """G7b: both waited for ever."""
    child = await root.child()
    for pico in (root, child):
        await pico.install("""ruleset asker { meta { shares n } global { n = function() { 1 } }
          rule r { select when x ask http:get(event:attrs{"url"}) setting(open)
            fired { raise x event "on" attributes event:attrs } }
          rule s { select when x on send_directive("answer", {"n": ctx:query(event:attrs{"of"}, "asker", "n")}) } }""")
    asking = [
        asyncio.create_task(one.send("x", "ask", of=other.eci, url=gate.url))
        for one, other in ((root, child), (child, root))
    ]
    await gate.reached(2)

    gate.open()
    replies = await asyncio.wait_for(asyncio.gather(*asking), 5)

    assert [reply.directives[0]["options"] for reply in replies] == [{"n": 1}, {"n": 1}]


async def test_nobody_gets_the_directives_of_a_failed_event(pico):
    """G8: they came out with the next event of somebody else."""
    await pico.install("""ruleset secrets { rule r { select when x tell send_directive("hunter2") }
      rule s { select when x tell fired { ent:n := 1 - "one" } }
      rule t { select when x other send_directive("other") } }""")
    with pytest.raises(RuleFailed):
        await pico.send("x", "tell")

    assert await pico.directives("x", "other") == ["other"]


async def test_a_failed_event_with_an_unknown_query_behind_it_ends_only_itself(pico):
    """G9a: it ended the process."""
    await pico.install('ruleset a { rule r { select when x fail fired { ent:n := 1 - "one" } } }')

    with pytest.raises(RuleFailed):
        await pico.deliver("event", "x", "fail", "query", "a", "unknown")
    with pytest.raises(FunctionNotFound):
        await pico.deliver("event", "x", "other", "query", "a", "unknown")

    assert await pico.directives("x", "other") == []


async def test_a_job_whose_ruleset_is_uninstalled_ends_quietly(pico, clock):
    """G9b: when it came due it ended the process."""
    await pico.install(LIST)
    for rid, at, n in (("gone", 1000, "gone"), ("here", 2000, "here")):
        await pico.install(f"""ruleset {rid} {{ rule r {{ select when {rid} go
          fired {{ schedule x event "add" at {clock.ms + at} attributes {{"n": "{n}"}} }} }} }}""")
        await pico.send(rid, "go")

    await pico.tell_ui("uninstall", rid="gone")
    clock.advance(2)

    assert await items(pico, "here") == ["here"]


async def test_another_source_of_a_rid_does_not_replace_the_code_of_a_pico(root):
    """G10: the pico that installed first got the other's code, until a restart."""
    picos = [await root.child(name) for name in ("one", "two")]
    for number, pico in enumerate(picos):
        await pico.install(f"ruleset twin {{ meta {{ shares n }} global {{ n = function() {{ {number} }} }} }}")

    assert [await pico.query("twin", "n") for pico in picos] == [0, 1]


async def test_jobs_that_came_due_while_the_engine_was_down_happen_once_after_the_start(home, clock):
    """G11: they never happened, and stayed listed."""
    async with home.root() as root:
        await _schedule(root, clock, ("first", 2000), ("second", 7000))

    clock.advance(10)
    async with home.root() as root:
        assert await items(root, "first", "second") == ["first", "second"]
        assert await root.query("jobs", "list") == []


async def test_every_job_is_armed_not_only_the_earliest(pico, clock):
    """G12: the second happened when something else was scheduled, or never."""
    await _schedule(pico, clock, ("first", 1000), ("second", 2000))

    clock.advance(1)
    first = await items(pico, "first")
    clock.advance(1)

    assert (first, await items(pico, "first", "second")) == (["first"], ["first", "second"])


async def test_removing_a_job_leaves_the_others(pico, clock):
    """G13: all jobs of the ruleset were forgotten."""
    await _schedule(pico, clock, ("kept", 2000), ("removed", 1000))
    removed = next(job for job in await pico.query("jobs", "list") if job["event"]["data"]["attrs"]["n"] == "removed")

    await pico.send("x", "remove", id=removed["id"])
    clock.advance(2)

    assert await items(pico, "kept") == ["kept"]


async def _schedule(pico, clock, *jobs):
    """Promise events x:add, by name and milliseconds from now."""
    await pico.install(LIST)
    await pico.install("""ruleset jobs { meta { shares list } global { list = function() { schedule:list() } }
      rule at { select when x at fired { schedule x event "add" at event:attrs{"at"} attributes event:attrs } }
      rule remove { select when x remove schedule:remove(event:attrs{"id"}) } }""")
    for name, milliseconds in jobs:
        await pico.send("x", "at", at=clock.ms + milliseconds, n=name)


async def test_a_busy_pico_that_is_deleted_leaves_nothing_that_stops_the_next_start(home, gate):
    """G14: it went on, wrote a channel, and the engine could not start any more."""
    async with home.root() as root:
        child = await root.child()
        await child.install("""ruleset busy { rule r { select when x go
          every { http:get(event:attrs{"url"}) ctx:newChannel(["late"]) } } }""")
        going = asyncio.create_task(child.send("x", "go", url=gate.url))
        await gate.reached()
        await root.tell_ui("del", eci=child.ui)
        gate.open()
        await asyncio.wait([going])

    async with home.root() as root:
        assert (await root.ask_ui("box"))["children"] == []
        assert len(set(home.torn_away().rows("channel", "pico"))) == 1


async def test_the_root_has_what_its_children_have_and_hears_of_the_start(home):
    """G15: its equipment was incomplete, and `engine:started` died in the first ruleset."""
    async with home.root() as root:
        await root.install("""ruleset late { meta { shares n } global { n = function() { ent:n } }
          rule r { select when engine started fired { ent:n := ent:n.defaultsTo(0) + 1 } } }""")

    async with home.root() as root:
        child = await root.child()
        tags = [{tuple(each["tags"]) for each in (await pico.ask_ui("pico"))["channels"]} for pico in (root, child)]

        assert await root.query("late", "n") == 1
        assert ("wellknown_rx", "tx_rx") in tags[0]
        assert tags[1] - tags[0] == {("system", "child")}


async def test_an_event_that_fails_without_a_witness_is_told_and_kept(pico):
    """G16: there was one line at level debug."""
    await pico.install('ruleset a { rule r { select when x fail fired { ent:n := 1 - "one" } } }')

    with capture_logs() as lines:
        receipt = await pico.accept("x", "fail")
        status = await eventually(lambda: _status(pico, receipt.eid), "failed")

    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (status, line["rid"], line["rule"]) == ("failed", "a", "r")


async def _status(pico, eid):
    return pico.engine.reports.event(eid)["status"]


async def test_a_scheduled_event_named_in_one_text_has_domain_and_type(pico, clock):
    """G17: it had neither, and nothing happened."""
    await pico.install(LIST)
    await pico.install("""ruleset one { rule r { select when x go
      fired { schedule event "x:add" at time:add(time:now(), {"seconds": 1}) attributes {"n": "scheduled"} } } }""")
    await pico.send("x", "go")

    clock.advance(1)

    assert await items(pico, "scheduled") == ["scheduled"]


async def test_rulesets_answer_in_the_order_of_installation_after_a_restart_too(home):
    """G18: after a restart it was the order of their names."""
    async with home.root() as root:
        for rid in ("d.zz", "d.aa", "d.mm"):
            await root.install(f'ruleset {rid} {{ rule r {{ select when x y send_directive("{rid}") }} }}')

    async with home.root() as root:
        assert await root.directives("x", "y") == ["d.zz", "d.aa", "d.mm"]


@pytest.mark.parametrize("way", ["send", "accept"])
async def test_nobody_is_answered_before_the_commit(home, way):
    """G19: what was acknowledged was not yet on disk."""
    async with home.root() as root:
        await root.install(LIST)
        with home.store.held():
            answering = asyncio.create_task(getattr(root, way)("x", "add", n=1))
            await home.store.reached()
            answered, _ = await asyncio.wait([answering], timeout=0.1)

        assert not answered
        assert (await answering).eid


async def test_one_delivery_that_comes_twice_happens_once(pico):
    """G20: it happened twice."""
    await pico.install(LIST)

    first, again = [await pico.deliver("event", "x", "add", key="http:k", n=1) for _ in range(2)]

    assert (again.eid, await pico.query("list", "all")) == (first.eid, [1])


async def test_what_a_ruleset_computed_from_a_module_is_new_when_the_module_is(pico):
    """G21: it stayed old until a restart."""
    module = "ruleset source {{ meta {{ provides f }} global {{ f = function() {{ {} }} }} }}"
    await pico.install(module.format(1))
    await pico.install("""ruleset user { meta { use module source alias m  shares x }
      global { x = function() { computed } computed = m:f() } }""")

    await pico.install(module.format(2))

    assert await pico.query("user", "x") == 2


@asynccontextmanager
async def _root_with(settings):
    async with open_engine(settings) as engine:
        root = TestPico(engine, engine.ui_context()["eci"])
        root.eci = await root.channel()
        yield root


@pytest.mark.parametrize(
    ("limits", "rule", "told"),
    [
        (Limits(max_steps=1000), "foreach 1.range(100000) setting(n) noop()", "max_steps"),
        (Limits(max_raises=100), 'noop() fired { raise x event "go" }', "max_raises"),
        (Limits(max_items=1000), "pre { many = 1.range(100000) } noop()", "max_items"),
        (Limits(max_text_units=1000), 'pre { long = 1.range(500).join("......") } noop()', "max_text_units"),
        (Limits(max_depth=100), "pre { deep = forever(1) } noop()", "max_depth"),
    ],
)
async def test_work_without_end_is_stopped_with_a_word_and_the_pico_goes_on(limits, rule, told):
    """G22: there were no limits."""
    async with _root_with(Settings(limits=limits)) as root:
        await root.install(f"""ruleset runaway {{ global {{ forever = function(n) {{ 1 + forever(n) }} }}
          rule r {{ select when x go {rule} }} }}""")

        with pytest.raises(RuleFailed, match=told):
            await root.send("x", "go")

        assert await root.directives("x", "other") == []


async def test_a_queue_that_is_full_refuses_with_a_word(gate):
    """G22: queues had no limits."""
    async with _root_with(Settings(pico_inbox_limit=3)) as root:
        await root.install(LIST)
        await root.accept("x", "wait", url=gate.url)
        await gate.reached()
        for n in range(3):
            await root.accept("x", "add", n=n)

        with pytest.raises(Overloaded, match="pico_inbox_limit"):
            await root.accept("x", "add", n="too many")

        gate.open()
        assert await items(root, "waited", 0, 1, 2) == ["waited", 0, 1, 2]


async def test_a_delivery_that_is_too_large_is_refused_with_a_word():
    """G22: sizes had no limits."""
    async with _root_with(Settings(max_body_bytes=1000)) as root:
        with pytest.raises(DeliveryTooLarge, match="max_body_bytes"):
            await root.send("x", "add", n="x" * 1000)
