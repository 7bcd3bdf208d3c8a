"""Instants: milliseconds since 1970, the calendar, and the ISO 8601 texts that KRL reads and writes.

Own arithmetic, because Python's datetime ends at the years 1 and 9999 and JavaScript's, which KRL's users know,
100 million days from 1970 on either side.

Source: docs/modules.md, "time".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..runtime.text import WHITESPACE

MINUTE = 60_000  # milliseconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST = 100_000_000 * DAY  # the last instant there is; the first one is -LAST

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097  # of 400 years, after which the calendar repeats
_EPOCH = 719_468  # days from 1 March of the year 0 to 1970


class Civil(NamedTuple):
    """What a calendar and a clock show."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    millisecond: int = 0


class Reading(NamedTuple):
    """What a text says: an instant, counted as if its zone were UTC when it names none."""

    instant: int
    zoned: bool


def in_range(instant: int) -> bool:
    """Whether it is an instant that ECMAScript can name: 100 million days on either side of 1970."""
    return -LAST <= instant <= LAST


# --- calendar ---


def is_leap(year: int) -> bool:
    """By the Gregorian rule, for all years."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """28 to 31; the month from 1 to 12."""
    return 29 if month == 2 and is_leap(year) else _DAYS_IN_MONTH[month - 1]


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this date of the Gregorian calendar; any year, month 1 to 12."""
    # Years that begin in March have their leap day at the end, and months of regular length before it.
    year -= month <= 2
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    era, year_of_era = divmod(year, 400)
    return era * _ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _EPOCH


def date(number: int) -> tuple[int, int, int]:
    """Year, month and day of the date so many days from 1970-01-01."""
    era, day_of_era = divmod(number + _EPOCH, _ERA_DAYS)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


def weekday(number: int) -> int:
    """0 is Monday; of the date so many days from 1970-01-01."""
    return (number + 3) % 7


def civil(instant: int) -> Civil:
    """The instant in UTC."""
    number, rest = divmod(instant, DAY)
    minutes, milliseconds = divmod(rest, MINUTE)
    return Civil(*date(number), *divmod(minutes, 60), *divmod(milliseconds, 1000))


def instant_of(moment: Civil) -> int:
    """The instant at which a calendar and a clock in UTC show this."""
    clock = moment.hour * HOUR + moment.minute * MINUTE + moment.second * 1000 + moment.millisecond
    return days(moment.year, moment.month, moment.day) * DAY + clock


# --- writing ---


