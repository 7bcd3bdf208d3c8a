"""Phase 5, respond: one commit for all that the event did, then the reply.

The rows of a cycle are its log row, its state, its sends and what it did to picos and channels; the pico takes the
new state at once, the outside learns of it after the commit. A failed event has a log row and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from ..chain import link
from ..changes import Changes
from ..channel import Channel
from ..document import dumps
from ..effect import outbox_row
from ..errors import ChannelNotFound, EngineError, Failed
from ..event import Event, Reply
from ..event_json import event_bytes, event_from, response_bytes
from ..host import Host
from ..store.interface import ChannelRow, DedupRow, InboxRow, LogRow, OutboxRow, TimerRow, Writes
from .commit import Committer, Decision
from .wait import Item, Mailbox, Mailboxes

AGAIN_SECONDS = 0.5  # after a read that failed


class Responder:
    """Turns finished cycles into commits, and commits into replies."""

    def __init__(self, committer: Committer, mailboxes: Mailboxes, dedup_seconds: float) -> None:
        self._committer = committer
        self._mailboxes = mailboxes
        self._dedup_ms = int(dedup_seconds * 1000)
        self._inbox_id = 0
        self._outbox_id = 0

    def start_numbers(self, inbox_id: int, outbox_id: int) -> None:
        """The numbers of arrivals and of effects go on from here."""
        self._inbox_id = inbox_id
        self._outbox_id = outbox_id

    def store_item(self, item: Item) -> Decision:
        """Commit the acceptance of an event before its turn: its inbox row and its key."""
        item.inbox_id = self._next_inbox_id()
        writes = Writes(inbox_add=[self._inbox_row(item)])
        if item.key is not None:
            writes.dedup_add.append(self._dedup_row(item, None))
        decision = Decision(writes, item=item)
        return self._committer.submit(decision)

    def respond(self, host: Host, box: Mailbox, item: Item, event: Event, failure: EngineError | None) -> None:
        """Commit what the event did, or that it failed; its callers are told when that is on disk."""
        cycle = host.cycle
        item.committing = True
        changes = cycle.changes if failure is None else Changes()
        if cycle.deleted:
            _delete_latecomers(host)
        name_codes(changes)
        sends = changes.sends if failure is None else self._system_error(host, event, failure)
        wakes = [self._numbered(row) for row in sends]
        response = response_bytes(host.directives, failure)
        _note_before(host, changes)
        log = self._log_row(host, event, changes, wakes, response, failure)
        writes = Writes(log=[log, *(cycle.nested if failure is None else ())])
        writes.head = (host.pico.id, log.seq - 1, log.seq, log.hash)
        writes.inbox_add = [row for row, _ in wakes]
        writes.outbox_add = [
            outbox_row(self._next_outbox_id(), effect, host.pico.id, log.seq, n, event.eid, host.now())
            for n, effect in enumerate(changes.effects)
        ]
        if item.inbox_id is not None:
            writes.inbox_done.append(item.inbox_id)
        if item.key is not None:
            if item.inbox_id is None:
                writes.dedup_add.append(self._dedup_row(item, response))
            else:
                writes.dedup_done.append((*item.key, response))
        decision = Decision(writes, box, dict(changes.picos), dict(changes.channels), [each for _, each in wakes], item)
        write_changes(writes, changes)
        self._take(host, log, changes, cycle.deleted if failure is None else ())
        reply = None if failure is not None else Reply(event.eid, host.directives)
        decision.then.append(lambda lost: tell(item, lost, reply, failure))
        number = self._committer.submit(decision).number
        host.parts.directory.decide(number, decision.picos, decision.channels)
        if changes.timers:
            host.parts.timetable.decide(number, changes.timers)

    def answer(self, box: Mailbox, item: Item, value: Any, failure: EngineError | None) -> None:
        """Give a query's answer, or why there is none, once the state that it saw is on disk."""
        reply = None if failure is not None else Reply(item.eid, value=value, is_query=True)
        self._committer.after(box, lambda lost: item.finish(None, lost) if lost else item.finish(reply, failure))

    def fire(self, row: InboxRow | None, timer: str, next_firing: TimerRow | None) -> Decision:
        """Commit a timer's firing: its event and its next firing, in one."""
        writes = Writes(timers={timer: next_firing})
        wakes = []
        if row is not None:
            row, item = self._numbered(row)
            writes.inbox_add.append(row)
            wakes.append(item)
        return self._committer.submit(Decision(writes, wakes=wakes))

    def settle_effect(self, effect: OutboxRow, answer: InboxRow | None) -> None:
        """Commit what became of an effect, and the event that tells a pico of it."""
        writes = Writes(outbox_set=[effect])
        wakes = []
        if answer is not None:
            row, item = self._numbered(answer)
            writes.inbox_add.append(row)
            wakes.append(item)
        self._committer.submit(Decision(writes, wakes=wakes))

    def again(self, item: Item) -> None:
        """Take a stored event again, a little later: its store could not be read."""
        asyncio.get_running_loop().call_later(AGAIN_SECONDS, lambda: self._mailboxes.put(item, first=True))

    def drop(self, item: Item, why: EngineError) -> None:
        """Take an event for a pico that is gone out of the inbox."""
        item.finish(None, why)
        if item.inbox_id is not None:
            self._committer.submit(Decision(Writes(inbox_done=[item.inbox_id])))

    # --- rows ---------------------------------------------------------------------------------------------

    def _take(self, host: Host, log: LogRow, changes: Changes, deleted: Iterable[str]) -> None:
        """The pico's state in memory becomes what the cycle made of it."""
        pico = host.pico
        pico.head_seq, pico.head_hash = log.seq, log.hash
        if changes.codes:
            pico.code, pico.instances, pico.salience = host.code, host.instances, host.salience
        host.parts.registry.adopt(changes.registry)
        for pico_id, rid in changes.forgotten:
            if pico_id == pico.id:
                for known in [key for key in pico.variables if key[0] == rid]:
                    pico.variables[known] = None
                for rule in [key for key in pico.memory if key[0] == rid]:
                    del pico.memory[rule]
        for (pico_id, rid, name), value in changes.variables.items():
            if pico_id == pico.id:
                pico.variables[rid, name] = value
        for (pico_id, rid, rule_name), memory in changes.memory.items():
            if pico_id == pico.id:
                pico.memory[rid, rule_name] = memory
        for gone in deleted:
            self._close(gone)

    def _close(self, pico: str) -> None:
        box = self._mailboxes.of(pico)
        items = self._mailboxes.drop(pico)
        if box.running is not None:
            items.append(box.running)
            if box.job is not None:
                box.job.cancel()
        for item in items:
            item.finish(None, ChannelNotFound(item.eci))

    def _log_row(
        self,
        host: Host,
        event: Event,
        changes: Changes,
        wakes: list[tuple[InboxRow, Item]],
        response: bytes,
        failure: EngineError | None,
    ) -> LogRow:
        return log_row(
            host,
            event,
            changes_bytes(changes, host.pico.id),
            dumps([[row.pico, row.eid] for row, _ in wakes]),
            response,
            "ok" if failure is None else "failed",
        )

    def _system_error(self, host: Host, event: Event, failure: EngineError) -> list[InboxRow]:
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
        told = Event(host.parts.chance.new_eid(), event.eci, "system", "error", attrs, host.now(), failure.rid)
        return [InboxRow(0, pico.id, told.eid, told.eci, f"pico:{pico.id}", event_bytes(told), told.time)]

    def _numbered(self, row: InboxRow) -> tuple[InboxRow, Item]:
        row = replace(row, id=self._next_inbox_id())
        return row, item_from(row)

    def _inbox_row(self, item: Item) -> InboxRow:
        event = item.event
        if event is None or item.inbox_id is None:
            raise ValueError("only a numbered event has an inbox row")
        return InboxRow(
            id=item.inbox_id,
            pico=item.pico,
            eid=event.eid,
            eci=event.eci,
            source=item.source,
            body=event_bytes(event),
            received_at=item.received_at,
            key=None if item.key is None else item.key[1],
        )

    def _dedup_row(self, item: Item, response: bytes | None) -> DedupRow:
        eci, key = item.key or ("", "")
        expires = item.received_at + self._dedup_ms
        return DedupRow(eci, key, item.pico, item.eid, item.body_hash, response, expires)

    def _next_outbox_id(self) -> int:
        self._outbox_id += 1
        return self._outbox_id

    def _next_inbox_id(self) -> int:
        self._inbox_id += 1
        return self._inbox_id


