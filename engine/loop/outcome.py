"""What a finished event amounts to, and the log row that tells of it.

Everything here follows from what the rules have done, so evaluating the event again from the log comes to the same.
What a row says of changes is enough to make the pico's next state from the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from krl import fact

from ..chain import link
from ..changes import Changes
from ..document import dumps
from ..effect import Effect
from ..errors import EngineError, Failed, RuleFailed
from ..event import Event
from ..event_json import event_bytes, response_bytes
from ..host import Host
from ..recorder import digest
from ..store.interface import CallbackRow, InboxRow, LogRow, TimerRow
from ..surroundings import delete_pico, kept_children

NOTHING = b"[]"


@fact
class Outcome:
    """What is to be committed of an event, and answered."""

    status: str
    changes: Changes  # none of an event that failed
    sends: list[InboxRow]  # events to picos of this store, not numbered yet
    response: bytes

    def log_row(self, host: Host, event: Event, source: str = "") -> LogRow:
        """The next row of the pico's log; an event whose source is a timer tells that it has fired."""
        changes = changes_bytes(self.changes, host.pico.id, source)
        effects = effects_bytes(self.sends, self.changes.effects)
        return log_row(host, event, host.inputs.encoded(), changes, effects, self.response, self.status)


def outcome(host: Host, event: Event, failure: RuleFailed | None) -> Outcome:
    """What the event amounts to, now that its rules have run. A failed one changes nothing."""
    if host.cycle.deleted:
        _delete_latecomers(host)
    response = response_bytes(host.directives, failure)
    if failure is not None:
        return Outcome(failure.status, Changes(), _system_error(host, event, failure), response)
    changes = host.cycle.changes
    name_codes(changes)
    return Outcome("ok", changes, changes.sends, response)


def _delete_latecomers(host: Host) -> None:
    """While the cycle waited, the picos that it deletes may have made channels and children: these go, too."""
    left = list(host.cycle.deleted)
    while left:
        id = left.pop()
        delete_pico(host, id)
        left += [child for child in kept_children(host, id) if child not in host.cycle.deleted]


def name_codes(changes: Changes) -> None:
    """Rows of new picos name the rulesets that the picos have at the end of the cycle."""
    for id, row in changes.picos.items():
        if row is not None and id in changes.codes:
            changes.picos[id] = replace(row, code=changes.codes[id].hash)


def _system_error(host: Host, event: Event, failure: EngineError) -> list[InboxRow]:
    """The event that tells the failed ruleset of its failure, if it listens; a failed `system:error` makes none."""
    if not isinstance(failure, Failed) or failure.rid is None or (event.domain, event.type) == ("system", "error"):
        return []
    pico = host.pico
    if not any(rid == failure.rid for rid, _ in pico.salience.rules_for("system", "error")):
        return []
    attrs = {
        "level": "error",
        "data": failure.message,
        "rid": failure.rid,
        "rule_name": failure.rule,
        "genus": "system",
        "eid": event.eid,
    }
    told = Event(host.new_eid(), event.eci, "system", "error", attrs, host.now(), failure.rid)
    return [InboxRow(0, pico.id, told.eid, told.eci, f"pico:{pico.id}", event_bytes(told), told.time)]


# --- the log row ----------------------------------------------------------------------------------------------


def log_row(
    host: Host, event: Event, io: bytes, changes: bytes, effects: bytes, response: bytes, status: str
) -> LogRow:
    """The next row of the pico's log; its hash covers the row before it."""
    pico = host.pico
    seq = pico.head_seq + 1
    return LogRow(
        pico=pico.id,
        seq=seq,
        eid=event.eid,
        eci=event.eci,
        code=pico.code.hash,
        event=event_bytes(event),
        io=io,
        changes=changes,
        effects=effects,
        response=response,
        trace=b"" if host.trace is None else host.trace.encoded(),
        status=status,
        t_in=event.time,
        t_commit=max(pico.time, host.parts.chance.now()),
        prev_hash=pico.head_hash,
        hash=link(pico.head_hash, seq, event.eid, pico.code.hash, changes, effects),
    )


def changes_bytes(changes: Changes, pico: str, source: str = "") -> bytes:
    """What the cycle changed of this pico, as its log row tells it; null deletes."""
    told: dict[str, Any] = {}
    if source.startswith("timer:"):
        told["fired"] = source.removeprefix("timer:")
    if changes.forgotten:
        told["forgotten"] = [rid for owner, rid in changes.forgotten if owner == pico]
    if changes.variables:
        told["ent"] = [[rid, name, value] for (owner, rid, name), value in changes.variables.items() if owner == pico]
    if changes.memory:
        told["memory"] = [[rid, rule, *kept] for (owner, rid, rule), kept in changes.memory.items() if owner == pico]
    if pico in changes.codes:
        told["code"] = changes.codes[pico].hash
    if changes.channels or changes.picos:
        told |= _family(changes, pico)
    if changes.timers:
        told["timers"] = {id: row and _timer(row) for id, row in changes.timers.items() if not row or row.pico == pico}
    if changes.callbacks:
        told["callbacks"] = {id: _callback(row) for id, row in changes.callbacks.items() if row.pico == pico}
    return dumps({kind: each for kind, each in told.items() if each})


def _family(changes: Changes, pico: str) -> dict[str, Any]:
    """Channels and children. The first state of a child is no change of its parent: the child's log begins with it."""
    channels = {
        eci: channel and channel.as_map()
        for eci, channel in changes.channels.items()
        if channel is None or channel.pico == pico
    }
    picos = [
        id if row is None else [id, row.family_eci, row.parent_eci]
        for id, row in changes.picos.items()
        if row is None or row.parent == pico
    ]
    return {"channels": channels, "picos": picos}


def _callback(row: CallbackRow) -> dict[str, Any]:
    return {"rid": row.rid, "event": f"{row.domain}:{row.type}", "expires": row.expires_at}


def _timer(row: TimerRow) -> dict[str, Any]:
    return {
        "rid": row.rid,
        "kind": row.kind,
        "spec": row.spec.decode(),
        "due": row.due_at,
        "fire_no": row.fire_no,
        "event": row.body.decode(),
    }


def effects_bytes(sends: Iterable[InboxRow], effects: Iterable[Effect]) -> bytes:
    """What leaves: `["send", pico, eid, digest]` to a pico of this store, `[kind, target, digest]` to others."""
    told = [["send", row.pico, row.eid, digest(row.body)] for row in sends]
    told += [[effect.kind, f"{effect.method} {effect.destination}", digest(effect.as_json())] for effect in effects]
    return dumps(told) if told else NOTHING
