"""A pico as it was: its state behind any event of its log, from the nearest snapshot and the changes logged since.

It needs no ruleset to run. The past state lies in a store of its own, in memory, so whatever reads a store can read
the past. Each step is checked against the chain of hashes before it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ..chain import breaks
from ..channel import ALLOW_EVENTS, ALLOW_QUERIES, Channel, policy_from_json
from ..clock import instant
from ..document import dumps, loads
from ..errors import LogBroken, PastUnknown, PicoNotFound
from ..loop.respond import channel_row
from ..registry.code import EMPTY
from ..store.interface import LogRow, PicoRow, Reading, SnapshotRow, TimerRow, Writes
from ..store.memory import MemoryStore
from ..timers.misfire import next_firing
from .snapshots import State, state_of

PAGE = 200  # rows of the log read at a time


class PastStore(MemoryStore):
    """One pico's state in memory; what is stored by its hash for ever is read where it is."""

    def __init__(self, present: Reading) -> None:
        super().__init__()
        self._present = present

    def blob(self, hash: str) -> bytes | None:
        """Of the past if it is known there, else of the present: what a hash names is the same in both."""
        known = super().blob(hash)
        return self._present.blob(hash) if known is None else known

    def ruleset(self, hash: str) -> tuple[str, str] | None:
        """As the present has it: a text is stored by its hash, and never forgotten."""
        return self._present.ruleset(hash)


class Past:
    """One pico behind some event of its log, and every step from there."""

    def __init__(self, present: Reading, pico: str, state: State) -> None:
        self.present = present
        self.pico = pico
        self.store = PastStore(present)
        self.store.write([writes_of_state(state)])

    @property
    def row(self) -> PicoRow:
        """The pico's row, as it was."""
        row = self.store.pico(self.pico)
        assert row is not None  # nothing here deletes it
        return row

    def state(self) -> State:
        """Everything of the pico."""
        return state_of(self.store, self.row)

    def rows(self, until: int | None = None) -> Iterator[LogRow]:
        """The rows of the log that follow, up to this number. Raises LogBroken at one that is not what was written.

        Whoever takes one applies it, or what else is to become of the pico, before he takes the next.
        """
        while until is None or self.row.head_seq < until:
            page = self.present.log(self.pico, self.row.head_seq, PAGE)
            if not page:
                return
            for row in page:
                if until is not None and row.seq > until:
                    return
                for found in breaks([row], self.row.head_seq, self.row.head_hash):
                    raise LogBroken(f"the log of pico {self.pico} is broken at event {found.seq}: {found.what}")
                yield row

    def apply(self, row: LogRow) -> None:
        """Go the step that the row tells of."""
        self.store.write([writes_of(row, self.store)])


def past(present: Reading, pico: str, seq: int | None = None) -> Past:
    """The pico behind this event of its log, or behind the last one.

    Raises PicoNotFound, PastUnknown if the log does not go so far, or back so far, and LogBroken.
    """
    last = last_seq(present, pico)
    if seq is None:
        seq = last
    elif not 0 <= seq <= last:
        raise PastUnknown(f"pico {pico} has no event {seq}; the last one is {last}")
    found = Past(present, pico, nearest(present, pico, seq))
    for row in found.rows(seq):
        found.apply(row)
    if found.row.head_seq != seq:
        raise PastUnknown(f"the log of pico {pico} ends at event {found.row.head_seq}")
    return found


def beginning(present: Reading, pico: str) -> Past:
    """The pico at the point from which its whole log leads on. Raises PicoNotFound, PastUnknown, LogBroken."""
    last_seq(present, pico)  # or there is no such pico
    cut, _ = present.cut(pico)
    return Past(present, pico, nearest(present, pico, cut))


def nearest(present: Reading, pico: str, seq: int) -> State:
    """The latest state that is known without going through the log. Raises PastUnknown, LogBroken."""
    snapshot = present.snapshot(pico, seq)
    cut, _ = present.cut(pico)
    if snapshot is None and cut == 0:
        return _unborn(present, pico)
    if snapshot is None or snapshot.seq < cut:
        raise PastUnknown(f"the log of pico {pico} begins behind event {cut}, and no snapshot leads to event {seq}")
    return _kept(snapshot)


def _kept(snapshot: SnapshotRow) -> State:
    """What a snapshot tells. Raises LogBroken if it is not what was written."""
    if sha256(snapshot.blob).digest() != snapshot.hash:
        raise LogBroken(f"the snapshot of pico {snapshot.pico} at event {snapshot.seq} is not what was written")
    state: State = loads(snapshot.blob)
    return state


def _unborn(present: Reading, pico: str) -> State:
    """The first state of a pico that nobody has made: it has nothing but a name."""
    row = present.pico(pico)
    first = present.log(pico, 0, 1)
    return {
        "pico": pico,
        "parent": row and row.parent,
        "parent_eci": row and row.parent_eci,
        "family_eci": row and row.family_eci,
        "seq": 0,
        "hash": "",
        "code": first[0].code if first else EMPTY.hash,
    }


# --- places in the log ------------------------------------------------------------------------------------------


def last_seq(present: Reading, pico: str) -> int:
    """The number of the last event, also of a pico that was deleted. Raises PicoNotFound."""
    row = present.pico(pico)
    if row is not None:
        return row.head_seq
    low, _ = present.cut(pico)
    if not present.log(pico, low, 1) and present.snapshot(pico, 0) is None:
        raise PicoNotFound(f"no pico {pico!r} on this engine")
    step = 1
    while present.log(pico, low, 1):  # ever longer steps, then the last one halved
        low, step = low + step, step * 2
    return _highest(low - step, low, lambda seq: bool(present.log(pico, seq - 1, 1)))


