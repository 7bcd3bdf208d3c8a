"""Any KRL value as JSON text, for the command line and for comparing results.

What JSON has no form for is shown as a map with the key `$type`: regular expressions (with source and flags),
functions, actions, infinities.
"""

from __future__ import annotations

from .errors import KRLLimitError
from .runtime.host import Value
from .runtime.json_text import MAX_NESTING, encode
from .runtime.regexp import RegExp
from .runtime.values import typeof

_TYPES = {"JSObject": "Infinity", "Function": "Function", "Action": "Action", "ActionFunction": "ActionFunction"}


def to_json(value: Value) -> str:
    """One line of JSON. Raises KRLLimitError if the value nests too deeply or its text becomes too long."""
    return encode(_Shown().collection(value, 0) if isinstance(value, list | dict) else _simple(value))


class _Shown:
    """Copies collections. One that occurs in many places is copied once: written out it may be beyond all bounds."""

    def __init__(self) -> None:
        self._copies: dict[int, Value] = {}

    def collection(self, value: Value, depth: int) -> Value:
        if depth >= MAX_NESTING:
            raise KRLLimitError(f"a value nested too deeply to be shown (limit: {MAX_NESTING})")
        if id(value) not in self._copies:
            if isinstance(value, dict):
                self._copies[id(value)] = {key: self._part(each, depth) for key, each in value.items()}
            else:
                self._copies[id(value)] = [self._part(each, depth) for each in value]
        return self._copies[id(value)]

    def _part(self, value: Value, depth: int) -> Value:
        return self.collection(value, depth + 1) if isinstance(value, list | dict) else _simple(value)


def _simple(value: Value) -> Value:
    if isinstance(value, RegExp):
        return {"$type": "RegExp", "source": value.source, "flags": value.flags}
    kind = _TYPES.get(typeof(value))
    return {"$type": kind} if kind else value
