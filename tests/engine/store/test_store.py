"""What every store promises: engine/store/interface.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StoreUnavailable
from engine.store.interface import CommitRefused, Store, Writes
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import (
    channel_row,
    dedup_row,
    inbox_row,
    log_row,
    outbox_row,
    pico_row,
    registry_row,
    timer_row,
)

# --- all or nothing ---------------------------------------------------------------------------------------


def test_what_was_written_is_read(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()}, variables={("p", "r", "a"): b"1"})])

    assert (store.pico("p"), store.variable("p", "r", "a")) == (pico_row(), b"1")


def test_what_was_never_written_is_none(store: Store) -> None:
    found = [store.pico("x"), store.channel("x"), store.blob("x"), store.variable("x", "x", "x"), store.ruleset("x")]
    found += [store.registered("x"), store.dedup("x", "x"), store.log_by_eid("x"), store.next_due(), store.fact("x")]

    assert found == [None] * 10


def test_a_batch_that_is_refused_leaves_nothing(store: Store) -> None:
    fits = Writes(picos={"q": pico_row("q")}, variables={("q", "r", "a"): b"1"}, blobs={"h": b"x"})

    with pytest.raises(CommitRefused):
        store.write([fits, Writes(head=("nobody", 0, 1, b"h"))])

    assert (store.pico("q"), store.variable("q", "r", "a"), store.blob("h")) == (None, None, None)


def test_of_several_writes_to_one_key_the_last_wins(store: Store) -> None:
    batch = [Writes(variables={("p", "r", "a"): value}) for value in (b"1", b"2")]
    batch += [Writes(facts={"n": value}) for value in ("1", "2")]

    store.write(batch)

    assert (store.variable("p", "r", "a"), store.fact("n")) == (b"2", "2")


def test_a_batch_larger_than_a_statement_is_written_whole(store: Store) -> None:
    names = [f"v{n:04d}" for n in range(1000)]

    store.write([Writes(variables={("p", "r", name): name.encode()}) for name in names])

    assert [name for _, name, _ in store.variables("p")] == names


def test_a_closed_store_takes_nothing(store: Store) -> None:
    store.close()

    with pytest.raises(StoreUnavailable):
        store.write([Writes(facts={"a": "b"})])


# --- heads and inbox: the fences --------------------------------------------------------------------------


def test_a_head_moves_only_from_where_it_stands(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row(head_seq=4)})])

    with pytest.raises(CommitRefused):
        store.write([Writes(head=("p", 3, 4, b"h"))])


def test_several_events_of_a_pico_move_its_head_in_one_batch(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()})])

    store.write([Writes(head=("p", n, n + 1, b"h%d" % n)) for n in range(3)])

    assert store.pico("p") == pico_row(head_seq=3, head_hash=b"h2")


def test_a_gap_between_the_moves_of_a_batch_is_refused(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()})])

    with pytest.raises(CommitRefused):
        store.write([Writes(head=("p", 0, 1, b"")), Writes(head=("p", 2, 3, b""))])


def test_a_pico_made_in_the_batch_has_its_first_events_there(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()}, head=("p", 0, 1, b"a")), Writes(head=("p", 1, 2, b"b"))])

    assert store.pico("p") == pico_row(head_seq=2, head_hash=b"b")


def test_a_pico_deleted_in_the_batch_has_no_later_events_there(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()})])

    with pytest.raises(CommitRefused):
        store.write([Writes(picos={"p": None}), Writes(head=("p", 0, 1, b""))])


def test_an_inbox_row_is_done_once(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1)])])
    store.write([Writes(inbox_done=[1])])

    with pytest.raises(CommitRefused):
        store.write([Writes(inbox_done=[1])])


def test_an_inbox_row_is_not_done_twice_in_one_batch(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1)])])

    with pytest.raises(CommitRefused):
        store.write([Writes(inbox_done=[1]), Writes(inbox_done=[1])])


@pytest.mark.parametrize("again", [[inbox_row(1)], [inbox_row(2), inbox_row(2)]], ids=["later", "in one batch"])
def test_an_arrival_number_is_given_once(store: Store, again: list[object]) -> None:
    store.write([Writes(inbox_add=[inbox_row(1)])])

    with pytest.raises(CommitRefused):
        store.write([Writes(inbox_add=[row]) for row in again])  # type: ignore[list-item]


def test_an_event_is_logged_once(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=1)])])

    with pytest.raises(CommitRefused):
        store.write([Writes(log=[log_row(seq=1, eid="other")])])


# --- inbox ------------------------------------------------------------------------------------------------


def test_the_inbox_holds_what_is_not_done_in_order_of_arrival(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(3), inbox_row(1), inbox_row(2)])])
    store.write([Writes(inbox_done=[2])])

    assert store.inbox() == [inbox_row(1), inbox_row(3)]


def test_the_inbox_is_read_in_pages(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(n) for n in range(1, 6)])])

    assert [row.id for row in store.inbox(after=2, limit=2)] == [3, 4]


def test_a_row_added_and_done_in_one_batch_is_not_there(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1)]), Writes(inbox_done=[1])])

    assert store.inbox() == []


def test_an_arrival_number_stays_given_when_its_row_is_gone(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(7)])])
    store.write([Writes(inbox_done=[7])])
    store.write([Writes(inbox_add=[inbox_row(9)]), Writes(inbox_done=[9])])

    assert store.last_inbox_id() == 9


# --- idempotency keys -------------------------------------------------------------------------------------


def test_a_key_gets_its_response_later(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row()])])
    store.write([Writes(dedup_done=[("ch", "k", b"answer")])])

    assert store.dedup("ch", "k") == dedup_row(response=b"answer")


def test_a_key_gets_its_response_in_the_same_batch(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row()]), Writes(dedup_done=[("ch", "k", b"answer")])])

    assert store.dedup("ch", "k") == dedup_row(response=b"answer")


def test_a_response_to_a_key_that_was_pruned_is_dropped(store: Store) -> None:
    store.write([Writes(dedup_done=[("ch", "k", b"answer")])])

    assert store.dedup("ch", "k") is None


def test_an_expired_key_may_be_used_again(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row(response=b"old")])])
    store.write([Writes(dedup_add=[dedup_row(eid="eid2", expires_at=900)])])

    assert store.dedup("ch", "k") == dedup_row(eid="eid2", expires_at=900)


def test_expired_keys_are_pruned(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row(key=str(n), expires_at=n) for n in range(10)])])

    assert (store.prune(4), store.prune(4)) == (5, 0)
    assert store.dedup("ch", "4") is None
    assert store.dedup("ch", "5") is not None


@pytest.mark.fault(52)
def test_as_many_expired_keys_as_there_are_are_pruned(store: Store) -> None:
    store.write([Writes(dedup_add=[dedup_row(key=str(n), expires_at=4) for n in range(12_000)])])

    assert (store.prune(4), store.prune(4)) == (12_000, 0)


def test_a_deleted_channel_takes_its_keys_along(store: Store) -> None:
    store.write([Writes(channels={"ch": channel_row()}, dedup_add=[dedup_row()])])
    store.write([Writes(dedup_add=[dedup_row(key="k2")]), Writes(channels={"ch": None})])

    assert (store.channel("ch"), store.dedup("ch", "k"), store.dedup("ch", "k2")) == (None, None, None)


# --- picos and channels -----------------------------------------------------------------------------------


def test_children_stand_in_order_of_creation(store: Store) -> None:
    rows = [pico_row(id, parent="p", child_no=no) for id, no in (("b", 0), ("c", 1), ("a", 2))]
    store.write([Writes(picos={row.id: row for row in reversed(rows)})])

    assert store.children("p") == rows


def test_a_child_number_is_not_given_again_while_a_later_child_lives(store: Store) -> None:
    store.write([Writes(picos={id: pico_row(id, parent="p", child_no=no) for no, id in enumerate("abc")})])
    store.write([Writes(picos={"b": None})])

    assert (store.next_child_no("p"), store.next_child_no("a")) == (3, 0)


def test_roots_are_the_picos_without_a_parent(store: Store) -> None:
    store.write([Writes(picos={"a": pico_row("a", child_no=1), "b": pico_row("b"), "c": pico_row("c", parent="a")})])

    assert [row.id for row in store.roots()] == ["b", "a"]


def test_every_pico_is_listed(store: Store) -> None:
    ids = [f"p{n:04d}" for n in range(2500)]
    store.write([Writes(picos={id: pico_row(id) for id in ids})])

    assert list(store.pico_ids()) == ids


def test_a_code_set_changes_alone(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row(head_seq=2)})])
    store.write([Writes(pico_codes={"p": "c1"}, head=("p", 2, 3, b"h"))])

    assert store.pico("p") == pico_row(code="c1", head_seq=3, head_hash=b"h")


def test_a_later_row_of_a_pico_wins_over_an_earlier_code_set(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()})])
    store.write([Writes(pico_codes={"p": "c1"}), Writes(picos={"p": pico_row(code="c2")})])

    assert store.pico("p") == pico_row(code="c2")


def test_channels_are_sorted_by_eci(store: Store) -> None:
    store.write([Writes(channels={eci: channel_row(eci) for eci in ("b", "c", "a")})])
    store.write([Writes(channels={"x": channel_row("x", pico="other")})])

    assert [row.eci for row in store.channels("p")] == ["a", "b", "c"]


def test_a_deleted_pico_leaves_only_its_log_and_what_it_has_promised_to_send(store: Store) -> None:
    everything = Writes(
        picos={"p": pico_row()},
        channels={"ch": channel_row()},
        variables={("p", "r", "a"): b"1"},
        memory={("p", "r", "rule"): ("x", b"{}")},
        timers={"t": timer_row()},
        inbox_add=[inbox_row(1)],
        dedup_add=[dedup_row(), dedup_row(eci="p")],  # a pico's id is the ECI of its self channel
        log=[log_row()],
        outbox_add=[outbox_row(1)],
    )
    store.write([everything])
    store.write([Writes(picos={"p": None})])

    assert (store.pico("p"), store.channel("ch"), store.channels("p"), list(store.variables("p"))) == (
        None,
        None,
        [],
        [],
    )
    assert (store.memory("p"), store.timers("p", "r"), store.inbox()) == ([], [], [])
    assert (store.dedup("ch", "k"), store.dedup("p", "k")) == (None, None)
    assert (store.log("p"), store.outbox(10)) == ([log_row()], [outbox_row(1)])


def test_nothing_of_a_deleted_pico_comes_back_in_its_batch(store: Store) -> None:
    made = Writes(
        picos={"p": pico_row()},
        channels={"ch": channel_row()},
        variables={("p", "r", "a"): b"1"},
        memory={("p", "r", "rule"): ("x", b"{}")},
        timers={"t": timer_row()},
        inbox_add=[inbox_row(1)],
        dedup_add=[dedup_row()],
    )

    store.write([made, Writes(picos={"p": None}, variables={("p", "r", "b"): b"2"}, pico_codes={"p": "c1"})])

    assert (store.pico("p"), store.channels("p"), list(store.variables("p")), store.memory("p")) == (None, [], [], [])
    assert (store.timers("p", "r"), store.inbox(), store.dedup("ch", "k")) == ([], [], None)


# --- state of rulesets ------------------------------------------------------------------------------------


def test_variables_are_sorted_and_may_be_asked_by_ruleset(store: Store) -> None:
    keys = [("p", "r2", "a"), ("p", "r1", "b"), ("p", "r1", "a"), ("q", "r1", "z")]
    store.write([Writes(variables=dict.fromkeys(keys, b"1"))])

    assert [row[:2] for row in store.variables("p")] == [("r1", "a"), ("r1", "b"), ("r2", "a")]
    assert [row[1] for row in store.variables("p", "r1")] == ["a", "b"]


def test_a_variable_is_deleted_by_none(store: Store) -> None:
    store.write([Writes(variables={("p", "r", "a"): b"1", ("p", "r", "b"): b"2"})])
    store.write([Writes(variables={("p", "r", "a"): None})])

    assert list(store.variables("p")) == [("r", "b", b"2")]


def test_a_variable_set_and_deleted_in_one_batch_is_gone_and_the_other_way_round(store: Store) -> None:
    a, b = ("p", "r", "a"), ("p", "r", "b")
    store.write([Writes(variables={a: b"0", b: b"0"})])

    store.write([Writes(variables={a: b"1", b: None}), Writes(variables={a: None, b: b"2"})])

    assert list(store.variables("p")) == [("r", "b", b"2")]


def test_forgetting_a_ruleset_comes_before_what_the_same_writes_set(store: Store) -> None:
    store.write([Writes(variables={("p", "r", "a"): b"1", ("p", "s", "a"): b"2"})])
    store.write([Writes(forget_variables=[("p", "r")], variables={("p", "r", "b"): b"3"})])

    assert list(store.variables("p")) == [("r", "b", b"3"), ("s", "a", b"2")]


def test_forgetting_one_ruleset_leaves_what_another_got_after_it_was_forgotten(store: Store) -> None:
    first = Writes(forget_variables=[("p", "r")], variables={("p", "r", "a"): b"1"})

    store.write([first, Writes(forget_variables=[("p", "s")])])

    assert store.variable("p", "r", "a") == b"1"


def test_the_memory_of_rules_is_kept_replaced_and_forgotten(store: Store) -> None:
    keys = [("p", "r", "one"), ("p", "r", "two"), ("p", "s", "one"), ("p", "s", "two")]
    store.write([Writes(memory=dict.fromkeys(keys, ("x", b"1")))])
    store.write([Writes(memory={keys[2]: None, keys[3]: ("y", b"2")}, forget_memory=[("p", "r")])])

    assert store.memory("p") == [("s", "two", "y", b"2")]


# --- code -------------------------------------------------------------------------------------------------


def test_blobs_and_rulesets_are_kept_as_they_came_first(store: Store) -> None:
    store.write([Writes(blobs={"h": b"1"}, rulesets={"h": ("r", "ruleset r {}")})])
    store.write([Writes(blobs={"h": b"2"}, rulesets={"h": ("r", "other")})])

    assert (store.blob("h"), store.ruleset("h")) == (b"1", ("r", "ruleset r {}"))


def test_the_registry_takes_the_newest_row_of_a_url(store: Store) -> None:
    store.write([Writes(registry={"b": registry_row("b"), "a": registry_row("a")})])
    store.write([Writes(registry={"b": registry_row("b", hash="h1")})])

    assert store.registry() == [registry_row("a"), registry_row("b", hash="h1")]
    assert store.registered("b") == registry_row("b", hash="h1")


# --- log --------------------------------------------------------------------------------------------------


def test_the_log_of_a_pico_is_read_in_pages(store: Store) -> None:
    store.write([Writes(log=[log_row(seq=n) for n in range(1, 6)]), Writes(log=[log_row("q", 1)])])

    assert [row.seq for row in store.log("p", after=2, limit=2)] == [3, 4]


def test_an_eid_finds_the_first_row_that_bears_it(store: Store) -> None:
    """A child made in an event has rows of the same eid behind its parent's."""
    store.write([Writes(log=[log_row("p", 4, eid="e"), log_row("child", 1, eid="e")])])

    assert store.log_by_eid("e") == log_row("p", 4, eid="e")