def first_state(present: Reading, pico: str) -> tuple[int, int | None]:
    """The number of the event behind which a pico's past begins, and since when it was so, where that is known."""
    cut, _ = present.cut(pico)
    snapshot = present.snapshot(pico, cut)
    since = None if snapshot is None else _kept(snapshot).get("time")
    first = present.log(pico, cut, 1)
    if not first or since is not None:
        return cut, since
    # A pico that nobody has made begins with its first event; of a snapshot without a time nothing earlier is certain.
    return (1 if cut == 0 and snapshot is None else cut), first[0].t_commit


def seq_at(present: Reading, pico: str, time: int) -> int:
    """The number of the last event that was finished at that time, in ms since 1970.

    Raises PicoNotFound, LogBroken, and PastUnknown for a time before all that is known of the pico.
    """
    last = last_seq(present, pico)
    begin, since = first_state(present, pico)
    if since is not None and time < since:
        raise not_yet(present, pico)

    def finished(seq: int) -> bool:
        rows = present.log(pico, seq - 1, 1)
        return bool(rows) and rows[0].t_commit <= time

    return _highest(begin, last, finished)


def not_yet(present: Reading, pico: str) -> PastUnknown:
    """What is to be said where somebody asks for what was before: since when there is a past."""
    begin, since = first_state(present, pico)
    at = "" if since is None else f" at {instant(since)}"
    if present.cut(pico)[0]:
        return PastUnknown(f"the log of pico {pico} begins behind event {begin}{at}; what was before is not kept")
    return PastUnknown(f"there was no pico {pico} then; it began{at}")


def _highest(low: int, high: int, holds: Any) -> int:
    """The highest number up to `high` for which it holds, `low` if it is none above; it holds up to there for all."""
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


# --- from what is told to rows --------------------------------------------------------------------------------


def writes_of(row: LogRow, store: MemoryStore) -> Writes:
    """The changes that a row of the log tells of. `store` is as it was before it."""
    told: dict[str, Any] = loads(row.changes)
    pico = row.pico
    writes = Writes(head=(pico, row.seq - 1, row.seq, row.hash))
    writes.forget_variables = writes.forget_memory = [(pico, rid) for rid in told.get("forgotten", ())]
    for rid, name, value in told.get("ent", ()):
        writes.variables[pico, rid, name] = None if value is None else dumps(value)
    for rid, rule, expression, memory in told.get("memory", ()):
        writes.memory[pico, rid, rule] = None if memory is None else (expression, dumps(memory))
    if "code" in told:
        writes.pico_codes[pico] = told["code"]
    for eci, channel in told.get("channels", {}).items():
        writes.channels[eci] = None if channel is None else channel_row(_channel(pico, channel), writes)
    if "picos" in told:
        for number, each in enumerate(told["picos"], store.next_child_no(pico)):
            if isinstance(each, str):
                writes.picos[each] = None
            else:
                _add_child(writes, pico, number, *each)
    for id, timer in told.get("timers", {}).items():
        writes.timers[id] = None if timer is None else _timer(id, pico, timer)
    if "fired" in told:
        _fire(writes, store, told["fired"], row.t_in)
    return writes


def _channel(pico: str, told: dict[str, Any]) -> Channel:
    events, queries = (policy_from_json(dumps(told[kind])) for kind in ("eventPolicy", "queryPolicy"))
    return Channel(told["id"], pico, tuple(told["tags"]), events, queries, told["familyChannelPicoID"])


def _add_child(writes: Writes, pico: str, number: int, id: str, family_eci: str, parent_eci: str) -> None:
    writes.picos[id] = PicoRow(id, pico, number, parent_eci, family_eci, EMPTY.hash, 0, b"")
    channel = Channel(family_eci, id, ("system", "child"), ALLOW_EVENTS, ALLOW_QUERIES, pico)
    writes.channels[family_eci] = channel_row(channel, writes)


def _timer(id: str, pico: str, told: dict[str, Any]) -> TimerRow:
    spec, body = told["spec"].encode(), told["event"].encode()
    return TimerRow(id, pico, told["rid"], told["kind"], spec, told["due"], told["fire_no"], body)


def _fire(writes: Writes, store: MemoryStore, fired: str, at: int) -> None:
    """The event came from a timer, which has been set anew since, unless that is known already."""
    id, _, number = fired.rpartition("/")
    timer = store.timer(id)
    if timer is not None and timer.fire_no == int(number) and id not in writes.timers:
        writes.timers[id] = next_firing(timer, at)


def writes_of_state(state: State) -> Writes:
    """All rows of a state."""
    pico = state["pico"]
    facts = state["parent"], 0, state["parent_eci"], state["family_eci"], state["code"]
    writes = Writes(picos={pico: PicoRow(pico, *facts, state["seq"], bytes.fromhex(state["hash"]))})
    for rid, name, value in state.get("ent", ()):
        writes.variables[pico, rid, name] = dumps(value)
    for rid, rule, expression, memory in state.get("memory", ()):
        writes.memory[pico, rid, rule] = (expression, dumps(memory))
    for row in state.get("channels", ()):
        writes.channels[row[0]] = channel_row(Channel.from_row(row), writes)
    for number, child in enumerate(state.get("children", ())):
        _add_child(writes, pico, number, *child)
    for id, rid, kind, spec, due, fire_no, body in state.get("timers", ()):
        writes.timers[id] = TimerRow(id, pico, rid, kind, spec.encode(), due, fire_no, body.encode())
    return writes
