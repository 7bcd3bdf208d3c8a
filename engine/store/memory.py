"""The store without a disk: the same promises in dictionaries, for as long as the process lives.

Rows are immutable and shared, never copied. A batch is checked first and applied after, so it needs no undoing; a
lock keeps a reader on the loop's thread from seeing half of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from ..errors import StoreUnavailable
from .interface import (
    DEAD,
    ChannelRow,
    CommitRefused,
    DeadRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    Reading,
    Writes,
)
from .memory_reading import MemoryReading
from .merge import Merged, merge

Row = TypeVar("Row")


class MemoryStore(MemoryReading):
    """A Store in memory; what it promises to have on disk, it has in its dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    # --- writing ------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Writes]) -> None:
        merged = merge(batch)
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._check(merged)
            self._delete(merged)
            self._write_state(merged)
            self._write_streams(merged)

    def stage(self, batch: Sequence[Writes]) -> Callable[[], None]:
        return partial(self.write, batch)

    def prune(self, now: int) -> int:
        with self._lock:
            gone = [row for rows in self._dedup.values() for row in rows.values() if row.expires_at <= now]
            for row in gone:
                del self._dedup[row.eci][row.key]
            rows = self._callbacks.values()
            ended = [row.id for row in rows if row.state != "open" and (row.expires_at or 0) <= now]
            for id in ended:
                del self._callbacks[id]
            return len(gone) + len(ended)

    def trim_attachments(self, before: int, rows: int) -> int:
        with self._lock:
            gone = sorted((row for row in self._attachments.values() if row.at < before), key=attrgetter("at"))[:rows]
            for row in gone:
                del self._attachments[row.pico, row.ref]
            return len(gone)

    def trim_failures(self, before: int, rows: int) -> int:
        with self._lock:
            gone = [id for id, row in self._dead.items() if row.at < before][:rows]
            for id in gone:
                del self._dead[id]
            return len(gone)

    def trim_traces(self, before: int, bytes: int, rows: int) -> int:
        with self._lock:
            dead = {(row.pico, row.seq) for row in self._dead.values()}
            traced = [row for log in self._log.values() for row in log.values() if row.trace]
            traced = [row for row in traced if (row.pico, row.seq) not in dead]
            left = sum(len(row.trace) for row in traced)
            looked = 0
            for row in islice(sorted(traced, key=attrgetter("t_commit")), rows):
                if row.t_commit >= before and left <= bytes:
                    break
                left -= len(row.trace)
                looked += 1
                self._replace_log(replace(row, trace=b""))
            return looked

    def cut_log(self, pico: str, seq: int, rows: int) -> int:
        with self._lock:
            log = self._log.get(pico, {})
            gone = [row for _, row in sorted(log.items()) if row.seq <= seq][:rows]
            for row in gone:
                del log[row.seq]
                if self._log_by_eid.get(row.eid) is row:
                    del self._log_by_eid[row.eid]
                self._cuts[pico] = (row.seq, row.hash)
            self._drop_snapshots(pico, self._cuts.get(pico, (0, b""))[0])
            cut = {row.seq for row in gone}
            self._dead = {id: row for id, row in self._dead.items() if row.pico != pico or row.seq not in cut}
            return len(gone)

    def _drop_snapshots(self, pico: str, cut: int) -> None:
        """The latest one at the cut stays: what remains of the log goes on from there."""
        known = self._snapshots.get(pico, {})
        latest = max((seq for seq in known if seq <= cut), default=0)
        for seq in [seq for seq in known if seq < latest]:
            del known[seq]

    def drop_orphans(self) -> int:
        with self._lock:
            owned, picos = self._owned(), self._picos
            for id in [id for id, row in self._inbox.items() if row.pico not in picos]:
                del self._inbox[id]
            for timer in [id for id, row in self._timers.items() if row.pico not in picos]:
                del self._timers[timer]
            for callback in [id for id, row in self._callbacks.items() if row.pico not in picos]:
                del self._callbacks[callback]
            for step in [key for key, row in self._steps.items() if row.pico not in picos]:
                del self._steps[step]
            for attachment in [key for key in self._attachments if key[0] not in picos]:
                del self._attachments[attachment]
            for eci in [eci for eci, row in self._channels.items() if row.pico not in picos]:
                self._delete_channel(eci)
            for rows in (self._variables, self._memory, self._paused):
                for pico in [pico for pico in rows if pico not in picos]:
                    del rows[pico]
            return sum(pico not in picos for table in owned.values() for pico in table)

    def shrink(self, pages: int, spare: int) -> int:
        return 0

    def _check(self, batch: Merged) -> None:
        """Raise CommitRefused for all that SQLite would refuse."""
        for pico, (before, _, _) in batch.heads.items():
            row = self._picos.get(pico)
            if row is None or row.head_seq != before:
                raise CommitRefused(f"the log of pico {pico!r} is not at {before}")
        for id in batch.inbox_done:
            if id not in self._inbox:
                raise CommitRefused(f"inbox row {id} is gone")
        for id in batch.inbox:
            known = self._inbox.get(id)
            if known is not None and id not in batch.inbox_done and known.pico not in batch.picos.gone:
                raise CommitRefused(f"arrival number {id} was given out twice")
        for id in batch.outbox_add:
            if id in self._outbox:
                raise CommitRefused(f"outbox number {id} was given out twice")
        logged = {(log.pico, log.seq) for log in batch.log}
        if len(logged) < len(batch.log) or any(seq in self._log.get(pico, ()) for pico, seq in logged):
            raise CommitRefused("an event is logged already")

    def _delete(self, batch: Merged) -> None:
        for pico, (_, after, hash) in batch.heads.items():
            self._picos[pico] = replace(self._picos[pico], head_seq=after, head_hash=hash)
        for id in batch.inbox_done:
            del self._inbox[id]
        for pico in batch.picos.gone:
            self._delete_pico(pico)
        for eci in batch.channels.gone:
            self._delete_channel(eci)
        for timer in batch.timers.gone:
            self._timers.pop(timer, None)
        for callback in batch.callbacks.gone:
            self._callbacks.pop(callback, None)
        for step in [key for key in self._steps if key[:2] in batch.steps_done]:
            del self._steps[step]
        for pico, rid in batch.forget_variables:
            _forget(self._variables[pico], rid)
        for pico, rid, name in batch.variables.gone:
            self._variables[pico].pop((rid, name), None)
        for pico, rid in batch.forget_memory:
            _forget(self._memory[pico], rid)
        for pico, rid, rule in batch.memory.gone:
            self._memory[pico].pop((rid, rule), None)
        for pico in batch.paused.gone:
            self._paused.pop(pico, None)
        if batch.dead_done:
            self._dead = {id: row for id, row in self._dead.items() if row.eid not in batch.dead_done}

    def _delete_pico(self, id: str) -> None:
        row = self._picos.pop(id, None)
        if row is not None:
            self._children[row.parent].discard(id)
        for eci in list(self._ecis.get(id, ())):
            self._delete_channel(eci)
        self._ecis.pop(id, None)
        self._ordinary.pop(id, None)
        self._dedup.pop(id, None)  # its id is an ECI, too: the self channel's
        self._variables.pop(id, None)
        self._memory.pop(id, None)
        self._paused.pop(id, None)
        for inbox in [row for row in self._inbox.values() if row.pico == id]:
            del self._inbox[inbox.id]
        for timer in [row for row in self._timers.values() if row.pico == id]:
            del self._timers[timer.id]
        for callback in [row.id for row in self._callbacks.values() if row.pico == id]:
            del self._callbacks[callback]
        for step in [key for key in self._steps if key[0] == id]:
            del self._steps[step]
        for attachment in [key for key in self._attachments if key[0] == id]:
            del self._attachments[attachment]

    def _delete_channel(self, eci: str) -> None:
        row = self._channels.pop(eci, None)
        if row is not None:
            self._ecis[row.pico].discard(eci)
            self._ordinary[row.pico].discard(eci)
        self._dedup.pop(eci, None)

    def _write_state(self, batch: Merged) -> None:
        for row in batch.picos.rows.values():
            self._set_pico(row)
        for pico, code in batch.codes.items():
            if pico in self._picos:
                self._picos[pico] = replace(self._picos[pico], code=code)
        for channel in batch.channels.rows.values():
            self._set_channel(channel)
        for (pico, rid, name), value in batch.variables.rows.items():
            self._variables[pico][rid, name] = value
        for (pico, rid, rule), state in batch.memory.rows.items():
            self._memory[pico][rid, rule] = state
        self._timers.update(batch.timers.rows)
        self._callbacks.update(batch.callbacks.rows)
        self._steps.update(batch.steps)
        self._attachments.update(batch.attachments)
        for hash, blob in batch.blobs.items():
            self._blobs.setdefault(hash, blob)
        for hash, ruleset in batch.rulesets.items():
            self._rulesets.setdefault(hash, ruleset)
        self._registry.update(batch.registry)
        self._cuts.update(batch.cuts)
        self._paused.update(batch.paused.rows)
        self._facts.update(batch.facts)

    def _set_pico(self, row: PicoRow) -> None:
        known = self._picos.get(row.id)
        if known is not None:
            self._children[known.parent].discard(row.id)
        self._picos[row.id] = row
        self._children[row.parent].add(row.id)

    def _set_channel(self, row: ChannelRow) -> None:
        known = self._channels.get(row.eci)
        if known is not None:
            self._ecis[known.pico].discard(row.eci)
            self._ordinary[known.pico].discard(row.eci)
        self._channels[row.eci] = row
        self._ecis[row.pico].add(row.eci)
        if row.family_pico is None:
            self._ordinary[row.pico].add(row.eci)

    def _write_streams(self, batch: Merged) -> None:
        for log in batch.log:
            self._log[log.pico][log.seq] = log
            self._log_by_eid.setdefault(log.eid, log)
            if log.status in DEAD:
                self._last_dead_id += 1
                dead = DeadRow(self._last_dead_id, log.pico, log.seq, log.eid, log.t_commit)
                self._dead[dead.id] = dead
        for snapshot in batch.snapshots:
            self._snapshots[snapshot.pico][snapshot.seq] = snapshot
        self._inbox.update(batch.inbox)
        self._inbox.update({id: row for id, row in batch.inbox_set.items() if id in self._inbox})
        self._last_inbox_id = max(self._last_inbox_id, batch.last_inbox_id)
        for dedup in batch.dedup.values():
            self._dedup[dedup.eci][dedup.key] = dedup
        for (eci, key), response in batch.responses.items():
            known = self._dedup.get(eci, {}).get(key)
            if known is not None:
                self._dedup[eci][key] = replace(known, response=response)
        self._write_outbox(batch)
        self._last_outbox_id = max(self._last_outbox_id, batch.last_outbox_id)

    def _replace_log(self, row: LogRow) -> None:
        if self._log_by_eid.get(row.eid) is self._log[row.pico][row.seq]:
            self._log_by_eid[row.eid] = row
        self._log[row.pico][row.seq] = row

    def _write_outbox(self, batch: Merged) -> None:
        """A row that is done goes, as in SQLite."""
        self._outbox.update(batch.outbox_add)
        self._outbox.update({id: row for id, row in batch.outbox_set.items() if id in self._outbox})
        for id, row in (batch.outbox_add | batch.outbox_set).items():
            if row.state == "done":
                self._outbox.pop(id, None)

    # --- keeping ------------------------------------------------------------------------------------------

    def view(self) -> AbstractContextManager[Reading]:
        return nullcontext(self)

    def beside(self, name: str) -> Path | None:
        return None

    def backup(self, path: str) -> None:
        """A SQLite file with the same rows."""
        from .sqlite import SQLiteStore

        if os.path.lexists(path):
            raise FileExistsError(path)
        copy = SQLiteStore(path)
        try:
            copy.write(self._everything())
            copy.write([Writes(dead_done=self._handled())])
        finally:
            copy.close()

    def _everything(self) -> list[Writes]:
        """All rows, and before them the last numbers given out: rows that are done as soon as they are there."""
        with self._lock:
            marks = Writes()
            if self._last_inbox_id:
                marks.inbox_add.append(InboxRow(self._last_inbox_id, "", "", "", "", b"", 0))
                marks.inbox_done.append(self._last_inbox_id)
            if self._last_outbox_id:
                marks.outbox_add.append(
                    OutboxRow(self._last_outbox_id, "", 0, 0, "", "", "", b"", "", 0, 0, "done", None)
                )
            rows = Writes(
                inbox_add=list(self._inbox.values()),
                dedup_add=[row for rows in self._dedup.values() for row in rows.values()],
                log=[row for rows in self._log.values() for row in rows.values()],
                snapshots=[row for rows in self._snapshots.values() for row in rows.values()],
                picos=dict(self._picos),
                channels=dict(self._channels),
                blobs=dict(self._blobs),
                rulesets=dict(self._rulesets),
                registry=dict(self._registry),
                timers=dict(self._timers),
                callbacks=dict(self._callbacks),
                steps=list(self._steps.values()),
                attachments=list(self._attachments.values()),
                cuts=dict(self._cuts),
                paused=dict(self._paused),
                outbox_add=list(self._outbox.values()),
                facts=dict(self._facts),
            )
            for pico, variables in self._variables.items():
                rows.variables.update({(pico, *name): value for name, value in variables.items()})
            for pico, memory in self._memory.items():
                rows.memory.update({(pico, *rule): state for rule, state in memory.items()})
        return [marks, rows]

    def _handled(self) -> list[str]:
        """Events that failed and are no dead letters any more."""
        with self._lock:
            dead = {row.eid for row in self._dead.values()}
            rows = [row for log in self._log.values() for row in log.values()]
        return [row.eid for row in rows if row.status in DEAD and row.eid not in dead]

    def close(self) -> None:
        with self._lock:
            self._closed = True


def _forget(rows: dict[tuple[str, str], Row], rid: str) -> None:
    for key in [key for key in rows if key[0] == rid]:
        del rows[key]
