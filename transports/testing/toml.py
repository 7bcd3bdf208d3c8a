"""Write TOML, as far as tests need it: tables, arrays of tables, and values that are read back as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LARGEST = 2**63


def key(name: str) -> str:
    """A key, in quotes where it must be."""
    return name if _BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """A basic string. Half a surrogate pair, which no TOML can hold, becomes a replacement character."""
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def pairs(values: Mapping[str, Any]) -> Iterator[str]:
    """`key = value` for each; what TOML has no words for, such as null, as JSON under `key:=`."""
    for name, value in values.items():
        if _can_be_written(value):
            yield f"{key(name)} = {inline(value)}"
        else:
            yield f"{text(name + ':=')} = {text(json.dumps(value, ensure_ascii=False))}"


def inline(value: Any) -> str:
    """A value on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return text(value)
        case dict():
            return "{ " + ", ".join(pairs(value)) + " }" if value else "{}"
        case list() | tuple():
            return "[" + ", ".join(inline(each) for each in value) + "]"
        case _:
            return repr(value)


def _can_be_written(value: Any) -> bool:
    """Maps in it may fall back to JSON by themselves, arrays cannot."""
    match value:
        case None:
            return False
        case bool() | str() | float():
            return True
        case int():
            return -_LARGEST <= value < _LARGEST
        case dict():
            return not any(name.startswith("$") or name.endswith(":=") for name in value)
        case list() | tuple():
            return all(_can_be_written(each) for each in value)
        case _:
            return False


def table(header: str, values: Mapping[str, Any]) -> Iterator[str]:
    """A table with its header; nothing if it is empty."""
    lines = list(pairs(values))
    if lines:
        yield ""
        yield f"[{header}]"
        yield from lines
