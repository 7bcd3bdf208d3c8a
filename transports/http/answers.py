"""Answers: what a request gets back, with the statuses that errors have.

Error bodies are `application/problem+json` with the member `error` that every client of the Node engine looks at.

Source: docs/http.md, "Errors".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog

from engine import EngineError, Overloaded, Reply, StoreUnavailable, dumps

from .. import problems
from ..problems import PROBLEM

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"

_log = structlog.get_logger("picoengine.http")

_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response but for the headers that all have."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Headers = ()


class HttpError(Exception):
    """What is wrong with a request before any pico is meant: no such route, wrong method, foreign origin."""

    def __init__(self, status: int, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def json_answer(value: Any, status: int = 200, headers: Headers = ()) -> Answer:
    """The value as JSON."""
    return Answer(status, dumps(value), JSON, headers)


def event_answer(reply: Reply, eci: str) -> Answer:
    """An event's directives; 202 and where to ask later while it goes on."""
    if reply.pending:
        return pending_answer(reply.eid, eci)
    return Answer(200, dumps({"eid": reply.eid, "directives": reply.directives or []}))


def pending_answer(eid: str, eci: str) -> Answer:
    """The event is stored and will be evaluated."""
    location = f"/c/{quote(eci, safe='')}/reply/{quote(eid, safe='')}".encode()
    return json_answer({"eid": eid, "directives": []}, 202, ((b"location", location),))


def behind(reply: Reply) -> Headers:
    """How many events wait for one that waits for the world: a query's answer is from before them."""
    return ((b"pico-behind", str(reply.behind).encode()),) if reply.behind else ()


def reply_answer(reply: Reply, eci: str) -> Answer:
    """Whatever the earlier request would have given."""
    return json_answer(reply.value) if reply.is_query and not reply.pending else event_answer(reply, eci)


def status_of(error: BaseException) -> int:
    """The honest status of an error."""
    return error.status if isinstance(error, HttpError) else problems.status_of(error)


def error_answer(error: Exception, *, legacy: bool = False) -> Answer:
    """The answer for an error. `legacy`: 200 and the text alone, for errors that the Node engine answers so.

    What went wrong inside is for the log; a stranger learns nothing from it.
    """
    status = status_of(error)
    if isinstance(error, HttpError):
        return problem(status, f"Error: {error.message}", error.message, headers=error.headers)
    if not isinstance(error, EngineError):
        _log.error("request failed", exc_info=error)
        return problem(status, "Error: internal error", "internal error")
    if legacy:
        return json_answer({"error": error.text})
    headers: Headers = ()
    if isinstance(error, Overloaded | StoreUnavailable):
        headers = ((b"retry-after", str(error.retry_after).encode()),)
    return problem(status, error.text, error.message, headers=headers, **problems.particulars(error))


def problem(status: int, text: str, detail: str, *, headers: Headers = (), **members: Any) -> Answer:
    """A problem body (RFC 9457); `text` is what the Node engine says in `error`."""
    return Answer(status, dumps(problems.members(status, text, detail, **members)), PROBLEM, headers)


def fits_a_header(value: str) -> bool:
    """Whether the text can stand in a header: nothing that would end it and begin another."""
    return not _NOT_IN_A_HEADER.search(value)


def text_bytes(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which KRL allows, becomes the replacement character."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
