"""Let go of what a SQLite store need not keep, in slices: each is one short transaction.

Each function works inside a transaction that its caller has begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection

from . import statements as sql

_OLDEST_FAILURES = "SELECT id, pico, seq FROM dead WHERE at < ? ORDER BY id LIMIT ?"
_DROP_ONE_TRACE = "UPDATE evlog SET trace = x'' WHERE pico = ? AND seq = ? AND id <= ?"
_SIZES = "SELECT id, length(trace) FROM evlog WHERE id > ? ORDER BY id LIMIT ?"
_OLDEST_TRACES = "SELECT id, length(trace), t_commit FROM evlog WHERE id > ? ORDER BY id LIMIT ?"
_DROP_TRACES = """UPDATE evlog SET trace = x'' WHERE id > ? AND id <= ? AND trace <> x''
    AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.pico = evlog.pico AND dead.seq = evlog.seq)"""
# The latest one at the cut stays: what remains of the log goes on from there.
_DROP_SNAPSHOTS = """DELETE FROM snapshot WHERE pico = ?
    AND seq < (SELECT max(seq) FROM snapshot WHERE pico = ? AND seq <= ?)"""
_TRIMMED = "traces"  # the mark: the log's row up to which traces are dropped


@dataclass(frozen=True, slots=True)
class Traces:
    """How many bytes of traces there are in the log's rows up to `counted`, behind those that were dropped."""

    counted: int = 0
    bytes: int = 0


def trim_failures(connection: Connection, before: int, rows: int) -> int:
    """See `Store.trim_failures`."""
    found = connection.execute(_OLDEST_FAILURES, (before, rows)).fetchall()
    trimmed = _mark(connection)
    connection.executemany(_DROP_ONE_TRACE, [(pico, seq, trimmed) for _, pico, seq in found])
    connection.executemany("DELETE FROM dead WHERE id = ?", [(id,) for id, _, _ in found])
    return len(found)


def trim_traces(
    connection: Connection, known: Traces, before: int, allowed_bytes: int, rows: int
) -> tuple[int, Traces]:
    """See `Store.trim_traces`; and what is known about traces when the transaction is committed."""
    trimmed = _mark(connection)
    sizes = connection.execute(_SIZES, (max(known.counted, trimmed), rows)).fetchall()
    if sizes:
        known = Traces(sizes[-1][0], known.bytes + sum(size for _, size in sizes))
    left, last, looked = known.bytes, trimmed, 0
    for id, size, at in connection.execute(_OLDEST_TRACES, (trimmed, rows)).fetchall():
        if id > known.counted or (at >= before and left <= allowed_bytes):
            break
        last, left, looked = id, left - size, looked + 1
    if looked:
        connection.execute(_DROP_TRACES, (trimmed, last))
        sql.RAISE_MARK.run(connection, [(_TRIMMED, last)])
    return len(sizes) + looked, Traces(known.counted, left)


def cut_log(connection: Connection, pico: str, seq: int, rows: int) -> int:
    """See `Store.cut_log`."""
    found = connection.execute(
        "SELECT seq, hash FROM evlog WHERE pico = ? AND seq <= ? ORDER BY seq LIMIT ?", (pico, seq, rows)
    ).fetchall()
    if not found:
        return 0
    last, hash = found[-1]
    connection.execute("DELETE FROM evlog WHERE pico = ? AND seq <= ?", (pico, last))
    connection.execute("DELETE FROM dead WHERE pico = ? AND seq <= ?", (pico, last))
    connection.execute(_DROP_SNAPSHOTS, (pico, pico, last))
    sql.SET_CUT.run(connection, [(pico, last, hash)])
    return len(found)


def drop_orphans(connection: Connection) -> int:
    """See `Store.drop_orphans`."""
    return sum(
        connection.execute(f"DELETE FROM {table} WHERE pico NOT IN (SELECT id FROM pico)").rowcount
        for table in sql.OWNED
    )


def shrink(connection: Connection, pages: int, spare: int) -> int:
    """See `Store.shrink`."""
    free = _free(connection)
    if free <= spare:
        return 0
    connection.execute(f"PRAGMA incremental_vacuum({min(pages, free - spare)})").fetchall()
    return max(0, free - _free(connection))


def _free(connection: Connection) -> int:
    pages: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return pages


def _mark(connection: Connection) -> int:
    row = connection.execute("SELECT value FROM mark WHERE name = ?", (_TRIMMED,)).fetchone()
    return row[0] if row else 0
