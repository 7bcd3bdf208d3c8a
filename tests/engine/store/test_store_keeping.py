"""What every store promises about dead letters, pauses, and what it lets go of: engine/store/interface.py."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from engine.errors import StoreUnavailable
from engine.store.interface import SnapshotRow, Store, Writes
from engine.store.schema import STEPS
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import (
    channel_row,
    dedup_row,
    inbox_row,
    log_row,
    outbox_row,
    pico_row,
    timer_row,
)

# --- dead letters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "dead"), [("ok", []), ("failed", [1]), ("dead", [1]), ("cancelled", [])])
def test_an_event_that_failed_becomes_a_dead_letter(store: Store, status: str, dead: list[int]) -> None:
    store.write([Writes(log=[log_row(status=status, t_commit=7)])])

    assert [row.seq for row in store.dead_events()] == dead
    assert (store.dead_event("eid1") is not None) == bool(dead)


def test_dead_letters_come_in_the_order_of_failing_page_by_page(store: Store) -> None:
    store.write([Writes(log=[log_row(pico, 1, eid=pico, status="failed")]) for pico in "cab"])

    first = store.dead_events(limit=2)

    assert [row.eid for row in first] == ["c", "a"]
    assert [row.eid for row in store.dead_events(after=first[-1].id)] == ["b"]


def test_a_dead_letter_that_is_done_is_none_but_its_event_stays_in_the_log(store: Store) -> None:
    store.write([Writes(log=[log_row(status="failed")])])

    store.write([Writes(dead_done=["eid1"])])

    assert (store.dead_events(), len(store.log("p"))) == ([], 1)


def test_effects_that_are_dead_or_held_are_parked_and_do_not_leave(store: Store) -> None:
    states = enumerate(("ready", "dead", "held"), 1)

    store.write([Writes(outbox_add=[outbox_row(id, state=state) for id, state in states])])

    assert [row.id for row in store.parked_effects()] == [2, 3]
    assert [row.id for row in store.outbox(until=100)] == [1]


def test_a_parked_effect_is_found_by_its_key(store: Store) -> None:
    store.write([Writes(outbox_add=[outbox_row(1), outbox_row(2, state="held")])])

    assert (store.parked_effect("k1"), store.parked_effect("k2")) == (None, outbox_row(2, state="held"))


def test_a_parked_effect_that_is_made_ready_leaves_under_its_new_key(store: Store) -> None:
    store.write([Writes(outbox_add=[outbox_row(1, state="dead")])])
    ready = outbox_row(1, ikey="new", since=9)

    store.write([Writes(outbox_set=[ready])])

    assert (store.outbox(until=100), store.parked_effects()) == ([ready], [])


# --- inbox, pauses, timers --------------------------------------------------------------------------------


def test_an_inbox_row_can_be_counted_up_where_it_stands(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1), inbox_row(2)])])

    store.write([Writes(inbox_set=[replace(inbox_row(1), attempts=2)])])

    assert store.inbox() == [inbox_row(1, attempts=2), inbox_row(2)]


def test_an_inbox_row_that_is_done_does_not_come_back_by_being_counted(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1)])])

    store.write([Writes(inbox_set=[inbox_row(1, attempts=1)]), Writes(inbox_done=[1])])
    store.write([Writes(inbox_set=[inbox_row(1, attempts=1)])])

    assert store.inbox() == []


def test_pauses_are_kept_until_they_are_taken_back(store: Store) -> None:
    store.write([Writes(paused={"b": 2, "a": 1, "c": 3})])

    store.write([Writes(paused={"b": None})])

    assert store.paused() == {"a": 1, "c": 3}


def test_a_deleted_pico_is_not_paused(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()}, paused={"p": 1})])

    store.write([Writes(picos={"p": None})])

    assert store.paused() == {}


def test_a_timer_is_found_by_its_id(store: Store) -> None:
    store.write([Writes(timers={"t": timer_row("t")})])

    assert (store.timer("t"), store.timer("u")) == (timer_row("t"), None)


# --- letting go -------------------------------------------------------------------------------------------


def traced(store: Store, pico: str = "p") -> list[int]:
    return [row.seq for row in store.log(pico) if row.trace]


def trim(store: Store, before: int = 0, bytes: int = 1 << 40) -> None:
    while store.trim_traces(before, bytes, rows=2):
        pass


def test_traces_from_before_a_time_are_dropped_and_nothing_else(store: Store) -> None:
    rows = [log_row(seq=n, t_commit=n) for n in range(1, 6)]
    store.write([Writes(log=rows)])

    trim(store, before=4)

    assert store.log("p") == [replace(row, trace=b"") if row.t_commit < 4 else row for row in rows]
    assert store.log_by_eid("eid1") == replace(rows[0], trace=b"")


def test_the_oldest_traces_beyond_so_many_bytes_are_dropped(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=n, t_commit=n, trace=b"x" * 10) for n in range(1, 6)])])

    trim(store, bytes=25)

    assert traced(store) == [4, 5]


def test_traces_that_come_later_count_too(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=n, t_commit=n, trace=b"x" * 10) for n in (1, 2)])])
    trim(store, bytes=25)
    assert traced(store) == [1, 2]

    store.write([Writes(log=[log_row(seq=3, t_commit=3, trace=b"x" * 10)])])
    trim(store, bytes=25)

    assert traced(store) == [2, 3]


def test_the_trace_of_a_dead_letter_stays_as_long_as_the_letter(store: Store) -> None:
    rows = [log_row(seq=n, t_commit=n, status="failed" if n == 2 else "ok") for n in (1, 2, 3)]
    store.write([Writes(log=rows)])
    trim(store, before=4)
    assert traced(store) == [2]

    gone = store.trim_failures(before=4, rows=10)
    trim(store, before=4)

    assert (gone, store.dead_events(), traced(store)) == (1, [], [])


def test_failures_go_oldest_first_and_so_many_at_a_time(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=n, t_commit=n, status="failed") for n in (1, 2, 3, 9)])])

    assert store.trim_failures(before=5, rows=2) == 2
    assert [row.seq for row in store.dead_events()] == [3, 9]


def test_a_log_is_cut_from_its_beginning_and_tells_where(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=n, hash=b"h%d" % n, status="failed") for n in range(1, 6)])])
    store.write([Writes(log=[log_row("q")])])

    cut = [store.cut_log("p", seq=3, rows=2), store.cut_log("p", seq=3, rows=2), store.cut_log("p", seq=3, rows=2)]

    assert (cut, store.cut("p"), store.cut("q")) == ([2, 1, 0], (3, b"h3"), (0, b""))
    assert [row.seq for row in store.log("p")] == [4, 5]
    assert [row.seq for row in store.dead_events()] == [4, 5]
    assert store.log_by_eid("eid3") is None


def test_rows_of_picos_that_are_not_there_are_orphans_and_can_be_dropped(store: Store) -> None:
    mine = Writes(picos={"p": pico_row()}, channels={"c": channel_row("c")}, variables={("p", "r", "a"): b"1"})
    lost = Writes(
        channels={"d": channel_row("d", "gone")},
        variables={("gone", "r", "a"): b"1"},
        memory={("gone", "r", "x"): ("e", b"1")},
        timers={"t": timer_row("t", "gone")},
        inbox_add=[inbox_row(1, "gone")],
        paused={"gone": 1},
    )
    store.write([mine, lost])
    tables = [table for table, pico in store.orphans() if pico == "gone"]

    dropped = store.drop_orphans()

    assert (tables, dropped) == (["channel", "ent", "inbox", "paused", "rstate", "timer"], 6)
    assert (store.orphans(), len(store.channels("p")), len(list(store.variables("p")))) == ([], 1, 1)


def test_expired_keys_are_counted(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row(key="a", expires_at=5), dedup_row(key="b", expires_at=15)])])

    assert store.expired(10) == 1


def test_another_thread_reads_by_a_view_of_its_own(store: Store) -> None:
    store.write([Writes(facts={"a": "b"})])

    with store.view() as view:
        store.write([Writes(facts={"a": "c"})])
        assert view.fact("a") == "c"


# --- SQLite alone -----------------------------------------------------------------------------------------


def test_pages_that_are_not_used_go_back_to_the_disk(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    store.write([Writes(variables={("p", "r", f"v{n}"): b"x" * 4000 for n in range(500)})])
    store.write([Writes(forget_variables=[("p", "r")])])

    given = 0
    while pages := store.shrink(pages=50, spare=100):
        given += pages

    assert given > 300
    store.close()
    assert (tmp_path / "store.db").stat().st_size < 4096 * 250


def test_a_backup_is_whole_or_not_there(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(FileExistsError):
        store.backup(str(tmp_path / "copy.db"))
    with pytest.raises(StoreUnavailable):
        store.backup(str(tmp_path / "no-folder" / "copy.db"))

    assert (tmp_path / "copy.db").read_text() == "precious"
    assert not list(tmp_path.glob("*.unfinished"))
    store.close()


def test_a_file_that_appears_while_a_backup_is_made_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    monkeypatch.setattr(
        "engine.store.copying._copy_pages", lambda source, target: (tmp_path / "copy.db").write_text("precious")
    )

    with pytest.raises(FileExistsError):
        store.backup(str(tmp_path / "copy.db"))

    assert (tmp_path / "copy.db").read_text() == "precious"
    store.close()


def test_a_migration_makes_a_copy_of_the_old_database_first(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    store.write([Writes(facts={"a": "b"})])
    store.close()
    newer = {**STEPS, "0999": lambda database: database.conn.execute("CREATE TABLE later (a)")}

    SQLiteStore(tmp_path / "store.db", newer).close()

    with sqlite3.connect(tmp_path / "store.db.before-0999") as copy:
        assert copy.execute("SELECT value FROM meta WHERE name = 'a'").fetchall() == [("b",)]
        assert copy.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall() == []
    copy.close()


def test_a_migration_that_was_broken_off_can_be_made_again(tmp_path: Path) -> None:
    def broken(database: Database) -> None:
        raise ValueError("the disk is full")

    SQLiteStore(tmp_path / "store.db").close()
    with pytest.raises(ValueError, match="full"):
        SQLiteStore(tmp_path / "store.db", {**STEPS, "0999": broken})

    SQLiteStore(tmp_path / "store.db", {**STEPS, "0999": lambda database: None}).close()


def test_a_new_database_is_not_copied_first(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "store.db").close()

    assert [path.name for path in tmp_path.iterdir() if "before" in path.name] == []


def test_an_engine_of_the_old_release_refuses_the_migrated_database(tmp_path: Path) -> None:
    newer = {**STEPS, "0999": lambda database: None}
    SQLiteStore(tmp_path / "store.db", newer).close()

    with pytest.raises(StoreUnavailable, match="newer release"):
        SQLiteStore(tmp_path / "store.db")


def test_a_new_database_can_give_pages_back(tmp_path: Path) -> None:
    """The choice is only open before the first page is written."""
    store = SQLiteStore(tmp_path / "store.db")

    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    connection.close()
    store.close()


def test_snapshots_from_before_the_cut_go_and_the_one_at_it_stays(store: Store) -> None:
    snapshots = [SnapshotRow("p", seq, b"h", b"{}") for seq in (0, 2, 4, 6)]
    store.write([Writes(log=[log_row(seq=n) for n in range(1, 8)], snapshots=snapshots)])

    store.cut_log("p", seq=4, rows=10)

    assert [row and row.seq for row in (store.snapshot("p", 3), store.snapshot("p", 5), store.snapshot("p", 9))] == [
        None,
        4,
        6,
    ]
