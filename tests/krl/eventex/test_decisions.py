"""Where event expressions differ from the peer on purpose, row by row (docs/language.md, "Differences")."""

import json

import pytest

from krl import tree
from krl.errors import KRLEventexError
from tests.krl.eventex.watching import SPAN, Watcher, counted, group, infix, on

P, Q, R = (on(each) for each in "pqr")


class Failed(Exception):
    """What a guard raises here."""


def test_q1_failed_test_changes_nothing():
    watcher = Watcher(infix("before", on("p", "(.)", "x"), on("q", "ok")), within=5000)
    watcher.offer("p", "1")
    before = watcher.memory

    assert watcher.offer("q", "no") is None
    assert watcher.memory is before
    assert watcher.offer("q", "ok") == {"x": "1"}


def test_q1_failed_test_breaks_a_then():
    watcher = Watcher(infix("then", P, on("q", "ok")))

    assert [watcher.offer(*each) for each in (("p",), ("q", "no"), ("q", "ok"))] == [None, None, None]


def test_q2_failed_test_does_not_hinder_another_alternative():
    assert Watcher(infix("or", on("p", "1"), on("p", "(2)", "x"))).offer("p", "2") == {"x": "2"}


def test_q3_any_of_all_members_means_and():
    assert Watcher(group("any", P, Q, count=2)).selected("qqp") == "..x"


@pytest.mark.parametrize(
    "expression",
    [
        group("any", P, Q, count=3),
        group("any", P, Q, count=0),
        counted("count", 0, P),
        infix("before", counted("repeat", 0, P), Q),
    ],
)
def test_q3_q4_counts_out_of_bounds_are_refused(expression):
    with pytest.raises(KRLEventexError, match="needs a number"):
        Watcher(expression)


def test_q5_window_is_emptied_when_its_group_begins_again():
    watcher = Watcher(infix("before", Q, counted("count", 2, on("p", "(.)"), "sum", "s")))

    seen = [watcher.offer(*each) for each in (("q",), ("p", 1), ("p", 2), ("q",), ("p", 3), ("p", 4))]

    assert seen == [None, None, {"s": 3}, None, None, {"s": 7}]


def test_q5_window_of_a_repeat_before_a_further_step_slides():
    watcher = Watcher(infix("before", counted("repeat", 2, on("p", "(.)"), "push", "w"), Q))

    for each in "1234":
        watcher.offer("p", each)

    assert watcher.offer("q") == {"w": ["3", "4"]}


def test_q8_names_not_captured_on_the_way_are_null():
    assert Watcher(infix("or", on("p", "(.)", "x"), Q)).offer("q") == {"x": None}


def test_q8_falling_back_to_nothing_but_the_start_drops_captures():
    watcher = Watcher(infix("or", infix("then", on("p", "(.)", "x"), Q), R))
    watcher.offer("p", "1")
    watcher.offer("p", "2")

    assert watcher.memory is None
    assert watcher.offer("r") == {"x": None}


def test_q8_falling_back_with_another_position_left_keeps_captures():
    watcher = Watcher(infix("then", on("p", "(.)", "x"), infix("and", Q, R)))

    watcher.offer("p", "1")
    watcher.offer("q")

    assert watcher.offer("r") == {"x": "1"}


def test_q9_completed_match_leaves_the_next_attempt_the_whole_limit():
    watcher = Watcher(infix("before", P, Q), within=5000)

    seen = [watcher.offer(type, at=at) for type, at in (("p", 1), ("q", 2), ("p", 4000), ("q", 9000))]

    assert [each is not None for each in seen] == [False, True, False, True]


@pytest.mark.parametrize(("late", "selected"), [(5000, True), (5001, False)])
def test_q9_limit_is_inclusive_and_a_start_at_zero_is_a_time(late, selected):
    watcher = Watcher(infix("before", P, Q), within=5000)
    watcher.offer("p", at=0)

    assert (watcher.offer("q", at=late) is not None) is selected


def test_q9_late_event_may_begin_an_attempt_of_its_own():
    watcher = Watcher(counted("count", 2, P), within=3000)

    seen = [watcher.offer("p", at=at) for at in (1000, 10_000, 12_000)]

    assert [each is not None for each in seen] == [False, False, True]


def test_q9_clock_of_a_resting_repeat_runs_on_from_the_first_event():
    watcher = Watcher(counted("repeat", 2, P), within=4000)

    seen = [watcher.offer("p", at=at) for at in (1000, 3000, 4000, 6000, 7000)]

    assert [each is not None for each in seen] == [False, True, True, False, True]


def test_q9_clock_restarts_with_every_event_at_the_start():
    """In `p then (q and r)` a q leaves the start active besides q, so the clock does not run."""
    watcher = Watcher(infix("then", P, infix("and", Q, R)), within=1000)

    seen = [watcher.offer(type, at=at) for type, at in (("p", 0), ("q", 900), ("q", 950), ("r", 1950))]

    assert [each is not None for each in seen] == [False, False, False, True]


