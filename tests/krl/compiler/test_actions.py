"""Action blocks, of rules and of defactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Shown = Callable[..., Any]


def test_every_runs_all_in_order(shown: Shown) -> None:
    assert shown('every { send_directive("a", 1) send_directive("b", 2) }') == [1, 2]


def test_sample_runs_one(shown: Shown) -> None:
    actions = " ".join(f'send_directive("a", {number})' for number in range(5))

    assert shown("sample {" + actions + "}") in [[number] for number in range(5)]


def test_choose_compares_labels_without_conversion(shown: Shown) -> None:
    rule = 'choose x { one => send_directive("a", 1) two => send_directive("b", 2) one => send_directive("c", 3) }'

    assert shown(rule, 'x = "one"') == [1, 3]
    assert shown(rule, "x = 1") == []


def test_a_choice_without_match_counts_as_fired(shown: Shown) -> None:
    rule = 'choose "x" { a => noop() } fired { raise a event "c" } }'

    assert shown(rule + ' rule two { select when a c send_directive("fired", 1)') == [1]


@pytest.mark.parametrize(
    ("condition", "fires"), [("[]", True), ("{}", True), ('""', False), ("0", False), ('"0"', True)]
)
def test_a_condition_is_true_as_values_are(condition: str, fires: bool, shown: Shown) -> None:
    assert shown(f'if {condition} then send_directive("a", 1)') == ([1] if fires else [])


ECHO = "a = defaction(x){ noop() return x }"
SHOW_R = """
    always { raise a event "d" attributes {"r": r} } }
    rule two { select when a d send_directive("r", event:attr("r"))"""


def test_a_bound_name_is_null_where_its_action_does_not_run(shown: Shown) -> None:
    rule = 'if event:attr("c") then every { a(1) setting(r) }' + SHOW_R

    assert [shown(rule, ECHO, c=each) for each in (True, False)] == [[1], [{}]]


def test_the_last_action_that_ran_has_bound_the_name(shown: Shown) -> None:
    rule = 'choose (event:attr("w")) { one => a(1) setting(r) two => a(2) setting(r) }' + SHOW_R

    assert [shown(rule, ECHO, w=word) for word in ("one", "two")] == [[1], [2]]


def test_a_defaction_runs_its_block_and_answers_its_result(shown: Shown) -> None:
    block = """
        inner = defaction(x){ send_directive("inner", x) setting(d) return d{"options"} }
        outer = defaction(a, b = a + 1){ s = a + b if s > 2 then every { inner(s) setting(r) } return [r, s] }"""

    assert shown('every { outer(1) setting(x) send_directive("x", x) }', block) == [3, [3, 3]]
    assert shown('every { outer(0, b = 1) setting(x) send_directive("x", x) }', block) == [[None, 1]]


def test_an_action_may_be_a_parameter(shown: Shown) -> None:
    block = 'twice = defaction(act, x){ every { act(x) act(x + 1) } }  show = defaction(x){ send_directive("s", x) }'

    assert shown("twice(show, 1)", block) == [1, 2]


def test_what_is_no_action_cannot_be_run(offer: Callable[..., Any]) -> None:
    inside = "global { run = defaction(a){ a() } } rule one { select when a b run(function(){ 1 }) }"

    error = offer(inside, "a:b")[0]["error"]

    assert error == {"kind": "TypeError", "message": "[Function] is not an action", "rule": "one", "line": 1}


def test_a_directive_takes_named_arguments_and_needs_no_options(shown: Shown) -> None:
    assert shown('every { send_directive(options = 1, name = "a") send_directive("b") send_directive("c", null) }') == [
        1,
        {},
        {},
    ]


def test_endless_actions_meet_the_limit_of_depth(offer: Callable[..., Any]) -> None:
    inside = "global { run = defaction(a){ a(a) } } rule one { select when a b run(run) }"

    assert offer(inside, "a:b")[0]["error"]["kind"] == "LimitError"
