"""Firings that were missed: how many are made up for is the timer's own choice. The clock is moved by hand.

Invariants: ONCE (each firing that is due gives one event), LIVE (no timer is forgotten).
"""

from __future__ import annotations

import pytest

from engine import RuleFailed
from engine.document import dumps
from engine.past.snapshots import capture
from engine.past.state import past
from engine.store.interface import TimerRow
from engine.timers.misfire import firings
from tests.engine.conftest import eventually
from tests.engine.homes import Home

JOBS = """ruleset jobs {
  meta { shares seen, jobs }
  global { seen = function() { ent:seen.defaultsTo([]) }  jobs = function() { schedule:list() } }
  rule at { select when x at
    fired { schedule x event "due" at event:attrs{"when"} attributes {"n": event:attrs{"n"}} } }
  rule repeat { select when x repeat
    fired { schedule x event "due" repeat event:attrs{"when"} attributes {"n": event:attrs{"n"}} } }
  rule due { select when x due fired { ent:seen := seen().append(event:attrs{"n"}) } }
}"""
HOUR = 3600
DAY = 24 * HOUR
POLICIES = [("fire_once", 1), ("skip", 0), ("catch_up(1)", 1), ("catch_up(5)", 5), ("catch_up(1000)", 72)]

pytestmark = pytest.mark.fault(41)


async def seen_after(home, *, down):
    """What has fired when the engine was down so long, and was up again; a last timer tells that all is done."""
    home.clock.advance(down)
    async with home.root() as root:
        await root.send("x", "at", when=home.clock.ms, n="end")
        await eventually(lambda: ends(root), True)
        return [n for n in await root.query("jobs", "seen") if n != "end"]


async def ends(root):
    return "end" in await root.query("jobs", "seen")


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


@pytest.mark.parametrize(("policy", "count"), POLICIES)
async def test_a_repetition_missed_for_three_days_is_made_up_for_as_its_policy_says(home, policy, count):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat", when={"rule": "30 * * * *", "tz": "UTC", "misfire": policy}, n=1)

    assert await seen_after(home, down=3 * DAY) == [1] * count


@pytest.mark.parametrize(("policy", "count"), [("fire_once", 1), ("skip", 0), ("catch_up(5)", 1)])
async def test_a_single_firing_missed_for_three_days_is_made_up_for_as_its_policy_says(home, policy, count):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "at", when={"time": home.clock.ms + 1000 * HOUR, "misfire": policy}, n=1)

    assert await seen_after(home, down=3 * DAY) == [1] * count


async def test_without_a_word_a_missed_timer_fires_once(home):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat", when="30 * * * *", n="repeat")
        await root.send("x", "at", when=home.clock.ms + 1000 * HOUR, n="at")

    assert sorted(await seen_after(home, down=3 * DAY)) == ["at", "repeat"]


@pytest.mark.parametrize("policy", [policy for policy, _ in POLICIES])
async def test_whatever_the_policy_a_repetition_goes_on_when_its_next_time_comes(home, policy):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat", when={"rule": "30 * * * *", "tz": "UTC", "misfire": policy}, n=1)
    before = len(await seen_after(home, down=3 * DAY))

    assert len(await seen_after(home, down=1000)) == before + 1  # it is 22:30:00 again


@pytest.mark.parametrize(("seconds_late", "count"), [(0, 1), (60, 1), (61, 0)])
async def test_what_is_only_late_is_not_skipped(home, clock, seconds_late, count):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat", when={"rule": "30 * * * *", "tz": "UTC", "misfire": "skip"}, n=1)

    assert await seen_after(home, down=1000 + seconds_late) == [1] * count  # it was 22:13:20


async def test_a_time_in_the_past_is_not_missed_whatever_the_policy(home):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "at", when={"time": home.clock.ms - 1000 * DAY, "misfire": "skip"}, n=1)

        assert await eventually(lambda: root.query("jobs", "seen"), [1]) == [1]


async def test_a_job_tells_its_policy(home):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "at", when={"time": "2100-01-01", "misfire": "skip"})

        assert [job["misfire"] for job in await root.query("jobs", "jobs")] == ["skip"]


@pytest.mark.parametrize("policy", ["never", "catch_up", "catch_up(0)", "catch_up(1001)", 5, None, ["skip"]])
@pytest.mark.parametrize("timing", ["at", "repeat"])
async def test_what_is_no_policy_fails_the_event(root, policy, timing):
    await root.install(JOBS)

    with pytest.raises(RuleFailed, match=rf"schedule \.\. {timing}: misfire expects 'fire_once', 'skip' or"):
        await root.send("x", timing, when={"time": 1, "rule": "* * * * *", "misfire": policy})


async def test_a_policy_without_a_time_fails_the_event(root):
    await root.install(JOBS)

    with pytest.raises(RuleFailed, match=r"schedule \.\. at expected a timestamp but got Map"):
        await root.send("x", "at", when={"misfire": "skip"})


async def test_firings_that_are_caught_up_with_are_told_one_by_one_in_the_past(home):
    """STATE: the log leads to the timer's present row."""
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat", when={"rule": "30 * * * *", "tz": "UTC", "misfire": "catch_up(5)"}, n=1)
    await seen_after(home, down=3 * DAY)
    async with home.root():
        id = home.store.roots()[0].id

        assert past(home.store, id).state()["timers"] == capture(home.store, id)["timers"]


@pytest.mark.parametrize(
    ("late_ms", "count"), [(0, 1), (999, 1), (1000, 2), (4000, 5), (9000, 10), (10_000, 10), (3 * DAY * 1000, 10)]
)
def test_what_was_missed_is_counted_to_the_second(late_ms, count):
    due = 1_700_000_000_000
    spec = dumps({"type": "repeat", "timespec": {"rule": "* * * * * *", "misfire": "catch_up(10)"}})
    timer = TimerRow("t", "p", "r", "repeat", spec, due, 7, b"{}")

    fired, after = firings(timer, due + late_ms)

    assert (fired, after.fire_no, after.due_at) == (count, 7 + count, (due + late_ms) // 1000 * 1000 + 1000)
