"""What all transports make attributes of: JSON that is read leniently and kept within limits, and headers.

Source: docs/http.md, "Attributes and arguments".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import DeliveryTooLarge, Settings, Undecodable, loads

MAX_WHOLE = 2**53  # KRL's numbers are doubles: beyond it not every whole number exists
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def bare_media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def json_body(body: bytes) -> Any:
    """What the JSON text says; raises Undecodable for a broken one."""
    try:
        return loads(body.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"{excerpt(body)} is not valid JSON: {error}", "SyntaxError") from error


def excerpt(body: bytes) -> str:
    """The beginning of a body, for a message about it."""
    text = body.decode("utf-8", "replace")
    return repr(text if len(text) <= 40 else text[:40] + "…")


def headers_kept(headers: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The headers as rules may see them."""
    if not settings.drop_headers:
        return dict(headers)
    return {name: value for name, value in headers.items() if name not in settings.drop_headers}


def clean_members(members: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The members as KRL values: numbers as KRL has them, names that are indices first, as in JavaScript.

    Raises DeliveryTooLarge for more levels than the settings allow; the engine's door counts the members.
    """
    try:
        return _clean_map(members, settings.max_depth)
    except _TooDeep:
        raise DeliveryTooLarge(f"nested deeper than {settings.max_depth} levels (max_depth)") from None


class _TooDeep(Exception):
    """More levels than are allowed."""


def _clean_map(members: dict[str, Any], levels: int) -> dict[str, Any]:
    if levels == 0:
        raise _TooDeep
    cleaned = {name: item if type(item) is str else _clean(item, levels - 1) for name, item in members.items()}
    return _in_order(cleaned) if any(map(str.isdigit, cleaned)) else cleaned


def _clean(value: Any, levels: int) -> Any:
    kind = type(value)
    if kind is int:
        return value if -MAX_WHOLE <= value <= MAX_WHOLE else _rounded(value)
    if kind is float:
        return _number(value)
    if kind is dict:
        return _clean_map(value, levels)
    if kind is list:
        if levels == 0:
            raise _TooDeep
        return [_clean(item, levels - 1) for item in value]
    return value  # a text, a Boolean, null


def _number(value: float) -> int | float | None:
    if value.is_integer():
        return int(value) if abs(value) <= MAX_WHOLE else value
    return value if value - value == 0 else None  # no infinity in JSON


def _rounded(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _in_order(members: dict[str, Any]) -> dict[str, Any]:
    indices = sorted((name for name in members if _is_index(name)), key=int)
    return {name: members[name] for name in indices} | members


def _is_index(name: str) -> bool:
    """Whether JavaScript sorts the name as a number: whole, below 2**32 - 1, written without zeros before it."""
    return name.isdigit() and name.isascii() and len(name) <= 10 and str(int(name)) == name and int(name) < 2**32 - 1
