"""Format an instant by `%` codes: a table, with English names whatever the process speaks.

Source: docs/modules.md, "strftime".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..runtime.host import Host
from ..runtime.limits import charge_text, spend
from .instants import Civil, civil, days, weekday
from .zone import Zone, zone_at

_CODE = re.compile(r"%(?P<flags>[-_0:]*)(?P<letter>.?)", re.DOTALL)
_PADDING = {"-": "", "_": " ", "0": "0"}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Shown(NamedTuple):
    """An instant as the local clock and calendar show it."""

    instant: int
    at: Civil
    weekday: int  # 0 is Monday
    day_of_year: int  # 0 is 1 January
    zone: Zone


def strftime(h: Host, instant: int, fmt: str) -> str:
    """The text that `fmt` makes of the instant, in the zone of the process.

    A code that does not exist stays, without its flags; a `%` at the end goes. Raises KRLLimitError for a text
    that would be too long.
    """
    spend(h, fmt.count("%"))
    pieces, length = list[str](), 0
    for piece in _pieces(fmt, _shown(instant)):
        pieces.append(piece)
        length += len(piece)
        if length > h.limits.max_text_units:
            break
    charge_text(h, length)
    return "".join(pieces)


def _shown(instant: int) -> Shown:
    zone = zone_at(instant)
    at = civil(instant + zone.seconds * 1000)
    today = days(at.year, at.month, at.day)
    return Shown(instant, at, weekday(today), today - days(at.year, 1, 1), zone)


def _pieces(fmt: str, shown: Shown) -> Iterator[str]:
    end = 0
    for code in _CODE.finditer(fmt):
        yield fmt[end : code.start()]
        yield _written(code["letter"], code["flags"], shown)
        end = code.end()
    yield fmt[end:]


def _written(letter: str, flags: str, shown: Shown) -> str:
    if letter in _NUMBERS:
        value, padding = _NUMBERS[letter]
        for flag in flags.replace(":", ""):
            padding = _PADDING[flag]
        digits = str(value(shown))
        return digits.rjust(2, padding) if padding else digits
    if letter in _COMPOSED:
        return "".join(_pieces(_COMPOSED[letter], shown))
    if letter == "z":
        return _offset(shown.zone, ":" if ":" in flags else "")
    if letter in _TEXTS:
        return _TEXTS[letter](shown)
    return f"%{letter}" if letter else ""


def _hour12(shown: Shown) -> int:
    return (shown.at.hour + 11) % 12 + 1


def _half(shown: Shown) -> str:
    return "AM" if shown.at.hour < 12 else "PM"


def _ordinal(shown: Shown) -> str:
    day = shown.at.day
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _offset(zone: Zone, colon: str) -> str:
    hours, minutes = divmod(abs(zone.seconds) // 60, 60)
    return f"{'-' if zone.seconds < 0 else '+'}{hours:02}{colon}{minutes:02}"


# Two digits, and what stands in front of one.
_NUMBERS: dict[str, tuple[Callable[[Shown], int], str]] = {
    "C": (lambda shown: shown.at.year // 100, "0"),
    "d": (lambda shown: shown.at.day, "0"),
    "e": (lambda shown: shown.at.day, " "),
    "H": (lambda shown: shown.at.hour, "0"),
    "I": (_hour12, "0"),
    "k": (lambda shown: shown.at.hour, " "),
    "l": (_hour12, " "),
    "M": (lambda shown: shown.at.minute, "0"),
    "m": (lambda shown: shown.at.month, "0"),
    "S": (lambda shown: shown.at.second, "0"),
    "U": (lambda shown: (shown.day_of_year + 7 - (shown.weekday + 1) % 7) // 7, "0"),
    "W": (lambda shown: (shown.day_of_year + 7 - shown.weekday) // 7, "0"),
    "y": (lambda shown: shown.at.year % 100, "0"),
}

_TEXTS: dict[str, Callable[[Shown], str]] = {
    "%": lambda shown: "%",
    "A": lambda shown: _WEEKDAYS[shown.weekday],
    "a": lambda shown: _WEEKDAYS[shown.weekday][:3],
    "B": lambda shown: _MONTHS[shown.at.month - 1],
    "b": lambda shown: _MONTHS[shown.at.month - 1][:3],
    "h": lambda shown: _MONTHS[shown.at.month - 1][:3],
    "j": lambda shown: f"{shown.day_of_year + 1:03}",
    "L": lambda shown: f"{shown.at.millisecond:03}",
    "n": lambda shown: "\n",
    "o": _ordinal,
    "P": lambda shown: _half(shown).lower(),
    "p": _half,
    "s": lambda shown: str(shown.instant // 1000),
    "t": lambda shown: "\t",
    "u": lambda shown: str(shown.weekday + 1),
    "w": lambda shown: str((shown.weekday + 1) % 7),
    "Y": lambda shown: str(shown.at.year),
    "Z": lambda shown: shown.zone.name,
}

_COMPOSED = {
    "c": "%a %d %b %Y %X %Z",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "v": "%e-%b-%Y",
    "X": "%r",
    "x": "%D",
}
