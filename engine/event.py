"""Events and queries, and what comes back for them."""

from __future__ import annotations

from typing import Any

from krl import EventFacts, QueryFacts, fact


@fact
class Event(EventFacts):
    """Domain, type and attributes; `eid` names it and all that it causes; `time` in milliseconds since 1970.

    `for_rid`: only this ruleset is offered the event. `attachments`: large parts, by the `ref` under which attributes
    name them; they are stored with the event, and are no part of it in memory afterwards.
    """

    for_rid: str | None = None
    attachments: tuple[tuple[str, bytes], ...] = ()


@fact
class Query(QueryFacts):
    """A shared function of a ruleset, and its arguments by name."""


@fact
class Look(Query):
    """An expression in the place of a shared function: it sees what the ruleset's own functions see.

    Without a rid it sees the pico only.
    """

    text: str = ""


@fact
class EventQuery:
    """An event, and a query that is answered right behind it in the same turn."""

    event: Event
    query: Query


Request = Event | Query | EventQuery

Directive = dict[str, Any]
"""`{"type": "directive", "name", "options", "meta": {"rid", "rule_name", "txnId"}}`."""


@fact
class Receipt:
    """An event is stored and will be evaluated; `duplicate` if it was stored before."""

    eid: str
    duplicate: bool = False


@fact
class Reply:
    """What a finished request yields: an event's directives, or a query's value.

    `pending`: the wait limit was reached; the event is stored and goes on, its reply can be asked for later.
    `behind`: so many events wait for one that waits for the world; the answer is from before them.
    """

    eid: str
    directives: list[Directive] | None = None
    value: Any = None
    is_query: bool = False
    duplicate: bool = False
    pending: bool = False
    behind: int = 0