def _delete_latecomers(host: Host) -> None:
    """While the cycle waited, the picos that it deletes may have made channels and children: these go, too."""
    left = list(host.cycle.deleted)
    while left:
        id = left.pop()
        host.delete_pico(id)
        left += [child for child in host.parts.directory.children(id) if child not in host.cycle.deleted]


def tell(item: Item, lost: EngineError | None, reply: Reply | None, failure: EngineError | None) -> None:
    """Tell how an event ended. A stored event whose commit was lost has not: it will be taken again."""
    if lost is None:
        item.finish(reply, failure)
    elif not item.stored:
        item.finish(None, lost)


def item_from(row: InboxRow) -> Item:
    """The mailbox's item of a stored event."""
    event = event_from(row.eid, row.body)
    key = None if row.key is None else (row.eci, row.key)
    return Item(row.pico, event, row.source, inbox_id=row.id, stored=True, key=key, received_at=row.received_at)


def log_row(host: Host, event: Event, changes: bytes, effects: bytes, response: bytes, status: str) -> LogRow:
    """The next row of the pico's log; its hash covers the row before it."""
    pico = host.pico
    seq = pico.head_seq + 1
    body = event_bytes(event)
    return LogRow(
        pico=pico.id,
        seq=seq,
        eid=event.eid,
        eci=event.eci,
        code=pico.code.hash,
        event=body,
        io=b"[]",
        changes=changes,
        effects=effects,
        response=response,
        trace=b"" if host.trace is None else host.trace.encoded(),
        status=status,
        t_in=event.time,
        t_commit=host.now(),
        prev_hash=pico.head_hash,
        hash=link(pico.head_hash, seq, event.eid, pico.code.hash, changes, effects),
    )


