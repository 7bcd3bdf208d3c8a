"""Names and values of query strings and forms; bracketed names of query strings become maps and arrays.

The rules are those of the npm package `qs`, which the Node engine's clients have learned: `a[b]=1` nests, `a[]=1`
and `a[0]=1` make arrays whose indices only give the order, more than five levels stay literal in the last name.

Source: docs/http.md, "Attributes and arguments"; https://github.com/ljharb/qs (behaviour).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from engine import DeliveryTooLarge

MAX_LEVELS = 5
MAX_INDEX = 20  # a greater index is a name

_BRACKETS = re.compile(r"\[[^\[\]]*\]")


def form_members(text: str, max_members: int) -> dict[str, Any]:
    """The members of a form: flat, a repeated name gives an array; raises DeliveryTooLarge for too many."""
    members: dict[str, Any] = {}
    for pair in _pairs(text, max_members):
        name, _, value = pair.partition("=")
        _add(members, _decoded(name), _decoded(value))
    return members


def query_members(text: str, max_members: int) -> dict[str, Any]:
    """The members of a query string, nested by brackets; raises DeliveryTooLarge for too many."""
    flat: dict[str, Any] = {}
    for pair in _pairs(text, max_members):
        name, value = _split(pair)
        if name:
            _add(flat, _decoded(name), _decoded(value))
    if not any("[" in name for name in flat):
        return flat
    members: dict[str, Any] = {}
    for name, value in flat.items():
        members = _merged(members, _nested(name, value))
    return {name: _closed(value) for name, value in members.items()}


def _pairs(text: str, max_members: int) -> list[str]:
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > max_members:
        raise DeliveryTooLarge(f"more than {max_members} members (max_members)")
    return pairs


def _split(pair: str) -> tuple[str, str]:
    """Name and value; an `=` within brackets belongs to the name."""
    at = pair.find("]=")
    at = at + 1 if at >= 0 else pair.find("=")
    return (pair, "") if at < 0 else (pair[:at], pair[at + 1 :])


def _decoded(text: str) -> str:
    """Percent-decoded; a text that is not UTF-8 then keeps what can be read."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return unquote(text, errors="replace")


def _add(members: dict[str, Any], name: str, value: str) -> None:
    """Set the member, or let a repeated one become an array."""
    known = members.get(name)
    if known is None:
        members[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        members[name] = [known, value]


class _Array(dict[int, Any]):
    """An array under construction: items by index, with holes."""

    __slots__ = ()

    def push(self, item: Any) -> None:
        self[max(self, default=-1) + 1] = item


def _nested(name: str, value: Any) -> dict[str, Any]:
    """`a[b][]` and a value as maps and arrays with one path in them."""
    steps, rest = _steps(name)
    leaf: Any = _Array(enumerate(value)) if isinstance(value, list) else value
    if rest:
        leaf = {rest: leaf}
    for step in reversed(steps[1:]):
        leaf = _wrapped(step, leaf)
    return {steps[0]: leaf} if steps[0] else _as_map(_wrapped("", leaf))


def _steps(name: str) -> tuple[list[str], str]:
    """The first name and the bracketed ones behind it, and what is beyond the deepest level."""
    found = list(_BRACKETS.finditer(name))
    if not found:
        return [name], ""
    first = name[: found[0].start()]
    steps = [each.group()[1:-1] for each in found[:MAX_LEVELS]]
    rest = name[found[MAX_LEVELS].start() :] if len(found) > MAX_LEVELS else ""
    return ([first, *steps] if first else steps), rest


def _wrapped(step: str, leaf: Any) -> Any:
    if step == "":
        return leaf if isinstance(leaf, _Array) else _Array({0: leaf})
    if len(step) <= 2 and step.isascii() and step.isdigit() and str(int(step)) == step and int(step) <= MAX_INDEX:
        return _Array({int(step): leaf})
    return {step: leaf}


def _merged(target: Any, source: Any) -> Any:
    """Both in one: maps join, an array takes at its end what has no place of its own, a text beside a map is a name."""
    if source == "":
        return target
    if isinstance(target, str | bool):
        joined = _Array({0: target})
        for item in source.values() if isinstance(source, _Array) else [source]:
            joined.push(item)
        return joined
    if isinstance(source, str):
        if isinstance(target, _Array):
            target.push(source)
        else:
            target[source] = True
        return target
    if isinstance(target, _Array) and isinstance(source, _Array):
        return _merged_arrays(target, source)
    return _merged_maps(_as_map(target), _as_map(source))


def _merged_arrays(target: _Array, source: _Array) -> _Array:
    for index, item in source.items():
        known = target.get(index)
        if known is None:
            target[index] = item
        elif isinstance(known, dict) and isinstance(item, dict):
            target[index] = _merged(known, item)
        else:
            target.push(item)
    return target


def _merged_maps(target: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    for name, value in source.items():
        target[name] = _merged(target[name], value) if name in target else value
    return target


def _as_map(value: dict[Any, Any]) -> dict[str, Any]:
    return {str(index): item for index, item in value.items()} if isinstance(value, _Array) else value


def _closed(value: Any) -> Any:
    """The value with its arrays as lists, holes closed."""
    if isinstance(value, _Array):
        return [_closed(value[index]) for index in sorted(value)]
    if isinstance(value, dict):
        return {name: _closed(item) for name, item in value.items()}
    return value
