"""A finished event as a person reads it: from its log row, bounded where it is large, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import instant
from ..document import loads
from ..event_json import event_from
from ..registry.code import CodeSet
from ..store.interface import LogRow
from .shown import masked, shown
from .trace import read, story

CodeOf = Callable[[str], CodeSet]
Show = Callable[[Any], Any]


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


def report(row: LogRow, code_of: CodeOf, *, whole: bool = False) -> dict[str, Any]:
    """All that is known of one event; `whole`: values as they are, secrets included, for who has them anyway."""
    mask, show = (_as_it_is, _as_it_is) if whole else (masked, shown)
    event = event_from(row.eid, row.event)
    response = loads(row.response)
    stored = read(row.trace)
    told = {**summary(row), "attrs": mask(event.attrs)}
    if event.for_rid is not None:
        told["for"] = event.for_rid
    if "failure" in response:
        told["failure"] = response["failure"]
    else:
        told["directives"] = mask(response["directives"])
    told["sent"] = [{"pico": pico, "eid": eid} for kind, pico, eid, *_ in loads(row.effects) if kind == "send"]
    told["changes"] = _changes(row, stored, code_of, show)
    if whole:
        told["jobs"] = {id: each and loads(each["spec"]) for id, each in loads(row.changes).get("timers", {}).items()}
    told["trace"] = None if stored is None else story(stored, response.get("directives", []), show)
    return told


def _as_it_is(value: Any) -> Any:
    return value


def _changes(row: LogRow, stored: dict[str, Any] | None, code_of: CodeOf, show: Show) -> dict[str, Any]:
    """What the event changed, kinds of which nothing changed left out."""
    changes = loads(row.changes)
    before = {(rid, name): value for rid, name, value in (stored or {}).get("before", ())}
    told: dict[str, Any] = {}
    if "ent" in changes:
        told["variables"] = [_variable(rid, name, show(value), before) for rid, name, value in changes["ent"]]
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
    if "callbacks" in changes:
        told["callbacks"] = [{"id": id[:16], **callback} for id, callback in changes["callbacks"].items()]
    if "timers" in changes:
        told["timers"] = [{"id": id, "due": row and instant(row["due"])} for id, row in changes["timers"].items()]
    return told


def _variable(rid: str, name: str, value: Any, before: dict[tuple[str, str], Any]) -> dict[str, Any]:
    told = {"rid": rid, "name": name, "after": value}
    return {**told, "before": before[rid, name]} if (rid, name) in before else told
