"""Methods that take arrays as sets under `==`; what is no array counts as an array of one.

Source of the rules: operators, "Array and collection operators"; there in "Peer quirks" Q10.
"""

from __future__ import annotations

from math import inf
from typing import Any, Final

from ..host import Host, Value
from ..limits import charge_items, pay_looks, spend
from ..operators import equal
from ..values import MISSING


class _Counts:
    """How often each value has been met, in order of first occurrence.

    Strings, numbers, Booleans and nulls are found by hash, others by comparing them with those of their type and
    size; as many comparisons are counted as steps.
    """

    def __init__(self, h: Host, values: list[Value]) -> None:
        self._h = h
        self._values: list[Value] = []
        self._counts: list[int] = []
        self._simple: dict[Value, int] = {}  # a value's key: where it stands in the two lists
        self._others: dict[Value, list[int]] = {}  # a value's shape: where those of that shape stand
        charge_items(h, len(values))
        pay_looks(h, len(values))
        for value in values:
            self._add(value)

    def __contains__(self, value: Value) -> bool:
        return self._find(value) is not None

    def values(self, least: int = 1, most: float = inf) -> list[Value]:
        """The values met so often."""
        return [value for value, count in zip(self._values, self._counts, strict=True) if least <= count <= most]

    def _add(self, value: Value) -> None:
        place = self._find(value)
        if place is not None:
            self._counts[place] += 1
            return
        if _is_simple(value):
            self._simple[_key(value)] = len(self._values)
        else:
            self._others.setdefault(_shape(value), []).append(len(self._values))
        self._values.append(value)
        self._counts.append(1)

    def _find(self, value: Value) -> int | None:
        if _is_simple(value):
            return self._simple.get(_key(value))
        alike = self._others.get(_shape(value), [])
        spend(self._h, len(alike))
        return next((place for place in alike if equal(self._values[place], value)), None)


def has(h: Host, val: Value = None, other: Value = None) -> Value:
    """Whether each element of `other` occurs in the operand."""
    counts = _Counts(h, _array(val))
    return all(each in counts for each in _array(other))


def intersection(h: Host, a: Value = None, b: Value = MISSING) -> Value:
    """The elements of `a` that occur in `b`, each once."""
    if b is MISSING:
        return []
    counts = _Counts(h, _array(b))
    return [each for each in _Counts(h, _array(a)).values() if each in counts]


def union(h: Host, a: Value = None, b: Value = MISSING) -> Value:
    """The elements of `a` and then those of `b`, each once; without `b` the operand itself."""
    return a if b is MISSING else _Counts(h, _array(a) + _array(b)).values()


def difference(h: Host, a: Value = None, b: Value = MISSING) -> Value:
    """The elements of `a` that do not occur in `b`, as often as they are there; without `b` the operand itself."""
    if b is MISSING:
        return a
    counts = _Counts(h, _array(b))
    return [each for each in _array(a) if each not in counts]


def unique(h: Host, val: Value = None) -> Value:
    """Each element once; what is no array as it is."""
    return _Counts(h, val).values() if type(val) is list else val


def once(h: Host, val: Value = None) -> Value:
    """The elements that occur exactly once; what is no array as it is."""
    return _Counts(h, val).values(most=1) if type(val) is list else val


def duplicates(h: Host, val: Value = None) -> Value:
    """The elements that occur more than once, each once."""
    return _Counts(h, val).values(least=2) if type(val) is list else []


def _array(value: Value) -> list[Value]:
    return value if type(value) is list else [value]


def _is_simple(value: Value) -> bool:
    return value is None or type(value) in (str, int, float, bool)


def _key(value: Value) -> Value:
    # As keys of a dict, True and 1 would be the same.
    return (value,) if type(value) is bool else value


def _shape(value: Value) -> Value:
    """Something hashable that equal values share."""
    return type(value), len(value) if type(value) is list or type(value) is dict else 0


METHODS: Final[dict[str, Any]] = {
    "difference": difference,
    "duplicates": duplicates,
    "has": has,
    "intersection": intersection,
    "once": once,
    "union": union,
    "unique": unique,
}
