"""What `max min sum avg push` make of the groups that the last matches of a counted primitive captured.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from ..runtime.host import Value
from ..runtime.numbers import number
from ..runtime.values import normal


def aggregated(function: str, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> dict[str, Value]:
    """The value of each name: of the first over the first group of every match, and so on. `rows` is not empty."""
    return {
        name: _value(function, [row[position] if position < len(row) else None for row in rows])
        for position, name in enumerate(names)
    }


def _value(function: str, column: list[Value]) -> Value:
    """Groups are texts, or null for one that took no part; what is no number counts as 0."""
    if function == "push":
        return column
    numbers = [number(each) or 0 for each in column]
    match function:
        case "max":
            return max(numbers)
        case "min":
            return min(numbers)
        case "sum":
            return _total(numbers)
        case "avg":
            return None if (total := _total(numbers)) is None else normal(total / len(numbers))
        case _:
            raise ValueError(f"no aggregate: {function!r}")


def _total(numbers: Sequence[int | float]) -> int | float | None:
    """The sum as doubles add up; null beyond their range, since memory is JSON."""
    total: int | float = 0
    for each in numbers:
        added = normal(total + each)
        if added is None or isinf(added):
            return None
        total = added
    return total
