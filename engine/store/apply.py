"""Write one merged batch to SQLite, inside a transaction that the caller has begun."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from . import statements as sql
from .interface import DEAD, CommitRefused
from .merge import Merged


def apply(connection: Connection, batch: Merged) -> None:
    """Write the batch. Raises CommitRefused if a pico's log or an inbox row is not where the batch has it."""
    _check_fences(connection, batch)
    _delete(connection, batch)
    _write_state(connection, batch)
    _write_streams(connection, batch)


def _check_fences(connection: Connection, batch: Merged) -> None:
    """One count for the whole batch each: a number of touched rows that is too low says that somebody was faster."""
    if batch.heads:
        moved = sql.MOVE_HEAD.run(connection, [(pico, *move) for pico, move in batch.heads.items()])
        if moved != len(batch.heads):
            raise CommitRefused(f"{len(batch.heads) - moved} of {len(batch.heads)} logs are not where they should be")
    if batch.inbox_done:
        done = sql.DELETE_INBOX.run(connection, [(id,) for id in batch.inbox_done])
        if done != len(batch.inbox_done):
            raise CommitRefused(f"{len(batch.inbox_done) - done} of {len(batch.inbox_done)} inbox rows are gone")


def _delete(connection: Connection, batch: Merged) -> None:
    if batch.picos.gone:
        _delete_picos(connection, batch.picos.gone)
    if batch.channels.gone:
        ecis = [(eci,) for eci in batch.channels.gone]
        sql.DELETE_KEYS.run(connection, ecis)
        sql.DELETE_CHANNEL.run(connection, ecis)
    if batch.timers.gone:
        sql.DELETE_TIMER.run(connection, [(id,) for id in batch.timers.gone])
    if batch.callbacks.gone:
        sql.DELETE_CALLBACK.run(connection, [(id,) for id in batch.callbacks.gone])
    # SQLite does not use an index for several columns in a list of rows, so these go one by one; they are rare.
    if batch.forget_variables:
        connection.executemany("DELETE FROM ent WHERE pico = ? AND rid = ?", batch.forget_variables)
    if batch.variables.gone:
        connection.executemany("DELETE FROM ent WHERE pico = ? AND rid = ? AND name = ?", batch.variables.gone)
    if batch.forget_memory:
        connection.executemany("DELETE FROM rstate WHERE pico = ? AND rid = ?", batch.forget_memory)
    if batch.steps_done:
        connection.executemany("DELETE FROM step WHERE pico = ? AND eid = ?", batch.steps_done)
    if batch.dead_done:
        sql.DELETE_DEAD.run(connection, [(eid,) for eid in batch.dead_done])
    if batch.paused.gone:
        sql.DELETE_PAUSED.run(connection, [(pico,) for pico in batch.paused.gone])
    if batch.memory.gone:
        connection.executemany("DELETE FROM rstate WHERE pico = ? AND rid = ? AND rule = ?", batch.memory.gone)


def _delete_picos(connection: Connection, picos: Iterable[str]) -> None:
    """The log stays, being what happened; so does the outbox: what a pico has promised to send still leaves."""
    rows = [(pico,) for pico in picos]
    for statement in sql.DELETE_PICO:
        statement.run(connection, rows)


def _write_state(connection: Connection, batch: Merged) -> None:
    if batch.picos.rows:
        sql.PICO.upsert.run(connection, [sql.PICO.values(row) for row in batch.picos.rows.values()])
    if batch.codes:
        sql.SET_CODE.run(connection, list(batch.codes.items()))
    if batch.channels.rows:
        sql.CHANNEL.upsert.run(connection, [sql.CHANNEL.values(row) for row in batch.channels.rows.values()])
    if batch.variables.rows:
        sql.SET_VARIABLE.run(connection, [(*key, value) for key, value in batch.variables.rows.items()])
    if batch.memory.rows:
        sql.SET_MEMORY.run(connection, [(*key, *state) for key, state in batch.memory.rows.items()])
    if batch.timers.rows:
        sql.TIMER.upsert.run(connection, [sql.TIMER.values(row) for row in batch.timers.rows.values()])
    if batch.steps:
        sql.STEP.upsert.run(connection, [sql.STEP.values(row) for row in batch.steps.values()])
    if batch.callbacks.rows:
        sql.CALLBACK.upsert.run(connection, [sql.CALLBACK.values(row) for row in batch.callbacks.rows.values()])
    if batch.attachments:
        sql.ATTACHMENT.upsert.run(connection, [sql.ATTACHMENT.values(row) for row in batch.attachments.values()])
    if batch.blobs:
        sql.KEEP_BLOB.run(connection, list(batch.blobs.items()))
    if batch.rulesets:
        sql.KEEP_RULESET.run(connection, [(hash, *ruleset) for hash, ruleset in batch.rulesets.items()])
    if batch.registry:
        sql.REGISTRY.upsert.run(connection, [sql.REGISTRY.values(row) for row in batch.registry.values()])
    if batch.cuts:
        sql.SET_CUT.run(connection, [(pico, *cut) for pico, cut in batch.cuts.items()])
    if batch.paused.rows:
        sql.SET_PAUSED.run(connection, list(batch.paused.rows.items()))
    if batch.facts:
        sql.SET_FACT.run(connection, list(batch.facts.items()))


def _write_streams(connection: Connection, batch: Merged) -> None:
    if batch.log:
        sql.LOG.insert.run(connection, [sql.LOG.values(row) for row in batch.log])
        if dead := [(row.pico, row.seq, row.eid, row.t_commit) for row in batch.log if row.status in DEAD]:
            sql.ADD_DEAD.run(connection, dead)
    if batch.snapshots:
        sql.SNAPSHOT.upsert.run(connection, [sql.SNAPSHOT.values(row) for row in batch.snapshots])
    if batch.inbox:
        sql.INBOX.insert.run(connection, [sql.INBOX.values(row) for row in batch.inbox.values()])
    if batch.inbox_set:
        sql.INBOX.update.run(connection, [sql.INBOX.values(row) for row in batch.inbox_set.values()])
    if batch.last_inbox_id:
        sql.RAISE_MARK.run(connection, [("inbox", batch.last_inbox_id)])
    if batch.dedup:
        sql.DEDUP.upsert.run(connection, [sql.DEDUP.values(row) for row in batch.dedup.values()])
    if batch.responses:
        sql.SET_RESPONSE.run(connection, [(*key, response) for key, response in batch.responses.items()])
    if batch.outbox_add or batch.outbox_set:
        _write_outbox(connection, batch)


def _write_outbox(connection: Connection, batch: Merged) -> None:
    """A row that is done goes: what was sent stands in the log, and the table stays small."""
    waiting = [row for row in batch.outbox_add.values() if row.state != "done"]
    changed = [row for row in batch.outbox_set.values() if row.state != "done"]
    done = [(row.id,) for row in batch.outbox_set.values() if row.state == "done"]
    if done:
        sql.DELETE_OUTBOX.run(connection, done)
    if waiting:
        sql.OUTBOX.insert.run(connection, [sql.OUTBOX.values(row) for row in waiting])
    if changed:
        sql.OUTBOX.update.run(connection, [sql.OUTBOX.values(row) for row in changed])
    if batch.last_outbox_id:
        sql.RAISE_MARK.run(connection, [("outbox", batch.last_outbox_id)])