def test_q9_expired_attempt_leaves_no_captures():
    watcher = Watcher(infix("and", on("p", "(.)", "x"), on("q", "(.)", "y")), within=2000)
    watcher.offer("p", "1", at=0)
    watcher.offer("q", "2", at=9000)

    assert watcher.memory is not None
    assert watcher.memory["captured"] == {"y": "2"}


def test_q10_repeat_rests_and_gives_way_to_other_alternatives():
    assert Watcher(infix("or", counted("repeat", 2, P), Q)).selected("qqpqppqpp") == "xx..xxx.x"


def test_q10_rest_goes_on_resting_when_nothing_moves():
    expression = infix("or", counted("repeat", 2, P), infix("before", on("q", "go"), R))

    assert Watcher(expression).selected("ppqrp") == ".x..x"


def test_q10_leaving_a_rest_begins_an_attempt_of_its_own():
    expression = infix("or", counted("repeat", 2, P), infix("before", Q, R))

    assert Watcher(expression).selected("ppqprp") == ".x..x."


def test_q10_window_is_kept_while_resting():
    watcher = Watcher(counted("repeat", 2, on("p", "(.)"), "push", "w"))

    assert [watcher.offer("p", each) for each in "123"] == [None, {"w": ["1", "2"]}, {"w": ["2", "3"]}]


def test_q10_repeat_counts_when_an_event_completes_several_alternatives():
    watcher = Watcher(infix("or", P, counted("repeat", 1, on("p", ""))))
    watcher.offer("p")

    assert watcher.memory is not None
    assert watcher.memory["states"] == sorted(watcher.machine.rests)


def test_q11_event_that_breaks_a_then_is_consumed():
    assert Watcher(infix("then", P, Q)).selected("ppqpq") == "....x"


def test_q12_where_reads_what_was_captured_earlier_in_the_attempt():
    second = on("q", where=tree.Name(SPAN, "x"))
    watcher = Watcher(infix("before", on("p", "(.)", "x"), second))

    watcher.offer("p", "1")

    assert watcher.offer("q") == {"x": "1"}


def test_q14_primitive_is_asked_once_for_an_event():
    watcher = Watcher(infix("then", P, counted("count", 2, on("q", "(.)"), "sum", "s")))
    watcher.offer("p")
    watcher.asked.clear()

    watcher.offer("q", "4")

    assert watcher.asked == ["q"]
    assert watcher.offer("q", "5") == {"s": 9}


def test_q14_resting_rule_does_not_ask_a_second_time_at_its_start():
    watcher = Watcher(counted("repeat", 1, on("p", "1")))
    watcher.offer("p", "1")
    watcher.asked.clear()

    watcher.offer("p", "2")

    assert watcher.asked == ["p"]


def test_q14_counted_group_that_is_reached_twice_counts_an_event_once():
    """Here r and s accept one event, so that both orders of what is left are active."""
    total = counted("count", 2, on("p", "(.)"), "sum", "s")
    watcher = Watcher(group("and", on("r"), on("r", ""), total))

    for type, v in (("p", 1), ("p", 2), ("r", "")):
        watcher.offer(type, v)

    assert watcher.offer("r") == {"s": 3}


def test_counted_group_in_step_with_itself_sums_its_own_matches():
    """`and(p, count 2 (p))`: the second p is the first of one order and the second of the other."""
    watcher = Watcher(infix("and", on("p"), counted("count", 2, on("p", "(.)"), "sum", "s")))

    assert [watcher.offer("p", each) for each in "124"] == [None, None, {"s": 6}]


def test_memory_is_plain_json_and_never_changed_in_place():
    watcher = Watcher(infix("before", counted("count", 2, on("p", "(.)", "x"), "push", "w"), Q), within=9000)
    watcher.offer("p", "1")
    old = json.dumps(watcher.memory)
    kept = watcher.memory

    watcher.offer("p", "2")

    assert json.dumps(kept) == old
    assert json.loads(json.dumps(watcher.memory)) == watcher.memory


def test_event_that_fails_in_a_guard_leaves_the_memory_to_its_owner():
    watcher = Watcher(infix("before", P, Q))
    watcher.offer("p")
    before = json.dumps(watcher.memory)

    def failing(h, captured):
        raise Failed

    watcher.guards = (watcher.guards[0], failing)
    with pytest.raises(Failed):
        watcher.offer("q")

    assert json.dumps(watcher.memory) == before


def test_simple_rule_has_no_memory():
    watcher = Watcher(on("p", "(.)", "x"), within=10)

    assert watcher.machine.simple
    assert watcher.offer("p", "1") == {"x": "1"}
    assert watcher.memory is None
