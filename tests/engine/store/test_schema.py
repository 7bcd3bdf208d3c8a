"""Steps of the schema, and the behaviour of sqlite-utils that the store relies on or avoids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from engine.errors import StoreUnavailable
from engine.store.schema import STEPS, migrate
from engine.store.sqlite import SQLiteStore


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    yield Database(connection)
    connection.close()


def _shape(database: Database) -> list[object]:
    return list(database.conn.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"))


@pytest.mark.parametrize("known", range(len(STEPS)))
def test_a_database_brought_up_from_any_step_equals_a_fresh_one(database: Database, known: int) -> None:
    migrate(database, dict(list(STEPS.items())[:known]))
    migrate(database)

    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        fresh = Database(connection)
        migrate(fresh)
        assert _shape(database) == _shape(fresh)
    connection.close()


def test_steps_are_applied_once(database: Database) -> None:
    migrate(database)
    migrate(database)

    assert database["_sqlite_migrations"].count == len(STEPS)


def test_steps_that_fail_leave_nothing_not_even_the_good_ones(database: Database) -> None:
    def good(database: Database) -> None:
        database.conn.execute("CREATE TABLE good (a)")

    def bad(database: Database) -> None:
        database.conn.execute("CREATE TABLE bad (a)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        migrate(database, {"1": good, "2": bad})

    assert _shape(database) == []


def test_a_database_of_a_newer_release_is_refused_and_unharmed(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    newer = Database(connection)
    migrate(newer, {**STEPS, "9999": lambda database: None})
    before = _shape(newer)
    connection.close()

    with pytest.raises(StoreUnavailable, match=r"newer release .*'9999'"):
        SQLiteStore(tmp_path / "store.db")

    connection = sqlite3.connect(tmp_path / "store.db")
    assert _shape(Database(connection)) == before
    connection.close()


# --- pins: what sqlite-utils and sqlite3 do ---------------------------------------------------------------


def test_a_connection_as_context_does_not_undo_what_helpers_wrote(tmp_path: Path) -> None:
    """Why the store writes BEGIN and COMMIT itself."""
    database = Database(tmp_path / "x.db")
    with pytest.raises(ZeroDivisionError), database.conn:
        database["t"].insert({"a": 1})
        database["t"].insert({"a": 2})
        raise ZeroDivisionError

    assert database["t"].count == 2
    database.close()


def test_helpers_nest_inside_a_transaction_of_ours(database: Database) -> None:
    database.conn.execute("CREATE TABLE t (a)")
    database.conn.execute("BEGIN IMMEDIATE")
    database["t"].insert({"a": 1})
    database["t"].insert({"a": 2})
    database.conn.execute("ROLLBACK")

    assert database["t"].count == 0


def test_a_transaction_of_atomic_cannot_become_a_writer_after_another_wrote(tmp_path: Path, database: Database) -> None:
    """Why ours begin IMMEDIATE: the busy time-out does not help one that began by reading."""
    database.conn.execute("PRAGMA journal_mode = WAL")
    database.conn.execute("CREATE TABLE t (a)")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)

    with pytest.raises(sqlite3.OperationalError, match="locked"), database.atomic():
        database.execute("SELECT * FROM t").fetchall()
        other.execute("INSERT INTO t VALUES (1)")
        database["t"].insert({"a": 2})

    other.close()


def test_the_rows_touched_by_a_statement_over_a_list_are_counted_together(database: Database) -> None:
    """What the fence relies on; a statement that begins WITH would count as -1."""
    connection = database.conn
    connection.execute("CREATE TABLE t (a, b)")
    connection.executemany("INSERT INTO t VALUES (?, 0)", [(1,), (2,), (3,)])

    update = connection.execute("UPDATE t SET b = 1 FROM (VALUES (1), (3), (9)) AS v WHERE a = v.column1")
    delete = connection.execute("DELETE FROM t WHERE a IN (VALUES (1), (9))")

    assert (update.rowcount, delete.rowcount) == (2, 1)
