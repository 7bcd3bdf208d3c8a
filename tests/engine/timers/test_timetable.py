"""Timers fire: in time, once, also after the engine was down. The clock is moved by hand."""

from __future__ import annotations

import asyncio

import pytest

from engine import RuleFailed
from engine.store.interface import TimerRow
from tests.engine.conftest import eventually
from tests.engine.homes import Home
from tests.engine.stores import HeldStore

JOBS = """ruleset jobs {
  meta { shares seen, jobs, job }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    jobs = function() { schedule:list() }
    job = function(id) { schedule:get(id) }
  }
  rule at { select when x at
    fired { schedule x event "due" at event:attrs{"at"} attributes {"n": event:attrs{"n"}} setting(job)
            ent:job := job{"id"}; raise x event "told" } }
  rule repeat { select when x repeat
    fired { schedule x event "due" repeat event:attrs{"spec"} attributes {"n": event:attrs{"n"}} setting(job)
            ent:job := job{"id"}; raise x event "told" } }
  rule in_one_text { select when x in_one_text
    fired { schedule event "x:due" at event:attrs{"at"} attributes {"n": event:attrs{"n"}} } }
  rule told { select when x told send_directive("job", {"id": ent:job}) }
  rule due { select when x due fired { ent:seen := seen().append(event:attrs{"n"}) } }
  rule remove { select when x remove schedule:remove(event:attrs{"id"}) }
  rule clear { select when x clear schedule:clear() }
}"""
HOUR = 3600


@pytest.fixture
async def pico(root):
    await root.install(JOBS)
    return root


async def at(pico, ms, n=None):
    """Have the event x:due promised for that time; the job's id."""
    return (await pico.send("x", "at", at=ms, n=n)).directives[0]["options"]["id"]


async def repeat(pico, spec, n=None):
    return (await pico.send("x", "repeat", spec=spec, n=n)).directives[0]["options"]["id"]


async def seen(pico, *expected):
    """What has fired, as soon as it is what is expected."""
    return await eventually(lambda: pico.query("jobs", "seen"), list(expected))


async def test_a_timer_fires_when_its_time_has_come_and_not_before(pico, clock):
    await at(pico, clock.ms + 5000, n=1)
    clock.advance(4.999)
    await at(pico, clock.ms, n=0)  # fires at once, and would come after the first

    before = await seen(pico, 0)
    clock.advance(0.001)

    assert (before, await seen(pico, 0, 1)) == ([0], [0, 1])


async def test_every_timer_fires_not_only_the_earliest(pico, clock):
    for n in range(1, 4):
        await at(pico, clock.ms + n * 1000, n=n)

    clock.advance(1)
    first = await seen(pico, 1)
    clock.advance(2)

    assert (first, await seen(pico, 1, 2, 3)) == ([1], [1, 2, 3])


async def test_a_time_in_the_past_fires_at_once(pico, clock):
    await at(pico, clock.ms - HOUR, n="late")

    assert await seen(pico, "late") == ["late"]


async def test_a_date_text_is_a_time(pico, clock):
    await at(pico, "2023-11-14T22:13:25Z", n="text")

    clock.advance(5)

    assert await seen(pico, "text") == ["text"]


async def test_what_is_no_time_fails_the_event(pico):
    with pytest.raises(RuleFailed, match=r"schedule \.\. at expected a timestamp but got Map"):
        await at(pico, {"at": 1})


async def test_a_timer_that_has_fired_is_listed_no_more(pico, clock):
    id = await at(pico, clock.ms + 1000, n=1)
    clock.advance(1)

    await seen(pico, 1)

    assert await pico.query("jobs", "job", id=id) is None


async def test_a_job_is_listed_as_krl_knows_it(pico, clock):
    id = await at(pico, clock.ms + 1000, n=1)

    [job] = await pico.query("jobs", "jobs")

    event = {"eci": pico.eci, "domain": "x", "name": "due", "data": {"attrs": {"n": 1}}, "time": 0}
    assert job == {"id": id, "type": "at", "time": clock.ms + 1000, "event": event}


async def test_an_event_named_in_one_text_keeps_both_its_words(pico, clock):
    await pico.send("x", "in_one_text", at=clock.ms + 1000, n=1)

    clock.advance(1)

    assert await seen(pico, 1) == [1]


async def test_a_repeated_event_fires_each_time(pico, clock):
    await repeat(pico, "*/10 * * * * *", n="tick")

    for times in range(1, 4):
        clock.advance(10)
        assert await seen(pico, *["tick"] * times) == ["tick"] * times


async def test_a_repetition_by_a_map_fires_when_the_map_says(pico, clock):
    await repeat(pico, {"second": [0, 30], "tz": "UTC"}, n="tick")  # it is 22:13:20

    clock.advance(10)
    first = await seen(pico, "tick")
    clock.advance(30)

    assert (first, await seen(pico, "tick", "tick")) == (["tick"], ["tick", "tick"])


@pytest.mark.parametrize("spec", ["61 * * * *", "* * * * * * *", "", {}, {"hour": 24}, 5, None, "2001-01-01"])
async def test_what_never_comes_due_fails_the_event(pico, spec):
    with pytest.raises(RuleFailed, match=r"schedule \.\. repeat"):
        await repeat(pico, spec)


