"""The doctor finds what does not fit together; copies are whole, and engines made from them send nothing twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import (
    InvalidValue,
    NotFound,
    PicoNotFound,
    StoreUnavailable,
    back_up,
    examine_file,
    mend_file,
    restore,
    verify_file,
)
from engine.care.backup import STORE_ID
from engine.past.snapshots import capture, snapshot_of
from engine.store.choose import open_store
from engine.store.interface import Writes
from tests.engine.conftest import Clock
from tests.engine.gate import Gate, open_gate
from tests.engine.homes import Home
from tests.engine.store.rows import channel_row, outbox_row

if TYPE_CHECKING:
    from tests.engine.conftest import TestPico

COUNTER = "ruleset a { rule r { select when x y fired { ent:n := ent:n.defaultsTo(0) + 1 } } }"


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Home:
    return Home(tmp_path / "store.db", clock)


@pytest.fixture
async def used(home: Home) -> Home:
    """A home whose engine has done something and is stopped."""
    async with home.root() as root:
        await root.install(COUNTER)
        for _ in range(3):
            await root.send("x", "y")
    return home


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with open_gate() as gate:
        yield gate


def damage(home: Home, statement: str) -> None:
    """Change the closed store behind the engine's back."""
    connection = sqlite3.connect(home.path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def found(home: Home, **wanted: Any) -> list[str]:
    return [each.kind for each in examine_file(str(home.path), **wanted)]


# --- findings ---------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_a_store_in_good_order(used: Home) -> None:
    assert found(used, chains=True) == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO ent VALUES ('gone', 'r', 'n', x'31')", "orphan"),
        ("INSERT INTO timer VALUES (9, 't', 'gone', 'r', 'at', x'7b7d', 1, 0, x'7b7d')", "orphan"),
        ("DELETE FROM blob WHERE hash IN (SELECT code FROM pico)", "missing code set"),
        ("DELETE FROM ruleset WHERE rid = 'a'", "missing ruleset"),
        ("DELETE FROM blob WHERE hash IN (SELECT event_policy FROM channel)", "missing policy"),
        ("UPDATE pico SET head_hash = x'00'", "head of another log"),
        ("UPDATE pico SET head_seq = head_seq + 1", "head without a log"),
        ("UPDATE pico SET head_seq = head_seq - 1", "log beyond its head"),
    ],
)
def test_what_does_not_fit_together_is_found(used: Home, statement: str, kind: str) -> None:
    damage(used, statement)

    assert kind in found(used)


def test_a_key_that_has_expired_long_ago_is_found_and_mended(used: Home) -> None:
    damage(used, "INSERT INTO dedup VALUES ('c', 'k', 'p', 'e', x'00', NULL, 1)")
    before = found(used)

    mend_file(str(used.path))

    assert (before, found(used)) == (["expired keys"], [])


def test_orphans_are_mended_and_nothing_else_is_touched(used: Home) -> None:
    store = open_store(used.path)
    store.write([Writes(channels={"lost": channel_row("lost", "gone")}, variables={("gone", "r", "n"): b"1"})])
    rows = [list(store.variables(pico)) for pico in store.pico_ids()]
    store.close()

    assert mend_file(str(used.path)) == 2

    store = open_store(used.path)
    assert (store.orphans(), [list(store.variables(pico)) for pico in store.pico_ids()]) == ([], rows)
    store.close()


async def test_a_running_engines_store_is_looked_at_and_not_mended(home: Home) -> None:
    async with home.root():
        assert found(home, chains=True) == []
        with pytest.raises(StoreUnavailable, match="already uses"):
            mend_file(str(home.path))


async def test_a_running_engine_looks_at_its_own_store_at_work(home: Home) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        sending = asyncio.gather(*(root.send("x", "y") for _ in range(50)))

        findings = await root.engine.operations.examine(verify=True)

        await sending
        assert findings == []


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        examine_file(str(tmp_path / "nothing.db"))
    with pytest.raises(NotFound):
        mend_file(str(tmp_path / "nothing.db"))
    with pytest.raises(InvalidValue):
        examine_file("memory:")

    assert list(tmp_path.iterdir()) == []


# --- the hash chain ---------------------------------------------------------------------------------------


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE evlog SET changes = x'7b7d' WHERE seq = 2", "event 2: it is not what was written"),
        ("UPDATE evlog SET eid = 'other' WHERE seq = 2", "event 2: it is not what was written"),
        ("UPDATE evlog SET prev_hash = x'00' WHERE seq = 2", "event 2: it does not follow from the row before it"),
        ("DELETE FROM evlog WHERE seq = 2", "event 2: the log goes on with 3"),
        ("DELETE FROM evlog WHERE seq = 1", "event 1: the log goes on with 2"),
    ],
)
def test_a_change_in_the_log_is_found_at_its_event(used: Home, statement: str, what: str) -> None:
    damage(used, statement)

    assert what in [each.what for each in verify_file(str(used.path))]


