"""KRL's values as a test file writes them, and how an expected value is compared with the one that came.

TOML has no null, so a key that ends in `:=` has JSON text, as on the command line: `"left:=" = "null"`. Dates are
instants, written as KRL writes them. A map with one key that begins with `$` is no value but says what is expected:

    {"$any" = true}            any value but null
    {"$type" = "Number"}       a value of this type
    {"$matches" = "^[a-z]+$"}  a text in which this is found
    {"$includes" = …}          a map that has at least these members, or a list that has these items
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from .problems import NOTHING

TYPES = {bool: "Boolean", int: "Number", float: "Number", str: "String", list: "Array", dict: "Map", type(None): "Null"}


class BadValue(Exception):
    """The file has something else where a value should be."""


def value_of(written: Any, *, expected: bool = False) -> Any:
    """The KRL value that is written so; `expected`: where it may also say what is expected. Raises BadValue."""
    match written:
        case dict():
            return _map(written, expected)
        case list():
            return [value_of(each, expected=expected) for each in written]
        case datetime():
            moment = written if written.tzinfo else written.replace(tzinfo=UTC)
            return instant(int(moment.timestamp() * 1000))
        case date() | time():
            return written.isoformat()
        case _:
            return written


def _map(written: dict[str, Any], expected: bool) -> dict[str, Any]:
    matchers = [name for name in written if name.startswith("$")]
    if matchers and expected:
        return _matcher(written, matchers[0])
    found = {}
    for name, each in written.items():
        if not name.endswith(":="):
            found[name] = value_of(each, expected=expected)
            continue
        try:
            found[name.removesuffix(":=")] = json.loads(each)
        except (TypeError, ValueError) as error:
            raise BadValue(f"{name!r} must have JSON text: {error}") from error
    return found


def _matcher(written: dict[str, Any], name: str) -> dict[str, Any]:
    if len(written) > 1:
        raise BadValue(f"{name!r} stands alone in its map")
    if name not in MATCHERS:
        raise BadValue(f"{name!r} is none of {', '.join(MATCHERS)}")
    wanted = written[name]
    if name == "$matches":
        try:
            re.compile(wanted)
        except (re.error, TypeError) as error:
            raise BadValue(f"{wanted!r} is no regular expression: {error}") from error
    elif name == "$type" and wanted not in TYPES.values():
        raise BadValue(f"{wanted!r} is none of {', '.join(sorted(set(TYPES.values())))}")
    return {name: value_of(wanted, expected=True)}


def instant(milliseconds: int) -> str:
    """A time as KRL writes it."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"


def milliseconds(text: str) -> int:
    """The time that is written so (ISO 8601, UTC unless it says otherwise). Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


_LENGTHS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])")


def span(text: str) -> int:
    """The milliseconds of `1d 2h 30m`. Raises ValueError."""
    if not re.fullmatch(rf"\s*(?:{_SPAN.pattern}\s*)+", text):
        raise ValueError(f"expected a time such as 90s, 5m or 1d 12h, found {text!r}")
    return round(sum(float(number) * _LENGTHS[unit] for number, unit in _SPAN.findall(text)))


# --- comparing ------------------------------------------------------------------------------------------------


def equal(expected: Any, actual: Any) -> bool:
    """Whether the value is what is expected of it; 1 and 1.0 are the same number, and no number is a Boolean."""
    match expected:
        case dict() if len(expected) == 1 and (name := next(iter(expected))) in MATCHERS:
            return MATCHERS[name](expected[name], actual)
        case dict():
            return (
                isinstance(actual, dict)
                and expected.keys() == actual.keys()
                and all(equal(each, actual[name]) for name, each in expected.items())
            )
        case list():
            return (
                isinstance(actual, list)
                and len(expected) == len(actual)
                and all(equal(each, found) for each, found in zip(expected, actual, strict=True))
            )
        case bool():
            return actual is expected
        case int() | float():
            return isinstance(actual, int | float) and not isinstance(actual, bool) and expected == actual
        case _:
            return type(expected) is type(actual) and bool(expected == actual)


def _includes(expected: Any, actual: Any) -> bool:
    match expected, actual:
        case dict(), dict():
            return all(name in actual and equal(each, actual[name]) for name, each in expected.items())
        case list(), list():
            return all(any(equal(each, found) for found in actual) for each in expected)
        case str(), str():
            return expected in actual
        case _:
            return False


MATCHERS: dict[str, Callable[[Any, Any], bool]] = {
    "$any": lambda wanted, actual: (actual is not None) is bool(wanted),
    "$type": lambda wanted, actual: TYPES.get(type(actual)) == wanted,
    "$matches": lambda wanted, actual: isinstance(actual, str) and re.search(wanted, actual) is not None,
    "$includes": _includes,
}


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place in which two values differ, with what was expected there and what is."""
    if equal(expected, actual):
        return
    if isinstance(expected, dict) and isinstance(actual, dict) and not (expected.keys() & MATCHERS.keys()):
        for name in (*expected, *(name for name in actual if name not in expected)):
            yield from _member(name, expected, actual, f"{path}.{name}" if path else name)
    elif isinstance(expected, list) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            there = dict(enumerate(expected)), dict(enumerate(actual))
            yield from _member(index, *there, f"{path}[{index}]")
    else:
        yield path, expected, actual


def _member(name: Any, expected: dict[Any, Any], actual: dict[Any, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    if name not in expected or name not in actual:
        yield path, expected.get(name, NOTHING), actual.get(name, NOTHING)
    else:
        yield from differences(expected[name], actual[name], path)
