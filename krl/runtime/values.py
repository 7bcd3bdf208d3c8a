"""KRL's values: which Python objects carry them, and the conversions that every operator shares.

Numbers are int or float, ints only within ±2**53; the difference is invisible to KRL. A KRL function is a plain
Python function `f(h, *args)` (recursion through C would end in a crash, through Python it does not). Values are
never changed in place.

Source of the rules: language reference, "Values"; operators, "Types".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite, isnan
from types import FunctionType, NoneType
from typing import Final, Literal

from .host import Value
from .regexp import RegExp

LARGEST: Final = 2**53  # beyond it a double no longer holds every integer, so an int would tell a different story
LARGEST_INDEX: Final = 2**32 - 2  # of an array, as JavaScript has it; a larger key is a word like any other

_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_FALSIFIABLE = frozenset({NoneType, bool, int, float, str})  # the types that have a false value
_TYPE_NAMES = {
    NoneType: "Null",
    bool: "Boolean",
    int: "Number",
    RegExp: "RegExp",
    list: "Array",
    FunctionType: "Function",
    dict: "Map",
}


class _Missing:
    """The type of MISSING."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""The default of a parameter where it matters whether an argument was given; never a KRL value."""


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """Something that action blocks can do; equal only to itself.

    `run(h, …)` is a plain Python function that takes its arguments as KRL functions do. An ActionFunction may also
    be called in expressions.
    """

    run: Callable[..., Value]
    kind: Literal["Action", "ActionFunction"] = "Action"


def typeof(value: Value) -> str:
    """The name of the value's type, as `.typeof()` answers it."""
    kind = type(value)
    if kind is str:
        return "Hex" if _HEX.fullmatch(value) else "String"
    if kind is float:
        return "Number" if isfinite(value) else "JSObject"
    if kind is Action:
        return str(value.kind)
    return _TYPE_NAMES.get(kind, "JSObject")


def truth(value: Value) -> bool:
    """What a condition makes of the value: false are null, false, 0 and the empty string, nothing else."""
    return bool(value) if type(value) in _FALSIFIABLE else True


def is_number(value: Value) -> bool:
    """Whether the value is a Number: finite, and no Boolean."""
    kind = type(value)
    return kind is int or (kind is float and isfinite(value))


def normal(number: int | float) -> int | float | None:
    """The number as KRL carries it: an int where that is exact, else a double; null for what is not a number.

    An int beyond ±2**53 is rounded to the nearest double, or to an infinity. Negative zero becomes 0.
    """
    if type(number) is int:
        if -LARGEST <= number <= LARGEST:
            return number
        try:
            return float(number)
        except OverflowError:
            return float("inf") if number > 0 else float("-inf")
    if isnan(number):
        return None
    return int(number) if -LARGEST <= number <= LARGEST and number == int(number) else number


def index_key(key: str) -> int | None:
    """The array index that the text writes: decimal digits without a leading zero; None if it is another word."""
    if key.isdigit() and key.isascii() and len(key) <= 10 and (key[0] != "0" or key == "0"):
        index = int(key)
        return index if index <= LARGEST_INDEX else None
    return None


def ordered(mapping: dict[str, Value]) -> dict[str, Value]:
    """The map in the order in which KRL shows it: index-like keys ascending, then the others as inserted."""
    indices = [key for key in mapping if key[:1].isdigit() and index_key(key) is not None]
    if not indices:
        return mapping
    result = {key: mapping[key] for key in sorted(indices, key=int)}
    result.update(mapping)
    return result


def ordered_map(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """A KRL map of the pairs; of a repeated key the last value stands in the first one's place."""
    return ordered(dict(pairs))


def with_key(mapping: dict[str, Value], key: str, value: Value) -> dict[str, Value]:
    """A copy of the map in which `key` has the value; a key that was there keeps its place."""
    result = {**mapping, key: value}
    return ordered(result) if key not in mapping and index_key(key) is not None else result
