"""The store in one SQLite file: a write-ahead log, synced at every commit, one process at a time.

Two connections: one writes, on the writer thread; one reads, on the event loop's. A reader sees what was committed
when its statement began and is never in the writer's way, nor the writer in its.

Source of the settings: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock as ThreadLock
from typing import Any, TypeVar

from ..errors import StoreUnavailable
from . import statements as sql
from .apply import apply
from .interface import (
    ChannelRow,
    CommitRefused,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    RegistryRow,
    TimerRow,
    Writes,
)
from .merge import merge
from .place import Lock, prepare, sync_folder

T = TypeVar("T")

OLDEST = (3, 37, 0)  # STRICT tables
BUSY_MS = 5000  # our own two connections hardly ever meet; a person's sqlite3 shell may
CHECKPOINT_PAGES = 4000  # of 4 kB
PAGE = 1000  # rows or names taken at a time
PRUNED = 5000  # rows deleted in one go, so that commits need not wait long

_READ = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",  # functions in a foreign file's schema may not run
    "PRAGMA query_only = ON",
)
_WRITE = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL would sync at checkpoints only
    "PRAGMA fullfsync = ON",  # macOS: through the drive's own cache, too
    "PRAGMA checkpoint_fullfsync = ON",
    # Checkpoints are SQLite's own: passive, by the writer thread behind a commit, when 16 MB are in the log. A thread
    # of their own was measured to gain nothing beyond the noise, and under full load it never reaches the log's end.
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit = {64 * 1024 * 1024}",  # what a log that grew behind a long reader shrinks to
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)


class SQLiteStore:
    """A Store in the SQLite file at `path`, made if it is missing."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file for this process alone and bring its schema up to date.

        Raises StoreUnavailable if another process uses it, if it lies on a network file system, if a newer release
        wrote it, or if it cannot be opened at all.
        """
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 or newer is needed")
        # Resolved, since two names of one file must meet at one lock.
        self.path = Path(path).resolve()
        self._one_writer = ThreadLock()
        self._closed = False
        prepare(self.path)
        self._lock = Lock(self.path)
        try:
            self._open()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error | OSError):
                raise StoreUnavailable(f"cannot open {str(self.path)!r}: {error}") from error
            raise

    def _open(self) -> None:
        from sqlite_utils import Database  # here, since it takes 30 ms to import

        from .schema import migrate

        self._write = _connect(self.path, _WRITE)
        try:
            mode = self._write.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                raise StoreUnavailable(f"{str(self.path)!r} keeps no write-ahead log here (journal mode {mode!r})")
            migrate(Database(self._write))
            self._read = _connect(self.path, _READ)
            sync_folder(self.path.parent)  # the log's name, made just now
        except BaseException:
            self._write.close()
            raise

    # --- writing ------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Writes]) -> None:
        merged = merge(batch)
        with self._transaction() as connection:
            apply(connection, merged)

    def prune(self, now: int) -> int:
        pruned = 0
        while True:
            with self._transaction() as connection:
                # Not DELETE … LIMIT: not every SQLite is built with it.
                gone = connection.execute(
                    "DELETE FROM dedup WHERE rowid IN (SELECT rowid FROM dedup WHERE expires_at <= ? LIMIT ?)",
                    (now, PRUNED),
                ).rowcount
            pruned += gone
            if gone < PRUNED:
                return pruned

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Raises CommitRefused for what SQLite will not take, StoreUnavailable if it cannot."""
        with self._one_writer:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            try:
                # Immediate: a deferred transaction that began by reading could not become a writer later.
                self._write.execute("BEGIN IMMEDIATE")
                yield self._write
                self._write.execute("COMMIT")
            except BaseException as error:
                self._undo()
                told = _told(error)
                if told is error:
                    raise
                raise told from error

    def _undo(self) -> None:
        if self._write.in_transaction:
            # A full disk has rolled back already, or it cannot; either way nothing was committed.
            with suppress(sqlite3.Error):
                self._write.execute("ROLLBACK")

    # --- reading ------------------------------------------------------------------------------------------

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

    def blob(self, hash: str) -> bytes | None:
        return self._value(bytes, "SELECT data FROM blob WHERE hash = ?", hash)

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

    def last_inbox_id(self) -> int:
        return self._value(int, "SELECT value FROM mark WHERE name = 'inbox'") or 0

    def log(self, pico: str, after: int = 0, limit: int = 100) -> list[LogRow]:
        return self._all(sql.LOG, "WHERE pico = ? AND seq > ? ORDER BY seq LIMIT ?", pico, after, limit)

    def log_by_eid(self, eid: str) -> LogRow | None:
        # Events of children made in this very event stand behind it under the same eid.
        return self._one(sql.LOG, "WHERE eid = ? ORDER BY id LIMIT 1", eid)

    def timers(self, pico: str, rid: str) -> list[TimerRow]:
        return self._all(sql.TIMER, "WHERE pico = ? AND rid = ? ORDER BY n", pico, rid)

    def due_timers(self, until: int, limit: int = 100) -> list[TimerRow]:
        return self._all(sql.TIMER, "WHERE due_at <= ? ORDER BY due_at, n LIMIT ?", until, limit)

    def next_due(self) -> int | None:
        return self._value(int, "SELECT min(due_at) FROM timer")

    def outbox(self, until: int, limit: int = 100) -> list[OutboxRow]:
        # By its index, or SQLite would walk through all that wait for a later time, since LIMIT looks cheap to it.
        due = "INDEXED BY outbox_due WHERE state = 'ready' AND next_at <= ? ORDER BY id LIMIT ?"
        return self._all(sql.OUTBOX, due, until, limit)

    def last_outbox_id(self) -> int:
        return self._value(int, "SELECT value FROM mark WHERE name = 'outbox'") or 0

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

    # --- the file -----------------------------------------------------------------------------------------

    def backup(self, path: str) -> None:
        # A connection of its own, since the whole copy is one statement and other reads would wait behind it.
        source = _connect(self.path, _READ)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            target = sqlite3.connect(path, isolation_level=None)
            try:
                source.backup(target)
            finally:
                target.close()
            sync_folder(Path(path).resolve().parent)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"cannot copy the store to {path!r}: {error}") from error
        finally:
            source.close()

    def close(self) -> None:
        with self._one_writer:
            if self._closed:
                return
            self._closed = True
            self._read.close()
            self._write.close()  # the last one out writes the log back into the file
            self._lock.release()


def _connect(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A connection that leaves transactions to us; each one here is used by one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        for pragma in pragmas:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _told(error: BaseException) -> BaseException:
    """The error in the store's own words."""
    match error:
        case sqlite3.IntegrityError() | sqlite3.ProgrammingError() | sqlite3.InterfaceError() | sqlite3.DataError():
            return CommitRefused(str(error))
        case UnicodeEncodeError() | OverflowError():  # values that no column takes
            return CommitRefused(str(error))
        case sqlite3.Error():
            return StoreUnavailable(f"the store cannot be written: {error}")
        case _:
            return error
