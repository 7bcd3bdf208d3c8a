"""What only the SQLite store promises: its settings, its file, and how it fails."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from engine.errors import StoreUnavailable
from engine.store import statements as sql
from engine.store.interface import CommitRefused, Writes
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import log_row, pico_row

ROOT = Path(__file__).parents[3]
PAGE_BYTES = 4096
LOG_LIMIT = 64 * 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def sqlite(path: Path) -> Iterator[SQLiteStore]:
    opened = SQLiteStore(path)
    yield opened
    opened.close()


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 0), ("trusted_schema", 0)],
)
def test_the_writing_connection_is_durable_and_wary(sqlite: SQLiteStore, pragma: str, value: object) -> None:
    assert sqlite._write.execute(f"PRAGMA {pragma}").fetchone() == (value,)


def test_the_reading_connection_cannot_write(sqlite: SQLiteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sqlite._read.execute("INSERT INTO meta VALUES ('a', 'b')")


def test_a_commit_is_synced_before_it_is_told(path: Path, tmp_path: Path) -> None:
    """Seen from the system's side: between two marks the log is written, and its last call is a sync."""
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: apt-get install strace")
    program = """
        import os, sys
        from engine.store.interface import Writes
        from engine.store.sqlite import SQLiteStore
        store = SQLiteStore(sys.argv[1])
        os.path.exists("/begin")
        store.write([Writes(facts={"a": "b"})])
        os.path.exists("/end")
        store.close()
    """
    trace = tmp_path / "trace"
    watch = ["strace", "-f", "-y", "-e", "trace=pwrite64,fsync,fdatasync,stat,newfstatat,statx", "-o", str(trace)]
    done = subprocess.run([*watch, sys.executable, "-c", dedent(program), str(path)], cwd=ROOT, check=False)
    if done.returncode != 0:
        pytest.skip("strace may not trace here")

    calls = trace.read_text()
    calls = calls[calls.index('"/begin"') : calls.index('"/end"')]
    log = [line for line in calls.splitlines() if "store.db-wal" in line]
    assert "pwrite64" in log[0]
    assert "sync" in log[-1]


# --- the file ---------------------------------------------------------------------------------------------


def test_what_was_committed_is_there_after_closing(path: Path) -> None:
    first = SQLiteStore(path)
    first.write([Writes(facts={"a": "b"})])
    first.close()

    second = SQLiteStore(path)
    assert second.fact("a") == "b"
    second.close()


def test_the_folder_is_made_and_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "store.db"
    SQLiteStore(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.fault(17)
def test_a_second_process_is_refused_and_told_by_whom(path: Path, sqlite: SQLiteStore) -> None:
    program = "import sys; from engine.store.sqlite import SQLiteStore; SQLiteStore(sys.argv[1])"
    command = [sys.executable, "-c", program, str(path)]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert second.returncode != 0
    assert f"process {os.getpid()} already uses '{path}'" in second.stderr


def test_two_names_of_one_file_are_one_store(path: Path, tmp_path: Path, sqlite: SQLiteStore) -> None:
    (tmp_path / "alias.db").symlink_to(path)

    with pytest.raises(StoreUnavailable, match="already uses"):
        SQLiteStore(tmp_path / "alias.db")


def test_a_store_that_failed_to_open_can_be_opened_when_mended(path: Path) -> None:
    path.write_bytes(b"this is no database, although it is long enough to have been one" * 20)
    with pytest.raises(StoreUnavailable, match="cannot open"):
        SQLiteStore(path)
    path.unlink()

    SQLiteStore(path).close()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match="cannot use"):
        SQLiteStore(tmp_path / "file" / "store.db")


