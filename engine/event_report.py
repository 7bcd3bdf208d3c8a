"""A finished event as a person reads it: from its log row, bounded where it is large, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .document import loads
from .event_json import event_from
from .modules.ctx import instant
from .registry.code import CodeSet
from .shown import masked, shown
from .store.interface import LogRow
from .trace import read, story

CodeOf = Callable[[str], CodeSet]


def summary(row: LogRow) -> dict[str, Any]:
    """What a list of events shows of one."""
    event = event_from(row.eid, row.event)
    told = {
        "eid": row.eid,
        "pico": row.pico,
        "seq": row.seq,
        "status": row.status,
        "eci": row.eci,
        "domain": event.domain,
        "type": event.type,
        "time": instant(row.t_in),
        "finished": instant(row.t_commit),
    }
    failure = loads(row.response).get("failure")
    return told if failure is None else {**told, "error": f"{failure['kind']}: {failure['message']}"}


def report(row: LogRow, code_of: CodeOf) -> dict[str, Any]:
    """All that is known of one event."""
    event = event_from(row.eid, row.event)
    response = loads(row.response)
    stored = read(row.trace)
    told = {**summary(row), "attrs": masked(event.attrs)}
    if event.for_rid is not None:
        told["for"] = event.for_rid
    if "failure" in response:
        told["failure"] = response["failure"]
    else:
        told["directives"] = masked(response["directives"])
    told["sent"] = [{"pico": pico, "eid": eid} for kind, pico, eid, *_ in loads(row.effects) if kind == "send"]
    told["changes"] = _changes(row, stored, code_of)
    told["trace"] = None if stored is None else story(stored, response.get("directives", []))
    return told


def _changes(row: LogRow, stored: dict[str, Any] | None, code_of: CodeOf) -> dict[str, Any]:
    """What the event changed, kinds of which nothing changed left out."""
    changes = loads(row.changes)
    before = {(rid, name): value for rid, name, value in (stored or {}).get("before", ())}
    told: dict[str, Any] = {}
    if "ent" in changes:
        told["variables"] = [_variable(rid, name, value, before) for rid, name, value in changes["ent"]]
    if changes.get("forgotten"):
        told["forgotten"] = changes["forgotten"]
    if "memory" in changes:
        told["expressions"] = [
            {"rid": rid, "rule": rule, "begun": kept is not None} for rid, rule, _, kept in changes["memory"]
        ]
    if "code" in changes:
        told["rulesets"] = {"before": code_of(row.code).rids(), "after": code_of(changes["code"]).rids()}
    if "channels" in changes:
        told["channels"] = [{"eci": eci, "channel": channel} for eci, channel in changes["channels"].items()]
    if "picos" in changes:
        made = [each[0] for each in changes["picos"] if isinstance(each, list)]
        told["picos"] = {"made": made, "deleted": [each for each in changes["picos"] if isinstance(each, str)]}
    if "timers" in changes:
        told["timers"] = [{"id": id, "due": row and instant(row["due"])} for id, row in changes["timers"].items()]
    return told


def _variable(rid: str, name: str, value: Any, before: dict[tuple[str, str], Any]) -> dict[str, Any]:
    told = {"rid": rid, "name": name, "after": shown(value)}
    return {**told, "before": before[rid, name]} if (rid, name) in before else told
