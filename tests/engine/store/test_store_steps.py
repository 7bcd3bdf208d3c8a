"""What every store promises about steps, running events and callbacks: engine/store/interface.py."""

from __future__ import annotations

from dataclasses import replace

from engine.store.interface import CallbackRow, StepRow, Store, Writes
from tests.engine.store.rows import inbox_row, pico_row

STEP = StepRow("p", "e1", 0, "e1/0", "http", "POST http://h", "d", "c0", b"[]", 5)
CALLBACK = CallbackRow("c1", "p", "r", "pay", "done", b"{}", "open", 10)


def test_steps_of_an_event_come_in_order_and_go_together(store: Store) -> None:
    store.write([Writes(steps=[replace(STEP, n=n, key=f"e1/{n}") for n in (1, 0)] + [replace(STEP, eid="e2")])])

    assert [row.n for row in store.steps("p", "e1")] == [0, 1]

    store.write([Writes(steps_done=[("p", "e1")])])

    assert (store.steps("p", "e1"), len(store.steps("p", "e2"))) == ([], 1)


def test_a_step_that_is_answered_is_unanswered_no_more(store: Store) -> None:
    store.write([Writes(steps=[STEP])])
    before = store.unanswered_steps()

    store.write([Writes(steps=[replace(STEP, result=b"1", attempts=1)])])

    assert (before, store.unanswered_steps()) == ([STEP], [])


def test_a_step_made_and_done_in_one_batch_leaves_nothing(store: Store) -> None:
    store.write([Writes(steps=[STEP]), Writes(steps_done=[("p", "e1")])])

    assert store.steps("p", "e1") == []


def test_events_that_run_are_told_apart(store: Store) -> None:
    store.write([Writes(inbox_add=[inbox_row(1), inbox_row(2), inbox_row(3, state="running")])])

    store.write([Writes(inbox_set=[inbox_row(2, state="running", reads=3)])])

    assert [(row.id, row.reads) for row in store.running()] == [(2, 3), (3, 0)]


def test_callbacks_end_in_the_order_of_time(store: Store) -> None:
    rows = [replace(CALLBACK, id=id, expires_at=at) for id, at in (("b", 20), ("a", 10), ("never", None))]
    store.write([Writes(callbacks={row.id: row for row in rows})])

    assert [row.id for row in store.ended_callbacks(20)] == ["a", "b"]
    assert (store.ended_callbacks(9), store.next_callback_end()) == ([], 10)


def test_a_callback_that_has_ended_is_pruned_in_its_time_and_an_open_one_never(store: Store) -> None:
    used = replace(CALLBACK, id="used", state="used", expires_at=50)
    store.write([Writes(callbacks={"c1": CALLBACK, "used": used})])

    assert (store.prune(49), store.prune(50)) == (0, 1)
    assert (store.callback("c1"), store.callback("used")) == (CALLBACK, None)


def test_steps_and_callbacks_go_with_their_pico(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()}, steps=[STEP], callbacks={"c1": CALLBACK})])

    store.write([Writes(steps=[replace(STEP, n=1)]), Writes(picos={"p": None})])

    assert (store.steps("p", "e1"), store.callback("c1"), store.orphans()) == ([], None, [])


def test_those_of_no_pico_are_orphans(store: Store) -> None:
    store.write([Writes(steps=[STEP], callbacks={"c1": CALLBACK})])

    assert store.orphans() == [("callback", "p"), ("step", "p")]
    assert (store.drop_orphans(), store.orphans()) == (2, [])