def _note_before(host: Host, changes: Changes) -> None:
    """Give the trace what the variables that changed were before. One that was not read before is read now."""
    if host.trace is None:
        return
    for owner, rid, name in changes.variables:
        if owner == host.pico.id:
            host.trace.before(rid, name, host.kept_variable(rid, name))


def changes_bytes(changes: Changes, pico: str) -> bytes:
    """What the cycle changed of this pico, as its log row tells it."""
    told: dict[str, Any] = {}
    if changes.forgotten:
        told["forgotten"] = [rid for owner, rid in changes.forgotten if owner == pico]
    if changes.variables:
        told["ent"] = [[rid, name, value] for (owner, rid, name), value in changes.variables.items() if owner == pico]
    if changes.memory:
        told["memory"] = [[rid, rule, *kept] for (owner, rid, rule), kept in changes.memory.items() if owner == pico]
    if pico in changes.codes:
        told["code"] = changes.codes[pico].hash
    channels = {eci: channel and channel.as_map() for eci, channel in changes.channels.items()}
    if channels:
        told["channels"] = channels
    picos = [id if row is None else [id, row.family_eci] for id, row in changes.picos.items() if id != pico]
    if picos:
        told["picos"] = picos
    if changes.timers:
        told["timers"] = {id: row and row.due_at for id, row in changes.timers.items()}
    return dumps(told)


def name_codes(changes: Changes) -> None:
    """Rows of new picos name the rulesets that the picos have at the end of the cycle."""
    for id, row in changes.picos.items():
        if row is not None and id in changes.codes:
            changes.picos[id] = replace(row, code=changes.codes[id].hash)


def write_changes(writes: Writes, changes: Changes) -> None:
    """Put the cycle's changes into rows."""
    if changes.forgotten:
        writes.forget_variables = list(changes.forgotten)
        writes.forget_memory = list(changes.forgotten)
    for key, value in changes.variables.items():
        writes.variables[key] = None if value is None else dumps(value)
    for key, (expression, memory) in changes.memory.items():
        writes.memory[key] = None if memory is None else (expression, dumps(memory))
    for pico, code in changes.codes.items():
        writes.blobs[code.hash] = code.as_json()
        if changes.picos.get(pico) is None:
            writes.pico_codes[pico] = code.hash
    writes.picos = changes.picos
    for eci, channel in changes.channels.items():
        writes.channels[eci] = None if channel is None else channel_row(channel, writes)
    writes.timers = changes.timers
    writes.registry = changes.registry
    writes.rulesets = changes.rulesets


def channel_row(channel: Channel, writes: Writes) -> ChannelRow:
    """The channel's row; its policies go into the blobs, where equal ones are one."""
    hashes = []
    for policy in (channel.event_policy, channel.query_policy):
        body = policy.json.encode()
        hashes.append(sha256(body).hexdigest())
        writes.blobs[hashes[-1]] = body
    return ChannelRow(
        channel.eci, channel.pico, dumps(list(channel.tags)).decode(), hashes[0], hashes[1], channel.family_pico
    )
