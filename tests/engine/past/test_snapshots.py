"""The state of a pico behind any of its events: snapshots, and the changes that the log tells of."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from engine import InvalidValue, LogBroken, PastUnknown, PicoNotFound
from engine.care.doctor import verify
from engine.clock import instant
from engine.document import loads
from engine.past.snapshots import EVERY, MAX_BYTES, Snapshots, capture, snapshot_of
from engine.past.state import Past, last_seq, past, seq_at
from engine.store.interface import PicoRow, Writes
from engine.store.memory import MemoryStore
from tests.engine.conftest import eventually
from tests.engine.homes import Home
from tests.engine.store.rows import log_row
from tests.engine.want import no_thread_starts

BUSY = """ruleset busy {
  meta { shares n }
  global { n = function() { ent:n } }
  rule count { select when x count fired { ent:n := ent:n.defaultsTo(0) + 1; ent:map{["at", ent:n]} := event:attrs } }
  rule clear { select when x clear fired { clear ent:map } }
  rule twice { select when x a then x b send_directive("ab") }
  rule later { select when x later fired {
    schedule x event "count" at event:attrs{"at"}
    schedule x event "count" repeat "*/5 * * * *" } }
  rule forget { select when x forget fired { raise wrangler event "x"; clear ent:n } }
  rule install { select when x install ctx:installSource(event:attrs{"source"}) }
  rule uninstall { select when x uninstall ctx:uninstall(event:attrs{"rid"}) }
  rule channel { select when x channel ctx:newChannel(["extra"]) setting(made) fired { ent:made := made{"id"} } }
  rule close { select when x close ctx:delChannel(ent:made) }
  rule fail { select when x fail event:send("nobody") }
}"""
OTHER = """ruleset other { rule keep { select when y keep fired { ent:kept := event:attrs } }
  rule half { select when y one then y two send_directive("both") } }"""


def id_of(pico: Any) -> str:
    row: PicoRow = pico.engine.reports.pico_row(pico.eci)
    return row.id


def store_of(pico: Any) -> MemoryStore:
    return pico.engine._store  # type: ignore[no-any-return]


def told(state: dict[str, Any]) -> dict[str, Any]:
    """The state without what also changes between events, its timers, and what only a kept one has, its time."""
    return {kind: each for kind, each in state.items() if kind not in ("timers", "time")}


@pytest.fixture
async def busy(pico):
    """A pico that has done everything that changes a state."""
    await pico.install(BUSY)
    for type in ("count", "count", "a", "channel"):
        await pico.send("x", type, some=["attribute", {"of": 1}])
    await pico.send("x", "install", source=OTHER)
    await pico.send("y", "keep", half="\\ud83d of a pair")
    await pico.send("y", "one")
    await pico.send("x", "later", at="2030-01-01T00:00:00Z")
    child = await pico.child("child")
    await child.send("x", "nothing")
    return pico


# --- what the log tells ---------------------------------------------------------------------------------------


async def test_the_changes_of_the_log_lead_to_the_stored_state(busy):
    assert past(store_of(busy), id_of(busy)).state() == capture(store_of(busy), id_of(busy))


async def test_what_is_deleted_is_gone_from_the_state_that_the_log_leads_to(busy):
    await busy.send("x", "clear")
    await busy.send("x", "close")
    await busy.send("x", "uninstall", rid="other")
    await busy.tell_ui("del", eci=(await busy.ask_ui("box"))["children"][0])

    state = past(store_of(busy), id_of(busy)).state()
    assert state == capture(store_of(busy), id_of(busy))
    assert "children" not in state
    assert {rid for rid, *_ in state["ent"]}.isdisjoint({"other"})


async def test_every_pico_of_a_family_can_be_told_from_its_own_log(busy):
    store = store_of(busy)
    for id in store.pico_ids():
        assert past(store, id).state() == capture(store, id)


async def test_a_failed_event_changes_nothing_but_the_number(busy):
    before = past(store_of(busy), id_of(busy)).state()
    with pytest.raises(Exception, match="expects a map"):
        await busy.send("x", "fail")

    after = past(store_of(busy), id_of(busy)).state()
    assert {**after, "seq": 0, "hash": ""} == {**before, "seq": 0, "hash": ""}


async def test_a_timer_that_fires_moves_on_in_the_past_too(busy, clock):
    clock.advance(301)
    await eventually(lambda: busy.query("busy", "n"), 3)

    assert past(store_of(busy), id_of(busy)).state()["timers"] == capture(store_of(busy), id_of(busy))["timers"]


async def test_a_deleted_pico_keeps_its_past(root):
    child = await root.child("gone")
    await child.install(BUSY)
    await child.send("x", "count")
    id, store = id_of(child), store_of(child)
    seq = store.pico(id).head_seq
    await root.tell_ui("del", eci=child.ui)

    assert (store.pico(id), last_seq(store, id)) == (None, seq)
    assert ["busy", "n", 1] in past(store, id).state()["ent"]


# --- any point of it ------------------------------------------------------------------------------------------


async def test_the_state_behind_an_event_is_the_one_that_it_left(pico):
    await pico.install(BUSY)
    start = store_of(pico).pico(id_of(pico)).head_seq
    for _ in range(5):
        await pico.send("x", "count")

    counts = [
        next(value for _, name, value in past(store_of(pico), id_of(pico), start + n).state()["ent"] if name == "n")
        for n in range(1, 6)
    ]
    assert counts == [1, 2, 3, 4, 5]


async def test_a_time_means_the_last_event_that_was_finished_then(pico, clock):
    await pico.install(BUSY)
    clock.advance(10)
    await pico.send("x", "count")
    clock.advance(10)
    await pico.send("x", "count")
    head = store_of(pico).pico(id_of(pico)).head_seq

    at = [seq_at(store_of(pico), id_of(pico), clock.ms + ms) for ms in (-10_001, -10_000, -1, 0, 1)]
    assert at == [head - 2, head - 1, head - 1, head, head]


async def test_history_understands_numbers_times_and_ecis(busy, clock):
    history = busy.engine.history
    head = history.state(id_of(busy))["seq"]

    assert history.state(busy.eci, str(head))["seq"] == head
    assert history.state(busy.eci, "2100-01-01T00:00:00Z")["seq"] == head
    with pytest.raises(InvalidValue, match="found 'soon'"):
        history.state(busy.eci, "soon")


async def test_an_event_that_is_not_there_yet_and_a_pico_that_never_was_are_told(pico):
    with pytest.raises(PastUnknown, match="has no event 999"):
        past(store_of(pico), id_of(pico), 999)
    with pytest.raises(PicoNotFound):
        past(store_of(pico), "nobody")


async def test_before_its_first_event_the_root_was_not_there(root, clock):
    """There is no empty state to be shown: whoever asks learns since when there is one."""
    store, history, id = store_of(root), root.engine.history, id_of(root)
    began = store.log(id, 0, 1)[0].t_commit

    for early in ("0", instant(began - 1), "0001-01-01T00:00:00+14:00"):
        with pytest.raises(PastUnknown, match=f"there was no pico {id} then; it began at {instant(began)}"):
            history.state(id, early)
    assert history.state(id, "1")["seq"] == 1
    assert history.state(id, instant(began))["seq"] >= 1


async def test_a_child_has_a_past_from_its_birth_on_though_it_has_had_no_event(root, clock):
    await root.install(
        "ruleset a { rule r { select when a child ctx:newPico([]) setting(eci) fired { ent:eci := eci } } }"
    )
    clock.advance(60)
    await root.send("a", "child")
    born = clock.ms
    clock.advance(60)
    history = root.engine.history
    child = next(each for each in history.state(root.eci)["children"])

    assert history.state(child, instant(born))["seq"] == 0
    assert history.state(child, "0")["seq"] == 0
    with pytest.raises(PastUnknown, match=f"it began at {instant(born)}"):
        history.state(child, instant(born - 1))


async def test_a_time_before_a_cut_is_not_answered_with_what_was_later(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(BUSY)
        for _ in range(EVERY):
            clock.advance(1)
            await root.send("x", "count")
        clock.advance(60)
        await root.send("x", "count")
        id = id_of(root)
        await root.engine._snapshots.stop()
        await root.engine._writer.drain()
        cut = home.store.snapshot(id, 10_000).seq
        then = home.store.log(id, cut - 1, 1)[0].t_commit
        home.store.cut_log(id, cut, 10_000)

        assert root.engine.history.state(id, instant(then))["seq"] >= cut
        with pytest.raises(PastUnknown, match=f"begins behind event {cut} at {instant(then)}"):
            root.engine.history.state(id, instant(then - 1))


async def test_secrets_are_masked_in_what_history_shows(pico):
    await pico.install('ruleset a { rule r { select when x y fired { ent:login := {"password": "1234"} } } }')
    await pico.send("x", "y")

    assert pico.engine.history.state(pico.eci)["variables"]["a"]["login"] == {"password": "***"}


# --- the chain ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["changes", "effects"])
async def test_a_flipped_byte_is_found_on_the_way(busy, column):
    store, id = store_of(busy), id_of(busy)
    row = store.log(id, 5, 1)[0]
    broken = bytearray(getattr(row, column) or b"[]")
    broken[-1] ^= 1
    store._replace_log(replace(row, **{column: bytes(broken)}))

    with pytest.raises(LogBroken, match="event 6: it is not what was written"):
        past(store, id)
    assert [(each.subject, each.what) for each in verify(store, id)] != []


async def test_a_snapshot_that_was_altered_is_not_believed(busy):
    store, id = store_of(busy), id_of(busy)
    snapshot = store.snapshot(id, 0)
    store.write([Writes(snapshots=[replace(snapshot, blob=snapshot.blob.replace(b"a", b"b", 1))])])

    with pytest.raises(LogBroken, match="the snapshot"):
        past(store, id)


# --- snapshots ------------------------------------------------------------------------------------------------


async def test_from_a_snapshot_on_the_log_leads_to_the_same(busy):
    store, id = store_of(busy), id_of(busy)
    await busy.send("x", "count")
    before = past(store, id).state()
    store.write([Writes(snapshots=[snapshot_of(past(store, id, 8).state())])])

    assert store.snapshot(id, 10_000).seq == 8
    assert past(store, id).state() == before


async def test_what_lies_behind_a_cut_is_told_from_the_snapshot_there(busy):
    store, id = store_of(busy), id_of(busy)
    before = past(store, id).state()
    store.write([Writes(snapshots=[snapshot_of(past(store, id, 8).state())])])
    store.cut_log(id, 8, 100)

    assert past(store, id).state() == before
    with pytest.raises(PastUnknown, match="begins behind event 8"):
        past(store, id, 5)


async def test_a_snapshot_is_taken_every_so_many_events(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(BUSY)
        for _ in range(EVERY):
            await root.send("x", "count")
        id = id_of(root)
        await root.engine._snapshots.stop()
        await root.engine._writer.drain()

        snapshot = home.store.snapshot(id, 10_000)
        assert snapshot.seq >= EVERY
        assert sha256(snapshot.blob).digest() == snapshot.hash
        assert told(loads(snapshot.blob)) == told(past(home.store, id, snapshot.seq).state())


class Taken:
    """A store with one pico, and the snapshots that are taken of it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.store.write([Writes(picos={"p": PicoRow("p", None, 0, None, None, "c0", 0, b"")})])
        self.rows: list[int] = []
        self.snapshots = Snapshots(self.store, self.commit)

    def commit(self, writes: Writes) -> None:
        self.rows += [row.seq for row in writes.snapshots]

    async def event(self, seq: int, size: int) -> None:
        before = self.store.pico("p").head_seq
        self.store.write([Writes(head=("p", before, seq, b""))])
        self.snapshots.note([log_row("p", seq, changes=b"x" * size)])
        if self.snapshots._taker is not None:
            await self.snapshots._taker