# --- timers -----------------------------------------------------------------------------------------------


def test_timers_of_a_ruleset_stand_in_order_of_creation_even_when_one_moves_on(store: Store) -> None:
    store.write([Writes(timers={"b": timer_row("b"), "a": timer_row("a"), "x": timer_row("x", rid="other")})])
    store.write([Writes(timers={"b": timer_row("b", due_at=99, fire_no=1)})])

    assert store.timers("p", "r") == [timer_row("b", due_at=99, fire_no=1), timer_row("a")]


def test_due_timers_come_earliest_first(store: Store) -> None:
    rows = {id: timer_row(id, due_at=due) for id, due in (("a", 30), ("b", 10), ("c", 20), ("d", 31))}
    store.write([Writes(timers=dict(rows))])

    assert [row.id for row in store.due_timers(30)] == ["b", "c", "a"]
    assert [row.id for row in store.due_timers(30, limit=1)] == ["b"]
    assert store.next_due() == 10


def test_a_removed_timer_is_not_due(store: Store) -> None:
    store.write([Writes(timers={"t": timer_row()})])
    store.write([Writes(timers={"t": None})])

    assert (store.due_timers(99), store.next_due()) == ([], None)


# --- outbox -----------------------------------------------------------------------------------------------


def test_the_outbox_gives_ready_rows_that_are_due_by_number(store: Store) -> None:
    rows = [outbox_row(1, next_at=20), outbox_row(2, state="dead"), outbox_row(3, next_at=30), outbox_row(4)]
    store.write([Writes(outbox_add=rows)])

    assert [row.id for row in store.outbox(20)] == [1, 4]


