"""The stored form of events and failures: the same bytes in the inbox, the log and a repeat's answer."""

from __future__ import annotations

from typing import Any

from . import errors
from .document import dumps, loads
from .errors import EngineError, Failed, QueryFailed, RuleFailed, RulesetRefused
from .event import Event, Reply


def event_bytes(event: Event) -> bytes:
    """An event as the inbox and the log hold it; its eid stands beside it."""
    body: dict[str, Any] = {
        "eci": event.eci,
        "domain": event.domain,
        "type": event.type,
        "attrs": event.attrs,
        "time": event.time,
    }
    if event.for_rid is not None:
        body["for"] = event.for_rid
    return dumps(body)


def event_from(eid: str, body: bytes) -> Event:
    """The event of a stored body."""
    data = loads(body)
    return Event(eid, data["eci"], data["domain"], data["type"], data["attrs"], data["time"], data.get("for"))


def response_bytes(directives: list[dict[str, Any]] | None, failure: EngineError | None) -> bytes:
    """How an event ended: its directives, or its failure."""
    if failure is None:
        return dumps({"directives": directives or []})
    told: dict[str, Any] = {"kind": failure.kind, "message": failure.message}
    if isinstance(failure, Failed):
        told |= {"rid": failure.rid, "rule": failure.rule, "line": failure.line}
        told["type"] = type(failure).__name__
        if failure.cause is not None:
            told["cause"] = type(failure.cause).__name__
        if isinstance(failure.cause, RulesetRefused):
            told["diagnostics"] = list(failure.cause.diagnostics)
    return dumps({"failure": told})


def reply_from(eid: str, response: bytes, *, duplicate: bool = False) -> Reply:
    """The reply of a stored response; raises the failure if it was one."""
    data = loads(response)
    failure = data.get("failure")
    if failure is not None:
        kind = QueryFailed if failure.get("type") == "QueryFailed" else RuleFailed
        words, message = failure["kind"], failure["message"]
        cause = _cause(failure, words)
        failed = kind(words, message, failure.get("rid"), failure.get("rule"), failure.get("line"), cause)
        failed.eid = eid
        raise failed
    return Reply(eid, data["directives"], duplicate=duplicate)


def _cause(failure: dict[str, Any], kind: str) -> EngineError | None:
    """An error of the class that stopped the rule, since the class decides how a caller is told."""
    message = failure["message"]
    if failure.get("cause") == RulesetRefused.__name__:
        return RulesetRefused(message, failure.get("diagnostics", ()), kind)
    found = getattr(errors, failure.get("cause", ""), None)
    if not isinstance(found, type) or not issubclass(found, EngineError):
        return None
    cause = found.__new__(found)
    EngineError.__init__(cause, message)
    return cause
