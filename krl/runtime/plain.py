"""Plain JSON out of any value: what is stored, raised with an event, or sent in an answer.

What JSON cannot hold is lost on the way: functions and actions vanish from maps and leave null in arrays, a regular
expression becomes an empty map, an infinity null. Numbers and the order of keys come out as KRL has them, so this
also makes KRL values of JSON from elsewhere.

Source of the rules: operators, "JSON in and out".
"""

from __future__ import annotations

from math import isfinite
from types import FunctionType

from ..errors import KRLLimitError
from .host import Value
from .regexp import RegExp
from .values import LARGEST, Action, normal, ordered

MAX_NESTING = 250  # a little below what orjson writes
FEW = 32  # members of a map that is looked at for itself
SHORT = 10_000  # characters of a text in such a map, and of all its names
AN_ITEM = 32  # as many characters does an item or member count for
MAX_SIZE = 64 * 1024 * 1024  # characters; a small value may hold one part many times over


def plain(value: Value) -> Value:
    """A copy of the value that is JSON and nothing else; null for a function.

    Raises KRLLimitError if it nests too deeply or would be too large.
    """
    kind = type(value)
    if value is None or kind is bool or (kind is int and -LARGEST <= value <= LARGEST):
        return value
    if kind is dict and len(value) <= FEW and _SIMPLE.issuperset(map(type, value.values())) and _is_small(value):
        return ordered(value.copy())
    return _Copier().copy(value)


def _is_small(value: dict[str, Value]) -> bool:
    """Whether a map of simple values is plain as it is: no number and no text in it is too large."""
    for each in value.values():
        kind = type(each)
        if kind is int:
            if not -LARGEST <= each <= LARGEST:
                return False
        elif kind is str and len(each) > SHORT:
            return False
    return sum(map(len, value)) <= SHORT


_SIMPLE = frozenset({str, int, bool, type(None)})


class _Copier:
    def __init__(self) -> None:
        self._room = MAX_SIZE
        self._levels = MAX_NESTING

    def copy(self, value: Value) -> Value:
        kind = type(value)
        if kind is str:
            self._spend(len(value))
            return value
        if value is None or kind is bool:
            return value
        if kind is int or kind is float:
            number = normal(value)
            return number if number is None or isfinite(number) else None
        if kind is list or kind is dict:
            return self._collection(value)
        return {} if kind is RegExp else None

    def _collection(self, value: Value) -> Value:
        self._spend(AN_ITEM * (len(value) + 1))
        self._levels -= 1
        if self._levels < 0:
            raise KRLLimitError(f"a value nested too deeply to be kept or sent (limit: {MAX_NESTING})")
        result = [self.copy(each) for each in value] if type(value) is list else self._map(value)
        self._levels += 1
        return result

    def _map(self, value: dict[str, Value]) -> dict[str, Value]:
        self._spend(sum(map(len, value)))
        result = {}
        for key, each in value.items():
            kind = type(each)
            if kind is str:
                self._spend(len(each))
                result[key] = each
            elif each is None or kind is bool or (kind is int and -LARGEST <= each <= LARGEST):
                result[key] = each
            elif kind is not FunctionType and kind is not Action:
                result[key] = self.copy(each)
        return ordered(result)

    def _spend(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise KRLLimitError(f"a value too large to be kept or sent (limit: {MAX_SIZE} characters)")