def test_a_restored_copy_is_complete_without_its_log(sqlite: SQLiteStore, tmp_path: Path) -> None:
    sqlite.write([Writes(facts={"a": "b"})])

    sqlite.backup(str(tmp_path / "copy.db"))

    assert not (tmp_path / "copy.db-wal").exists()
    assert sqlite3.connect(tmp_path / "copy.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.fault(18)
def test_the_log_stays_bounded(sqlite: SQLiteStore, path: Path) -> None:
    for n in range(60):
        sqlite.write([Writes(variables={("p", "r", f"v{n % 10}"): os.urandom(1_000_000)})])

    assert log_size(path) < 32_000_000


@pytest.mark.fault(18)
def test_a_log_that_grew_behind_a_long_reader_shrinks_when_he_is_gone(sqlite: SQLiteStore, path: Path) -> None:
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM meta").fetchall()
    for n in range(70):
        sqlite.write([Writes(variables={("p", "r", f"v{n % 10}"): os.urandom(1_000_000)})])
    grown = log_size(path)
    reader.close()

    for n in range(3):
        sqlite.write([Writes(facts={"n": str(n)})])

    assert grown > LOG_LIMIT >= log_size(path)


@pytest.mark.fault(18)
def test_reading_leaves_nothing_open_that_the_log_would_grow_behind(sqlite: SQLiteStore, path: Path) -> None:
    sqlite._write.execute("PRAGMA wal_autocheckpoint = 10")
    begun = []
    for n in range(20):
        sqlite.write([Writes(variables={("p", "r", f"v{k}"): os.urandom(30_000) for k in range(3)})])
        sqlite.fact(str(n))
        begun.append(sqlite.variables("p"))
        next(begun[-1])

    assert log_size(path) < 500_000


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


# --- how it fails -----------------------------------------------------------------------------------------


@pytest.mark.fault(14)
def test_a_full_disk_is_unavailable_leaves_nothing_and_heals(sqlite: SQLiteStore) -> None:
    pages = sqlite._write.execute("PRAGMA page_count").fetchone()[0]
    sqlite._write.execute(f"PRAGMA max_page_count = {pages + 2}")
    large = Writes(facts={"small": "1"}, variables={("p", "r", "a"): b"x" * 100_000})

    with pytest.raises(StoreUnavailable, match="full"):
        sqlite.write([large])
    assert (sqlite.fact("small"), sqlite.variable("p", "r", "a")) == (None, None)

    sqlite._write.execute("PRAGMA max_page_count = 1000000")
    sqlite.write([large])
    assert sqlite.fact("small") == "1"


@pytest.mark.fault(14)
def test_reading_goes_on_while_the_disk_is_full(sqlite: SQLiteStore) -> None:
    sqlite.write([Writes(facts={"a": "b"})])
    sqlite._write.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable):
        sqlite.write([Writes(variables={("p", "r", "a"): b"x" * 100_000})])

    assert sqlite.fact("a") == "b"


@pytest.mark.fault(14)
def test_a_checkpoint_that_finds_no_space_fails_no_commit(sqlite: SQLiteStore, path: Path) -> None:
    """The file may grow no further, the log may: what is in the log is committed."""
    sqlite.write([Writes(variables={("p", "r", "large"): b"x" * 1_000_000})])
    sqlite._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    sqlite._write.execute("PRAGMA wal_autocheckpoint = 10")
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        for n in range(20):
            sqlite.write([Writes(variables={("p", "r", f"v{n}"): b"y" * 20_000})])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    during = path.stat().st_size
    sqlite.write([Writes(facts={"a": "b"})])

    assert during == size < path.stat().st_size
    assert len(list(sqlite.variables("p"))) == 21
    assert sqlite.damage() == []


@pytest.mark.fault(16)
def test_what_stands_on_a_damaged_page_is_unavailable_and_not_missing(path: Path) -> None:
    store = SQLiteStore(path)
    store.write([Writes(variables={("p", "r", f"name{n}"): b"v" * 100 for n in range(1000, 3000)})])
    store.close()
    content = bytearray(path.read_bytes())
    page = content.index(b"name2000") // PAGE_BYTES * PAGE_BYTES
    content[page : page + 100] = b"\xff" * 100
    path.write_bytes(content)

    damaged = SQLiteStore(path)
    with pytest.raises(StoreUnavailable):
        damaged.variable("p", "r", "name2000")
    assert damaged.variable("p", "r", "name1000") == b"v" * 100
    damaged.close()


@pytest.mark.fault(16)
def test_a_file_that_is_damaged_from_its_second_page_on_is_not_opened(path: Path) -> None:
    SQLiteStore(path).close()
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(b"\xff" * (path.stat().st_size - PAGE_BYTES))

    with pytest.raises(StoreUnavailable):
        SQLiteStore(path)


def test_a_closed_store_cannot_be_read(path: Path) -> None:
    store = SQLiteStore(path)
    store.close()

    with pytest.raises(StoreUnavailable):
        store.fact("a")


