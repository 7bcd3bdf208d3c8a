"""Phase 5, respond: one commit for all that the event did, then the reply.

The rows of a cycle are its log row, its state, its sends and what it did to picos and channels; the pico takes the
new state at once, the outside learns of it after the commit. A failed event has a log row and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from ..changes import Changes
from ..channel import Channel
from ..cycle import Cycle
from ..document import dumps
from ..effect import Effect, directives_effect, outbox_row
from ..effects.steps import Asked, Journalled
from ..errors import ChannelNotFound, EngineError, EventDead, RuleFailed
from ..event import Event, Reply
from ..event_json import event_bytes, event_from
from ..host import Host
from ..store.interface import (
    AttachmentRow,
    ChannelRow,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    StepRow,
    TimerRow,
    Writes,
)
from ..trigger import reached
from .commit import Committer, Decision
from .outcome import outcome
from .wait import Item, Mailbox, Mailboxes

AGAIN_SECONDS = 0.5  # after a read that failed
MAX_ATTEMPTS = 3  # an event that has ended the process so often is not tried again


class Responder:
    """Turns finished cycles into commits, and commits into replies."""

    def __init__(self, committer: Committer, mailboxes: Mailboxes, dedup_seconds: float) -> None:
        self._committer = committer
        self._mailboxes = mailboxes
        self._dedup_ms = int(dedup_seconds * 1000)
        self._inbox_id = 0
        self._outbox_id = 0
        self._held_until = 0
        self.cancel_steps: Callable[[str], None] = lambda pico: None  # told of each pico that is deleted

    def start_numbers(self, inbox_id: int, outbox_id: int, held_until: int = 0) -> None:
        """The numbers of arrivals and of effects go on from here.

        Effects of stored events up to the number `held_until` do not leave: another engine may have sent them.
        """
        self._inbox_id = inbox_id
        self._outbox_id = outbox_id
        self._held_until = held_until

    def store_item(self, item: Item) -> Decision:
        """Commit the acceptance of an event before its turn: its inbox row and its key."""
        decision = Decision(self._acceptance(item, Writes()), item=item)
        reached("T1")
        return self._committer.submit(decision)

    def begin_step(self, journal: Journalled, step: StepRow, blobs: dict[str, bytes], asked: Asked) -> Decision:
        """Commit that the cycle makes a step, with what it takes to come to it again after a crash.

        Its event is stored as a running one; so is an event, as a waiting one, that the step sends to another pico.
        """
        item = journal.item
        writes = Writes(steps=[step], blobs=dict(blobs))
        decision = Decision(writes)
        if item.inbox_id is None:
            self._acceptance(item, writes, running=True)
            decision.item = item
        elif not item.begun:
            writes.inbox_set.append(self._inbox_row(item, running=True))
        item.begun = True
        if journal.box.job is not None:
            journal.box.job.number = item.inbox_id or 0
        if asked.event is not None:
            row, sent = self._numbered(replace(asked.event, key=f"step:{step.key}"))
            writes.inbox_add.append(row)
            writes.dedup_add.append(self._dedup_row(sent, None))
            decision.wakes.append(sent)
            if asked.sent is not None:
                asked.sent(sent)
        return self._committer.submit(decision)

    def _acceptance(self, item: Item, writes: Writes, *, running: bool = False) -> Writes:
        """The writes, and with them all that makes the event a stored one: its number, its key, its large parts."""
        item.inbox_id = self._next_inbox_id()
        writes.inbox_add.append(self._inbox_row(item, running=running))
        if item.key is not None:
            writes.dedup_add.append(self._dedup_row(item, None))
        if item.event is not None and item.event.attachments:
            writes.attachments = attachment_rows(item.pico, item.event, item.received_at)
        return writes

    def note_failed_read(self, item: Item) -> Decision:
        """Commit how often the event's reads have failed."""
        item.reads += 1
        return self._committer.submit(Decision(Writes(inbox_set=[self._inbox_row(item, running=item.begun)])))

    def respond(self, host: Host, box: Mailbox, item: Item, event: Event, failure: RuleFailed | None) -> None:
        """Commit what the event did, or that it failed; its callers are told when that is on disk."""
        reached("T4")
        cycle = host.cycle
        item.committing = True
        out = outcome(host, event, failure)
        changes = out.changes
        wakes = [self._numbered(row) for row in out.sends]
        _note_before(host, changes)
        log = out.log_row(host, event, item.source)
        writes = Writes(log=[log, *(cycle.nested if failure is None else ())])
        writes.head = (host.pico.id, log.seq - 1, log.seq, log.hash)
        writes.inbox_add = [row for row, _ in wakes]
        if changes.effects or host.parts.settings.directives_to:
            writes.outbox_add = self._outbox_rows(
                host, event, log, [*changes.effects, *_published(host, event, failure)]
            )
        if item.inbox_id is not None:
            writes.inbox_done.append(item.inbox_id)
            if item.inbox_id <= self._held_until:
                writes.outbox_add = [replace(row, state="held") for row in writes.outbox_add]
        if item.inbox_id is None and event.attachments:
            writes.attachments = attachment_rows(item.pico, event, item.received_at)
        if item.begun:
            writes.steps_done.append((item.pico, item.eid))
        if item.key is not None:
            if item.inbox_id is None:
                writes.dedup_add.append(self._dedup_row(item, out.response))
            else:
                writes.dedup_done.append((*item.key, out.response))
        decision = Decision(writes, box, changes.picos, changes.channels, [each for _, each in wakes], item)
        write_changes(writes, changes)
        keep_inputs(writes, host)
        if failure is None:
            writes.snapshots = cycle.births
        self._take(host, log, changes, cycle.deleted if failure is None else ())
        if failure is None and cycle.newborns:
            decision.born = [self._awake(newborn, changes) for newborn in cycle.newborns.values()]
        reply = None if failure is not None else Reply(event.eid, host.directives)
        decision.then.append(partial(tell, item, reply, failure))
        number = self._committer.submit(decision).number
        if changes.picos or changes.channels:
            host.parts.directory.decide(number, decision.picos, decision.channels)
        if changes.timers:
            host.parts.timetable.decide(number, changes.timers)

    def answer(
        self,
        box: Mailbox,
        item: Item,
        value: Any,
        failure: EngineError | None,
        *,
        saw_others: bool = False,
        behind: int = 0,
    ) -> None:
        """Give a query's answer, or why there is none, once the state that it saw is on disk."""
        reply = None if failure is not None else Reply(item.eid, value=value, is_query=True, behind=behind)

        def told(lost: EngineError | None) -> None:
            item.finish(None, lost) if lost else item.finish(reply, failure)

        if saw_others:
            self._committer.after_all(told)
        else:
            self._committer.after(box, told)

    def fire(self, events: Iterable[InboxRow], timer: str, next_firing: TimerRow | None) -> Decision:
        """Commit a timer's firing: its events and its next firing, in one."""
        return self.act(Writes(timers={timer: next_firing}), *events)

    def settle_effect(self, effect: OutboxRow, answer: InboxRow | None) -> None:
        """Commit what became of an effect, and the event that tells a pico of it."""
        self.act(Writes(outbox_set=[effect]), *([] if answer is None else [answer]))

    def act(self, writes: Writes, *events: InboxRow) -> Decision:
        """Commit what the engine itself does, and with it events that it makes for picos, in one."""
        wakes = []
        for event in events:
            row, item = self._numbered(event)
            writes.inbox_add.append(row)
            wakes.append(item)
        return self._committer.submit(Decision(writes, wakes=wakes))

    def again(self, item: Item) -> None:
        """Take a stored event again, a little later: its store could not be read."""
        self._mailboxes.put_back(item, AGAIN_SECONDS)

    def drop(self, item: Item, why: EngineError) -> None:
        """Take an event for a pico that is gone out of the inbox."""
        item.finish(None, why)
        if item.inbox_id is not None:
            self._committer.submit(Decision(Writes(inbox_done=[item.inbox_id])))

    # --- rows ---------------------------------------------------------------------------------------------

    def _outbox_rows(self, host: Host, event: Event, log: LogRow, effects: Iterable[Effect]) -> list[OutboxRow]:
        # Effects leave by the clock as it is; the log's time may be ahead of one that was set back.
        now = host.parts.chance.now()
        return [
            outbox_row(self._next_outbox_id(), effect, log.pico, log.seq, n, event.eid, now)
            # Steps and effects share their numbers, and so their keys.
            for n, effect in enumerate(effects, _steps_made(host.cycle))
        ]

    def _take(self, host: Host, log: LogRow, changes: Changes, deleted: Iterable[str]) -> None:
        """The pico's state in memory becomes what the cycle made of it."""
        host.pico.head_seq, host.pico.head_hash, host.pico.time = log.seq, log.hash, log.t_commit
        take_state(host, changes)
        if changes.registry:
            host.parts.registry.adopt(changes.registry)
        for gone in deleted:
            self._close(gone)

    def _awake(self, newborn: Host, changes: Changes) -> Mailbox:
        """A child is awake from its birth: what it is made of is not on disk yet and could not be read from there."""
        take_state(newborn, changes)
        pico = newborn.pico
        pico.row = changes.picos[pico.id] or pico.row
        box = self._mailboxes.of(pico.id)
        box.pico = pico
        return box

    def _close(self, pico: str) -> None:
        box = self._mailboxes.of(pico)
        items = self._mailboxes.drop(pico)
        if box.running is not None:
            items.append(box.running)
            if box.job is not None:
                box.job.cancel()
        self.cancel_steps(pico)
        for item in items:
            item.finish(None, ChannelNotFound(item.eci))

    def _numbered(self, row: InboxRow) -> tuple[InboxRow, Item]:
        row = replace(row, id=self._next_inbox_id())
        return row, item_from(row)

    def _inbox_row(self, item: Item, *, running: bool = False) -> InboxRow:
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
            attempts=item.attempts,
            key=None if item.key is None else item.key[1],
            state="running" if running else "ready",
            reads=item.reads,
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


