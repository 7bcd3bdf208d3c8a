"""What a machine says of itself, and that none grows without bound."""

import time
from functools import reduce

import pytest

from krl import tree
from krl.errors import KRLEventexError
from krl.eventex import build
from tests.krl.eventex.watching import SPAN, Watcher, between, counted, group, infix, on, when

P, Q, R = (on(each) for each in "pqr")


def test_subscriptions_are_the_pairs_in_order_of_appearance():
    machine = build(when(infix("or", infix("before", Q, P), on("q", "(.)", "x")))).machine

    assert machine.subscriptions == (("a", "q"), ("a", "p"))


def test_select_where_subscribes_to_everything_and_has_one_guard():
    condition = tree.Boolean(SPAN, True)

    built = build(tree.SelectWhere(SPAN, condition))

    assert built.machine.subscriptions is None
    assert built.machine.simple
    assert [each.where for each in built.primitives] == [condition]


def test_names_are_settings_and_aggregates_each_once():
    first = on("p", "(.)", "x y")

    machine = build(when(infix("or", first, counted("count", 2, on("q", "(.)", "x"), "sum", "s")))).machine

    assert machine.names == ("x", "y", "s")


def test_primitives_without_tests_are_shared_and_others_are_not():
    built = build(when(group("or", infix("before", P, Q), infix("before", Q, P), on("p", "1"), on("p", "1"))))

    assert [(each.type, len(each.tests)) for each in built.primitives] == [("p", 0), ("q", 0), ("p", 1), ("p", 1)]


@pytest.mark.parametrize(
    "event", [infix("before", P, Q), counted("repeat", 1, P), counted("count", 1, on("p", "(.)"), "sum", "s")]
)
def test_what_must_remember_or_compute_is_not_simple(event):
    assert not build(when(event)).machine.simple


def test_equal_expressions_build_equal_machines():
    def expression():
        return when(group("and", between(P, Q, R, negated=True), counted("repeat", 2, on("s", "(.)"), "sum", "s")))

    assert build(expression()) == build(expression())


def test_ten_members_in_any_order_fit():
    members = [on(f"e{number}") for number in range(10)]

    watcher = Watcher(group("and", *members))

    assert [watcher.offer(f"e{number}") is not None for number in reversed(range(10))] == [False] * 9 + [True]


@pytest.mark.parametrize(
    "event",
    [
        group("and", *(on(f"e{number}") for number in range(40))),
        group("any", *(on(f"e{number}") for number in range(500)), count=400),
        counted("count", 10**9, P),
        reduce(lambda left, right: infix("and", left, right), [on(f"e{number}") for number in range(60)]),
        reduce(lambda left, _: infix("before", infix("or", left, counted("repeat", 1, P)), left), range(40), Q),
    ],
    ids=["and", "any", "count", "nested and", "nested before"],
)
def test_machine_that_would_be_too_large_is_refused_at_once(event):
    started = time.process_time()

    with pytest.raises(KRLEventexError, match=r"more than 10000 moves \(max_moves\)"):
        build(when(event))

    assert time.process_time() - started < 5


def test_size_limit_can_be_set():
    with pytest.raises(KRLEventexError, match="more than 3 moves"):
        build(when(counted("count", 4, P)), max_moves=3)


def test_long_row_of_alternatives_is_no_deep_nest():
    row = reduce(lambda left, right: infix("or", left, right), [on(f"e{number}") for number in range(5000)])

    assert len(build(when(row)).machine.moves) == 5000
