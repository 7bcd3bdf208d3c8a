"""Many Writes become one: what a batch amounts to, when its Writes apply one after the other.

A row that is written ten times in a batch reaches the disk once, and one that is added and done within the batch
never does. Within one Writes the order is: what is forgotten, what is written, and last the deletions of whole picos,
so that nothing of a deleted pico comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Generic, TypeVar

from krl import record

from .interface import (
    AttachmentRow,
    CallbackRow,
    ChannelRow,
    CommitRefused,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    RegistryRow,
    SnapshotRow,
    StepRow,
    TimerRow,
    Writes,
)

Key = TypeVar("Key")
Row = TypeVar("Row")


@record
class Overlay(Generic[Key, Row]):
    """Changes to one table: delete what is `gone`, then write `rows`."""

    rows: dict[Key, Row] = field(default_factory=dict)
    gone: dict[Key, None] = field(default_factory=dict)

    def put(self, key: Key, row: Row | None) -> None:
        """The row of this key from now on; None: there is none."""
        if row is None:
            self.rows.pop(key, None)
            self.gone[key] = None
        else:
            self.rows[key] = row

    def forget(self, hit: Callable[[Key, Row], bool]) -> None:
        """Drop written rows that something else deletes."""
        for key in [key for key, row in self.rows.items() if hit(key, row)]:
            del self.rows[key]


@record
class Merged:
    """One batch. To be applied: heads and done inbox rows first, then what is deleted, then what is written."""

    heads: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)  # pico → seq before, seq after, hash after
    inbox: dict[int, InboxRow] = field(default_factory=dict)
    inbox_set: dict[int, InboxRow] = field(default_factory=dict)
    inbox_done: dict[int, None] = field(default_factory=dict)
    last_inbox_id: int = 0
    picos: Overlay[str, PicoRow] = field(default_factory=Overlay)
    codes: dict[str, str] = field(default_factory=dict)
    channels: Overlay[str, ChannelRow] = field(default_factory=Overlay)
    forget_variables: dict[tuple[str, str], None] = field(default_factory=dict)
    variables: Overlay[tuple[str, str, str], bytes] = field(default_factory=Overlay)
    forget_memory: dict[tuple[str, str], None] = field(default_factory=dict)
    memory: Overlay[tuple[str, str, str], tuple[str, bytes]] = field(default_factory=Overlay)
    timers: Overlay[str, TimerRow] = field(default_factory=Overlay)
    callbacks: Overlay[str, CallbackRow] = field(default_factory=Overlay)
    steps_done: dict[tuple[str, str], None] = field(default_factory=dict)
    steps: dict[tuple[str, str, int], StepRow] = field(default_factory=dict)
    attachments: dict[tuple[str, str], AttachmentRow] = field(default_factory=dict)
    dedup: dict[tuple[str, str], DedupRow] = field(default_factory=dict)
    responses: dict[tuple[str, str], bytes] = field(default_factory=dict)
    log: list[LogRow] = field(default_factory=list)
    dead_done: dict[str, None] = field(default_factory=dict)
    snapshots: list[SnapshotRow] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    rulesets: dict[str, tuple[str, str]] = field(default_factory=dict)
    registry: dict[str, RegistryRow] = field(default_factory=dict)
    outbox_add: dict[int, OutboxRow] = field(default_factory=dict)
    outbox_set: dict[int, OutboxRow] = field(default_factory=dict)
    last_outbox_id: int = 0
    cuts: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    paused: Overlay[str, int] = field(default_factory=Overlay)
    facts: dict[str, str] = field(default_factory=dict)


def merge(batch: Sequence[Writes]) -> Merged:
    """What the batch amounts to. Raises CommitRefused if its Writes contradict each other."""
    merged = Merged()
    for writes in batch:
        _join(merged, writes)
    return merged


def _join(merged: Merged, writes: Writes) -> None:
    """Most Writes use few of the fields: each costs one look when it is empty."""
    if writes.picos:
        for pico, row in writes.picos.items():
            if row is not None:
                merged.picos.put(pico, row)
                merged.codes.pop(pico, None)
    if writes.pico_codes:
        _join_codes(merged, writes.pico_codes)
    if writes.head is not None:
        _join_head(merged, *writes.head)
    if writes.inbox_add:
        _join_inbox(merged, writes.inbox_add)
    if writes.inbox_set:
        _join_set(merged, writes.inbox_set)
    if writes.inbox_done:
        _join_done(merged, writes.inbox_done)
    if writes.dedup_add:
        for dedup in writes.dedup_add:
            merged.dedup[dedup.eci, dedup.key] = dedup
            merged.responses.pop((dedup.eci, dedup.key), None)
    if writes.dedup_done:
        _join_responses(merged, writes.dedup_done)
    if writes.log:
        merged.log += writes.log
    if writes.snapshots:
        merged.snapshots += writes.snapshots
    if writes.forget_variables:
        _forget(merged.forget_variables, merged.variables, writes.forget_variables)
    for name, value in writes.variables.items():
        merged.variables.put(name, value)
    if writes.forget_memory:
        _forget(merged.forget_memory, merged.memory, writes.forget_memory)
    for rule, state in writes.memory.items():
        merged.memory.put(rule, state)
    for id, timer in writes.timers.items():
        merged.timers.put(id, timer)
    if writes.channels:
        _join_channels(merged, writes.channels)
    if writes.blobs:
        merged.blobs.update(writes.blobs)
    if writes.rulesets or writes.registry or writes.facts:
        merged.rulesets.update(writes.rulesets)
        merged.registry.update(writes.registry)
        merged.facts.update(writes.facts)
    if writes.dead_done or writes.paused or writes.cuts:
        _join_operations(merged, writes)
    if writes.steps or writes.steps_done:
        _join_steps(merged, writes)
    for callback, end in writes.callbacks.items():
        merged.callbacks.put(callback, end)
    for attachment in writes.attachments:
        merged.attachments[attachment.pico, attachment.ref] = attachment
    if writes.outbox_add or writes.outbox_set:
        _join_outbox(merged, writes)
    if writes.picos:
        _delete_picos(merged, {pico for pico, row in writes.picos.items() if row is None})


def _join_codes(merged: Merged, codes: dict[str, str]) -> None:
    for pico, code in codes.items():
        row = merged.picos.rows.get(pico)
        if row is None:
            merged.codes[pico] = code
        else:
            merged.picos.rows[pico] = replace(row, code=code)


def _join_head(merged: Merged, pico: str, before: int, after: int, hash: bytes) -> None:
    """Several moves of one head become one, from the first's start to the last's end."""
    row, move = merged.picos.rows.get(pico), merged.heads.get(pico)
    if row is not None:
        head = row.head_seq
    elif pico in merged.picos.gone:
        raise CommitRefused(f"pico {pico!r} is deleted")
    else:
        head = before if move is None else move[1]
    if head != before:
        raise CommitRefused(f"the log of pico {pico!r} is at {head}, not at {before}")
    if row is not None:
        merged.picos.rows[pico] = replace(row, head_seq=after, head_hash=hash)
    else:
        merged.heads[pico] = (before if move is None else move[0], after, hash)


def _join_inbox(merged: Merged, rows: Iterable[InboxRow]) -> None:
    for row in rows:
        if row.id in merged.inbox:
            raise CommitRefused(f"arrival number {row.id} was given out twice")
        merged.inbox[row.id] = row
        merged.last_inbox_id = max(merged.last_inbox_id, row.id)


def _join_set(merged: Merged, rows: Iterable[InboxRow]) -> None:
    for row in rows:
        if row.id in merged.inbox:
            merged.inbox[row.id] = row
        elif row.id not in merged.inbox_done:
            merged.inbox_set[row.id] = row


def _join_done(merged: Merged, ids: Iterable[int]) -> None:
    for id in ids:
        if merged.inbox.pop(id, None) is not None:
            continue
        if id in merged.inbox_done:
            raise CommitRefused(f"inbox row {id} is gone")
        merged.inbox_done[id] = None
        merged.inbox_set.pop(id, None)


def _join_responses(merged: Merged, responses: Iterable[tuple[str, str, bytes]]) -> None:
    for eci, key, response in responses:
        row = merged.dedup.get((eci, key))
        if row is None:
            merged.responses[eci, key] = response
        else:
            merged.dedup[eci, key] = replace(row, response=response)


def _forget(
    forgotten: dict[tuple[str, str], None],
    overlay: Overlay[tuple[str, str, str], Row],
    rulesets: Iterable[tuple[str, str]],
) -> None:
    now = dict.fromkeys(rulesets)
    forgotten.update(now)
    overlay.forget(lambda key, _: key[:2] in now)


def _join_channels(merged: Merged, channels: dict[str, ChannelRow | None]) -> None:
    """Keys are scoped to their channel, so a deleted channel takes them along."""
    for eci, channel in channels.items():
        merged.channels.put(eci, channel)
    gone = {eci for eci, channel in channels.items() if channel is None}
    if gone:
        _delete_keys(merged, lambda row: row.eci in gone)


def _delete_keys(merged: Merged, hit: Callable[[DedupRow], bool]) -> None:
    for key in [key for key, row in merged.dedup.items() if hit(row)]:
        del merged.dedup[key]


def _join_outbox(merged: Merged, writes: Writes) -> None:
    for row in writes.outbox_add:
        if row.id in merged.outbox_add:
            raise CommitRefused(f"outbox number {row.id} was given out twice")
        merged.outbox_add[row.id] = row
        merged.outbox_set.pop(row.id, None)  # it found no row to change
        merged.last_outbox_id = max(merged.last_outbox_id, row.id)
    for row in writes.outbox_set:
        if row.id in merged.outbox_add:
            merged.outbox_add[row.id] = row
        else:
            merged.outbox_set[row.id] = row


def _join_steps(merged: Merged, writes: Writes) -> None:
    done = dict.fromkeys(writes.steps_done)
    if done:
        merged.steps_done.update(done)
        merged.steps = {key: row for key, row in merged.steps.items() if key[:2] not in done}
    for row in writes.steps:
        merged.steps[row.pico, row.eid, row.n] = row


def _join_operations(merged: Merged, writes: Writes) -> None:
    merged.dead_done.update(dict.fromkeys(writes.dead_done))
    merged.cuts.update(writes.cuts)
    for pico, since in writes.paused.items():
        merged.paused.put(pico, since)


def _delete_picos(merged: Merged, picos: set[str]) -> None:
    """Nothing that the batch wrote for these picos remains; the store deletes what was there before."""
    if not picos:
        return
    for pico in picos:
        merged.picos.put(pico, None)
        merged.codes.pop(pico, None)
    for overlay in (merged.variables, merged.memory):
        overlay.forget(lambda key, _: key[0] in picos)
    merged.channels.forget(lambda _, row: row.pico in picos)
    merged.timers.forget(lambda _, row: row.pico in picos)
    merged.paused.forget(lambda pico, _: pico in picos)
    merged.callbacks.forget(lambda _, row: row.pico in picos)
    merged.steps = {key: row for key, row in merged.steps.items() if row.pico not in picos}
    merged.attachments = {key: row for key, row in merged.attachments.items() if row.pico not in picos}
    _delete_keys(merged, lambda row: row.pico in picos)
    for id in [id for id, row in merged.inbox.items() if row.pico in picos]:
        del merged.inbox[id]
