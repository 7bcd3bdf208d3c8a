"""The sensor network of docs/examples/sensors, played against an engine in a process of its own.

What must come out is computed here once more, from the heartbeats alone and in plain Python.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from types import ModuleType
from typing import Any

import pytest

from krl import Source, compile_ruleset, simulate
from tests.examples.engine_process import ROOT, EngineProcess

FOLDER = ROOT / "docs" / "examples" / "sensors"
MINUTE = 60_000


def load_play() -> ModuleType:
    """The example's program, as a module."""
    spec = importlib.util.spec_from_file_location("sensors_play", FOLDER / "play.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


play = load_play()


class Expected:
    """What heartbeats must have led to, by sensor."""

    def __init__(self, beats: dict[str, list[Any]]) -> None:
        self.readings = {name: [t for beat in of_one for t in beat.temperatures] for name, of_one in beats.items()}
        self.violations = {name: [t for t in all_ if t > play.THRESHOLD] for name, all_ in self.readings.items()}
        # Pairs, since the play takes less than ten minutes.
        self.alarms = {name: len(hot) // 2 for name, hot in self.violations.items()}

    def directives(self) -> Counter[str]:
        return Counter(
            reading=sum(map(len, self.readings.values())),
            threshold_violation=sum(map(len, self.violations.values())),
            alarm=sum(self.alarms.values()),
        )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    with EngineProcess(tmp_path / "home") as process:
        yield process


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[Any]:
    with play.Client(engine.url) as client:
        yield client


def temperatures(readings: list[dict[str, Any]]) -> list[float]:
    return [reading["temperature"] for reading in readings]


def counts_of(totals: dict[str, int]) -> dict[str, int]:
    """Without the sensors that have nothing to count: they have no entry in the manager's maps."""
    return {name: count for name, count in totals.items() if count}


def assert_as_expected(client: Any, network: Any, expected: Expected) -> None:
    """Every count and every kept reading, in the sensors' picos and in the manager's."""

    def ask(function: str, **args: Any) -> Any:
        return client.query(network.manager, "sensor.manager", function, **args)

    hot = expected.violations

    summaries = ask("summaries")
    assert {name: each["readings"] for name, each in summaries.items()} == {
        name: len(all_) for name, all_ in expected.readings.items()
    }
    assert {name: each["violations"] for name, each in summaries.items()} == {name: len(v) for name, v in hot.items()}
    assert {name: temperatures(kept) for name, kept in ask("readings").items()} == {
        name: all_[-100:] for name, all_ in expected.readings.items()
    }
    for name, all_ in hot.items():
        assert temperatures(ask("violations_of", name=name)) == all_[-100:]
    assert ask("violations") == counts_of({name: len(v) for name, v in hot.items()})
    assert ask("alarms") == counts_of(expected.alarms)
    assert len(ask("recent_violations")) == min(100, sum(map(len, hot.values())))


@pytest.mark.slow
def test_every_one_of_ten_thousand_heartbeats_is_counted(engine: EngineProcess, client: Any) -> None:
    beats = play.heartbeats(seed=1, sensors=10, each=1000)
    expected = Expected(beats)
    network = play.set_up(client, list(beats))

    directives = play.play(engine.url, network, beats)

    assert directives == expected.directives()
    assert_as_expected(client, network, expected)


@pytest.mark.slow
def test_a_killed_engine_loses_nothing_and_counts_nothing_twice(engine: EngineProcess, client: Any) -> None:
    beats = play.heartbeats(seed=2, sensors=10, each=300)
    network = play.set_up(client, list(beats))
    answered = Answers(stop_at=1500)

    with ThreadPoolExecutor(1) as background:
        playing = background.submit(play.play, engine.url, network, beats, answered.count)
        assert answered.reached.wait(60)
        engine.kill()
        assert not playing.done()
        engine.start()
        directives = playing.result(60)

    expected = Expected(beats)
    assert directives == expected.directives()
    with play.Client(engine.url) as client_after:
        assert_as_expected(client_after, network, expected)


class Answers:
    """Counts answers; `reached` is set at a given number."""

    def __init__(self, stop_at: int) -> None:
        self.reached = Event()
        self._left = stop_at
        self._lock = Lock()

    def count(self, _: object) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.reached.set()


def test_a_heartbeat_repeated_under_its_key_gets_the_first_answer_and_counts_once(client: Any) -> None:
    beats = play.heartbeats(seed=3, sensors=1, each=1)
    network = play.set_up(client, list(beats))
    [beat] = beats["sensor-01"]
    path = f"/c/{network.sensors['sensor-01']['eci']}/event-wait/wovyn/heartbeat"

    first, second = (client.post(path, beat.body, beat.key) for _ in range(2))

    assert first == second
    assert client.query(network.manager, "sensor.manager", "summaries")["sensor-01"]["readings"] == len(
        beat.temperatures
    )


def test_a_device_may_post_heartbeats_and_nothing_else(client: Any) -> None:
    device = play.set_up(client, ["shed"]).sensors["shed"]["eci"]

    with pytest.raises(play.Refused, match="403"):
        client.event(device, "sensor", "threshold_changed", threshold="200")
    with pytest.raises(play.Refused, match="403"):
        client.query(device, "sensor.store", "readings")


def test_a_removed_sensor_is_gone_with_its_pico(client: Any) -> None:
    network = play.set_up(client, ["shed", "barn"])

    client.event(network.manager, "sensors", "unneeded_sensor", name="shed")

    assert list(client.query(network.manager, "sensor.manager", "sensors")) == ["barn"]
    with pytest.raises(play.Refused, match="404"):
        client.event(network.sensors["shed"]["eci"], "wovyn", "heartbeat")


def test_the_same_seed_plays_the_same_heartbeats() -> None:
    assert play.heartbeats(7, 2, 5) == play.heartbeats(7, 2, 5)
    assert play.heartbeats(7, 2, 5) != play.heartbeats(8, 2, 5)


@pytest.mark.parametrize(
    ("minutes", "alarms"),
    [
        ([0, 10], 1),  # the limit itself still counts
        ([0, 10.001], 0),
        ([0, 11, 12], 1),  # the late one begins a new pair
        ([0, 1, 2, 3], 2),  # after an alarm the count begins again
    ],
)
def test_two_violations_within_ten_minutes_are_an_alarm(minutes: list[float], alarms: int) -> None:
    program = compile_ruleset(Source((FOLDER / "sensor.alarm.krl").read_text(), "sensor.alarm.krl"))
    start = 1_700_000_000_000
    violations = [
        {
            "domain": "sensor",
            "type": "threshold_violation",
            "attrs": {"temperature": 90},
            "time": start + round(minute * MINUTE),
        }
        for minute in minutes
    ]

    results = list(simulate(program, violations))

    directives = [directive["name"] for result in results for directive in result["directives"]]
    assert directives == ["alarm"] * alarms