def test_a_log_whose_end_is_missing_is_found(used: Home) -> None:
    damage(used, "DELETE FROM evlog WHERE seq = (SELECT max(seq) FROM evlog)")

    assert [each.kind for each in verify_file(str(used.path))] == ["broken chain"]


@pytest.mark.fault(16)
def test_a_pico_that_is_not_where_its_log_ends_is_found(used: Home) -> None:
    damage(used, "UPDATE pico SET head_hash = x'00'")

    assert ["not where" in each.what for each in verify_file(str(used.path))] == [True]


def test_one_pico_can_be_verified_alone(used: Home) -> None:
    damage(used, "UPDATE evlog SET changes = x'7b7d' WHERE seq = 2")
    store = open_store(used.path)
    [root] = store.pico_ids()
    store.close()

    assert [each.subject for each in verify_file(str(used.path), root)] == [root]
    with pytest.raises(PicoNotFound):
        verify_file(str(used.path), "nobody")


# --- what is stored, and what the log leads to ------------------------------------------------------------

WAITING = "ruleset b { rule both { select when x one then x two } }"


@pytest.fixture
async def waiting(home: Home) -> Home:
    """A home where a root has counted to 3, its rule `both` has seen one event of two, and a ruleset has left."""
    async with home.root() as root:
        await root.install(COUNTER)
        await root.install(WAITING)
        await root.child("child")
        for _ in range(3):
            await root.send("x", "y")
        await root.send("x", "one")
        await root.install("ruleset c { rule r { select when x c fired { ent:gone := 1 } } }")
        await root.send("x", "c")
        await root.tell_ui("uninstall", rid="c")
    return home


def told(home: Home) -> list[str]:
    found = verify_file(str(home.path))
    assert {each.kind for each in found} <= {"altered state"}
    return [each.what for each in found]


def test_what_is_stored_is_what_the_log_leads_to(waiting: Home) -> None:
    assert told(waiting) == []


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE ent SET value = x'34' WHERE name = 'n'", "ent:n of a is not what its log leads to"),
        ("UPDATE ent SET value = x'33332c' WHERE name = 'n'", "ent:n of a is not what its log leads to"),
        ("UPDATE ent SET value = x'ff' WHERE name = 'n'", "ent:n of a is not what its log leads to"),
        ("DELETE FROM ent WHERE name = 'n'", "ent:n of a is missing; its log leads to a value"),
        (
            "INSERT INTO ent SELECT pico, 'a', 'more', x'31' FROM ent WHERE name = 'n'",
            "ent:more of a is stored, and its log leads to none",
        ),
        ("UPDATE rstate SET state = x'7b7d' WHERE rule = 'both'", "what rule both of b remembers is not what"),
        ("DELETE FROM rstate WHERE rule = 'both'", "what rule both of b remembers is missing"),
    ],
)
def test_a_change_in_what_is_stored_is_named(waiting: Home, statement: str, what: str) -> None:
    damage(waiting, statement)

    [words] = told(waiting)
    assert words.startswith(what)


def test_a_changed_value_is_written_otherwise_and_still_the_same(waiting: Home) -> None:
    damage(waiting, "UPDATE ent SET value = x'332e30' WHERE name = 'n'")

    assert told(waiting) == []


async def test_a_change_that_a_snapshot_has_taken_over_is_found_all_the_same(home: Home) -> None:
    """The whole log is gone through, not what follows the last snapshot."""
    async with home.root() as root:
        await root.install("ruleset a { rule r { select when x y fired { ent:n := 1; ent:m := event:eid } } }")
        await root.send("x", "y")
    damage(home, "UPDATE ent SET value = x'34' WHERE name = 'n'")
    store = open_store(home.path)
    [id] = store.pico_ids()
    state = capture(store, id)
    assert state is not None
    store.write([Writes(snapshots=[snapshot_of(state)])])
    store.close()

    assert told(home) == ["ent:n of a is not what its log leads to"]


def test_a_snapshot_that_the_log_begins_with_and_that_was_changed_is_found(waiting: Home) -> None:
    damage(waiting, "UPDATE snapshot SET blob = x'7b7d'")

    assert [each.kind for each in verify_file(str(waiting.path))] == ["broken snapshot"]


def test_a_log_that_is_broken_is_not_compared_with_what_is_stored(used: Home) -> None:
    damage(used, "UPDATE evlog SET changes = x'7b7d' WHERE seq = (SELECT max(seq) FROM evlog)")

    assert {each.kind for each in verify_file(str(used.path))} == {"broken chain"}


# --- copies -----------------------------------------------------------------------------------------------


async def counted(pico: TestPico) -> Any:
    report = pico.engine.reports.pico(pico.eci)
    return next(value for rid, name, value in pico.engine._store.variables(report["id"]) if (rid, name) == ("a", "n"))


