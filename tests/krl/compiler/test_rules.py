"""The body of a rule: captures, `foreach`, `pre`, rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from krl.compiler import compile_ruleset
from krl.errors import KRLSyntaxError
from krl.simulation import simulate
from krl.source import Source

Shown = Callable[..., Any]


@pytest.mark.parametrize(
    ("over", "rounds"),
    [
        ("[7, 8]", [[7, 0], [8, 1]]),
        ('{"b": 1, "2": 3}', [[3, "2"], [1, "b"]]),
        ('"ab"', [["a", "0"], ["b", "1"]]),
        ("[]", []),
        ("{}", []),
        ("null", []),
        ("5", []),
        ("re#a#", []),
    ],
)
def test_foreach_goes_through_collections_and_texts(over: str, rounds: list[Any], shown: Shown) -> None:
    assert shown(f'foreach {over} setting(v, k) send_directive("d", [v, k])') == rounds


def test_foreach_over_a_text_goes_by_code_unit(shown: Shown) -> None:
    assert shown('foreach "😀" setting(c, i) send_directive("d", [c.ord(), i])') == [[55357, "0"], [56832, "1"]]


def test_a_third_name_of_foreach_is_null(shown: Shown) -> None:
    assert shown('foreach [1] setting(a, b, c) send_directive("d", [a, b, c])') == [[1, 0, None]]


def test_foreach_nests_and_inner_ones_see_outer_names(shown: Shown) -> None:
    rule = 'foreach [1, 2] setting(n) foreach [n, n * 10] setting(n) send_directive("d", n)'

    assert shown(rule) == [1, 10, 2, 20]


def test_foreach_sees_captured_names(offer: Callable[..., Any]) -> None:
    inside = """rule one { select when a b list re#(.+)# setting(list)
        foreach list.split(",") setting(x) send_directive("d", x) }"""

    result = offer(inside, ("a:b", {"list": "p,q"}))[0]

    assert [each["options"] for each in result["directives"]] == ["p", "q"]
    assert result["selected"] == ["one", "one"]


def test_a_rule_without_rounds_does_not_run_its_postlude(offer: Callable[..., Any]) -> None:
    assert offer("rule one { select when a b foreach [] setting(x) always { ent:x := 1 } }", "a:b")[0]["entities"] == {}


@pytest.mark.parametrize(
    ("loops", "final"),
    [
        ("", 1),
        ("foreach [1, 2] setting(x)", 1),
        ("foreach [1, 2] setting(x) foreach [1, 2, 3] setting(y)", 1),
        ("foreach [1, 2] setting(x) foreach (x == 1 => [1] | []) setting(y)", 0),
    ],
)
def test_on_final_is_the_round_in_which_all_loops_end(loops: str, final: int, offer: Callable[..., Any]) -> None:
    inside = f"rule one {{ select when a b {loops} fired {{ ent:n := ent:n.defaultsTo(0) + 1 on final }} }}"

    assert offer(inside, "a:b")[0]["entities"].get("n", 0) == final


def test_functions_of_a_round_see_the_values_of_the_round(shown: Shown) -> None:
    assert shown('foreach [1, 2] setting(n) pre { f = function(){ n } m = f() } send_directive("d", m)') == [1, 2]


def test_many_loops_are_fine_and_too_many_are_refused() -> None:
    def ruleset(count: int) -> Source:
        loops = " ".join(f"foreach [{n}] setting(x{n})" for n in range(count))
        late = "pre { f = function(){ late } late = 1 }"
        return Source(f"ruleset r {{ rule one {{ select when a b {loops} {late} noop() }} }}")

    compile_ruleset(ruleset(18))
    with pytest.raises(KRLSyntaxError, match="at most 18"):
        compile_ruleset(ruleset(19))


def test_attributes_are_read_where_an_event_is_answered(shown: Shown) -> None:
    block = 'all = function(){ event:attrs } one = function(){ event:attr("x") } two = function(){ event:attrs{"x"} }'
    reads = 'event:attrs, event:attrs(), event:attr("x"), event:attrs{"x"}, event:attrs{"none"}, all(), one(), two()'

    assert shown(f'send_directive("d", [{reads}])', block, x=5) == [
        [{"x": 5}, {"x": 5}, 5, 5, None, {"x": 5}, 5, 5],
    ]


def test_event_data_are_null_while_a_ruleset_loads(shown: Shown) -> None:
    block = 'a = event:attrs b = event:attr("x") c = event:attrs{"x"} d = event:domain e = meta:inEvent'

    assert shown('send_directive("d", [a, b, c, d, e])', block) == [[None, None, None, None, False]]


def test_in_the_older_dialect_unknown_names_in_where_are_attributes() -> None:
    source = Source(
        "ruleset r { global { k = 1 } rule one { select when a b where size > k && [1].any(function(x){ x }) } }"
    )
    events = [{"domain": "a", "type": "b", "attrs": {"size": size, "x": 0}} for size in (1, 2)]

    with pytest.raises(KRLSyntaxError):
        compile_ruleset(source)

    found = simulate(compile_ruleset(source, dialect="0.x"), events)
    assert [each["selected"] for each in found] == [[], ["one"]]