async def test_large_changes_make_a_snapshot_due_earlier():
    taken = Taken()
    for seq in range(1, 10):
        await taken.event(seq, MAX_BYTES // 4)

    assert taken.rows == [4, 8]


async def test_small_changes_do_not():
    taken = Taken()
    for seq in (1, 2, EVERY - 1):
        await taken.event(seq, 100)

    assert taken.rows == []


async def test_a_large_state_is_kept_less_often():
    """Or a pico with much state and many small events would write mostly snapshots."""
    taken = Taken()
    taken.store.write([Writes(variables={("p", "a", "v"): b'"' + b"x" * 3 * MAX_BYTES + b'"'})])
    for n in range(1, 10):
        await taken.event(n * EVERY, 100)

    assert taken.rows == [EVERY, 4 * EVERY, 8 * EVERY]


@pytest.mark.fault(53)
async def test_a_snapshot_that_there_is_no_thread_for_keeps_no_other_from_being_taken():
    taken = Taken()
    taken.store.write([Writes(picos={"q": PicoRow("q", None, 1, None, None, "c0", EVERY, b"")})])

    with no_thread_starts(times=1):
        taken.snapshots.note([log_row(pico, EVERY) for pico in ("p", "q")])
        await taken.snapshots._taker

    assert taken.rows == [EVERY]


def test_a_pico_that_never_stands_still_has_no_snapshot_now():
    class Restless(MemoryStore):
        def pico(self, id: str) -> PicoRow | None:
            row = super().pico(id)
            return row and self._moved(row)

        def _moved(self, row: PicoRow) -> PicoRow:
            moved = replace(row, head_seq=row.head_seq + 1)
            self._picos[row.id] = moved
            return moved

    store = Restless()
    store.write([Writes(picos={"p": PicoRow("p", None, 0, None, None, "c0", 0, b"")})])

    assert capture(store, "p") is None


async def test_a_newborn_pico_begins_with_the_rulesets_that_its_parent_gave_it(pico):
    child = await pico.child("child")
    born = Past(store_of(child), id_of(child), loads(store_of(child).snapshot(id_of(child), 0).blob))

    assert (born.row.head_seq, born.row.parent) == (0, id_of(pico))
    assert len(born.store.channels(born.pico)) == 1
    assert store_of(child).blob(born.row.code) is not None
