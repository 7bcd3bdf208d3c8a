"""When something that repeats is due next: cron texts and the map form of `schedule … repeat`.

Pure: a specification and an instant give the next instant. Seconds come first in six fields and are 0 in five; days
that are given both by date and by weekday match either. A repeating time that daylight saving skips or doubles
follows Debian's cron.

Source: docs/modules.md, "schedule".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

SHORTHANDS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}

_FIELDS = ("second", "minute", "hour", "date", "month", "dayOfWeek")
_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "date": (1, 31),
    "month": (0, 11),
    "dayOfWeek": (0, 7),
}
_LAST = {"second": 59, "minute": 59, "hour": 23, "date": 31, "month": 12, "dayOfWeek": 6}
MAX_YEARS = 400  # within which a match is looked for


class BadRecurrence(ValueError):
    """The specification is none; the message says what was expected."""


def local_zone() -> ZoneInfo:
    """The time zone of this machine: TZ, else /etc/localtime, else UTC."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        target = Path("/etc/localtime").resolve().as_posix()
        name = target.partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def next_due(spec: Any, after_ms: int, zone: ZoneInfo | None = None) -> int | None:
    """The first instant after `after_ms` that the specification names, None if there is none any more.

    Milliseconds since 1970. Raises BadRecurrence for anything that is no specification.
    """
    after = datetime.fromtimestamp(after_ms / 1000, UTC)
    until: datetime | None = None
    years: frozenset[int] | None = None
    if isinstance(spec, dict):
        zone = _zone(spec.get("tz"), zone)
        if "rule" in spec:
            until = _moment(spec.get("end"), "end")
            start = _moment(spec.get("start"), "start")
            if start is not None and start > after:
                after = start - timedelta(milliseconds=1)
            spec = spec["rule"]
            if isinstance(spec, dict):
                zone = _zone(spec.get("tz"), zone)
    if isinstance(spec, dict):
        years = _years(spec)
        spec = _cron_of(spec)
    if not isinstance(spec, str):
        raise BadRecurrence("expected a cron text or a map")
    for due in _instants(_six_fields(spec), after.astimezone(zone or local_zone())):
        if due <= after:
            continue  # in the hour that autumn doubles, a time of its first pass
        if until is not None and due > until:
            return None
        if years is None or due.year in years:
            return int(due.timestamp() * 1000)
        if due.year > max(years):
            return None
    return None


def _instants(cron: str, after: datetime) -> Iterator[datetime]:
    # Only of five fields does cronsim know what daylight saving does to them.
    cron = cron.removeprefix("0 ")
    try:
        # cronsim looks at whole seconds; one that has begun is past.
        yield from CronSim(cron, after.replace(microsecond=0))
    except CronSimError as error:
        raise BadRecurrence(f"{cron!r} is no cron text: {error}") from error


def _six_fields(text: str) -> str:
    text = SHORTHANDS.get(text.strip().lower(), text)
    fields = text.split()
    if not fields or len(fields) > 6:
        raise BadRecurrence(f"{text!r} has {len(fields)} fields, expected five or six")
    # Fewer than five are the rightmost ones, as in the Node engine.
    fields = ["*"] * (5 - len(fields)) + fields
    if len(fields) == 5:
        fields = ["0", *fields]
    named = dict(zip(_FIELDS, fields, strict=True))
    for day in ("date", "dayOfWeek"):
        if named[day] == "?":
            named[day] = "*"
    return " ".join(",".join(_stepped(part, name) for part in field.split(",")) for name, field in named.items())


def _stepped(part: str, field: str) -> str:
    """`a/n` runs to the field's maximum."""
    start, slash, step = part.partition("/")
    return f"{start}-{_LAST[field]}/{step}" if slash and start.isdigit() else part


def _cron_of(spec: dict[str, Any]) -> str:
    fields = []
    for name in _FIELDS:
        given = spec.get(name, 0 if name == "second" else None)
        fields.append("*" if given is None else ",".join(str(n) for n in _numbers(name, given)))
    if not any(spec.get(name) is not None for name in (*_FIELDS, "year")):
        raise BadRecurrence(f"expected at least one of {', '.join(_FIELDS)}, year")
    return " ".join(fields)


def _numbers(name: str, given: Any) -> list[int]:
    low, high = _RANGES[name]
    numbers = given if isinstance(given, list) else [given]
    if not numbers or not all(type(n) is int and low <= n <= high for n in numbers):
        raise BadRecurrence(f"{name} expects numbers from {low} to {high}")
    return [n + 1 if name == "month" else n % 7 if name == "dayOfWeek" else n for n in numbers]


def _years(spec: dict[str, Any]) -> frozenset[int] | None:
    given = spec.get("year")
    if given is None:
        return None
    years = given if isinstance(given, list) else [given]
    if not years or not all(type(year) is int and 1970 <= year <= 9999 for year in years):
        raise BadRecurrence("year expects numbers from 1970 to 9999")
    return frozenset(years)


def _zone(name: Any, default: ZoneInfo | None) -> ZoneInfo | None:
    if name is None:
        return default
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError, KeyError) as error:
        raise BadRecurrence(f"{name!r} is no time zone") from error


def _moment(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    moment = instant_ms(value)
    if moment is None:
        raise BadRecurrence(f"{name} expects an instant")
    return datetime.fromtimestamp(moment / 1000, UTC)


def instant_ms(value: Any) -> int | None:
    """Milliseconds since 1970 of a Number of them, or of a date text; None for anything else.

    A bare date is UTC, a date and time without zone is local time.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if abs(value) < 8.64e15 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if len(text) <= 10 else local_zone())
    return int(moment.timestamp() * 1000)
