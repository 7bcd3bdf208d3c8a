"""Time, chance and fresh names: the three things that a test must be able to own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random, SystemRandom

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALPHABET = _LETTERS + "0123456789"
_ALPHABET_SIZE = len(_ALPHABET)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def instant(milliseconds: int) -> str:
    """Milliseconds since 1970 as KRL writes an instant."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def new_id() -> str:
    """An unguessable name: a letter and 25 of `[a-z0-9]`, 129 bits; it survives mail addresses and routing keys."""
    number = secrets.randbits(160)
    number, first = divmod(number, 26)
    characters = [_LETTERS[first]]
    for _ in range(25):
        number, digit = divmod(number, _ALPHABET_SIZE)
        characters.append(_ALPHABET[digit])
    return "".join(characters)


class EventIds:
    """Event ids: UUIDv7, so that they sort in time; ascending even within one millisecond.

    They are names and no secrets, so a seeded generator makes them: the system's own costs a call each time.
    """

    def __init__(self, now: Callable[[], int] = now_ms, randbits: Callable[[int], int] | None = None) -> None:
        self._now = now
        self._randbits = randbits or Random(secrets.randbits(128)).getrandbits
        self._millisecond = 0
        self._counter = 0
        self._head = ""  # what all ids of the millisecond begin with

    def __call__(self) -> str:
        """A fresh id."""
        now = self._now()
        if now > self._millisecond:
            self._begin(now)
        else:
            # The counter takes the 12 bits behind the time; a full one borrows the next millisecond (RFC 9562, 6.2).
            self._counter += 1
            if self._counter > 0xFFF:
                self._begin(self._millisecond + 1)
        tail = f"{self._randbits(62) | 0x8000000000000000:x}"
        return f"{self._head}{self._counter:03x}-{tail[:4]}-{tail[4:]}"

    def _begin(self, millisecond: int) -> None:
        self._millisecond = millisecond
        self._counter = self._randbits(11)
        text = f"{millisecond:012x}"
        self._head = f"{text[:8]}-{text[8:]}-7"


@dataclass(frozen=True, slots=True)
class Chance:
    """Where an engine takes time, chance and names from; `sleep`, in seconds, goes by the clock of `now`."""

    now: Callable[[], int] = now_ms
    random: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)
    new_id: Callable[[], str] = new_id
    new_eid: Callable[[], str] = field(default_factory=EventIds)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    longest_sleep: float = 60.0  # seconds; a clock that somebody sets is noticed within them

    async def rest(self, seconds: float, poked: asyncio.Event) -> None:
        """Sleep so long, or until somebody pokes."""
        waits = [asyncio.ensure_future(each) for each in (poked.wait(), self.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
