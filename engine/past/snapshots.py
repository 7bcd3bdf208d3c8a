"""The whole state of a pico at one number of its log, kept now and then, so that its past is never far away.

The tables hold the present; the log holds every step to it. A snapshot is a place in between from which the steps
can be gone again: for a look at the past, and for what remains when the beginning of a log is cut off.

Snapshots are taken beside the cycles, on another thread, of what is committed. Only a newborn pico's first one is
part of the commit that makes it: its parent's event has given it rulesets that its own log does not tell of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Any

import structlog

from ..document import dumps, loads
from ..errors import StoreUnavailable
from ..host import Host
from ..means import on_thread
from ..registry.code import code_set_from_json
from ..store.interface import ChannelRow, LogRow, PicoRow, Reading, SnapshotRow, Store, TimerRow, Writes

EVERY = 500  # events
MAX_BYTES = 1024 * 1024  # of changes since the last one
LARGE = MAX_BYTES // EVERY  # smaller changes reach the number of events before the number of bytes
TRIES = 20  # to read the state of a pico that is at work

State = dict[str, Any]
"""Everything of a pico that its log tells of, as plain JSON in an order that follows from the content.

One that is kept also has the `time` since which it was so, in ms since 1970.
"""

_log = structlog.get_logger("picoengine")


def snapshot_of(state: State) -> SnapshotRow:
    """The row of a state."""
    blob = dumps(state)
    return SnapshotRow(state["pico"], state["seq"], sha256(blob).digest(), blob)


def birth(child: Host) -> SnapshotRow:
    """The first state of a pico that is made in the running cycle, before its first event."""
    row = child.pico.row
    made = [each.as_row() for each in child.cycle.changes.channels.values() if each and each.pico == row.id]
    child.cycle.blobs[child.code.hash] = child.code.as_json()
    # Not the cycle's own clock: a look at that would be an input of the event.
    facts = {**_facts(row), "time": child.parts.chance.now(), "code": child.code.hash}
    return snapshot_of({**facts, "channels": sorted(made)})


def _facts(row: PicoRow) -> State:
    return {
        "pico": row.id,
        "parent": row.parent,
        "parent_eci": row.parent_eci,
        "family_eci": row.family_eci,
        "seq": row.head_seq,
        "hash": row.head_hash.hex(),
        "code": row.code,
    }


def state_of(reading: Reading, row: PicoRow) -> State:
    """The state of a pico in a store, its rids and names in alphabetical order, kinds that are empty left out."""
    code = reading.blob(row.code)
    rids = [] if code is None else sorted(code_set_from_json(code).rids())
    policies: dict[str, str] = {}
    state = {
        **_facts(row),
        "ent": [[rid, name, loads(value)] for rid, name, value in reading.variables(row.id)],
        "memory": [[rid, rule, kept, loads(memory)] for rid, rule, kept, memory in reading.memory(row.id)],
        "channels": [_channel(reading, each, policies) for each in reading.channels(row.id)],
        "children": [[child.id, child.family_eci, child.parent_eci] for child in reading.children(row.id)],
        "timers": [_timer(timer) for rid in rids for timer in reading.timers(row.id, rid)],
    }
    return {kind: each for kind, each in state.items() if each != []}


def _channel(reading: Reading, row: ChannelRow, policies: dict[str, str]) -> list[Any]:
    """As `Channel.as_row`; `policies` are those that are known by hash."""
    for hash in (row.event_policy, row.query_policy):
        if hash not in policies:
            policies[hash] = (reading.blob(hash) or b"").decode()
    texts = policies[row.event_policy], policies[row.query_policy]
    return [row.eci, row.pico, loads(row.tags), *texts, row.family_pico]


def _timer(row: TimerRow) -> list[Any]:
    return [row.id, row.rid, row.kind, row.spec.decode(), row.due_at, row.fire_no, row.body.decode()]


def capture(reading: Reading, pico: str) -> State | None:
    """The state of a pico at one moment; None if it is gone, or so busy that it is never seen at rest."""
    for _ in range(TRIES):
        row = reading.pico(pico)
        if row is None:
            return None
        state = state_of(reading, row)
        if reading.pico(pico) == row:
            return state
    return None


class Snapshots:
    """Takes a snapshot of each pico every so many events, or bytes of changes; the rarer the larger it is."""

    def __init__(self, store: Store, commit: Callable[[Writes], object]) -> None:
        self._store = store
        self._commit = commit
        self._grown: dict[str, int] = {}  # bytes of large changes since the last snapshot
        self._sizes: dict[str, int] = {}  # of the last snapshots that were larger than MAX_BYTES
        self._wanted: dict[str, None] = {}
        self._taker: asyncio.Task[None] | None = None

    def note(self, rows: Iterable[LogRow]) -> None:
        """These events are on disk."""
        for row in rows:
            if row.seq % EVERY == 0 or len(row.changes) > LARGE:
                self._weigh(row)

    def _weigh(self, row: LogRow) -> None:
        pico = row.pico
        share = 1 + self._sizes.get(pico, 0) // MAX_BYTES
        self._grown[pico] = self._grown.get(pico, 0) + len(row.changes)
        if row.seq % (EVERY * share) == 0 or self._grown[pico] >= MAX_BYTES * share:
            self._wanted[pico] = None
            if self._taker is None or self._taker.done():
                self._taker = asyncio.get_running_loop().create_task(self._take_all())

    async def _take_all(self) -> None:
        while self._wanted:
            pico = next(iter(self._wanted))
            del self._wanted[pico]
            try:
                row = await on_thread(partial(self._take, pico))
            except StoreUnavailable as error:
                _log.warning("no snapshot could be taken", pico=pico, error=error.text)
                continue
            if row is not None:
                self._taken(row)

    def _take(self, pico: str) -> SnapshotRow | None:
        with self._store.view() as reading:
            state = capture(reading, pico)
            if state is None:
                return None
            for last in reading.log(pico, state["seq"] - 1, 1):
                state["time"] = last.t_commit
        return snapshot_of(state)

    def _taken(self, row: SnapshotRow) -> None:
        self._grown.pop(row.pico, None)
        self._sizes.pop(row.pico, None)
        if len(row.blob) > MAX_BYTES:
            self._sizes[row.pico] = len(row.blob)
        self._commit(Writes(snapshots=[row]))

    async def stop(self) -> None:
        """Take no more; return when the one that is under way is on its way to disk."""
        self._wanted.clear()
        if self._taker is not None:
            await asyncio.gather(self._taker, return_exceptions=True)
