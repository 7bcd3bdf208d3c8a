"""Inlined operators answer what the runtime's functions answer, at the edges too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krl.compiler.operators import FUNCTIONS, WITH_HOST
from krl.errors import KRLRuntimeError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime import operators
from krl.runtime.json_text import encode

EDGE = 2**53
NUMBERS = st.integers(-EDGE, EDGE) | st.sampled_from([0, 1, -1, EDGE, -EDGE, EDGE - 1, 2**30, 1.5, -0.25, 1e300])
TEXTS = st.text(alphabet='ab1 "\\é', max_size=5) | st.sampled_from(["", "1", " 5 ", "0x1F", "a" * 1100])
SIMPLE = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = SIMPLE | st.lists(SIMPLE, max_size=2) | st.dictionaries(st.sampled_from("ab7"), SIMPLE, max_size=2)


def written(value: Any) -> str:
    """The value as a KRL expression."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, float) and abs(value) > 1e20:
        return f"({int(value)})"
    return f"({encode(value)})"


def outcome(compute: Any) -> Any:
    try:
        value = compute()
    except KRLRuntimeError as error:
        return error.message
    return type(value), value


@pytest.mark.parametrize("operator", sorted(FUNCTIONS))
@settings(deadline=None)
@given(left=VALUES, right=VALUES)
def test_an_operator_is_the_runtimes(operator: str, left: Any, right: Any) -> None:
    function = getattr(operators, FUNCTIONS[operator])
    host = [LocalHost()] if operator in WITH_HOST else []

    expected = outcome(lambda: function(*host, left, right))

    as_literals = f"{written(left)} {operator} {written(right)}"
    as_names = f"a = {written(left)}; b = {written(right)}; a {operator} b"
    half_known = f"a = {written(left)}; a {operator} {written(right)}"
    assert outcome(lambda: evaluate(as_literals)) == expected
    assert outcome(lambda: evaluate(as_names)) == expected
    assert outcome(lambda: evaluate(half_known)) == expected


@settings(deadline=None)
@given(value=VALUES)
def test_truth_is_the_runtimes(value: Any) -> None:
    text = written(value)

    found = evaluate(f"a = {text}; [not a, a => true | false, a && 1, a || 1, not {text}]")

    is_true = operators.truth(value)
    assert found == [not is_true, is_true, 1 if is_true else value, value if is_true else 1, not is_true]


@settings(deadline=None)
@given(value=VALUES)
def test_minus_is_the_runtimes(value: Any) -> None:
    expected = outcome(lambda: operators.negate(value))

    assert outcome(lambda: evaluate(f"a = {written(value)}; -a")) == expected


@settings(deadline=None)
@given(parts=st.lists(SIMPLE, max_size=4))
def test_a_chain_of_texts_joins_the_texts_of_all(parts: list[Any]) -> None:
    chain = " + ".join(['""', *map(written, parts)])

    assert evaluate(chain) == "".join(operators.add(LocalHost(), "", each) for each in parts)


def test_halves_of_a_character_meet_in_a_joined_text() -> None:
    assert evaluate('a = 55357.chr() b = 56832.chr() "x" + a + (b + "")') == "x😀"


def test_an_operand_that_decides_leaves_the_other_unevaluated() -> None:
    assert evaluate("[0 && 1(), 1 || 1(), true => 1 | 1()]") == [0, 1, 1]


def test_operands_are_evaluated_once_and_from_left_to_right() -> None:
    host = LocalHost()

    evaluate('(1.klog("a") + 2.klog("b")) * (3.klog("c") - "4".klog("d")) == 5.klog("e") || "".klog("f")', host)

    assert [each.message for each in host.logged] == ["a", "b", "c", "d", "e", "f"]
