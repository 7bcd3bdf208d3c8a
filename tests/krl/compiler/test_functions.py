"""Function literals: arguments, defaults, closures, recursion, and what cannot be called."""

from __future__ import annotations

import pytest

from krl.errors import KRLLimitError, KRLRuntimeError, KRLTypeError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime.host import Limits


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("f(1, 2)", [1, 2, 10]),
        ("f(1)", [1, None, 10]),
        ("f(1, 2, 3, 4)", [1, 2, 3]),
        ("f(c = 3, a = 1)", [1, None, 3]),
        ("f(1, c = 3)", [1, None, 3]),
        ("f(1, 2, a = 9)", [9, 2, 10]),
        ("f(1, nobody = 9)", [1, None, 10]),
        ("f(1, 2, null)", [1, 2, None]),
    ],
)
def test_arguments_reach_parameters(call: str, value: list[object]) -> None:
    declared = "f = function(a, b, c = 10){ [a, b, c] };"
    unknown = "f = [function(a, b, c = 10){ [a, b, c] }][0];"

    assert evaluate(declared + call) == value
    assert evaluate(unknown + call) == value


def test_dropped_arguments_are_evaluated_in_their_place() -> None:
    host = LocalHost()

    evaluate('f = function(a){ a }; f(1.klog("a"), 2.klog("b"), a = 3.klog("c"), x = 4.klog("d"))', host)

    assert [each.message for each in host.logged] == ["a", "b", "c", "d"]


def test_defaults_are_evaluated_at_the_call_and_see_earlier_parameters() -> None:
    assert evaluate("f = function(a, b = a + 1, c = b * 2){ [a, b, c] }; [f(1), f(1, 5)]") == [[1, 2, 4], [1, 5, 10]]


def test_a_default_sees_the_outer_name_that_a_later_parameter_hides() -> None:
    assert evaluate("f = function(n){ function(m = n, n = 1){ [m, n] } }; g = f(7); g()") == [7, 1]


def test_functions_are_closures() -> None:
    assert evaluate("adder = function(a){ function(b){ a + b } }; [1, 2].map(adder(10))") == [11, 12]


def test_each_evaluation_of_a_literal_is_a_function_of_its_own() -> None:
    assert evaluate("f = function(){ function(){ 1 } }; g = f(); [f() == f(), g == g]") == [False, True]


def test_functions_of_one_block_may_call_each_other() -> None:
    program = """
        even = function(n){ n == 0 => true | odd(n - 1) };
        odd = function(n){ n == 0 => false | even(n - 1) };
        even(10)"""

    assert evaluate(program) is True


def test_operators_are_values_and_can_be_hidden() -> None:
    assert evaluate('["x"].map(uc)') == ["X"]
    assert evaluate('length = function(x){ "mine" }; [1].length()') == "mine"


def test_operators_take_named_and_surplus_arguments() -> None:
    assert evaluate('[join(val = ["a", "b"], str = "/"), "abc".length(1, 2), ["a"].join(nobody = 1)]') == [
        "a/b",
        3,
        "a",
    ]


@pytest.mark.parametrize("value", ["5", "[1]", "null", "f()"])
def test_what_is_no_function_cannot_be_called(value: str) -> None:
    with pytest.raises(KRLTypeError, match="is not a function"):
        evaluate(f"f = function(){{ 1 }}; x = [{value}]; x[0]()")


def test_recursion_reaches_three_thousand_levels() -> None:
    assert evaluate("f = function(n){ n == 0 => 0 | 1 + f(n - 1) }; f(3000)") == 3000


def test_recursion_by_values_and_names_reaches_three_thousand_levels() -> None:
    program = "f = function(g, n){ n == 0 => 0 | 1 + g(n = n - 1, g = g) }; f(f, 3000)"

    assert evaluate(program) == 3000


def test_endless_recursion_meets_the_limit_of_depth() -> None:
    with pytest.raises(KRLLimitError, match="max_depth: 50"):
        evaluate("f = function(n){ f(n) + 1 }; f(1)", LocalHost(limits=Limits(max_depth=50)))


def test_depth_counts_what_is_running_not_what_has_run() -> None:
    host = LocalHost(limits=Limits(max_depth=10))

    assert evaluate("f = function(n){ n < 2 => n | f(n - 1) + f(n - 2) }; f(9)", host) == 34
    assert host.depth == 0


def test_much_work_meets_the_limit_of_steps() -> None:
    with pytest.raises(KRLLimitError, match="max_steps: 100"):
        evaluate("f = function(n){ n < 2 => n | f(n - 1) + f(n - 2) }; f(20)", LocalHost(limits=Limits(max_steps=100)))


def test_a_function_called_too_early_is_told_the_name() -> None:
    program = "f = function(x){ g = [function(){ late }]; y = g[0](); late = x; y }; f(1)"

    with pytest.raises(KRLRuntimeError, match="'late' is used before it has a value"):
        evaluate(program)
