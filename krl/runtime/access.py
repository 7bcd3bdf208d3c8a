"""Look into collections and make changed copies of them: `m{path}`, `a[i]`, `.set()`, `.put()`, `.delete()`.

A path is a key or an array of keys, each used as text. A look-up never fails, and finds nothing but what a program
has put there. A change copies the collections on its way and shares the rest.

Source of the rules: operators, "Access" and "Map operators"; there in "Peer quirks" Q8 and Q13 to Q15.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .host import Host, Value
from .limits import charge_items, pay_looks
from .text import text
from .values import index_key, ordered_map, with_key


def item(value: Value, key: Value) -> Value:
    """What the collection has under the key, null if nothing or if it is no collection."""
    kind = type(value)
    if kind is dict:
        return value.get(key if type(key) is str else text(key))
    if kind is list:
        index = key if type(key) is int else index_key(text(key))
        return value[index] if index is not None and 0 <= index < len(value) else None
    return None


def get(value: Value, path: Value) -> Value:
    """What is found by following the path, null if there is nothing; null for the empty path."""
    if type(path) is not list:
        return item(value, path)
    if not path:
        return None
    for key in path:
        value = item(value, key)
    return value


def set_path(h: Host, value: Value, path: Value, new: Value) -> Value:
    """A copy with `new` at the path. Levels that are missing become arrays before an index, else maps.

    The empty path changes nothing. Raises KRLLimitError if an array would grow too large.
    """
    keys = _keys(path)
    level = value if _is_collection(value) else {}
    if not keys:
        return level
    levels = [level]
    for key, following in pairwise(keys):
        level = item(level, key)
        if not _is_collection(level):
            level = [] if index_key(following) is not None else {}
        levels.append(level)
    return _rebuilt(h, levels, keys, new)


def put_path(h: Host, value: Value, path: Value, new: Value) -> Value:
    """A copy with `new` at the path. Levels that are missing become maps, and so do arrays that a key does not suit.

    The empty path merges `new` into the value. What is no collection is returned as it is. Raises KRLLimitError if
    an array would grow too large.
    """
    keys = _keys(path)
    if not _is_collection(value):
        return value
    if not keys:
        if type(new) is type(value):
            charge_items(h, len(value) + len(new))
            pay_looks(h, len(value) + len(new))
        return merged(value, new)
    levels = [value]
    for key, following in pairwise(keys):
        levels.append(_entered(item(levels[-1], key), following))
    return _rebuilt(h, levels, keys, new)


def merged(value: Value, new: Value) -> Value:
    """A map over a map key by key, an array over an array index by index; any other `new` as it is."""
    if type(value) is dict and type(new) is dict:
        return ordered_map((value | new).items())
    if type(value) is list and type(new) is list:
        return new + value[len(new) :]
    return new


def delete_path(value: Value, path: Value) -> Value:
    """A copy without what is at the path; in an array a null takes its place. The value itself if nothing is there."""
    keys = _keys(path)
    levels = [value]
    for key in keys:
        if not _has(levels[-1], key):
            return value
        levels.append(item(levels[-1], key))
    if not keys:
        return value
    *levels, parent, _ = levels
    *keys, last = keys
    result = _without(parent, last)
    for level, key in zip(reversed(levels), reversed(keys), strict=True):
        result = with_key(level, key, result) if type(level) is dict else _with_index(level, int(key), result)
    return result


def _keys(path: Value) -> list[str]:
    return [text(key) for key in path] if type(path) is list else [text(path)]


def _is_collection(value: Value) -> bool:
    return type(value) is dict or type(value) is list


def _entered(level: Value, key: str) -> Value:
    """The level as `.put()` finds it fit to go on with this key."""
    if type(level) is dict:
        return level
    if type(level) is list:
        index = index_key(key)
        return level if index is not None and index <= len(level) else _as_map(level)
    return {}


def _rebuilt(h: Host, levels: Sequence[Value], keys: Sequence[str], value: Value) -> Value:
    """Copies of the levels from the last one up, each with the one below it at its key."""
    for level, key in zip(reversed(levels), reversed(keys), strict=True):
        value = _with(h, level, key, value)
    return value


def _with(h: Host, level: Value, key: str, value: Value) -> Value:
    if type(level) is list:
        index = index_key(key)
        if index is not None:
            charge_items(h, max(index + 1, len(level)))
            return _with_index(level, index, value)
        level = _as_map(level)
    charge_items(h, len(level) + 1)
    if index_key(key) is not None:
        pay_looks(h, len(level))  # they may have to change places
    return with_key(level, key, value)


def _with_index(array: list[Value], index: int, value: Value) -> list[Value]:
    """A copy with the value at the index, filled up with nulls before it where the array is too short."""
    result = array + [None] * (index + 1 - len(array))
    result[index] = value
    return result


def _as_map(array: list[Value]) -> dict[str, Value]:
    return {str(index): value for index, value in enumerate(array)}


def _has(level: Value, key: str) -> bool:
    if type(level) is dict:
        return key in level
    index = index_key(key)
    return type(level) is list and index is not None and index < len(level)


def _without(level: Value, key: str) -> Value:
    if type(level) is list:
        return _with_index(level, int(key), None)
    return {each: value for each, value in level.items() if each != key}
