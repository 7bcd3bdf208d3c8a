"""The shapes of what each route takes and answers, as OpenAPI and JSON Schema describe them, by the operation's name.

An answer's members that only tell more are left out of its schema: a client may rely on what is required here.
"""

from __future__ import annotations

from typing import Any

from engine import STATUSES

Shape = dict[str, Any]

JSON = "application/json"
TEXT = "text/plain"
ANYTHING: Shape = {}
A_TEXT: Shape = {"type": "string"}
A_NUMBER: Shape = {"type": "integer"}


def some(*required: str, **members: Shape) -> Shape:
    """A map with these members, the required ones of any shape where none is given; others may be there."""
    properties = {name: members.get(name, ANYTHING) for name in (*required, *members)}
    return {"type": "object", "required": list(required), "properties": properties}


def listed(item: Shape) -> Shape:
    """An array of such items."""
    return {"type": "array", "items": item}


DIRECTIVE = some("type", "name", "options", "meta", type={"const": "directive"}, name=A_TEXT, meta={"type": "object"})
OUTCOME = some("eid", "directives", eid=A_TEXT, directives=listed({"$ref": "#/components/schemas/Directive"}))
PROBLEM = some(
    "error", "title", "status", "detail",
    error={**A_TEXT, "description": "Kind and message."}, title=A_TEXT, status=A_NUMBER, detail=A_TEXT, eid=A_TEXT,
    rid=A_TEXT, rule=A_TEXT, line=A_NUMBER, column=A_NUMBER, diagnostics=listed({"type": "object"}),
)  # fmt: skip
_SUMMARY = some(
    "eid", "pico", "status", "eci", "domain", "type",
    eid=A_TEXT, pico=A_TEXT, eci=A_TEXT, domain=A_TEXT, type=A_TEXT,
    status={"enum": [*STATUSES, "running", "waiting"]},
)  # fmt: skip

SCHEMAS: dict[str, Shape] = {"Directive": DIRECTIVE, "Outcome": OUTCOME, "Problem": PROBLEM, "EventSummary": _SUMMARY}
"""What several routes share."""


def reference(name: str) -> Shape:
    """The shared schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


_AS_IT_IS = {TEXT: {"schema": A_TEXT}, "text/html": {"schema": A_TEXT}}  # of `name.txt` and `name.html`

ANSWERS: dict[str, dict[str, Shape]] = {
    "event": {JSON: {"schema": A_TEXT}},
    "event-wait": {JSON: {"schema": reference("Outcome")}},
    "event-query": {JSON: {"schema": ANYTHING}},
    "query": {JSON: {"schema": ANYTHING}, **_AS_IT_IS},
    "reply": {JSON: {"schema": ANYTHING}},
    "cloud-event": {JSON: {"schema": {"anyOf": [A_TEXT, listed(A_TEXT)]}}},
    "sky-event": {"*/*": {"schema": ANYTHING}},
    "sky-query": {JSON: {"schema": ANYTHING}, **_AS_IT_IS},
    "ui-context": {JSON: {"schema": some("version", "eci", version=A_TEXT, eci=A_TEXT)}},
    "flush": {JSON: {"schema": some("url", "rid", "hash", "flushed", "compiler", url=A_TEXT, rid=A_TEXT)}},
    "follow-events": {"text/event-stream": {"schema": A_TEXT}},
    "list-events": {
        JSON: {"schema": some("events", "after", events=listed(reference("EventSummary")), after=A_NUMBER)}
    },
    "show-event": {JSON: {"schema": reference("EventSummary")}},
    "show-pico": {JSON: {"schema": some("id", "name", "parent", "children", "channels", "rulesets", id=A_TEXT)}},
    "list-rulesets": {
        JSON: {
            "schema": some("rulesets", rulesets=listed(some("url", "rid", "hash", "flushed", url=A_TEXT, rid=A_TEXT)))
        }
    },
    "openapi": {JSON: {"schema": some("openapi", "info", "paths")}},
    "healthz": {TEXT: {"schema": A_TEXT}},
    "readyz": {TEXT: {"schema": A_TEXT}},
    "metrics": {TEXT: {"schema": A_TEXT}},
}
"""The content of status 200, by media type."""

FURTHER_ANSWERS: dict[str, dict[str, Shape]] = {
    "readyz": {"503": {"description": "It does not, yet or any more.", "content": {TEXT: {"schema": A_TEXT}}}},
    "sky-event": {
        "302": {"description": "Where the directive `_redirect` says.", "content": {TEXT: {"schema": A_TEXT}}},
        "default": {"description": "What the directive `_raw` says.", "content": {"*/*": {"schema": ANYTHING}}},
    },
}
"""Answers that are neither 200, 202 nor a problem, by status."""

MEMBERS: Shape = {
    "description": "Attributes of the event or arguments of the query, joined with those of the query string.",
    "content": {
        JSON: {"schema": {"type": ["object", "array"]}},
        "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": A_TEXT}},
    },
}
_CLOUD_EVENT = some(
    "specversion", "id", "source", "type",
    specversion={"const": "1.0"},
    id={**A_TEXT, "minLength": 1},
    source={**A_TEXT, "minLength": 1},
    type={**A_TEXT, "pattern": r"^[A-Za-z0-9_]+\.[A-Za-z0-9_.]+$", "description": "`domain.name`"},
)  # fmt: skip
CLOUD_EVENT: Shape = {
    "description": "A CloudEvent, structured or as a batch; the binary form has its description in ce- headers.",
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": _CLOUD_EVENT},
        "application/cloudevents-batch+json": {"schema": listed(_CLOUD_EVENT)},
    },
}
BODIES: dict[str, Shape] = {"cloud-event": CLOUD_EVENT}
"""What a request's body is, where it is not MEMBERS."""

_MEMBERS_OF_QUERY: Shape = {
    "name": "members",
    "in": "query",
    "description": "Attributes of the event or arguments of the query, each under its own name.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": A_TEXT},
}
_KEY: Shape = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes repeating the request harmless: the answer is that of the first one.",
    "schema": {**A_TEXT, "maxLength": 255},
}
_PREFER: Shape = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`: the answer is 202 as soon as the event is stored.",
    "schema": {"type": "string"},
}
_URL: Shape = {"name": "url", "in": "query", "description": "The ruleset's URL.", "schema": A_TEXT}
_PICO: Shape = {"name": "pico", "in": "query", "description": "Id of a pico, or an ECI of it.", "schema": A_TEXT}
_STATUS: Shape = {
    "name": "status",
    "in": "query",
    "description": "How the events ended.",
    "schema": {"type": "string", "enum": list(STATUSES)},
}
_AFTER: Shape = {
    "name": "after",
    "in": "query",
    "description": "The member `after` of the page before; without it the latest events are told.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
}
_LIMIT: Shape = {
    "name": "limit",
    "in": "query",
    "description": "Events of a page.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 500},
}

PARAMETERS: dict[str, list[Shape]] = {
    "event": [_MEMBERS_OF_QUERY, _KEY],
    "event-wait": [_MEMBERS_OF_QUERY, _KEY, _PREFER],
    "event-query": [_MEMBERS_OF_QUERY, _KEY],
    "query": [_MEMBERS_OF_QUERY],
    "sky-event": [_MEMBERS_OF_QUERY, _KEY, _PREFER],
    "sky-query": [_MEMBERS_OF_QUERY],
    "flush": [_URL],
    "list-events": [_PICO, _AFTER, _STATUS, _LIMIT],
    "follow-events": [_PICO, _STATUS],
}
"""Parameters beside those of the path."""
