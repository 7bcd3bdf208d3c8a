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

_LETTER = some(
    "name", "kind", "pico", "status",
    name=A_TEXT, kind={"enum": ["event", "effect", "step"]}, pico=A_TEXT, status={"enum": ["failed", "dead", "held"]},
)  # fmt: skip

_REPLAY = some(
    "pico", "seq", "evaluated", "divergences", "found",
    pico=A_TEXT, seq=A_NUMBER, evaluated=A_NUMBER, divergences=A_NUMBER,
    found=listed(some("seq", "eid", "event", "what", seq=A_NUMBER, what=A_TEXT)),
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
    "blob": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "callback": {JSON: {"schema": reference("Outcome")}},
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
    "list-dead": {JSON: {"schema": some("letters", "after", letters=listed(_LETTER), after=A_NUMBER)}},
    "retry-all-dead": {JSON: {"schema": some("retried", "left", retried=A_NUMBER, left=A_NUMBER)}},
    "show-dead": {JSON: {"schema": _LETTER}},
    "retry-dead": {JSON: {"schema": some("name", "eid", name=A_TEXT, eid=A_TEXT)}},
    "drop-dead": {JSON: {"schema": some("dropped", dropped=A_TEXT)}},
    "list-paused": {JSON: {"schema": some("all", "picos", picos={"type": "object"})}},
    "pause": {JSON: {"schema": some("paused", "running")}},
    "resume": {JSON: {"schema": some("resumed")}},
    "cancel-event": {JSON: {"schema": some("cancelled", cancelled=A_TEXT)}},
    "cancel-timer": {JSON: {"schema": some("cancelled", cancelled=A_TEXT)}},
    "evaluate": {JSON: {"schema": some("value")}},
    "doctor": {JSON: {"schema": some("findings", findings=listed(some("kind", "subject", "what")))}},
    "show-case": {JSON: {"schema": some("event", "now", "rulesets", "variables", "expressions", "inputs")}},
    "show-state": {JSON: {"schema": some("pico", "seq", "variables", pico=A_TEXT, seq=A_NUMBER)}},
    "replay": {JSON: {"schema": _REPLAY}},
    "back-test": {JSON: {"schema": _REPLAY}},
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
_OF_A_PICO: Shape = {
    "description": "Which pico is meant, by its id or an ECI; all without it.",
    "content": {JSON: {"schema": {"type": "object", "properties": {"pico": A_TEXT}}}},
}
_CHANGES: Shape = {
    "description": "Attributes to change; null takes one away.",
    "content": {JSON: {"schema": {"type": "object", "properties": {"attrs": {"type": "object"}}}}},
}
_OTHER_TEXT: Shape = {
    "description": "The text of a ruleset, and the number of the last event to be evaluated.",
    "required": True,
    "content": {JSON: {"schema": some("source", source=A_TEXT, to={"type": ["integer", "null"], "minimum": 0})}},
}
_EXPRESSION: Shape = {
    "description": "The expression, with declarations in front of it as they are needed, and the ruleset it is to see.",
    "required": True,
    "content": {JSON: {"schema": some("expression", expression=A_TEXT, rid={"type": ["string", "null"]})}},
}
BODIES: dict[str, Shape] = {
    "back-test": _OTHER_TEXT,
    "cloud-event": CLOUD_EVENT,
    "evaluate": _EXPRESSION,
    "retry-dead": _CHANGES,
    "retry-all-dead": _OF_A_PICO,
    "pause": _OF_A_PICO,
}
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

_KIND: Shape = {
    "name": "kind",
    "in": "query",
    "description": "Events that failed, effects that did not leave, or calls that are held.",
    "schema": {"type": "string", "enum": ["event", "effect", "step"]},
}
_VERIFY: Shape = {
    "name": "verify",
    "in": "query",
    "description": "Whether to look at every event there ever was.",
    "schema": {"type": "boolean"},
}

_AT: Shape = {
    "name": "at",
    "in": "query",
    "description": "The number of an event, or a time such as 2031-05-01T12:00:00Z.",
    "schema": A_TEXT,
}
_TO: Shape = {
    "name": "to",
    "in": "query",
    "description": "The number of the last event to be evaluated.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
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
    "list-dead": [_KIND, _PICO, _AFTER, _LIMIT],
    "resume": [_PICO],
    "doctor": [_VERIFY],
    "show-state": [_AT],
    "replay": [_TO],
}
"""Parameters beside those of the path."""
