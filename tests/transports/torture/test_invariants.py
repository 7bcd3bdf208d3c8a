"""Each promise is seen to be broken by a history in which exactly it is, and by no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from transports.torture import INVARIANTS, Logged, Record, Sent, violations

GOOD = Record(
    sent=(
        Sent("a0", "a", 0, "p", "enter", asked_at=1.0, acked_at=2.0, eids=("e1",)),
        Sent("b0", "b", 0, "p", "enter", asked_at=1.5, acked_at=None),
        Sent("a1", "a", 1, "p", "enter", asked_at=3.0, acked_at=4.0, eids=("e3", "e3")),
        Sent("a2", "a", 2, "p", "fail", asked_at=5.0, acked_at=6.0, eids=("e4",)),
        Sent("b1", "b", 1, "q", "enter", asked_at=5.0, acked_at=None),
    ),
    log={
        "p": (
            Logged(1, "e1", "enter", "a0", "ok", to="q", keys=("e1/0",)),
            Logged(2, "e2", "enter", "b0", "ok", to="q"),
            Logged(4, "e3", "enter", "a1", "ok", later=True),
            Logged(5, "e4", "fail", "a2", "failed"),
            Logged(6, "e7", "time", "a1", "ok"),
        ),
        "q": (Logged(1, "e5", "tell", "a0", "ok"), Logged(2, "e6", "tell", "b0", "ok")),
    },
    lists={
        ("p", "entries"): ("a0", "b0", "a1"),
        ("p", "told"): (),
        ("p", "timed"): ("a1",),
        ("q", "entries"): (),
        ("q", "told"): ("a0", "b0"),
        ("q", "timed"): (),
    },
    arrived={"e1/0": 2},
)


def broken(**changes: Any) -> set[str]:
    """The names of the promises that the good history breaks when it is changed like this."""
    return {name for name, found in violations(replace(GOOD, **changes)).items() if found}


def lists(pico: str, name: str, *ids: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {**GOOD.lists, (pico, name): ids}


def log(pico: str, *rows: Logged) -> dict[str, tuple[Logged, ...]]:
    return {**GOOD.log, pico: rows}


def sent(place: int, **changes: Any) -> tuple[Sent, ...]:
    return tuple(replace(each, **changes) if at == place else each for at, each in enumerate(GOOD.sent))


P, Q = GOOD.log["p"], GOOD.log["q"]


def test_a_good_history_breaks_none() -> None:
    assert broken() == set()
    assert set(violations(GOOD)) == set(INVARIANTS)


def test_what_was_acknowledged_must_be_in_the_log() -> None:
    assert broken(sent=sent(4, acked_at=6.0)) == {"acknowledged"}


def test_what_was_acknowledged_must_be_in_the_list() -> None:
    changes: Any = {"lists": lists("p", "entries", "a0", "b0"), "log": log("p", *P[:2], *P[3:])}
    assert "acknowledged" in broken(**changes)


def test_what_was_not_acknowledged_may_be_missing() -> None:
    rows = [row for row in P if row.id != "b0"]
    changes: Any = {"log": {"p": tuple(rows), "q": Q[:1]}}
    told = {("p", "entries"): ("a0", "a1"), ("q", "told"): ("a0",)}
    assert broken(lists={**GOOD.lists, **told}, **changes) == set()


def test_what_failed_must_not_be_in_the_list() -> None:
    assert broken(lists=lists("p", "entries", "a0", "b0", "a1", "a2")) == {"order"}


def test_what_was_acknowledged_may_be_dead_but_not_cancelled() -> None:
    assert broken(log=log("p", *P[:3], replace(P[3], status="dead"), P[4])) == set()
    assert broken(log=log("p", *P[:3], replace(P[3], status="cancelled"), P[4])) == {"acknowledged"}


def test_the_eid_that_was_told_must_be_the_one_in_the_log() -> None:
    assert broken(sent=sent(0, eids=("e9",))) == {"acknowledged"}


def test_nothing_may_be_twice_in_a_list() -> None:
    assert broken(lists=lists("q", "told", "a0", "a0", "b0")) == {"once", "order"}


def test_nothing_may_be_evaluated_twice() -> None:
    assert "once" in broken(log=log("p", *P, replace(P[0], seq=7, eid="e8", to=None, keys=())))


def test_a_repeat_must_be_told_the_same_eid() -> None:
    assert broken(sent=sent(2, eids=("e3", "e9"))) == {"once"}


def test_nothing_may_come_from_nowhere() -> None:
    rows = (*P, Logged(7, "e8", "enter", "x0", "ok"))
    assert broken(log=log("p", *rows), lists=lists("p", "entries", "a0", "b0", "a1", "x0")) == {"once"}


def test_what_is_told_must_come_to_the_other_pico() -> None:
    assert broken(log=log("q", Q[0]), lists=lists("q", "told", "a0")) == {"once"}


def test_what_is_told_must_not_come_twice() -> None:
    again = replace(Q[1], seq=3, eid="e9")
    assert broken(log=log("q", *Q, again), lists=lists("q", "told", "a0", "b0", "b0")) == {"once"}


def test_a_promised_event_must_come() -> None:
    assert broken(log=log("p", *P[:4]), lists=lists("p", "timed")) == {"once"}


def test_an_event_that_failed_brings_nothing_about() -> None:
    rows = (*Q, Logged(3, "e8", "tell", "a2", "ok"))
    assert broken(log=log("q", *rows), lists=lists("q", "told", "a0", "b0", "a2")) == {"once"}


def test_a_list_must_be_in_the_order_of_the_log() -> None:
    assert broken(log=log("q", replace(Q[1], seq=1), replace(Q[0], seq=2))) == {"order"}


def test_a_list_must_have_what_the_log_has() -> None:
    assert broken(lists=lists("q", "told", "a0")) == {"order"}


def test_the_log_must_be_in_the_order_of_its_numbers() -> None:
    assert broken(log=log("q", replace(Q[0], seq=2), Q[1])) == {"order"}


def test_what_one_client_sends_must_come_in_its_order() -> None:
    swapped = (replace(P[2], seq=1), P[1], replace(P[0], seq=4), *P[3:])
    unhurried = sent(0, acked_at=9.0)  # both were under way: only the order of the sender is broken
    assert broken(log=log("p", *swapped), lists=lists("p", "entries", "a1", "b0", "a0"), sent=unhurried) == {"fifo"}


def test_what_one_pico_sends_must_come_in_its_order() -> None:
    swapped = (replace(Q[1], seq=1), replace(Q[0], seq=2))
    assert broken(log=log("q", *swapped), lists=lists("q", "told", "b0", "a0")) == {"fifo"}


def test_what_was_acknowledged_must_stand_before_what_was_asked_for_later() -> None:
    late = sent(1, asked_at=2.5)
    swapped = (replace(P[1], seq=1), replace(P[0], seq=2), *P[2:])
    told = {("p", "entries"): ("b0", "a0", "a1"), ("q", "told"): ("b0", "a0")}
    rows = {"p": swapped, "q": (replace(Q[1], seq=1), replace(Q[0], seq=2))}
    assert broken(sent=late, log=rows, lists={**GOOD.lists, **told}) == {"real-time"}


def test_what_was_under_way_at_one_time_may_come_in_any_order() -> None:
    swapped = (replace(P[1], seq=1), replace(P[0], seq=2), *P[2:])
    told = {("p", "entries"): ("b0", "a0", "a1"), ("q", "told"): ("b0", "a0")}
    rows = {"p": swapped, "q": (replace(Q[1], seq=1), replace(Q[0], seq=2))}
    assert broken(log=rows, lists={**GOOD.lists, **told}) == set()


def test_a_committed_effect_must_arrive() -> None:
    assert broken(arrived={}) == {"effects"}


def test_an_effect_of_nothing_must_not_arrive() -> None:
    assert broken(arrived={"e1/0": 1, "e4/0": 1}) == {"effects"}


def test_an_event_that_failed_must_have_no_effect() -> None:
    rows = (*P[:3], replace(P[3], keys=("e4/0",)), P[4])
    assert broken(log=log("p", *rows), arrived={"e1/0": 1, "e4/0": 1}) == {"effects"}


@pytest.mark.parametrize(
    ("field", "name"),
    [("differences", "replay"), ("breaks", "chain"), ("left", "stuck"), ("surprises", "surprises")],
)
def test_what_was_found_elsewhere_breaks_its_promise(field: str, name: str) -> None:
    assert broken(**{field: ("found",)}) == {name}


def test_what_waits_must_be_done_in_time() -> None:
    assert broken(drained_seconds=None) == {"drained"}
    assert broken(drained_seconds=61.0) == {"drained"}
    assert broken(drained_seconds=59.0) == set()
