"""Methods of collections, arrays and maps alike: `.map()`, `.filter()`, `.all()` … and the two that measure.

Callbacks get the value, its key (a number in arrays, a string in maps) and the whole, as many as they declare.

Source of the rules: operators, "Array and collection operators".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ...errors import KRLTypeError
from ...source import utf16_length
from ..calls import begin_callbacks, callback, end_callbacks
from ..host import Host, Value
from ..text import text
from ..values import ordered, truth, typeof

_MARKS = "\u0300-\u036f\ufe20-\ufe2f\u20d0-\u20ff"
_SELECTORS = "\ufe0e\ufe0f"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_REGIONAL = "\U0001f1e6-\U0001f1ff"
_COMPOSED = re.compile(f"[\U00010000-\U0010ffff\u200d{_SELECTORS}{_MARKS}]")
_BASE = f"(?:[{_REGIONAL}]{{2}}|[\U00010000-\U0010ffff\ud800-\udfff]|.[{_MARKS}]?)"
_TAIL = f"[{_SELECTORS}]?[{_MARKS}{_SKIN_TONES}]?"
_SYMBOL = re.compile(
    f"[{_SKIN_TONES}](?=[{_SKIN_TONES}])|{_BASE}{_TAIL}(?:\u200d{_BASE}{_TAIL})*",
    re.DOTALL,
)


def all_(h: Host, val: Value = None, iter: Value = None) -> Value:
    """Whether the callback agrees to every element; asks no further than the first it refuses."""
    return not _some(h, val, iter, wanted=False)


def notall(h: Host, val: Value = None, iter: Value = None) -> Value:
    """Whether the callback refuses some element."""
    return _some(h, val, iter, wanted=False)


def any_(h: Host, val: Value = None, iter: Value = None) -> Value:
    """Whether the callback agrees to some element; asks no further than the first."""
    return _some(h, val, iter, wanted=True)


def none(h: Host, val: Value = None, iter: Value = None) -> Value:
    """Whether the callback refuses every element."""
    return not _some(h, val, iter, wanted=True)


def filter_(h: Host, val: Value = None, iter: Value = None) -> Value:
    """The elements to which the callback agrees; without one those that are true themselves."""
    results = _results(h, val, iter)
    if type(val) is list:
        return [value for value, kept in zip(val, results, strict=True) if kept is True or truth(kept)]
    return {key: value for (key, value), kept in zip(val.items(), results, strict=True) if kept is True or truth(kept)}


def map_(h: Host, val: Value = None, iter: Value = None) -> Value:
    """The callback's results in place of the elements."""
    results = _results(h, val, iter)
    return list(results) if type(val) is list else dict(zip(val, results, strict=True))


def collect(h: Host, val: Value = None, iter: Value = None) -> Value:
    """The elements grouped by the text of the callback's result, in a map of arrays."""
    groups: dict[str, Value] = {}
    for value, result in zip(_values(val), _results(h, val, iter), strict=True):
        groups.setdefault(text(result), []).append(value)
    return ordered(groups)


def length(h: Host, val: Value = None) -> Value:
    """The size of a collection, the visible symbols of a string, 0 for anything else."""
    if type(val) is list or type(val) is dict:
        return len(val)
    return _symbols(val) if type(val) is str else 0


def is_empty(h: Host, val: Value = None) -> Value:
    """False for strings and collections with something in them, and for callables; true for anything else."""
    if type(val) is str or type(val) is list or type(val) is dict:
        return not val
    return typeof(val) not in ("Function", "Action", "ActionFunction")


def _values(collection: Value) -> Iterable[Value]:
    """Raises KRLTypeError for what is no collection."""
    if type(collection) is list:
        return collection
    if type(collection) is dict:
        return collection.values()
    raise KRLTypeError("only works on collections")


def _results(h: Host, collection: Value, f: Value) -> Iterable[Value]:
    """The callback's results in order; without a callback the elements themselves."""
    values = _values(collection)
    if f is None or not collection:
        return values
    function = begin_callbacks(h, f, len(collection))
    # Comprehensions with plain calls: the fastest way, and one that takes no C stack.
    match function.__code__.co_argcount - 1:
        case 0:
            results = [function(h) for _ in values]
        case 1:
            results = [function(h, value) for value in values]
        case 2:
            results = [function(h, value, key) for key, value in _items(collection)]
        case _:
            results = [function(h, value, key, collection) for key, value in _items(collection)]
    end_callbacks(h)
    return results


def _items(collection: Value) -> Iterable[tuple[int | str, Value]]:
    return enumerate(collection) if type(collection) is list else collection.items()


def _some(h: Host, collection: Value, f: Value, wanted: bool) -> bool:
    """Whether the callback's result has the wanted truth for some element."""
    _values(collection)
    if not collection:
        return False
    ask = callback(h, f, 3, len(collection))
    found = False
    for key, value in _items(collection):
        if truth(ask(value, key, collection)) is wanted:
            found = True
            break
    end_callbacks(h)
    return found


def _symbols(string: str) -> int:
    if string.isascii() or not _COMPOSED.search(string):
        return utf16_length(string)
    return sum(1 for _ in _SYMBOL.finditer(string))


METHODS: Final[dict[str, Any]] = {
    "all": all_,
    "any": any_,
    "collect": collect,
    "filter": filter_,
    "isEmpty": is_empty,
    "length": length,
    "map": map_,
    "none": none,
    "notall": notall,
}
