"""KRL's `random`: all chance comes from the host, so a replay draws the same numbers.

Source: docs/modules.md, "random".
"""

from __future__ import annotations

from math import floor

from ..runtime.host import Here, Host, Member, Module, Value
from ..runtime.numbers import number as as_number
from ..runtime.values import MISSING, normal
from .words import WORDS


def integer(h: Host, here: Here, upper: Value = MISSING, lower: Value = MISSING) -> Value:
    """A whole number between the bounds, both included, each rounded half up first."""
    low, high = (floor(bound + 0.5) for bound in _bounds(upper, lower))
    return normal(low + floor(h.random() * (high - low + 1)))


def number(h: Host, here: Here, upper: Value = MISSING, lower: Value = MISSING) -> Value:
    """A number between the bounds."""
    low, high = _bounds(upper, lower)
    share = h.random()
    # Not low + share * (high - low): the difference of two doubles may be beyond the doubles. Rounding may lead out.
    return normal(min(max(low * (1 - share) + high * share, low), high))


def uuid(h: Host, here: Here) -> Value:
    """A fresh id in the form that rulesets know: `c` and 24 of [a-z0-9]."""
    return "c" + h.new_id()[:24]


def word(h: Host, here: Here) -> Value:
    """An English word in lower case."""
    return WORDS[floor(h.random() * len(WORDS))]


def _bounds(upper: Value, lower: Value) -> tuple[int | float, int | float]:
    """The smaller and the larger bound: 0 and 1 if neither is given, else 0 for the one that is not.

    What counts as no number counts as not given.
    """
    high, low = (None if bound is MISSING else as_number(bound) for bound in (upper, lower))
    if high is None and low is None:
        high = 1
    low, high = low or 0, high or 0
    return (low, high) if low <= high else (high, low)


MODULE: Module = {
    "integer": Member("function", integer, ("upper", "lower")),
    "number": Member("function", number, ("upper", "lower")),
    "uuid": Member("function", uuid),
    "word": Member("function", word),
}
