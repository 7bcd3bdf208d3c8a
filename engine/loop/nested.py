"""Events inside a cycle: the rules of one event, all that it raises included; and the events of a newborn pico.

A child that is made in a cycle evaluates its first events within it: its changes join the parent's, its log row
goes into the parent's commit, so the child exists completely or not at all.
"""

from __future__ import annotations

from dataclasses import replace

from ..document import dumps
from ..event import Event
from ..event_json import response_bytes
from ..host import Host
from ..recorder import WITHIN
from ..witness.trace import Trace
from .evaluate import evaluate
from .outcome import NOTHING, changes_bytes, log_row
from .schedule import Schedule

NEWBORN = "newborn"  # the source of events that a pico evaluates in the cycle that makes it


def evaluate_event(host: Host, event: Event) -> None:
    """Run every rule that the event selects, then those of the events raised, breadth first. Raises RuleFailed."""
    schedule = Schedule.for_event(event, host.instances, host.salience)
    if host.trace is not None:
        host.trace.scheduled()
    while entry := schedule.next():
        evaluate(entry, host)
        if host.cleared:
            schedule.clear()
            host.cleared = False
        if host.raised:
            schedule.extend(host.raised)
            host.raised = []


def evaluate_newborn(host: Host, event: Event) -> None:
    """Let a pico made in this cycle evaluate an event at once. Raises RuleFailed; then nothing of the cycle remains.

    Its log row names the event that it is part of: there its inputs are.
    """
    cycle, pico = host.cycle, host.pico
    host.directives = []
    host.trace = Trace(NEWBORN, host.parts.chance.now()) if host.parts.settings.trace else None
    pico.code = host.code
    cycle.blobs[host.code.hash] = host.code.as_json()
    outer = cycle.eid
    cycle.eid = event.eid
    try:
        evaluate_event(host, event)
    finally:
        cycle.eid = outer
    response = response_bytes(host.directives, None)
    within = dumps([[WITHIN, [pico.row.parent, outer], None]])
    row = log_row(host, event, within, changes_bytes(cycle.changes, pico.id), NOTHING, response, "ok")
    pico.head_seq, pico.head_hash, pico.time = row.seq, row.hash, row.t_commit
    cycle.nested.append(row)
    known = cycle.changes.picos[pico.id]
    if known is not None:
        cycle.changes.picos[pico.id] = replace(known, head_seq=row.seq, head_hash=row.hash)
