"""Each operator by its table (docs/language.md, "Event expressions"); events are the letters of a text."""

import pytest

from tests.krl.eventex.watching import Watcher, between, counted, group, infix, on

P, Q, R, S = (on(each) for each in "pqrs")

TABLE = [
    ("p", P, "pqpp", "x.xx"),
    ("p or q", infix("or", P, Q), "pqrp", "xx.x"),
    ("p and q", infix("and", P, Q), "ppqqp", "..x.x"),
    ("p before q", infix("before", P, Q), "qppqq", "...x."),
    ("p then q", infix("then", P, Q), "ppqpppq", "......x"),
    ("p then q, invisible events break nothing", infix("then", P, Q), "pzq", "..x"),
    ("p then (q or r)", infix("then", P, infix("or", Q, R)), "prpq", ".x.x"),
    ("p then (q and r)", infix("then", P, infix("and", Q, R)), "pqrprpqr", "..x....x"),
    ("p after q", infix("after", P, Q), "pqqp", "...x"),
    ("r between (p, q)", between(R, P, Q), "rpprrqq", ".....x."),
    ("r not between (p, q)", between(R, P, Q, negated=True), "prqpqppq", "....x..x"),
    ("any 2 (p, q, r)", group("any", P, Q, R, count=2), "pprqp", "..x.x"),
    ("any 1 (p, q)", group("any", P, Q, count=1), "pqp", "xxx"),
    ("and (p, q, r)", group("and", P, Q, R), "rqprpq", "..x..x"),
    ("or (p, q, r)", group("or", P, Q, R), "rqp", "xxx"),
    ("after (p, q, r)", group("after", P, Q, R), "pqrrqp", ".....x"),
    ("then (p, q, r)", group("then", P, Q, R), "pqrpqqr", "..x...."),
    ("count 3 (p)", counted("count", 3, P), "ppppppp", "..x..x."),
    ("repeat 3 (p)", counted("repeat", 3, P), "ppppp", "..xxx"),
    ("repeat 2 (p) before q", infix("before", counted("repeat", 2, P), Q), "pppqq", "...x."),
    ("repeat 2 (p) then q, a loop breaks nothing", infix("then", counted("repeat", 2, P), Q), "pppq", "...x"),
    ("p or (q before r): an arm that moved takes over", infix("or", P, infix("before", Q, R)), "qprp", "..xx"),
    ("p before q then r is one level", infix("then", infix("before", P, Q), R), "pqprpqr", "......x"),
    ("(p before q) and r: members do not interleave", infix("and", infix("before", P, Q), R), "prqr", "...x"),
]


@pytest.mark.parametrize(
    ("expression", "events", "selected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_operator_selects_as_its_table_says(expression, events, selected):
    assert Watcher(expression).selected(events) == selected


def test_and_written_as_a_row_does_not_accept_the_third_between_the_first_two():
    assert Watcher(infix("and", infix("and", P, Q), R)).selected("prqr") == "...x"


def test_middle_and_closing_that_accept_one_event_complete_the_match():
    assert Watcher(between(on("q", "1"), P, on("q"), negated=True)).selected("pq") == ".x"


def test_member_that_falls_back_behind_another_does_not_reopen_the_choice():
    """`and` commits to a member once it began: after r, p and a break only p then q may go on."""
    watcher = Watcher(group("and", infix("then", P, Q), R, S))

    assert watcher.selected("rprspqs") == "......x"


def test_member_that_falls_back_at_the_start_of_the_group_reopens_the_choice():
    assert Watcher(group("and", infix("then", P, Q), R)).selected("prrpq") == "....x"


def test_committed_member_behind_a_repeat_keeps_the_loop():
    watcher = Watcher(group("and", counted("repeat", 1, R), infix("then", P, Q), S))

    assert watcher.selected("rpsrpqs") == "......x"


def test_captures_reach_the_body_whoever_captured_them():
    watcher = Watcher(infix("before", on("p", "(.*)", "x"), on("q", "(.)(.)", "y z")))

    watcher.offer("p", "one")

    assert watcher.offer("q", "ab") == {"x": "one", "y": "a", "z": "b"}


def test_later_capture_of_a_name_overwrites():
    watcher = Watcher(infix("before", on("p", "(.*)", "x"), on("q", "(.*)", "x")))

    watcher.offer("p", "one")

    assert watcher.offer("q", "two") == {"x": "two"}


def test_push_keeps_texts_and_nulls():
    watcher = Watcher(counted("count", 2, on("p", "(a)?b"), "push", "all"))

    watcher.offer("p", "ab")

    assert watcher.offer("p", "b") == {"all": ["a", None]}


@pytest.mark.parametrize(
    ("function", "value"), [("max", 4), ("min", 0), ("sum", 5.5), ("avg", 5.5 / 3), ("push", ["1.5", "x", "4"])]
)
def test_aggregate_counts_what_is_no_number_as_zero(function, value):
    watcher = Watcher(counted("count", 3, on("p", "(.+)"), function, "m"))

    seen = [watcher.offer("p", each) for each in ("1.5", "x", "4")]

    assert seen == [None, None, {"m": value}]


def test_groups_feed_aggregate_names_by_position():
    watcher = Watcher(counted("count", 2, on("p", "(.)(.)"), "sum", "a b c"))

    watcher.offer("p", "12")

    assert watcher.offer("p", "34") == {"a": 4, "b": 6, "c": 0}


def test_setting_and_aggregate_of_different_names_coexist():
    watcher = Watcher(counted("count", 2, on("p", "(.)", "last"), "sum", "s"))

    watcher.offer("p", "3")

    assert watcher.offer("p", "4") == {"last": "4", "s": 7}


def test_sum_beyond_the_doubles_is_null():
    watcher = Watcher(counted("count", 2, on("p", "(.+)"), "sum", "s"))

    watcher.offer("p", "1e308")

    assert watcher.offer("p", "1e308") == {"s": None}
