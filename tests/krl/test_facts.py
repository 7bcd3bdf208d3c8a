"""Records: dataclasses whose empty lists and maps are literals."""

from __future__ import annotations

from collections import deque
from dataclasses import field, replace

import pytest

from krl import record


@record
class Note:
    name: str
    level: int = 1
    lines: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    latest: deque[str] = field(default_factory=deque)


def test_each_has_empty_collections_of_its_own() -> None:
    one, other = Note("one"), Note("other")
    one.lines.append("x")
    one.marks["x"] = 1
    one.latest.append("x")

    assert (other.level, other.lines, other.marks, other.latest) == (1, [], {}, deque())


def test_what_is_given_is_kept_by_place_and_by_name() -> None:
    lines = ["a"]
    note = Note("n", 2, lines, marks={"m": 1})

    assert (note.level, note.marks) == (2, {"m": 1})
    assert note.lines is lines


def test_two_alike_are_two() -> None:
    assert Note("n") != Note("n")


def test_a_copy_with_another_value_shares_the_rest() -> None:
    note = Note("n", lines=["a"])

    assert replace(note, name="m").lines is note.lines


def test_what_has_no_default_must_be_given() -> None:
    with pytest.raises(TypeError, match=r"Note\.__init__\(\) missing 1 required positional argument: 'name'"):
        Note()  # type: ignore[call-arg]


def test_there_is_no_room_for_other_names() -> None:
    with pytest.raises(AttributeError):
        Note("n").other = 1  # type: ignore[attr-defined]