def test_an_outbox_row_waits_for_its_next_attempt(store: Store) -> None:
    store.write([Writes(outbox_add=[outbox_row(1)])])
    later = outbox_row(1, attempts=1, next_at=50, last_error="refused")
    store.write([Writes(outbox_set=[later])])

    assert (store.outbox(49), store.outbox(50)) == ([], [later])


def test_what_was_sent_leaves_the_outbox_and_keeps_its_number(store: Store) -> None:
    store.write([Writes(outbox_add=[outbox_row(5)])])
    store.write([Writes(outbox_set=[outbox_row(5, state="done")])])

    assert (store.outbox(99), store.last_outbox_id()) == ([], 5)


def test_an_outbox_number_is_given_once(store: Store) -> None:
    store.write([Writes(outbox_add=[outbox_row(1)])])

    with pytest.raises(CommitRefused):
        store.write([Writes(outbox_add=[outbox_row(1, seq=2)])])


# --- backup -----------------------------------------------------------------------------------------------


def test_a_backup_is_a_store_with_the_same_rows(store: Store, tmp_path: Path) -> None:
    rows = Writes(
        picos={"p": pico_row()},
        channels={"ch": channel_row()},
        variables={("p", "r", "a"): b"1"},
        memory={("p", "r", "rule"): ("x", b"{}")},
        timers={"t": timer_row()},
        dedup_add=[dedup_row()],
        log=[log_row()],
        registry={"u": registry_row("u")},
        rulesets={"h": ("r", "text")},
        blobs={"b": b"x"},
        facts={"f": "v"},
    )
    store.write([rows, Writes(inbox_add=[inbox_row(1), inbox_row(2)], outbox_add=[outbox_row(1), outbox_row(2)])])
    store.write([Writes(inbox_done=[2], outbox_set=[outbox_row(2, state="done")])])

    store.backup(str(tmp_path / "copy.db"))

    copy = SQLiteStore(tmp_path / "copy.db")
    assert _rows(copy) == _rows(store)
    copy.close()


def test_a_backup_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(FileExistsError):
        store.backup(str(tmp_path / "copy.db"))

    assert (tmp_path / "copy.db").read_text() == "precious"


def _rows(store: Store) -> list[object]:
    """All that the tests' one pico has."""
    return [
        store.roots(),
        store.channels("p"),
        list(store.variables("p")),
        store.memory("p"),
        store.timers("p", "r"),
        store.dedup("ch", "k"),
        store.log("p"),
        store.registry(),
        store.ruleset("h"),
        store.blob("b"),
        store.fact("f"),
        store.inbox(),
        store.last_inbox_id(),
        store.outbox(99),
        store.last_outbox_id(),
    ]
