"""Problems: what is told to somebody who waits for an answer, whatever he sent his request by.

A problem is a JSON map (RFC 9457) with the member `error` that every client of the Node engine looks at, and a status
of HTTP's, also where HTTP is not spoken.

Source: docs/http.md, "Errors".
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from engine import (
    CallbackEnded,
    ChannelProtected,
    Conflict,
    DeliveryTooLarge,
    EngineError,
    Failed,
    InvalidValue,
    KeyReused,
    NotFound,
    Overloaded,
    OwnChannelNotFound,
    Refused,
    RuleFailed,
    RulesetRefused,
    SourceUnavailable,
    StoreUnavailable,
    TimedOut,
    Undecodable,
    UnsupportedMedia,
)

PROBLEM = "application/problem+json"

STATUSES: dict[type[BaseException], int] = {
    InvalidValue: 400,
    Undecodable: 400,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    CallbackEnded: 410,
    DeliveryTooLarge: 413,
    UnsupportedMedia: 415,
    RulesetRefused: 422,
    KeyReused: 422,
    Overloaded: 429,
    SourceUnavailable: 502,
    StoreUnavailable: 503,
    TimedOut: 504,
}
"""HTTP's statuses, by the nearest class; whatever is not here is 500: a rule failed, or we did."""

CALLERS_CAUSES = (InvalidValue, OwnChannelNotFound, ChannelProtected, Conflict, RulesetRefused, SourceUnavailable)
"""Errors within a rule whose cause the caller sent: they keep their status."""


def status_of(error: BaseException) -> int:
    """The honest status of an error."""
    if isinstance(error, RuleFailed) and isinstance(error.cause, CALLERS_CAUSES):
        error = error.cause
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem that an error is; what went wrong inside is for the log, a stranger learns nothing from it."""
    if not isinstance(error, EngineError):
        return members(500, "Error: internal error", "internal error")
    return members(status_of(error), error.text, error.message, **particulars(error))


def members(status: int, text: str, detail: str, **further: Any) -> dict[str, Any]:
    """A problem; `text` is what the Node engine says in `error`."""
    return {"error": text, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **further}


def particulars(error: EngineError) -> dict[str, Any]:
    """What is known about where it happened."""
    known: dict[str, Any] = {"eid": error.eid}
    cause: Exception | None = error
    if isinstance(error, Failed):
        known |= {"rid": error.rid, "rule": error.rule, "line": error.line}
        cause = error.cause
    if isinstance(cause, RulesetRefused) and cause.diagnostics:
        first = next((each for each in cause.diagnostics if each["severity"] == "error"), cause.diagnostics[0])
        known |= {"line": first["line"], "column": first["column"], "diagnostics": list(cause.diagnostics)}
    return {name: value for name, value in known.items() if value is not None}
