"""The OpenAPI 3.1 document, made from the same tables as the routes.

Every status that a route can answer is named. What a server answers before it knows the route (400 for what is no
HTTP, 408 for a request that does not arrive, 431 for a head that is too large) is not the routes' and stands in the
description.

Source: OpenAPI Specification 3.1.1 (spec.openapis.org).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ..http import PICO_OPERATIONS, PROBLEM, Operation
from .shapes import ANSWERS, BODIES, FURTHER_ANSWERS, JSON, MEMBERS, PARAMETERS, SCHEMAS, reference
from .table import API_OPERATIONS

DESCRIPTION = (
    "Events to picos, and queries of them. Before a route is known, a connection may also be answered with 400 (this "
    "is no HTTP), 408 (the request takes too long to arrive) or 431 (its head is too large), without a body."
)
WITHOUT_BODY = frozenset({"GET", "HEAD"})  # a body is read all the same; a description of one is not allowed
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
RETRIED = frozenset({429, 503})


def document(version: str, base_url: str) -> dict[str, Any]:
    """The description of every route that this program has."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in (*PICO_OPERATIONS, *API_OPERATIONS):
        names = parameter_names(operation.path)
        path = operation.path
        for label, name in names.items():
            path = path.replace("{" + label + "}", "{" + name + "}")
        described = {method.lower(): _described(operation, method, names) for method in operation.methods}
        paths.setdefault(path, {}).update(described)
    return {
        "openapi": "3.1.0",
        "info": {"title": "picoengine", "version": version, "description": DESCRIPTION},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": SCHEMAS},
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
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names.values()]
    described: dict[str, Any] = {
        "operationId": operation.name if method == operation.methods[0] else f"{operation.name}-{method.lower()}",
        "summary": operation.summary,
        "parameters": in_path + PARAMETERS.get(operation.name, []),
        "responses": _responses(operation, method),
    }
    if operation.takes_body and method not in WITHOUT_BODY:
        described["requestBody"] = BODIES.get(operation.name, MEMBERS)
    return described


def _responses(operation: Operation, method: str) -> dict[str, Any]:
    answer = {"description": operation.answer, "content": ANSWERS[operation.name]}
    responses: dict[str, Any] = {str(operation.status): answer}
    if operation.may_be_pending:
        responses["202"] = _pending()
    responses |= {str(status): _problem(status) for status in sorted(operation.problems)}
    responses |= FURTHER_ANSWERS.get(operation.name, {})
    if method == "HEAD":
        return {status: _without_content(each) for status, each in responses.items()}
    return responses


def _pending() -> dict[str, Any]:
    return {
        "description": "The event is stored and goes on; ask at Location.",
        "headers": {"Location": {"description": "A path of this engine.", "schema": {"type": "string"}}},
        "content": {JSON: {"schema": reference("Outcome")}},
    }


def _problem(status: int) -> dict[str, Any]:
    described = {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": reference("Problem")}}}
    return {**described, "headers": RETRY_AFTER} if status in RETRIED else described


def _without_content(response: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name != "content"}
