"""Reading a SQLite store: one connection, used by one thread at a time.

A statement sees what was committed when it began; it is never in the writer's way, nor the writer in its.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..errors import StoreUnavailable
from . import statements as sql
from .interface import (
    CallbackRow,
    ChannelRow,
    DeadRow,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    RegistryRow,
    SnapshotRow,
    StepRow,
    TimerRow,
)

T = TypeVar("T")

BUSY_MS = 5000  # our own connections hardly ever meet; a person's sqlite3 shell may
PAGE = 1000  # names taken at a time

READING = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",  # functions in a foreign file's schema may not run
    "PRAGMA query_only = ON",
)
_PARKED = "WHERE state IN ('dead', 'held')"  # the words of the index `outbox_parked`


class SQLiteReading:
    """What can be read by the connection `_read`."""

    _read: sqlite3.Connection

    def pico(self, id: str) -> PicoRow | None:
        return self._one(sql.PICO, "WHERE id = ?", id)

    def children(self, id: str) -> list[PicoRow]:
        return self._all(sql.PICO, "WHERE parent = ? ORDER BY child_no, id", id)

    def next_child_no(self, id: str) -> int:
        highest = self._value(int, "SELECT max(child_no) FROM pico WHERE parent = ?", id)
        return 0 if highest is None else highest + 1

    def roots(self) -> list[PicoRow]:
        return self._all(sql.PICO, "WHERE parent IS NULL ORDER BY child_no, id")

    def pico_ids(self) -> Iterator[str]:
        last = ""
        while rows := self._rows("SELECT id FROM pico WHERE id > ? ORDER BY id LIMIT ?", last, PAGE):
            for (last,) in rows:
                yield last

    def channel(self, eci: str) -> ChannelRow | None:
        return self._one(sql.CHANNEL, "WHERE eci = ?", eci)

    def channels(self, pico: str) -> list[ChannelRow]:
        return self._all(sql.CHANNEL, "WHERE pico = ? ORDER BY eci", pico)

    def ordinary_channels(self, pico: str) -> list[ChannelRow]:
        return self._all(sql.CHANNEL, "WHERE pico = ? AND family_pico IS NULL ORDER BY eci", pico)

    def blob(self, hash: str) -> bytes | None:
        return self._value(bytes, "SELECT data FROM blob WHERE hash = ?", hash)

    def attachment(self, pico: str, ref: str) -> bytes | None:
        return self._value(bytes, "SELECT data FROM attachment WHERE pico = ? AND ref = ?", pico, ref)

    def variable(self, pico: str, rid: str, name: str) -> bytes | None:
        return self._value(bytes, "SELECT value FROM ent WHERE pico = ? AND rid = ? AND name = ?", pico, rid, name)

    def variables(self, pico: str, rid: str | None = None) -> Iterator[tuple[str, str, bytes]]:
        select = "SELECT rid, name, value FROM ent WHERE pico = ?"
        if rid is None:
            return iter(self._rows(f"{select} ORDER BY rid, name", pico))
        return iter(self._rows(f"{select} AND rid = ? ORDER BY name", pico, rid))

    def memory(self, pico: str) -> list[tuple[str, str, str, bytes]]:
        return self._rows("SELECT rid, rule, expression, state FROM rstate WHERE pico = ? ORDER BY rid, rule", pico)

    def ruleset(self, hash: str) -> tuple[str, str] | None:
        rows = self._rows("SELECT rid, source FROM ruleset WHERE hash = ?", hash)
        return rows[0] if rows else None

    def registered(self, url: str) -> RegistryRow | None:
        return self._one(sql.REGISTRY, "WHERE url = ?", url)

    def registry(self) -> list[RegistryRow]:
        return self._all(sql.REGISTRY, "ORDER BY url")

    def dedup(self, eci: str, key: str) -> DedupRow | None:
        return self._one(sql.DEDUP, "WHERE eci = ? AND key = ?", eci, key)

    def inbox(self, after: int = 0, limit: int = 1000) -> list[InboxRow]:
        return self._all(sql.INBOX, "WHERE id > ? ORDER BY id LIMIT ?", after, limit)

    def running(self) -> list[InboxRow]:
        return self._all(sql.INBOX, "WHERE state = 'running' ORDER BY id")

    def last_inbox_id(self) -> int:
        return self._value(int, "SELECT value FROM mark WHERE name = 'inbox'") or 0

    def log(self, pico: str, after: int = 0, limit: int = 100) -> list[LogRow]:
        return self._all(sql.LOG, "WHERE pico = ? AND seq > ? ORDER BY seq LIMIT ?", pico, after, limit)

    def logged_at(self, pico: str, seq: int) -> int | None:
        return self._value(int, "SELECT t_commit FROM evlog WHERE pico = ? AND seq = ?", pico, seq)

    def snapshot(self, pico: str, until: int) -> SnapshotRow | None:
        return self._one(sql.SNAPSHOT, "WHERE pico = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", pico, until)

    def log_by_eid(self, eid: str) -> LogRow | None:
        # Events of children made in this very event stand behind it under the same eid.
        return self._one(sql.LOG, "WHERE eid = ? ORDER BY id LIMIT 1", eid)

    def timers(self, pico: str, rid: str) -> list[TimerRow]:
        return self._all(sql.TIMER, "WHERE pico = ? AND rid = ? ORDER BY n", pico, rid)

    def timer(self, id: str) -> TimerRow | None:
        return self._one(sql.TIMER, "WHERE id = ?", id)

    def due_timers(self, until: int, limit: int = 100) -> list[TimerRow]:
        return self._all(sql.TIMER, "WHERE due_at <= ? ORDER BY due_at, n LIMIT ?", until, limit)

    def next_due(self) -> int | None:
        return self._value(int, "SELECT min(due_at) FROM timer")

    def steps(self, pico: str, eid: str) -> list[StepRow]:
        return self._all(sql.STEP, "WHERE pico = ? AND eid = ? ORDER BY n", pico, eid)

    def unanswered_steps(self, limit: int = 100) -> list[StepRow]:
        return self._all(sql.STEP, "WHERE result IS NULL ORDER BY since, pico, eid, n LIMIT ?", limit)

    def callback(self, id: str) -> CallbackRow | None:
        return self._one(sql.CALLBACK, "WHERE id = ?", id)

    def ended_callbacks(self, now: int, limit: int = 100) -> list[CallbackRow]:
        ended = "WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at, id LIMIT ?"
        return self._all(sql.CALLBACK, ended, now, limit)

    def next_callback_end(self) -> int | None:
        return self._value(int, "SELECT min(expires_at) FROM callback WHERE state = 'open'")

    def outbox(self, until: int, limit: int = 100) -> list[OutboxRow]:
        # By its index, or SQLite would walk through all that wait for a later time, since LIMIT looks cheap to it.
        due = "INDEXED BY outbox_due WHERE state = 'ready' AND next_at <= ? ORDER BY id LIMIT ?"
        return self._all(sql.OUTBOX, due, until, limit)

    def last_outbox_id(self) -> int:
        return self._value(int, "SELECT value FROM mark WHERE name = 'outbox'") or 0

    def parked_effects(self, after: int = 0, limit: int = 100) -> list[OutboxRow]:
        return self._all(sql.OUTBOX, f"{_PARKED} AND id > ? ORDER BY id LIMIT ?", after, limit)

    def parked_effect(self, ikey: str) -> OutboxRow | None:
        return self._one(sql.OUTBOX, f"{_PARKED} AND ikey = ?", ikey)

    def dead_events(self, after: int = 0, limit: int = 100) -> list[DeadRow]:
        return self._all(sql.DEAD, "WHERE id > ? ORDER BY id LIMIT ?", after, limit)

    def dead_event(self, eid: str) -> DeadRow | None:
        return self._one(sql.DEAD, "WHERE eid = ?", eid)

    def paused(self) -> dict[str, int]:
        return dict(self._rows("SELECT pico, since FROM paused ORDER BY since, pico"))

    def cut(self, pico: str) -> tuple[int, bytes]:
        rows: list[tuple[int, bytes]] = self._rows("SELECT seq, hash FROM cut WHERE pico = ?", pico)
        return rows[0] if rows else (0, b"")

    def orphans(self) -> list[tuple[str, str]]:
        return [(table, pico) for table in sql.OWNED for (pico,) in self._rows(sql.orphans(table))]

    def expired(self, now: int) -> int:
        return self._value(int, "SELECT count(*) FROM dedup WHERE expires_at <= ?", now) or 0

    def damage(self) -> list[str]:
        try:
            found = [text for (text,) in self._rows("PRAGMA quick_check")]
        except StoreUnavailable as error:
            return [error.message]
        return [text for text in found if text != "ok"]

    def fact(self, name: str) -> str | None:
        return self._value(str, "SELECT value FROM meta WHERE name = ?", name)

    def _rows(self, statement: str, *values: str | int) -> list[Any]:
        """All rows at once: a cursor left open would keep the log from being written back into the file."""
        try:
            return self._read.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store cannot be read: {error}") from error
        except UnicodeEncodeError:
            return []  # half a character is part of no name in the store

    def _value(self, kind: type[T], statement: str, *values: str | int) -> T | None:
        """The one value of the one row, whose column is of this kind."""
        rows = self._rows(statement, *values)
        value: T | None = rows[0][0] if rows else None
        return value

    def _one(self, table: sql.Table[sql.Row], where: str, *values: str | int) -> sql.Row | None:
        rows = self._rows(f"{table.select} {where}", *values)
        return table.row(*rows[0]) if rows else None

    def _all(self, table: sql.Table[sql.Row], where: str, *values: str | int) -> list[sql.Row]:
        return [table.row(*row) for row in self._rows(f"{table.select} {where}", *values)]


@contextmanager
def view(path: Path) -> Iterator[SQLiteReading]:
    """The store in this file for reading, until the end of the block; another process may be writing.

    Raises StoreUnavailable if there is none.
    """
    found = SQLiteReading()
    try:
        if not path.is_file():  # SQLite would make it
            raise StoreUnavailable(f"there is no store at {str(path)!r}")
        found._read = connect(path, READING)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot open {str(path)!r}: {error}") from error
    try:
        yield found
    finally:
        found._read.close()


def connect(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A connection that leaves transactions to us; each one here is used by one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        for pragma in pragmas:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection
