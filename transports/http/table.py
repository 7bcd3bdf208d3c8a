"""The routes of picos: one table, from which the paths are matched and the OpenAPI document is made.

A template's words match without regard to case; a parameter's label says which part of the event or query it is, so
that a blank one can be named.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Operation:
    """One route: where it is, what it does, what it answers when all is well."""

    name: str
    path: str  # `/c/{event.eci}/…`
    methods: tuple[str, ...]
    summary: str
    answer: str  # of status 200
    takes_body: bool = True
    may_be_pending: bool = False  # 202 and a place to ask later


PICO_OPERATIONS = (
    Operation(
        "event",
        "/c/{event.eci}/event/{event.domain}/{event.name}",
        EVERY_METHOD,
        "Store an event; it is evaluated in its turn.",
        "The event's id, after it is on disk.",
    ),
    Operation(
        "event-wait",
        "/c/{event.eci}/event-wait/{event.domain}/{event.name}",
        EVERY_METHOD,
        "Send an event and wait for its end.",
        "The event's id and the directives of its rules.",
        may_be_pending=True,
    ),
    Operation(
        "event-query",
        "/c/{event.eci}/event/{event.domain}/{event.name}/query/{query.rid}/{query.name}",
        EVERY_METHOD,
        "Send an event and ask a query right behind it, with the same members.",
        "The query's value.",
    ),
    Operation(
        "query",
        "/c/{query.eci}/query/{query.rid}/{query.name}",
        EVERY_METHOD,
        "Call a shared function of a ruleset; `name.html` and `name.txt` answer its text as it is.",
        "The function's value.",
    ),
    Operation(
        "reply",
        "/c/{event.eci}/reply/{event.eid}",
        READING,
        "What an earlier event of this channel came to.",
        "What the waited request would have given.",
        takes_body=False,
        may_be_pending=True,
    ),
    Operation(
        "cloud-event",
        "/c/{event.eci}/ce",
        ("POST",),
        "Store a CloudEvent 1.0 (structured, binary or a batch) whose type is `domain.name`.",
        "The event's id, or a list of ids for a batch.",
    ),
    Operation(
        "sky-event",
        "/sky/event/{event.eci}/{event.eid}/{event.domain}/{event.name}",
        EVERY_METHOD,
        "The older form of event-wait; understands the directives _cookie, _redirect and _raw.",
        "The event's id and the directives of its rules, or what `_raw` says.",
        may_be_pending=True,
    ),
    Operation(
        "sky-query",
        "/sky/cloud/{query.eci}/{query.rid}/{query.name}",
        EVERY_METHOD,
        "The older form of query.",
        "The function's value.",
    ),
)
