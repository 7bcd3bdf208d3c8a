"""The OpenAPI 3.1 document, made from the same tables as the routes.

Source: OpenAPI Specification 3.1.1 (spec.openapis.org).
"""

from __future__ import annotations

from typing import Any

from ..http import PICO_OPERATIONS, PROBLEM, Operation
from .events import QUERY_PARAMETERS
from .table import API_OPERATIONS

# HEAD, PUT, PATCH and DELETE do what POST does on these routes; showing two methods is enough for a reader.
SHOWN_METHODS = ("GET", "POST")

_MEMBERS: dict[str, Any] = {
    "description": "Attributes of the event or arguments of the query, joined with those of the query string.",
    "content": {
        "application/json": {"schema": {"type": ["object", "array"]}},
        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
    },
}
_CLOUD_EVENT: dict[str, Any] = {
    "description": "A CloudEvent, structured or as a batch; the binary form has its description in ce- headers.",
    "content": {
        "application/cloudevents+json": {"schema": {"type": "object"}},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
    },
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error", "title", "status", "detail"],
    "properties": {
        "error": {"type": "string", "description": "Kind and message."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "eid": {"type": "string"},
        "rid": {"type": "string"},
        "rule": {"type": "string"},
        "line": {"type": "integer"},
        "column": {"type": "integer"},
        "diagnostics": {"type": "array", "items": {"type": "object"}},
    },
}
_PENDING = "The event is stored and goes on; ask at Location."


def document(version: str, base_url: str) -> dict[str, Any]:
    """The description of every route that this program has."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in (*PICO_OPERATIONS, *API_OPERATIONS):
        names = parameter_names(operation.path)
        path = operation.path
        for label, name in names.items():
            path = path.replace("{" + label + "}", "{" + name + "}")
        paths[path] = {
            method.lower(): _described(operation, method, names)
            for method in SHOWN_METHODS
            if method in operation.methods
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "picoengine", "version": version, "description": "Events to picos, and queries of them."},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": {"Problem": _PROBLEM_SCHEMA}},
    }


def parameter_names(path: str) -> dict[str, str]:
    """A path's labels, `event.domain`, with names that a reader knows: `domain`, and `query_name` beside `name`."""
    names: dict[str, str] = {}
    for segment in path.split("/"):
        if segment.startswith("{"):
            label = segment[1:-1]
            name = label.rpartition(".")[2]
            names[label] = label.replace(".", "_") if name in names.values() else name
    return names


def _described(operation: Operation, method: str, names: dict[str, str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name if method == operation.methods[0] else f"{operation.name}-{method.lower()}",
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names.values()
        ]
        + [{**each, "in": "query"} for each in QUERY_PARAMETERS.get(operation.name, ())],
        "responses": _responses(operation),
    }
    if operation.takes_body and method == "POST":
        described["requestBody"] = _CLOUD_EVENT if operation.name == "cloud-event" else _MEMBERS
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    responses: dict[str, Any] = {"200": {"description": operation.answer}}
    if operation.may_be_pending:
        responses["202"] = {"description": _PENDING}
    responses["default"] = {"description": "What went wrong.", "content": {PROBLEM: problem}}
    return responses
