"""The store in one SQLite file: a write-ahead log, synced at every commit, one process at a time.

Two connections: one writes, with one transaction at a time; one reads, on the event loop's thread. A reader sees what
was committed when its statement began and is never in the writer's way, nor the writer in its.

Source of the settings: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock as ThreadLock
from typing import TYPE_CHECKING

from ..errors import StoreUnavailable
from ..trigger import reached
from . import trimming
from .apply import apply
from .copying import copy
from .interface import CommitRefused, Reading, Writes
from .merge import Merged, merge
from .place import Lock, prepare, sync_folder
from .reading import BUSY_MS, READING, SQLiteReading, connect, view

if TYPE_CHECKING:
    from sqlite_utils import Database

Steps = Mapping[str, Callable[["Database"], None]]

OLDEST = (3, 37, 0)  # STRICT tables
CHECKPOINT_PAGES = 4000  # of 4 kB
PRUNED = 5000  # rows deleted in one go, so that commits need not wait long

NO_PATIENCE = "PRAGMA busy_timeout = 0"  # on the loop's thread nobody waits

_WRITE = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA auto_vacuum = INCREMENTAL",  # first, since only a database without a page can still choose
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


class SQLiteStore(SQLiteReading):
    """A Store in the SQLite file at `path`, made if it is missing."""

    def __init__(self, path: str | os.PathLike[str], steps: Steps | None = None) -> None:
        """Open the file for this process alone and bring its schema up to date; first it is copied, if it has one.

        Raises StoreUnavailable if another process uses it, if it lies on a network file system, if a newer release
        wrote it, or if it cannot be opened at all.
        """
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 or newer is needed")
        # Resolved, since two names of one file must meet at one lock.
        self.path = Path(path).resolve()
        self.patience_ms = BUSY_MS  # with foreign processes
        self._one_writer = ThreadLock()
        self._closed = False
        self._traces = trimming.Traces()
        prepare(self.path)
        self._lock = Lock(self.path)
        try:
            self._open(steps)
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error | OSError):
                raise StoreUnavailable(f"cannot open {str(self.path)!r}: {error}") from error
            raise

    def _open(self, steps: Steps | None) -> None:
        self._write = connect(self.path, _WRITE)
        try:
            mode = self._write.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                raise StoreUnavailable(f"{str(self.path)!r} keeps no write-ahead log here (journal mode {mode!r})")
            self._migrate(steps)
            self._write.execute(NO_PATIENCE)
            self._read = connect(self.path, READING)
            sync_folder(self.path.parent)  # the log's name, made just now
        except BaseException:
            self._write.close()
            raise

    def _migrate(self, steps: Steps | None) -> None:
        from sqlite_utils import Database  # here, since it takes 30 ms to import

        from .schema import STEPS, migrate, missing

        database = Database(self._write)
        steps = STEPS if steps is None else steps
        to_do = missing(database, steps)
        if to_do and len(to_do) < len(steps):
            # One that is there already is of an attempt that was broken off, when the database was the same.
            with suppress(FileExistsError):
                copy(self.path, self.beside(f"before-{to_do[0]}"))
        migrate(database, steps)

    # --- writing ------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Writes]) -> None:
        self._write_merged(merge(batch))

    def _write_merged(self, merged: Merged) -> None:
        with self._transaction() as connection:
            apply(connection, merged)

    def stage(self, batch: Sequence[Writes]) -> Callable[[], None]:
        merged = merge(batch)
        if not self._one_writer.acquire(blocking=False):
            return partial(self._write_merged, merged)  # somebody keeps house for a moment
        try:
            with self._or_nothing():
                if not self._begin():
                    self._one_writer.release()
                    return partial(self._write_merged, merged)
                apply(self._write, merged)
        except BaseException:
            self._one_writer.release()
            raise
        return self._end_staged

    def _end_staged(self) -> None:
        try:
            with self._or_nothing():
                self._commit()
        finally:
            self._one_writer.release()

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
                return pruned + self._prune_callbacks(now)

    def _prune_callbacks(self, now: int) -> int:
        with self._transaction() as connection:
            ended = "DELETE FROM callback WHERE state <> 'open' AND expires_at <= ?"
            return connection.execute(ended, (now,)).rowcount

    def trim_attachments(self, before: int, rows: int) -> int:
        with self._transaction() as connection:
            oldest = "SELECT rowid FROM attachment WHERE at < ? ORDER BY at LIMIT ?"
            return connection.execute(f"DELETE FROM attachment WHERE rowid IN ({oldest})", (before, rows)).rowcount

    def trim_failures(self, before: int, rows: int) -> int:
        with self._transaction() as connection:
            return trimming.trim_failures(connection, before, rows)

    def trim_traces(self, before: int, bytes: int, rows: int) -> int:
        with self._transaction() as connection:
            looked, traces = trimming.trim_traces(connection, self._traces, before, bytes, rows)
        self._traces = traces
        return looked

    def cut_log(self, pico: str, seq: int, rows: int) -> int:
        with self._transaction() as connection:
            return trimming.cut_log(connection, pico, seq, rows)

    def drop_orphans(self) -> int:
        with self._transaction() as connection:
            return trimming.drop_orphans(connection)

    def shrink(self, pages: int, spare: int) -> int:
        with self._transaction() as connection:
            return trimming.shrink(connection, pages, spare)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Raises CommitRefused for what SQLite will not take, StoreUnavailable if it cannot."""
        with self._one_writer, self._or_nothing():
            if not self._begin():
                self._wait_for_others()
            yield self._write
            self._commit()

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """Undo the transaction if the block fails. Raises as `_transaction`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            yield
        except BaseException as error:
            self._undo()
            told = _told(error)
            if told is error:
                raise
            raise told from error

    def _begin(self) -> bool:
        """Begin a transaction; False if a foreign process is within one of its own."""
        try:
            # Immediate: a deferred transaction that began by reading could not become a writer later.
            self._write.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        reached("T5.1")
        return True

    def _wait_for_others(self) -> None:
        """Begin a transaction when somebody's sqlite3 shell has ended its own, if that is soon."""
        self._write.execute(f"PRAGMA busy_timeout = {self.patience_ms}")
        try:
            self._write.execute("BEGIN IMMEDIATE")
        finally:
            self._write.execute(NO_PATIENCE)
        reached("T5.1")

    def _commit(self) -> None:
        reached("T5.3")
        self._write.execute("COMMIT")
        reached("T5.4")

    def _undo(self) -> None:
        if self._write.in_transaction:
            # A full disk has rolled back already, or it cannot; either way nothing was committed.
            with suppress(sqlite3.Error):
                self._write.execute("ROLLBACK")

    # --- the file -----------------------------------------------------------------------------------------

    def view(self) -> AbstractContextManager[Reading]:
        return view(self.path)

    def beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")

    def backup(self, path: str) -> None:
        copy(self.path, Path(path))

    def close(self) -> None:
        with self._one_writer:
            if self._closed:
                return
            self._closed = True
            self._read.close()
            self._write.close()  # the last one out writes the log back into the file
            self._lock.release()


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
