"""What a Program tells about its ruleset, and what a loaded one answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from krl.errors import KRLLoadError, KRLRuntimeError, KRLSyntaxError
from krl.local import LocalHost, user_of
from krl.program import Program, Use, failing_line
from krl.runtime.host import Here

Compile = Callable[..., Program]


# --- queries ----------------------------------------------------------------------------------------------

SHARED = """
    meta { shares f, k }
    global { k = 5  f = function(a, b = 7){ [a, b] }  g = function(){ 1 } }"""


@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("f", {"a": 1, "b": 2}, [1, 2]),
        ("f", {"0": 1, "1": 2}, [1, 2]),
        ("f", {"0": 0, "a": 1}, [1, 7]),
        ("f", {"b": None, "x": 3}, [None, None]),
        ("f", {}, [None, 7]),
        ("k", {"a": 1}, 5),
    ],
)
def test_queries_give_arguments_by_name_and_else_by_position(
    name: str, args: dict[str, Any], value: Any, load: Callable[..., Any]
) -> None:
    assert load(SHARED).query(LocalHost(), name, args) == value


@pytest.mark.parametrize("name", ["g", "nothing", "load"])
def test_what_is_not_shared_cannot_be_queried(name: str, load: Callable[..., Any]) -> None:
    with pytest.raises(KeyError):
        load(SHARED).query(LocalHost(), name, {})


# --- __testing --------------------------------------------------------------------------------------------


def test_testing_lists_shared_names_and_awaited_events(load: Callable[..., Any]) -> None:
    instance = load("""
        meta { shares f, k }
        global { f = function(x, y){ 1 } k = 5 }
        rule r { select when d n a re#.# b re#.# send_directive("x") }
        rule s { select when d m or e q v re#.# or d m
            pre { z = event:attrs{"zed"} w = [1].map(function(x){ event:attr("wye") }) } }
        rule t { select where event:attr("any") }
        rule u is inactive { select when never seen }""")

    assert instance.query(LocalHost(), "__testing", {}) == {
        "queries": [{"name": "f", "args": ["x", "y"]}, {"name": "k", "args": []}],
        "events": [
            {"domain": "d", "name": "n", "attrs": ["a", "b"]},
            {"domain": "d", "name": "m", "attrs": ["v", "zed", "wye"]},
            {"domain": "e", "name": "q", "attrs": ["v", "zed", "wye"]},
        ],
    }


def test_a_rulesets_own_testing_replaces_the_generated_one(load: Callable[..., Any]) -> None:
    instance = load('meta { shares f } global { f = 1 __testing = __testing.put("more", __testing{"events"}) }')

    queries = [{"name": "f", "args": []}]
    assert instance.query(LocalHost(), "__testing", {}) == {"queries": queries, "events": [], "more": []}


# --- facts ------------------------------------------------------------------------------------------------


def test_meta_is_read_off_the_text(program: Compile) -> None:
    found = program("""
        meta {
            name "Nice" description <<about #{1}>> author "me" version "1.2" logging on
            use module a.b  use module c alias d with k = 1
            configure using x = 1
            keys secret "hidden"
            provides f shares f, f
        }
        global { f = 1 y = x + d:z(keys:secret) }""").meta

    uses = (Use("a.b", "a.b"), Use("c", "d"))
    assert (found.name, found.description, found.author, found.version, found.logging) == (
        "Nice",
        "about 1",
        "me",
        "1.2",
        True,
    )
    assert (found.uses, found.shares, found.provides, found.configure) == (uses, ("f",), ("f",), ("x",))
    assert found.krl_meta == {
        "name": "Nice",
        "description": "about 1",
        "author": "me",
        "version": "1.2",
        "use": [
            {"kind": "module", "rid": "a.b", "alias": "a.b"},
            {"kind": "module", "rid": "c", "alias": "d", "with": {"k": 1}},
        ],
        "shares": ["f"],
        "provides": ["f"],
        "configure": ["x"],
    }


def test_a_program_knows_its_hash_and_its_subscriptions(program: Compile) -> None:
    found = program(
        "rule a { select when x y or x z } rule b { select where true } rule c is inactive { select when x q }"
    )

    assert found.hash == hashlib.sha256(found.source.encode()).hexdigest()
    assert found.subscriptions == (("a", (("x", "y"), ("x", "z"))), ("b", None))
    assert [(each.name, each.index) for each in found.rules] == [("a", 0), ("b", 1)]


def test_equal_event_expressions_have_equal_hashes(program: Compile) -> None:
    one = program("rule a { select when x y k re#1# within 5 minutes } rule b { select when x z }")
    two = program(
        "rule new { select when q q } rule a { select when x y k  re#1#  within 5 minutes } rule b { select when x w }"
    )

    assert one.expression_hashes["a"] == two.expression_hashes["a"]
    assert one.expression_hashes["b"] != two.expression_hashes["b"]


@pytest.mark.parametrize(
    ("block", "pure"),
    [
        ("f = function(){ ent:x } k = 5", True),
        ('k = [1, 2].map(function(x){ x + 1 }) m = math:round(1.5) s = {"a": k}', True),
        ("k = ent:x", False),
        ("k = time:now()", False),
        ("f = function(){ random:integer(5) } k = [1].map(f)", False),
        ("f = function(){ g() } g = function(){ meta:host } k = f()", False),
        ("f = function(){ g() } g = function(){ meta:host } k = 1", True),
        ("k = [1].map(function(x){ event:eci })", False),
    ],
)
def test_globals_are_pure_if_loading_asks_nothing_of_the_world(block: str, pure: bool, program: Compile) -> None:
    assert program(f"global {{ {block} }}").pure_globals is pure


def test_a_used_module_is_not_pure_even_if_it_is_called_math(program: Compile) -> None:
    assert not program("meta { use module m alias math } global { k = math:round(1) }").pure_globals


# --- failures ---------------------------------------------------------------------------------------------


def test_a_failing_line_is_a_line_of_the_text(program: Compile) -> None:
    found = program("global {\n  f = function(x){\n    y = x;\n    y -\n    1\n  }\n}\nrule a {\n select when x y\n}")
    host = LocalHost()
    instance = found.load(host, Here("r"), user_of(host, {}))

    with pytest.raises(KRLRuntimeError) as caught:
        instance.names["f"](host, "no number")

    assert failing_line(caught.value, found) == 4
    assert failing_line(ValueError(), found) is None


@pytest.mark.parametrize("limit", ['"5"', "-1", "null", "event:time", "1/0 - 1", "true"])
def test_a_time_limit_that_is_no_number_cannot_be_loaded(limit: str, load: Callable[..., Any]) -> None:
    with pytest.raises((KRLLoadError, KRLSyntaxError)):
        load(f"rule a {{ select when x y before x z within {limit} seconds }}")


def test_a_time_limit_is_computed_at_load(load: Callable[..., Any]) -> None:
    inside = "global { n = 1 } rule a { select when x y before x z within n + 0.5 minutes }"

    assert load(inside).rules[0].within == 90_000


def test_a_global_that_fails_fails_the_load(load: Callable[..., Any]) -> None:
    with pytest.raises(KRLRuntimeError, match="cannot be subtracted"):
        load('global { k = "a" - 1 }')


def test_a_function_that_is_called_too_early_fails_the_load(load: Callable[..., Any]) -> None:
    with pytest.raises((KRLLoadError, KRLSyntaxError), match="late"):
        load("global { f = function(){ late } k = [f].map(function(g){ g() }) late = 1 }")


def test_only_a_ruleset_becomes_a_program(program: Compile) -> None:
    from krl.compiler import compile_ruleset
    from krl.source import Source

    with pytest.raises(KRLSyntaxError, match="expected a ruleset"):
        compile_ruleset(Source("1 + 1"))


def test_warnings_are_kept(program: Compile) -> None:
    assert [each.severity for each in program("rule a is inactive { select when x y }").warnings] == ["warning"]