async def test_removing_one_job_removes_one(pico, clock):
    removed = await at(pico, clock.ms + 1000, n="removed")
    await at(pico, clock.ms + 2000, n="kept")

    await pico.send("x", "remove", id=removed)
    clock.advance(2)

    assert await seen(pico, "kept") == ["kept"]


async def test_clear_removes_the_jobs_of_its_ruleset_only(pico, clock):
    await at(pico, clock.ms + 1000, n="cleared")
    await pico.install(
        'ruleset other { rule r { select when y at fired { schedule x event "due" at event:attrs{"at"} } } }'
    )
    await pico.send("y", "at", at=clock.ms + 1000)

    await pico.send("x", "clear")
    clock.advance(1)

    assert await seen(pico, None) == [None]


async def test_the_jobs_of_an_uninstalled_ruleset_never_fire(pico, clock):
    """One that fired all the same ended the Node engine."""
    other = """ruleset other { rule r { select when y at fired { schedule x event "due" at event:attrs{"at"} } } }"""
    await pico.install(other)
    await pico.send("y", "at", at=clock.ms + 1000)
    await at(pico, clock.ms + 2000, n="after")

    await pico.tell_ui("uninstall", rid="other")
    clock.advance(2)

    assert await seen(pico, "after") == ["after"]


async def test_a_timer_whose_channel_is_gone_is_removed(pico, clock):
    gone = pico.eci
    await at(pico, clock.ms + 1000, n="gone")
    pico.eci = await pico.channel()
    await pico.tell_ui("del_channel", eci=gone)
    await at(pico, clock.ms + 2000, n="after")

    clock.advance(2)

    assert (await seen(pico, "after"), await pico.query("jobs", "jobs")) == (["after"], [])


async def test_a_failed_event_leaves_no_timer(pico, clock):
    await pico.install("""ruleset other { rule r { select when y at fired {
        schedule x event "due" at event:attrs{"at"}; ent:n := 1 - "one" } } }""")
    with pytest.raises(RuleFailed):
        await pico.send("y", "at", at=clock.ms + 1000)
    await at(pico, clock.ms + 2000, n="after")

    clock.advance(2)

    assert await seen(pico, "after") == ["after"]


async def test_overdue_timers_fire_once_after_the_start(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)
        await at(root, clock.ms + 1000, n="at")
        await repeat(root, "*/10 * * * * *", n="tick")

    clock.advance(24 * HOUR)
    async with home.root() as root:
        overdue = await seen(root, "at", "tick")
        clock.advance(10)

        assert (overdue, await seen(root, "at", "tick", "tick")) == (["at", "tick"], ["at", "tick", "tick"])


async def test_a_timer_whose_firing_is_lost_with_its_commit_fires_once_all_the_same(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)
        await at(root, clock.ms + 1000, n=1)
        home.store.refuse(1)

        clock.advance(1)

        assert await seen(root, 1) == [1]
        assert home.store.refused == 1


async def test_timers_go_on_after_the_store_could_not_be_read(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)
        await at(root, clock.ms + 1000, n=1)
        home.store.break_reads("due_timers", 1)

        clock.advance(1)
        await eventually(lambda: _gone_wrong(home.store), True)
        clock.advance(1)

        assert await seen(root, 1) == [1]


async def _gone_wrong(store: HeldStore) -> bool:
    return not store.broken_reads


async def test_a_job_is_listed_before_it_is_on_disk(tmp_path, clock):
    """The next event of the pico sees what the last one did, whether or not its commit has ended."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)

        with home.store.held():
            sent = asyncio.create_task(at(root, clock.ms + 1000))
            asked = asyncio.create_task(root.query("jobs", "jobs"))
            await home.store.reached()

        assert [job["id"] for job in await asked] == [await sent]


async def test_a_job_that_is_removed_while_it_is_due_does_not_come_back(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)
        id = await repeat(root, "*/10 * * * * *", n="tick")

        with home.store.held():
            removed = asyncio.create_task(root.send("x", "remove", id=id))
            await home.store.reached()
            clock.advance(10)
            await asyncio.sleep(0)
        await removed
        await at(root, clock.ms, n="after")

        assert await seen(root, "after") == ["after"]
        assert await root.query("jobs", "jobs") == []


async def test_many_timers_due_at_one_moment_all_fire_once(pico, clock):
    for n in range(250):
        await at(pico, clock.ms + 1000, n=n)

    clock.advance(1)

    assert await seen(pico, *range(250)) == list(range(250))


async def test_a_timer_of_a_missing_pico_is_dropped_and_the_others_fire(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(JOBS)
        await at(root, clock.ms + 2000, n="after")
        body = b'{"eci": "nobody", "domain": "x", "name": "y", "data": {"attrs": {}}}'
        home.store.plant(timers={"t": TimerRow("t", "nobody", "r", "at", b"{}", clock.ms + 1000, 0, body)})
    async with home.root() as root:
        clock.advance(2)

        assert await seen(root, "after") == ["after"]
        assert home.store.next_due() is None