def _published(host: Host, event: Event, failure: RuleFailed | None) -> list[Effect]:
    """The event's directives, to whom the settings have subscribed to all.

    They are no effects of a rule: the log has them as the event's response, and does not list them once more.
    """
    targets = host.parts.settings.directives_to
    if not targets or failure is not None or not host.directives:
        return []
    words = (event.eid, event.eci, event.domain, event.type)
    return [directives_effect(target, *words, host.directives) for target in targets]


def _steps_made(cycle: Cycle) -> int:
    return 0 if cycle.journal is None else cycle.journal.made


def attachment_rows(pico: str, event: Event, now: int) -> list[AttachmentRow]:
    """The rows of an event's large parts."""
    return [AttachmentRow(pico, ref, now, data) for ref, data in event.attachments]


def tell(item: Item, reply: Reply | None, failure: EngineError | None, lost: EngineError | None) -> None:
    """Tell how an event ended. A stored event whose commit was lost has not: it will be taken again."""
    if lost is None:
        item.finish(reply, failure)
    elif not item.stored:
        item.finish(None, lost)


def item_from(row: InboxRow) -> Item:
    """The mailbox's item of a stored event."""
    event = event_from(row.eid, row.body)
    key = None if row.key is None else (row.eci, row.key)
    item = Item(row.pico, event, row.source, inbox_id=row.id, stored=True, key=key, received_at=row.received_at)
    item.attempts, item.reads, item.begun = row.attempts, row.reads, row.state == "running"
    if row.attempts >= MAX_ATTEMPTS:
        item.verdict = EventDead(row.attempts)
    return item


