"""What may be shown of a value: plain data of a bounded size, without secrets.

Traces, journals and reports show values to people. A value that is long is cut and says so; a text that stands under
a secret's name is masked wherever it stands, since rules pass request headers on, keep them and log them. So is what
makes a URL a secret: the password before its host, the token of a callback.

Source of the names: http-api, "What ours does differently", 11.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from krl import text

MASK = "***"
SECRETS = frozenset({"authorization", "cookie", "password", "proxy-authorization", "set-cookie"})  # in lower case

_PASSWORD = re.compile(r"(://[^/\s:@?#]*):[^/\s@]*@")
_TOKEN = re.compile(r"(/callback/)[a-z0-9]{20,}")

MAX_TEXT = 500  # characters of one text
ROOM = 4000  # characters of a whole value, roughly
MAX_DEPTH = 12
CUT = "…"

_SCALARS = frozenset({bool, int, type(None)})


def shown(value: Any, room: int = ROOM) -> Any:
    """The value as it may be shown; of a long one the beginning, with a word on what is missing."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is str and len(value) <= MAX_TEXT:
        return _without_secrets(value) if "/" in value else value
    return _Showing(room).value(value, MAX_DEPTH)


def masked(value: Any) -> Any:
    """The whole value without its secrets."""
    match value:
        case dict():
            return {name: MASK if _is_secret(name, each) else masked(each) for name, each in value.items()}
        case list() | tuple():
            return [masked(each) for each in value]
        case str() if "/" in value:
            return _without_secrets(value)
        case _:
            return value


def _without_secrets(value: str) -> str:
    """The text, which may have URLs in it."""
    return _TOKEN.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1:{MASK}@", value))


def _is_secret(name: str, value: Any) -> bool:
    return type(value) is str and name.lower() in SECRETS


class _Showing:
    """One value on its way out, and the room that is left for it."""

    __slots__ = ("_room",)

    def __init__(self, room: int) -> None:
        self._room = room

    def value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _SCALARS:
            return value
        if kind is float:
            return value if isfinite(value) else None
        if kind is str:
            return self._text(value)
        if kind is dict:
            return self._map(value, depth - 1) if depth else CUT
        if kind is list or kind is tuple:
            return self._list(value, depth - 1) if depth else CUT
        return self._text(text(value))  # a function, an action, a regular expression

    def _text(self, value: str) -> str:
        allowed = max(0, min(MAX_TEXT, self._room))
        self._room -= len(value) if len(value) < allowed else allowed
        if "/" in value:
            value = _without_secrets(value)
        return value if len(value) <= allowed else f"{value[:allowed]}{CUT} ({len(value)} characters)"

    def _map(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, each in value.items():
            if self._room <= 0:
                result[CUT] = f"{len(value) - len(result)} more"
                break
            self._room -= len(name) + 4
            result[name[:MAX_TEXT]] = MASK if _is_secret(name, each) else self.value(each, depth)
        return result

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        result: list[Any] = []
        for each in value:
            if self._room <= 0:
                result.append(f"{CUT} ({len(value) - len(result)} more)")
                break
            self._room -= 4
            result.append(self.value(each, depth))
        return result
