"""Points that end the process, for tests; a process that was not started for that knows nothing of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import trigger
from engine.trigger import AFTER, AT, POINTS, STATUS, TRACE, Trap


def ends(environment: dict[str, str], *points: str) -> list[int]:
    """With which status a process with this environment ends, at each of the points that ends it."""
    found: list[int] = []
    trap = Trap(environment, lambda status: found.append(status * 1000 + len(passed)))
    passed: list[str] = []
    for point in points:
        passed.append(point)
        trap.reached(point)
    return found


def test_in_production_a_point_is_nothing() -> None:
    assert trigger.trap is None
    assert trigger.reached is trigger._nothing


def test_a_process_ends_at_the_point_that_was_asked_for() -> None:
    assert ends({AT: "T6"}, "T4", "T6", "T7") == [STATUS * 1000 + 2]


def test_it_ends_the_nth_time_that_it_comes_there() -> None:
    assert ends({AT: "T6:3"}, "T6", "T4", "T6", "T6", "T6") == [STATUS * 1000 + 4]


def test_it_ends_after_so_many_points_whichever_they_are() -> None:
    assert ends({AFTER: "3"}, "T1", "T2", "T3", "T4") == [STATUS * 1000 + 3]


def test_a_point_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'T99'"):
        Trap({AT: "T99"})


def test_the_points_that_are_reached_are_noted(tmp_path: Path) -> None:
    ends({TRACE: str(tmp_path / "trace")}, "T1", "T2")

    assert (tmp_path / "trace").read_text() == "T1\nT2\n"


def test_a_trap_that_is_armed_again_counts_from_the_beginning() -> None:
    found: list[int] = []
    trap = Trap({AFTER: "2"}, found.append)
    trap.reached("T1")

    trap.arm({AFTER: "2"})
    trap.reached("T1")

    assert found == []


def test_every_point_says_what_is_true_there() -> None:
    assert all(POINTS.values())