def _note_before(host: Host, changes: Changes) -> None:
    """Give the trace what the variables that changed were before. One that was not read before is read now."""
    if host.trace is None:
        return
    for owner, rid, name in changes.variables:
        if owner == host.pico.id:
            host.trace.before(rid, name, host.kept_variable(rid, name))


def keep_inputs(writes: Writes, host: Host) -> None:
    """Keep what the log names by hash, so that the event can be evaluated again, also one that failed."""
    if host.inputs.blobs or host.cycle.blobs:
        writes.blobs.update(host.inputs.blobs)
        writes.blobs.update(host.cycle.blobs)
    writes.rulesets = host.cycle.changes.rulesets


def write_changes(writes: Writes, changes: Changes) -> None:
    """Put the cycle's changes into rows."""
    if changes.forgotten:
        writes.forget_variables = list(changes.forgotten)
        writes.forget_memory = list(changes.forgotten)
    if changes.variables:
        writes.variables = {key: None if value is None else dumps(value) for key, value in changes.variables.items()}
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
    writes.callbacks.update(changes.callbacks)
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


def take_state(host: Host, changes: Changes) -> None:
    """The pico's state in memory becomes what the cycle made of it."""
    pico = host.pico
    if changes.codes:
        pico.code, pico.instances, pico.salience = host.code, host.instances, host.salience
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