@pytest.mark.parametrize(
    "writes",
    [
        Writes(picos={"p": pico_row(code=None)}),
        Writes(facts={"half": "\ud83d"}),
        Writes(log=[log_row(t_in=2**63)]),
        Writes(variables={("p", "r", "a"): "text"}),  # type: ignore[dict-item]
        Writes(variables={("p", "r", "a"): object()}),  # type: ignore[dict-item]
    ],
    ids=["null", "half a character", "too large a number", "text for bytes", "no value at all"],
)
def test_a_value_that_no_column_takes_is_refused_with_its_batch(sqlite: SQLiteStore, writes: Writes) -> None:
    with pytest.raises(CommitRefused):
        sqlite.write([Writes(facts={"a": "b"}), writes])

    assert sqlite.fact("a") is None


def test_a_name_with_half_a_character_is_nowhere(sqlite: SQLiteStore) -> None:
    assert sqlite.channel("\ud83d") is None


def test_a_foreign_writer_is_waited_for(sqlite: SQLiteStore, path: Path) -> None:
    """Somebody's sqlite3 shell holds the file for a moment."""
    sqlite.patience_ms = 1
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="locked"):
        sqlite.write([Writes(facts={"a": "b"})])

    shell.execute("ROLLBACK")
    shell.close()
    sqlite.write([Writes(facts={"a": "b"})])
    assert sqlite.fact("a") == "b"


def test_staging_does_not_wait_for_a_foreign_writer(sqlite: SQLiteStore, path: Path) -> None:
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")

    end = sqlite.stage([Writes(facts={"a": "b"})])

    shell.execute("ROLLBACK")
    shell.close()
    end()
    assert sqlite.fact("a") == "b"


def test_staging_does_not_wait_for_who_keeps_house(sqlite: SQLiteStore) -> None:
    with sqlite._transaction():
        end = sqlite.stage([Writes(facts={"a": "b"})])

    end()
    assert sqlite.fact("a") == "b"


def test_what_is_staged_is_seen_by_nobody_before_its_end(sqlite: SQLiteStore) -> None:
    end = sqlite.stage([Writes(facts={"a": "b"})])
    before = sqlite.fact("a")
    end()

    assert (before, sqlite.fact("a")) == (None, "b")


def test_a_batch_that_cannot_be_staged_leaves_the_store_free(sqlite: SQLiteStore) -> None:
    with pytest.raises(CommitRefused):
        sqlite.stage([Writes(head=("nobody", 0, 1, b""))])

    sqlite.write([Writes(facts={"a": "b"})])
    assert sqlite.fact("a") == "b"


# --- every look-up has its index --------------------------------------------------------------------------


def test_no_read_scans_a_table(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sqlite, "_rows", lambda statement, *values: asked.append(statement) or [])  # type: ignore[func-returns-value]
    for name in ("pico", "children", "next_child_no", "channel", "channels", "blob", "memory", "ruleset"):
        getattr(sqlite, name)("x")
    for name in ("registered", "log", "log_by_eid", "fact"):
        getattr(sqlite, name)("x")
    for read in (sqlite.dedup, sqlite.timers):
        read("x", "y")
    for page in (sqlite.due_timers, sqlite.outbox):
        page(1)
    for all_of in (sqlite.roots, sqlite.inbox, sqlite.next_due, sqlite.last_inbox_id):
        all_of()
    sqlite.variable("x", "y", "z")
    sqlite.logged_at("x", 1)
    list(sqlite.variables("x"))
    list(sqlite.variables("x", "y"))
    list(sqlite.pico_ids())

    plans = {statement: _plan(sqlite, statement) for statement in asked}
    assert len(asked) == 25
    assert {statement: plan for statement, plan in plans.items() if "SCAN" in plan} == {}


@pytest.mark.parametrize("statement", [sql.MOVE_HEAD, sql.SET_CODE, sql.SET_RESPONSE, *sql.DELETE_PICO])
def test_changes_by_list_find_their_rows_by_index(sqlite: SQLiteStore, statement: sql.Statement) -> None:
    plan = _plan(sqlite, sql._text(statement, 2))
    tables = ("pico", "channel", "dedup", "ent", "rstate", "timer")  # the inbox is scanned on purpose: schema.py

    assert [table for table in tables if f"SCAN {table}" in plan] == []


def _plan(store: SQLiteStore, statement: str) -> str:
    values = [None] * statement.count("?")
    rows = store._write.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    return "; ".join(row[3] for row in rows)
