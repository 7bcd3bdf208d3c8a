"""Whole engines in a simulated world: a seed decides all that goes wrong, and in the end every invariant holds.

A seed that fails is named by its test: `Story(seed, Faults(), EVENTS).tell()` tells it again, the same to the last
byte. PICO_ENGINE_SEEDS=2000 in the environment has so many tried.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from engine.document import loads
from engine.engine import Engine
from engine.store.memory import MemoryStore
from tests.engine.conftest import TestPico
from tests.engine.simulation.faults import NO_FAULTS, Faults, Life
from tests.engine.simulation.story import Story
from tests.engine.simulation.world import World

SEEDS = int(os.environ.get("PICO_ENGINE_SEEDS", "100"))
AT_ONCE = 10
EVENTS = 3  # of each client
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def quiet():
    """Thousands of deaths are told of in the end, if at all."""
    with capture_logs():
        yield


EVERYTHING = Faults()


def told(seed: int, faults: Faults = EVERYTHING, events: int = EVENTS) -> Story:
    """The story of a seed, at whose end nothing is wrong."""
    story = Story(seed, faults, events)
    wrong = story.tell()
    assert not wrong, f"seed {seed}: {wrong}"
    return story


@pytest.mark.fault(3, 4, 6, 7, 8, 10, 11, 31, 40)
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_whatever_goes_wrong_every_invariant_holds_in_the_end(first: int) -> None:
    """ACK ONCE ORD EFF STATE CHAIN LIVE."""
    for seed in range(first, min(first + AT_ONCE, SEEDS)):
        told(seed)


@pytest.mark.fault(3, 4, 6, 7, 8, 10, 11)
@pytest.mark.parametrize("first", range(0, 30, AT_ONCE))
def test_nothing_that_goes_wrong_leaves_work_for_the_sweep(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    """ACK ONCE ORD EFF STATE CHAIN LIVE: a start, and the recovery from a failed commit, take up all there is."""
    monkeypatch.setattr("engine.care.sweep.SECONDS", 3650 * DAY)

    for seed in range(first, first + AT_ONCE):
        told(seed)


@pytest.mark.fault(5, 10)
def test_what_belongs_together_is_on_disk_as_a_whole_however_small_the_batches_are() -> None:
    """ONCE EFF: a timer and its event, an event's outcome and all that it sends."""
    faults = replace(NO_FAULTS, small_batch=1.0, crash_at_write=0.1)

    for seed in range(25):
        told(seed, faults)


def test_much_goes_wrong() -> None:
    """Or else the test above would prove little."""
    stories = [told(seed, events=6) for seed in range(10)]

    assert sum(story.world.lives for story in stories) > 15
    assert any(len(story.world.sink.arrived) > len(dict(story.world.sink.arrived)) for story in stories)


def test_a_seed_tells_the_same_story_again() -> None:
    def hashes(story: Story) -> list[bytes]:
        disk = story.world.disk
        return [row.hash for pico in sorted(disk.pico_ids()) for row in disk.log(pico, 0, 1 << 30)]

    assert hashes(told(7)) == hashes(told(7))


@pytest.mark.parametrize("name", [name for name in Faults.__dataclass_fields__ if name != "clock_jump"])
def test_a_world_in_which_one_thing_goes_wrong_all_the_time_still_gets_all_done(name: str) -> None:
    told(1, replace(NO_FAULTS, **{name: 0.001 if name in ("failed_read", "crash_at_round") else 0.1}))


# --- a month of timers ------------------------------------------------------------------------------------------

CALENDAR = """ruleset calendar {
  rule start { select when calendar start
    fired {
      schedule calendar event "due" repeat {"rule": "0 * * * *", "tz": "Europe/Berlin"} attributes {"n": "hour"};
      schedule calendar event "due" repeat {"rule": "30 2 * * *", "tz": "Europe/Berlin"} attributes {"n": "day"};
      schedule calendar event "due" repeat {"rule": "0 9 1 * *", "tz": "Europe/Berlin"} attributes {"n": "month"};
      schedule calendar event "due" at event:attrs{"at"} attributes {"n": "once"} } }
  rule due { select when calendar due
    always { ent:seen := ent:seen.defaultsTo({}).put(event:attrs{"n"}, ent:seen{event:attrs{"n"}}.defaultsTo(0) + 1) } }
}"""


@pytest.mark.slow
@pytest.mark.fault(40, 41)
def test_in_a_month_of_crashes_and_with_a_change_of_the_clocks_every_timer_fires_each_time_once() -> None:
    """ONCE LIVE: 30 days, in which the engine dies again and again."""
    began = 1_710_504_000_000  # 2024-03-15, 12:00 UTC
    world = World(1, MemoryStore(), began=began)
    month = 30 * DAY + 60  # the last hour has its minute, too

    async def start(engine: Engine, _: Life) -> None:
        root = TestPico(engine, engine.ui_context()["eci"])
        root.eci = await root.channel()
        await root.install(CALENDAR)
        await root.send("calendar", "start", at=began + 20 * DAY * 1000)

    async def wait(engine: Engine, life: Life) -> None:
        engine._sweep.stop()  # which would take up a timer that was forgotten
        await asyncio.sleep(month - asyncio.get_running_loop().time())
        life.faults = NO_FAULTS

    world.live(start)
    world.faults = replace(NO_FAULTS, crash_at_round=0.0001)
    while not world.live(wait):
        pass

    root = world.disk.roots()[0].id
    seen = loads(world.disk.variable(root, "calendar", "seen") or b"{}")
    assert seen == {"hour": 30 * 24, "day": 30, "month": 1, "once": 1}
    assert world.lives > 10
