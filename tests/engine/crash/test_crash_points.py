"""Wherever a process ends, the story that it was in goes on as if it had not: a sample of all the places.

`python -m tests.engine.crash` tries every place, and every pair of a place and one in the recovery from it.
Source: the crash faults of the protocol's fault matrix, in the names of engine/trigger.py.
"""

from __future__ import annotations

import ast
import resource
from collections.abc import Iterator
from typing import Any

import pytest

from engine.trigger import POINTS
from tests.engine.crash.engines import Engine, after, at
from tests.engine.crash.enumeration import Stage, Told, faults, stage
from tests.examples.engine_process import ROOT

ELSEWHERE = {
    "T11.6": "reached in a recovery only: see the pairs",
    "T15": "reached when a commit fails only",
    "T16": "reached when a commit fails only",
}
PAIRS = (  # a crash, and one in the recovery from it
    (at("T6", 3), at("T11.6")),
    (at("T5.3", 4), at("T11.3")),
    (at("T6", 9), after(25)),
    (at("T7"), at("T12")),
    (at("T8"), at("T8")),
    (at("T10.2"), at("T10.2")),
    (at("T3", 12), at("T5.4")),
)
SMALL_FILE = 4096  # bytes


@pytest.fixture(scope="module")
def told_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("crash")) as opened:
        yield opened


@pytest.fixture(scope="module")
def calm(told_on: Stage) -> Told:
    """The story without a crash."""
    return told_on.tell()


@pytest.fixture(scope="module")
def calm_root(told_on: Stage) -> dict[str, Any]:
    """The root of an engine that was started twice."""
    return told_on.first_start({})[1]


@pytest.fixture(scope="module")
def points(told_on: Stage) -> list[str]:
    """The points that it reaches."""
    return told_on.points()


def test_without_a_crash_every_promise_is_kept(calm: Told) -> None:
    assert calm.violations == {}
    assert calm.state["one/entries"] == ["a1", "a2", "a3", "a4"]
    assert calm.state["other/told"] == ["a1", "a4"]
    assert calm.state["one/asked"] == [200]


@pytest.mark.parametrize("point", [each for each in POINTS if each not in ELSEWHERE])
@pytest.mark.fault(1, 2, 3, 4, 5, 6, 7, 8)
def test_a_story_that_is_broken_off_here_ends_as_it_would_have(
    told_on: Stage, calm: Told, points: list[str], point: str
) -> None:
    told = told_on.tell(at(point, (points.count(point) + 1) // 2))

    assert told.crashes == 1
    assert faults(told, calm) == []


@pytest.mark.parametrize("further", [4, 8, 12, 16])
@pytest.mark.fault(10)
def test_a_firing_that_is_broken_off_anywhere_fires_once(
    told_on: Stage, calm: Told, points: list[str], further: int
) -> None:
    told = told_on.tell(after(points.index("T10.1") + further))

    assert told.crashes == 1
    assert faults(told, calm) == []


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join("".join(each.values()) for each in pair))
@pytest.mark.fault(11)
def test_one_that_is_broken_off_again_while_it_recovers_does_too(
    told_on: Stage, calm: Told, pair: tuple[dict[str, str], dict[str, str]]
) -> None:
    told = told_on.tell(*pair)

    assert told.crashes == 2
    assert faults(told, calm) == []


@pytest.mark.parametrize("point", ["T15", "T16"])
def test_one_whose_disk_is_full_and_that_is_broken_off_then_does_too(told_on: Stage, calm: Told, point: str) -> None:
    def no_writing(engine: Engine) -> None:
        resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (SMALL_FILE, resource.RLIM_INFINITY))

    told = told_on.tell(at(point), hurt=no_writing)

    assert told.crashes == 1
    assert faults(told, calm) == []


@pytest.mark.parametrize("crash", [at("T11.1"), at("T5.4"), at("T11.3"), at("T11.4"), at("T6", 4)], ids=str)
def test_a_first_start_that_is_broken_off_leads_to_the_same_root(
    told_on: Stage, calm_root: dict[str, Any], crash: dict[str, str]
) -> None:
    assert told_on.first_start(crash) == (1, calm_root)


def placed() -> set[str]:
    """Every point that the code of the engine names in a call of `reached`."""
    found: set[str] = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reached":
                constants = (each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant))
                found |= {value for value in constants if isinstance(value, str)}
    return found


def test_every_point_stands_somewhere_in_the_code() -> None:
    assert placed() == set(POINTS)
