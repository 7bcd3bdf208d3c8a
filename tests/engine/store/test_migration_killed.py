"""A schema migration that is killed: at whichever statement, the next start finishes it, and the data are the same."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine import StoreUnavailable
from engine.store.interface import Writes
from engine.store.schema import STEPS
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import channel_row, log_row, pico_row

ROOT = Path(__file__).parents[3]
STATEMENTS = (
    "CREATE TABLE later (id INTEGER PRIMARY KEY, what TEXT NOT NULL)",
    "INSERT INTO later (what) SELECT id FROM pico",
    "ALTER TABLE pico ADD COLUMN later TEXT",
    "UPDATE pico SET later = 'later'",
)
NAME = "9999-later"
# A process that is killed before its k-th statement, or behind the last one and before the commit.
KILLED = f"""
import os, signal, sys
from engine.store.schema import STEPS
from engine.store.sqlite import SQLiteStore

def later(database):
    for number, statement in enumerate((*{STATEMENTS!r}, None)):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        database.conn.execute(statement)

SQLiteStore(sys.argv[1], {{**STEPS, {NAME!r}: later}})
"""


def later(database: object) -> None:
    for statement in STATEMENTS:
        database.conn.execute(statement)  # type: ignore[attr-defined]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of the present release, with rows."""
    store = SQLiteStore(tmp_path / "home.db")
    picos = {id: pico_row(id) for id in ("a", "b")}
    store.write([Writes(picos=dict(picos), channels={"ch": channel_row(pico="a")}, log=[log_row("a")])])
    store.close()
    return tmp_path / "home.db"


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        # When a step was applied is no part of what it made.
        return [line for line in database.iterdump() if "_sqlite_migrations" not in line]


@pytest.mark.fault(45)
@pytest.mark.parametrize("k", range(len(STATEMENTS) + 1))
def test_a_migration_killed_at_any_statement_is_made_by_the_next_start(path: Path, k: int) -> None:
    """STATE: the database equals one whose migration nobody killed."""
    before = dump(path)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(k)], cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL

    assert dump(path) == before
    SQLiteStore(path, {**STEPS, NAME: later}).close()
    whole = path.with_name("whole.db")
    with (
        closing(sqlite3.connect(path.with_name(f"{path.name}.before-{NAME}"))) as copy,
        closing(sqlite3.connect(whole)) as unharmed,
    ):
        copy.backup(unharmed)
    SQLiteStore(whole, {**STEPS, NAME: later}).close()
    assert dump(path) == dump(whole)


@pytest.mark.fault(45)
def test_an_old_engine_refuses_a_migrated_database_and_leaves_it_alone(path: Path) -> None:
    SQLiteStore(path, {**STEPS, NAME: later}).close()
    before = dump(path)

    with pytest.raises(StoreUnavailable, match=f"written by a newer release .*{NAME}"):
        SQLiteStore(path)

    assert dump(path) == before