def iso(instant: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`; a year outside 0 to 9999 with its sign and six digits."""
    at = civil(instant)
    year = f"{at.year:04}" if 0 <= at.year <= 9999 else f"{at.year:+07}"
    time = f"{at.hour:02}:{at.minute:02}:{at.second:02}.{at.millisecond:03}"
    return f"{year}-{at.month:02}-{at.day:02}T{time}Z"


# --- reading ---

_PAIR = "[0-9]{2}"
_BLANKS = f"[{WHITESPACE}]*+"
_ZONE = rf"(?:(?P<zone>[+-]{_PAIR}(?::?{_PAIR})?)|{_BLANKS}(?P<utc>Z))"
_SECOND = rf"(?P<second>{_PAIR})(?:[.,](?P<fraction>[0-9]+))?"


def _date_pattern(dash: str, colon: str) -> re.Pattern[str]:
    calendar = rf"(?P<month>{_PAIR})(?:{dash}(?P<day>{_PAIR}))?"
    week = rf"W(?P<week>{_PAIR})(?:{dash}(?P<weekday>[0-9]))?"
    date = rf"(?P<year>[+-][0-9]{{6}}|[0-9]{{4}})(?:{dash}(?:{calendar}|{week}|(?P<day_of_year>[0-9]{{3}})))?"
    clock = rf"(?P<hour>{_PAIR})(?:{colon}(?P<minute>{_PAIR})(?:{colon}{_SECOND})?)?"
    return re.compile(f"{_BLANKS}{date}(?:[T ]{clock}{_ZONE}?)?")


# The form with dashes and colons and the one without do not mix, but for the zone.
_DATES = (_date_pattern("-", ":"), _date_pattern("", ""))

# A time alone is today's. It needs a colon, six digits or a Z, or else mistyped dates would pass for times.
_TIMES = tuple(
    re.compile(f"{_BLANKS}(?P<hour>{_PAIR}){rest}")
    for rest in (
        rf":(?P<minute>{_PAIR})(?::{_SECOND})?{_ZONE}?",
        rf"(?P<minute>{_PAIR}){_SECOND}{_ZONE}?",
        rf"(?P<minute>{_PAIR})?(?P<utc>Z)",
    )
)


def read(written: str, today: Callable[[], int]) -> Reading | None:
    """The instant that an ISO 8601 text names, None if it names none.

    `today` gives the current day, as days since 1970; it is asked only for a time without a date.
    """
    if match := _match(_DATES, written):
        parts = match.groupdict()
        day, clock = _day(parts), _clock(parts)
    elif match := _match(_TIMES, written):
        parts = match.groupdict()
        clock = _clock(parts)
        day = None if clock is None else today()
    else:
        return None
    if day is None or clock is None:
        return None
    zone = parts.get("zone")
    instant = day * DAY + clock - (_offset(zone) if zone else 0)
    return Reading(instant, bool(zone or parts.get("utc"))) if in_range(instant) else None


def _match(patterns: tuple[re.Pattern[str], ...], written: str) -> re.Match[str] | None:
    return next((match for each in patterns if (match := each.fullmatch(written))), None)


_Parts = dict[str, str | None]


def _day(parts: _Parts) -> int | None:
    """Days since 1970 of the date that was written; None if the calendar has no such date.

    Without a day it is the first one of what was written, and then a time makes no sense.
    """
    year, month, day = (_int(parts[name]) for name in ("year", "month", "day"))
    week, weekday, day_of_year = (_int(parts[name]) for name in ("week", "weekday", "day_of_year"))
    assert year is not None
    if parts["hour"] and day is None and weekday is None and day_of_year is None:
        return None
    if week is not None:
        return _week_day(year, week, 1 if weekday is None else weekday)
    if day_of_year is not None:
        return days(year, 1, 1) + day_of_year - 1 if 1 <= day_of_year <= 365 + is_leap(year) else None
    month, day = 1 if month is None else month, 1 if day is None else day
    if not (1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
        return None
    return days(year, month, day)


def _week_day(year: int, week: int, weekday: int) -> int | None:
    first, following = _first_monday(year), _first_monday(year + 1)
    if not (1 <= week <= (following - first) // 7 and 1 <= weekday <= 7):
        return None
    return first + 7 * (week - 1) + weekday - 1


def _first_monday(year: int) -> int:
    """The Monday of ISO week 1, which is the week that has 4 January."""
    fourth = days(year, 1, 4)
    return fourth - weekday(fourth)


def _clock(parts: _Parts) -> int | None:
    """Milliseconds since midnight, None for a time that no clock shows; 24:00 is the next midnight."""
    hour, minute, second = (_int(parts.get(name)) or 0 for name in ("hour", "minute", "second"))
    milliseconds = int(((parts.get("fraction") or "") + "000")[:3])
    clock = hour * HOUR + minute * MINUTE + second * 1000 + milliseconds
    return clock if minute <= 59 and second <= 59 and clock <= DAY else None


def _offset(zone: str) -> int:
    """Milliseconds that a zone such as `+02`, `-0730` or `+05:30` is ahead of UTC."""
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = int(digits[:2]) * HOUR + int(digits[2:]) * MINUTE
    return -offset if zone[0] == "-" else offset


def _int(digits: str | None) -> int | None:
    return None if digits is None else int(digits)
