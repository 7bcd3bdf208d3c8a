"""What is known after a round of torture: what clients sent and were told, and what the engine has of it in the end.

The workload is one of lists. An `enter` appends its id to the list `entries` of its pico, may make the pico tell
another (`told` there), promise itself an event (`timed`), and post to a sink. A `fail` fails after it has written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ENTRIES, TOLD, TIMED = LISTS = ("entries", "told", "timed")
LIST_OF = {"enter": ENTRIES, "tell": TOLD, "time": TIMED}  # an event's type → the list that its id joins


@dataclass(frozen=True, slots=True)
class Sent:
    """One event of one client, delivered until it was acknowledged or the client gave up."""

    id: str
    client: str
    number: int  # among the client's events
    pico: str
    type: str
    asked_at: float  # of the first attempt; seconds on the clients' clock
    acked_at: float | None = None  # None: nobody has ever said that the engine has it
    eids: tuple[str, ...] = ()  # all that answers have called it


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the workload as a pico's log has it."""

    seq: int
    eid: str
    type: str
    id: str
    status: str
    to: str | None = None  # the pico that it tells
    later: bool = False  # whether it promises an event
    keys: tuple[str, ...] = ()  # of the effects that leave with it


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that the verdict rests on; picos go by their names in the workload."""

    sent: tuple[Sent, ...]
    log: Mapping[str, tuple[Logged, ...]]  # of each pico, in the order of the log
    lists: Mapping[tuple[str, str], tuple[str, ...]]  # (pico, list) → ids, as a query tells them
    arrived: Mapping[str, int]  # key → how often the sink got it
    differences: tuple[str, ...] = ()  # between the stored state and the one that the log leads to
    breaks: tuple[str, ...] = ()  # in the chains of the logs, and between tables
    left: tuple[str, ...] = ()  # what is neither done nor on its way
    drained_seconds: float | None = 0.0  # from healing to the last event's end; None: it did not come
    patience_seconds: float = 60.0
    surprises: tuple[str, ...] = field(default=())  # ends of the engine that nobody brought about, strange answers
