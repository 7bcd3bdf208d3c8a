"""A clock that is set: the times of a log never run backwards, timers fire once, and no effect waits for the old time.

Invariants: ORD, ONCE, LIVE.
"""

from __future__ import annotations

import pytest

from engine.effects.breaker import FAILURES, OPEN_MS, Breaker
from tests.engine.conftest import eventually
from tests.engine.homes import Home

JOBS = """ruleset jobs {
  meta { shares seen }
  global { seen = function() { ent:seen.defaultsTo(0) } }
  rule repeat { select when x repeat
    fired { schedule x event "due" repeat {"rule": "30 * * * *", "tz": "UTC"} } }
  rule due { select when x due fired { ent:seen := seen() + 1 } } }"""
HOUR = 3600
DAY = 24 * HOUR

pytestmark = pytest.mark.fault(40)


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


@pytest.mark.parametrize("seconds", [-HOUR, -DAY, HOUR, DAY, 0])
async def test_the_times_of_a_log_never_run_backwards(home, clock, seconds):
    async with home.root() as root:
        await root.install(JOBS)
        clock.advance(seconds)
        await root.send("x", "due")
    clock.advance(seconds)
    async with home.root() as root:  # which wakes from disk
        await root.send("x", "due")
    times = home.rows("evlog", "t_commit", where="pico = (SELECT id FROM pico WHERE parent IS NULL) ORDER BY seq")

    assert times == sorted(times)


async def test_a_clock_that_is_set_ahead_and_back_fires_a_timer_once_for_what_it_passed(home, clock):
    async with home.root() as root:
        await root.install(JOBS)
        await root.send("x", "repeat")

        clock.advance(1000)  # it was 22:13:20
        assert await eventually(lambda: root.query("jobs", "seen"), 1) == 1
        clock.advance(-HOUR)
        clock.advance(HOUR - 1)  # 22:30 again, nearly, for the second time

        clock.advance(HOUR + 1)
        assert await eventually(lambda: root.query("jobs", "seen"), 2) == 2


def test_a_breaker_does_not_stay_open_until_the_old_time_is_there_again():
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.note(False, 1_000_000_000)

    assert breaker.closed_at(5) == 5 + OPEN_MS
