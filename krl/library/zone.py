"""The time zone of the process, in which `strftime` shows instants and reads dates that name no zone.

Source: docs/modules.md, "time".
"""

from __future__ import annotations

import time
from typing import NamedTuple


class Zone(NamedTuple):
    """How local clocks go at an instant."""

    seconds: int  # ahead of UTC
    name: str


def zone_at(instant: int) -> Zone:
    """The zone at an instant in milliseconds since 1970; the standard one where the platform knows no better."""
    try:
        local = time.localtime(instant // 1000)
    except (OverflowError, OSError, ValueError):  # some platforms have no years that far
        return Zone(-time.timezone, time.tzname[0])
    return Zone(local.tm_gmtoff, local.tm_zone)


def from_local(shown: int) -> int:
    """The instant at which local clocks show what `shown` would be in UTC.

    An hour that is skipped or comes twice when clocks change is taken as one of the two.
    """
    guess = shown - zone_at(shown).seconds * 1000
    return shown - zone_at(guess).seconds * 1000