async def test_a_copy_made_while_the_engine_works_is_a_moment_of_it(home: Home, tmp_path: Path) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        for _ in range(5):
            await root.send("x", "y")
        more = asyncio.gather(*(root.send("x", "y") for _ in range(20)))
        await asyncio.to_thread(back_up, str(home.path), str(tmp_path / "copy.db"))
        await more

    copy = Home(tmp_path / "copy.db", home.clock)
    assert found(copy, chains=True) == []
    async with copy.engine() as engine:
        assert 5 <= int(await counted(home.again(root, engine))) <= 25


@pytest.mark.fault(51)
async def test_an_engine_made_from_a_copy_has_its_state_and_an_id_of_its_own(used: Home, tmp_path: Path) -> None:
    back_up(str(used.path), str(tmp_path / "copy.db"))

    restore(str(tmp_path / "copy.db"), str(tmp_path / "new" / "store.db"))

    ids = []
    for path in (used.path, tmp_path / "new" / "store.db"):
        store = open_store(path)
        ids.append(store.fact(STORE_ID))
        assert len(store.log(next(iter(store.pico_ids())))) > 3
        store.close()
    assert None not in ids and ids[0] != ids[1]


def test_a_store_is_not_restored_over_another(used: Home, tmp_path: Path) -> None:
    back_up(str(used.path), str(tmp_path / "copy.db"))
    before = used.path.read_bytes()

    with pytest.raises(FileExistsError):
        restore(str(tmp_path / "copy.db"), str(used.path))

    assert used.path.read_bytes() == before
    assert not list(tmp_path.glob("*.restored*"))


def test_a_store_is_not_restored_beside_a_write_ahead_log_of_another(used: Home, tmp_path: Path) -> None:
    back_up(str(used.path), str(tmp_path / "copy.db"))
    (tmp_path / "new.db-wal").write_bytes(b"left over")

    with pytest.raises(FileExistsError):
        restore(str(tmp_path / "copy.db"), str(tmp_path / "new.db"))


def test_what_is_no_backup_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database")

    with pytest.raises(StoreUnavailable):
        restore(str(tmp_path / "text"), str(tmp_path / "new.db"))
    with pytest.raises(NotFound):
        restore(str(tmp_path / "nothing"), str(tmp_path / "new.db"))

    assert [path.name for path in tmp_path.iterdir()] == ["text"]


@pytest.mark.fault(51)
async def test_effects_of_a_copy_wait_for_a_word(home: Home, gate: Gate, tmp_path: Path) -> None:
    payload = b'{"method":"POST","url":"%b","headers":{},"body":null,"follow":true,"autosend":null,"parse_json":false}'
    gate.open()
    store = open_store(home.path)
    row = outbox_row(1, ikey="eid/0", payload=payload % gate.url.encode(), next_at=0)
    store.write([Writes(outbox_add=[row, replace(row, id=2, n=2, ikey="eid/1", state="dead")])])
    store.close()
    back_up(str(home.path), str(tmp_path / "copy.db"))

    held = restore(str(tmp_path / "copy.db"), str(tmp_path / "new.db"))

    async with Home(tmp_path / "new.db", home.clock).engine() as engine:
        letters = engine.operations.dead.effects()["letters"]
        assert (held, [each["status"] for each in letters], gate.keys) == (1, ["held", "dead"], [])
        await engine.operations.dead.retry("eid.0")
        await gate.reached()
        assert gate.keys == ["eid/0"]


@pytest.mark.fault(51)
async def test_effects_of_events_that_the_copy_had_not_finished_wait_too(
    home: Home, gate: Gate, tmp_path: Path
) -> None:
    """The engine that was copied evaluates them as well, and sends the same under the same keys."""
    gate.open()
    async with home.root() as root:
        await root.install(f'ruleset s {{ rule r {{ select when x post http:post("{gate.url}") }} }}')
        await root.engine.operations.pause(root.eci)
        old = (await root.engine.accept(root.delivery("event", "x", "post"))).eid
        back_up(str(home.path), str(tmp_path / "copy.db"))
    restore(str(tmp_path / "copy.db"), str(tmp_path / "new.db"))

    async with Home(tmp_path / "new.db", home.clock).engine() as engine:
        await engine.operations.resume(root.eci)
        new = (await home.again(root, engine).send("x", "post")).eid
        await gate.reached()

        assert [each["name"] for each in engine.operations.dead.effects()["letters"]] == [f"{old}.0"]
        assert gate.keys == [f"{new}/0"]


async def test_effects_leave_if_somebody_says_so_at_once(home: Home, gate: Gate, tmp_path: Path) -> None:
    gate.open()
    async with home.root() as root:
        await root.install(f'ruleset s {{ rule r {{ select when x post http:post("{gate.url}") }} }}')
        await root.engine.operations.pause(root.eci)
        old = (await root.engine.accept(root.delivery("event", "x", "post"))).eid
    restore(str(home.path), str(tmp_path / "new.db"), resend_effects=True)

    async with Home(tmp_path / "new.db", home.clock).engine() as engine:
        await engine.operations.resume(root.eci)
        await gate.reached()

        assert gate.keys == [f"{old}/0"]
