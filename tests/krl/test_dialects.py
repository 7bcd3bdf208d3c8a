"""The dialect 0.x: a name that means nothing else in `where` is an attribute of the event, wherever it is asked for."""

from __future__ import annotations

import pytest

from krl import KRLCheckError, Source, compile_ruleset, diagnose, evaluate, simulate


def ruleset(where: str, body: str = 'send_directive("seen")') -> Source:
    return Source(f"ruleset a {{ rule one {{ select when a b {where} {body} }} }}")


def selected(source: Source, **attrs: object) -> bool:
    [outcome] = simulate(compile_ruleset(source, dialect="0.x"), [{"domain": "a", "type": "b", "attrs": attrs}])
    assert outcome["error"] is None
    return outcome["selected"] == ["one"]


def test_a_name_in_where_is_an_attribute() -> None:
    source = ruleset("where n > 5")

    assert [selected(source, n=6), selected(source, n=5), selected(source)] == [True, False, False]


def test_a_name_that_means_something_keeps_its_meaning() -> None:
    source = ruleset('n re#(.+)# setting(m) where m == "x"', 'send_directive("seen", {"m": m})')

    assert [selected(source, n="x", m="y"), selected(source, n="y", m="x")] == [True, False]


def test_a_function_binds_its_own_names() -> None:
    source = ruleset("where (function(x, y = n) { z = x z + y == 7 })(2)")

    assert [selected(source, n=5, x=9, y=9, z=9), selected(source, n=4)] == [True, False]


def test_a_declaration_within_where_does_not_see_itself() -> None:
    source = ruleset("where [1].any(function(x) { n = n + x n == 2 })")

    assert [selected(source, n=1), selected(source, n=2)] == [True, False]


def test_the_attributes_read_are_among_those_to_test_with() -> None:
    source = ruleset("where [n].any(function(x) { x == m.length() })")

    [event] = compile_ruleset(source, dialect="0.x").testing["events"]

    assert sorted(event["attrs"]) == ["m", "n"]


def test_outside_where_a_name_must_be_declared() -> None:
    with pytest.raises(KRLCheckError, match="`n` is not defined"):
        compile_ruleset(ruleset("", 'send_directive("seen", {"n": n})'), dialect="0.x")


def test_a_name_in_where_is_a_warning_in_one_dialect_and_an_error_in_the_other() -> None:
    source = ruleset("where n > 5")

    old, new = diagnose(source, dialect="0.x"), diagnose(source)

    assert [(each.severity, each.code) for each in old] == [("warning", "attribute-as-name")]
    assert [(each.severity, each.code) for each in new] == [("error", "undefined-name")]
    assert old[0].hint == new[0].hint == 'for an attribute write event:attrs{"n"}'


def test_expressions_are_the_same_in_both() -> None:
    assert evaluate("a = 6 a * 7", dialect="0.x") == 42
