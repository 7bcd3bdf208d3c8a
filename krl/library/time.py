"""KRL's `time`: instants are texts such as `2021-03-04T05:06:07.000Z`, always in UTC but for `strftime`.

Source: docs/modules.md, "time".
"""

from __future__ import annotations

from math import floor, isfinite, trunc

from ..errors import KRLTypeError, KRLValueError
from ..runtime.host import Here, Host, Member, Module, Value
from ..runtime.numbers import text_number
from ..runtime.text import text
from ..runtime.values import is_number, truth
from .instants import DAY, HOUR, MINUTE, civil, days_in_month, in_range, instant_of, iso, read
from .strftime import strftime as format_instant
from .zone import from_local

_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_DAYS = {"week": 7, "day": 1}
_MILLISECONDS = {"hour": HOUR, "minute": MINUTE, "second": 1000, "millisecond": 1}
_SHORT = {
    "y": "year",
    "Q": "quarter",
    "M": "month",
    "w": "week",
    "d": "day",
    "h": "hour",
    "m": "minute",
    "s": "second",
    "ms": "millisecond",
}


def now(h: Host, here: Here, opts: Value = None) -> Value:
    """The host's time. `opts{"tz"}` is accepted and changes nothing, since the result is in UTC."""
    if truth(opts) and not isinstance(opts, dict):
        raise KRLTypeError(f"time:now was given {text(opts)} instead of an opts map")
    return iso(h.now())


def new(h: Host, here: Here, date: Value = None) -> Value:
    """The date in the canonical form; a Number is milliseconds since 1970."""
    if is_number(date):
        if in_range(trunc(date)):
            return iso(trunc(date))
        raise _not_a_date("new", date)
    _needs("new", date, "date string")
    return iso(_instant(h, "new", date))


def add(h: Host, here: Here, date: Value = None, spec: Value = None) -> Value:
    """The date moved by a map of units to amounts; null if that is beyond all dates."""
    _needs("add", date, "date string")
    _needs("add", spec, "spec map")
    instant = _instant(h, "add", date)
    if not isinstance(spec, dict):
        raise KRLTypeError(f"time:add was given {text(spec)} instead of a spec map")
    moved = _moved(instant, _amounts(spec))
    return None if moved is None else iso(moved)


def strftime(h: Host, here: Here, date: Value = None, fmt: Value = None) -> Value:
    """The date by a format, in the zone of the process; a date that names no zone is in that zone, too."""
    _needs("strftime", date, "date string")
    _needs("strftime", fmt, "fmt string")
    instant = _instant(h, "strftime", date, local=True)
    if not isinstance(fmt, str):
        raise KRLTypeError(f"time:strftime was given {text(fmt)} instead of a fmt string")
    return format_instant(h, instant, fmt)


# --- arguments ---


def _needs(member: str, argument: Value, what: str) -> None:
    if not truth(argument):
        raise KRLValueError(f"time:{member} needs a {what}")


def _instant(h: Host, member: str, date: Value, local: bool = False) -> int:
    """The instant that the date names; a Number is read as its digits, so 1967342 is day 342 of 1967."""
    readable = isinstance(date, str) or is_number(date)
    reading = read(text(date), lambda: h.now() // DAY) if readable else None
    if reading is None:
        raise _not_a_date(member, date)
    return from_local(reading.instant) if local and not reading.zoned else reading.instant


def _not_a_date(member: str, date: Value) -> KRLTypeError | KRLValueError:
    if isinstance(date, str):
        return KRLValueError(f"time:{member} was given an invalid date string ({date})")
    return KRLTypeError(f"time:{member} was given {text(date)} instead of a date string")


# --- arithmetic ---


def _amounts(spec: dict[str, Value]) -> dict[str, int | float]:
    """Amounts by unit. Of two spellings the later wins; what is no unit or no number counts as nothing."""
    units = {word: unit for word in spec if (unit := _unit(word))}
    return {unit: _amount(spec[word]) for word, unit in units.items()}


def _unit(word: str) -> str | None:
    """Long names may be plural and in any case; of the short ones `M` is a month and `m` a minute."""
    if word in _SHORT:
        return _SHORT[word]
    unit = word.lower().removesuffix("s")
    return unit if unit in _MONTHS or unit in _DAYS or unit in _MILLISECONDS else None


def _amount(value: Value) -> int | float:
    if isinstance(value, str):
        return text_number(value) or 0
    return value if is_number(value) else 0


def _moved(instant: int, amounts: dict[str, int | float]) -> int | None:
    """Months first, then days, then time; None where there are no dates any more."""
    months, days, milliseconds = (
        sum(amounts.get(unit, 0) * size for unit, size in sizes.items()) for sizes in (_MONTHS, _DAYS, _MILLISECONDS)
    )
    if not (isfinite(months) and isfinite(days) and isfinite(milliseconds)):
        return None
    at = _by_months(instant, _whole(months)) + _whole(days) * DAY
    if not in_range(at):
        return None
    # The time may have fractions of a millisecond; cut, when all is added up.
    moved = at + milliseconds if isinstance(milliseconds, int) else trunc(float(at) + milliseconds)
    return moved if in_range(moved) else None


def _whole(number: int | float) -> int:
    """Rounded half away from zero."""
    return floor(number + 0.5) if number >= 0 else -floor(0.5 - number)


def _by_months(instant: int, months: int) -> int:
    """So many months later; the 31st becomes the last day of a month that is shorter."""
    at = civil(instant)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return instant_of(at._replace(year=year, month=month + 1, day=min(at.day, days_in_month(year, month + 1))))


MODULE: Module = {
    "add": Member("function", add, ("date", "spec")),
    "new": Member("function", new, ("date",)),
    "now": Member("function", now, ("opts",)),
    "strftime": Member("function", strftime, ("date", "fmt")),
}
