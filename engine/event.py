"""Events and queries, and what comes back for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from krl import EventFacts, QueryFacts


@dataclass(frozen=True, slots=True)
class Event(EventFacts):
    """Domain, type and attributes; `eid` names it and all that it causes; `time` in milliseconds since 1970.

    `for_rid`: only this ruleset is offered the event.
    """

    for_rid: str | None = None


@dataclass(frozen=True, slots=True)
class Query(QueryFacts):
    """A shared function of a ruleset, and its arguments by name."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """An event, and a query that is answered right behind it in the same turn."""

    event: Event
    query: Query


Request = Event | Query | EventQuery

Directive = dict[str, Any]
"""`{"type": "directive", "name", "options", "meta": {"rid", "rule_name", "txnId"}}`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An event is stored and will be evaluated; `duplicate` if it was stored before."""

    eid: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a finished request yields: an event's directives, or a query's value.

    `pending`: the wait limit was reached; the event is stored and goes on, its reply can be asked for later.
    """

    eid: str
    directives: list[Directive] | None = None
    value: Any = None
    is_query: bool = False
    duplicate: bool = False
    pending: bool = False
