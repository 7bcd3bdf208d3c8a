"""KRL data as JSON bytes and back: what the store, the log and the wire hold.

orjson does it, but for the rare text with half a surrogate pair, which KRL allows and UTF-8 does not: there the
standard library writes and reads the escaped form.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Compact JSON of plain data."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def loads(text: bytes | str) -> Any:
    """The data; raises ValueError for anything that is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text, parse_constant=_refuse)


def whole(text: str) -> str:
    """The text with `?` for each half of a surrogate pair, which nothing can hold that is not JSON."""
    return text.encode("utf-8", "replace").decode()


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
