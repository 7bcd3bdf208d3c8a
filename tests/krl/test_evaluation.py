"""`evaluate`: an expression, or declarations and an expression behind them."""

from __future__ import annotations

from typing import Any

import pytest

from krl.errors import KRLLimitError, KRLRuntimeError, KRLSyntaxError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime.host import Limits


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", 3),
        ("a = 1; b = a + 1; [a, b]", [1, 2]),
        ("1 2 3", 3),
        ("1; a = 2", None),
        ('<<#{"a"}-#{[1]}>>', "a-[Array]"),
        ('{"b": 1, "10": 2, "9": 3}', {"9": 3, "10": 2, "b": 1}),
        ('{"a" + "b": 1}', {"ab": 1}),
        ("ent:x", None),
        ("noop()", None),
    ],
)
def test_the_value_is_that_of_the_last_expression(text: str, value: Any) -> None:
    found = evaluate(text)

    assert found == value
    assert not isinstance(value, dict) or list(found) == list(value)


@pytest.mark.parametrize("text", ["1 +", "ghost", "a = 1; a = 2", "ruleset r { }", 'event:attrs("x")'])
def test_a_text_that_cannot_run_is_refused_with_its_diagnostics(text: str) -> None:
    with pytest.raises(KRLSyntaxError) as caught:
        evaluate(text)

    assert caught.value.diagnostics[0].severity == "error"


def test_a_failing_expression_says_how() -> None:
    with pytest.raises(KRLRuntimeError) as caught:
        evaluate('"a" * 2')

    assert (caught.value.kind, caught.value.message) == ("TypeError", "a cannot be multiplied by 2")


def test_clock_and_chance_are_the_hosts() -> None:
    def value() -> Any:
        return evaluate("[time:now(), random:integer(1000000)]", LocalHost(clock=lambda: 0, seed=1))

    assert value()[0] == "1970-01-01T00:00:00.000Z"
    assert value() == value()


def test_a_long_chain_of_operators_is_no_problem() -> None:
    assert evaluate(" + ".join(["1"] * 2_000)) == 2_000


def test_functions_within_functions_have_a_limit() -> None:
    assert evaluate("function(){" * 200 + "1" + "}" * 200 + "()" * 200) == 1
    with pytest.raises(KRLSyntaxError, match="nested more than 250 levels"):
        evaluate("function(){" * 300 + "1" + "}" * 300)


def test_a_text_that_doubles_meets_the_limit_of_texts() -> None:
    with pytest.raises(KRLLimitError, match="max_text_units"):
        evaluate('f = function(s, n){ n == 0 => s | f(s + "" + s, n - 1) }; f("x", 60)')


def test_a_chevron_meets_the_limit_of_texts() -> None:
    with pytest.raises(KRLLimitError, match="max_text_units: 5000"):
        evaluate(
            "f = function(s, n){ n == 0 => s | f(<<#{s}#{s}>>, n - 1) }; f(<<x>>, 60)",
            LocalHost(limits=Limits(max_text_units=5000)),
        )
