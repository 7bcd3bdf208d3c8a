"""The routes of picos: one table, from which the paths are matched and the OpenAPI document is made.

A template's words match without regard to case; a parameter's label says which part of the event or query it is, so
that a blank one can be named.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
READING = ("GET", "HEAD")

ENTERING = (400, 403, 404, 413, 429, 503)  # what keeps any request for a pico out
STORING = (*ENTERING, 422)  # a key used with another body
EVALUATING = (*STORING, 409, 500, 502)  # a rule failed; 409, 422 and 502 where the cause came with the request
ASKING = (*ENTERING, 500, 504)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route: where it is, what it does, what it answers when all is well."""

    name: str
    path: str  # `/c/{event.eci}/…`
    methods: tuple[str, ...]
    summary: str
    answer: str  # when all is well
    problems: tuple[int, ...]  # statuses of its error answers, without those of a head or body that is no HTTP
    takes_body: bool = True
    may_be_pending: bool = False  # 202 and a place to ask later
    status: int = 200  # of its answer when all is well


PICO_OPERATIONS = (
    Operation(
        "event",
        "/c/{event.eci}/event/{event.domain}/{event.name}",
        EVERY_METHOD,
        "Store an event; it is evaluated in its turn.",
        "The event's id, after it is on disk.",
        STORING,
    ),
    Operation(
        "event-wait",
        "/c/{event.eci}/event-wait/{event.domain}/{event.name}",
        EVERY_METHOD,
        "Send an event and wait for its end.",
        "The event's id and the directives of its rules.",
        EVALUATING,
        may_be_pending=True,
    ),
    Operation(
        "event-query",
        "/c/{event.eci}/event/{event.domain}/{event.name}/query/{query.rid}/{query.name}",
        EVERY_METHOD,
        "Send an event and ask a query right behind it, with the same members.",
        "The query's value.",
        (*EVALUATING, 504),
    ),
    Operation(
        "query",
        "/c/{query.eci}/query/{query.rid}/{query.name}",
        EVERY_METHOD,
        "Call a shared function of a ruleset; `name.html` and `name.txt` answer its text as it is.",
        "The function's value.",
        ASKING,
    ),
    Operation(
        "reply",
        "/c/{event.eci}/reply/{event.eid}",
        READING,
        "What an earlier event of this channel came to.",
        "What the waited request would have given.",
        (400, 404, 409, 422, 500, 502, 503),
        takes_body=False,
        may_be_pending=True,
    ),
    Operation(
        "blob",
        "/c/{query.eci}/blob/{blob.ref}",
        READING,
        "A large attachment of a mail; the channel must let in the query `attachment` of `email`.",
        "Its bytes.",
        (400, 403, 404, 503),
        takes_body=False,
    ),
    Operation(
        "cloud-event",
        "/c/{event.eci}/ce",
        ("POST",),
        "Store a CloudEvent 1.0 (structured, binary or a batch) whose type is `domain.name`.",
        "The event's id, or a list of ids for a batch.",
        (*STORING, 415),
    ),
    Operation(
        "callback",
        "/callback/{callback.token}",
        ("POST",),
        "Send the event of a callback that a rule has made; the first one counts.",
        "The event's id, after it is on disk.",
        (400, 404, 410, 413, 429, 503),
        status=202,
    ),
    Operation(
        "sky-event",
        "/sky/event/{event.eci}/{event.eid}/{event.domain}/{event.name}",
        EVERY_METHOD,
        "The older form of event-wait; understands the directives _cookie, _redirect and _raw.",
        "The event's id and the directives of its rules, or what `_raw` says.",
        EVALUATING,
        may_be_pending=True,
    ),
    Operation(
        "sky-query",
        "/sky/cloud/{query.eci}/{query.rid}/{query.name}",
        EVERY_METHOD,
        "The older form of query.",
        "The function's value.",
        ASKING,
    ),
)
