"""`domain:name`: built-in modules, used modules, keys, and in which order they are looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from krl.errors import KRLLoadError, KRLTypeError, KRLValueError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime.host import Member

Load = Callable[..., Any]
MODULE = """
    meta { provides double, limit, act, where_am_i, remember  configure using limit = 10 }
    global {
        double = function(x){ x * 2 }
        hidden = function(){ 1 }
        act = defaction(x){ send_directive("from module", x) return limit + x }
        where_am_i = function(){ [meta:rid, meta:inEvent, event:attrs, event:domain] }
        remember = function(){ ent:secret }
    }"""


def answer(load: Load, expression: str, use: str = "use module m", host: LocalHost | None = None) -> Any:
    host = host or LocalHost()
    instance = load(f"meta {{ {use} shares f }} global {{ f = function(){{ {expression} }} }}", host=host, m=MODULE)
    return instance.query(host, "f", {})


def test_a_used_module_offers_what_it_provides(load: Load) -> None:
    assert answer(load, "[m:double(4), m:limit, 5.m:double()]") == [8, 10, 10]


def test_configuration_and_alias_belong_to_the_use(load: Load) -> None:
    use = "use module m alias a with limit = 1 use module m alias b with limit = 2 use module m"

    assert answer(load, "[a:limit, b:limit, m:limit]", use) == [1, 2, 10]


def test_the_user_of_a_module_may_use_it_while_loading(load: Load) -> None:
    host = LocalHost()
    inside = """
        meta { use module m alias a with limit = 3 use module m with limit = a:double(a:limit) shares x }
        global { x = m:limit }"""

    assert load(inside, host=host, m=MODULE).query(host, "x", {}) == 6


@pytest.mark.parametrize("call", ["m:hidden()", "m:nothing()"])
def test_what_a_module_does_not_provide_is_null(call: str, load: Load) -> None:
    with pytest.raises(KRLTypeError, match="null is not a function"):
        answer(load, call)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("m:hidden", "m:hidden is not provided"),
        ("m:act", r"\[Action\] is not a function"),
        ("m:act(1)", r"\[Action\] is not a function"),
        ("m:limit()", "10 is not a function"),
    ],
)
def test_members_are_used_as_what_they_are(expression: str, message: str, load: Load) -> None:
    with pytest.raises(KRLTypeError, match=message):
        answer(load, expression)


def test_a_function_of_a_module_named_without_parentheses_is_called(load: Load) -> None:
    assert answer(load, "m:where_am_i") == answer(load, "m:where_am_i()")


def test_a_module_does_not_see_the_event_of_its_user(offer: Callable[..., Any]) -> None:
    inside = 'meta { use module m } rule one { select when a b send_directive("d", m:where_am_i()) }'
    directives = offer(inside, ("a:b", {"x": 1}), modules={"m": MODULE})[0]["directives"]

    assert directives[0]["options"] == ["m", False, None, None]


def test_entity_variables_in_a_module_are_the_modules_own(load: Load) -> None:
    host = LocalHost()
    host.set_variable("m", "secret", "mine")
    host.set_variable("r", "secret", "yours")

    assert answer(load, "m:remember()", host=host) == "mine"


def test_directives_of_a_modules_action_are_the_rules(offer: Callable[..., Any]) -> None:
    inside = "meta { use module m } rule one { select when a b m:act(5) setting(x) fired { ent:x := x } }"

    result = offer(inside, "a:b", modules={"m": MODULE})[0]

    assert result["directives"] == [{"name": "from module", "options": 5, "meta": {"rid": "r", "rule_name": "one"}}]
    assert result["entities"] == {"x": 15}


def test_a_used_module_may_hide_a_built_in_one(load: Load) -> None:
    assert answer(load, "[math:double(2), math:limit]", "use module m alias math") == [4, 10]


def test_a_missing_module_and_a_circle_cannot_be_loaded(load: Load) -> None:
    with pytest.raises(KRLLoadError, match="Module not found: ghost"):
        load("meta { use module ghost }")
    with pytest.raises(KRLLoadError, match="Dependency Cycle Found: m -> n -> m"):
        load("meta { use module m }", m="meta { use module n }", n="meta { use module m }")


def test_keys_are_values_of_the_ruleset_alone(ask: Callable[..., Any], load: Load) -> None:
    host = LocalHost()
    inside = """meta { keys one "abc" keys two {"id": 1, "token": "t"} shares f }
        global { f = function(){ [keys:one, keys:one(), keys:two("token"), keys:two{"id"}] } }"""

    assert load(inside, host=host).query(host, "f", {}) == ["abc", "abc", "t", 1]


# --- built-in modules -------------------------------------------------------------------------------------


def made_of(*given: Any) -> list[Any]:
    return list(given)


PROBE = {
    "fixed": Member("property", lambda h, here: 5),
    "list": Member("function", lambda h, here, a=None, b="default", c=None: made_of(a, b, c), ("a", "b", "c")),
    "do": Member("action", lambda h, here: 1),
    "either": Member("both", lambda h, here, a=None: a, ("a",)),
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("probe:fixed", 5),
        ("probe:list", [None, "default", None]),
        ("probe:list(1, 2)", [1, 2, None]),
        ("probe:list(1, 2, 3, 4)", [1, 2, 3]),
        ("probe:list(1, c = 3)", [1, "default", 3]),
        ("probe:list(c = 3, a = 1, x = 9)", [1, "default", 3]),
        ("1.probe:list(2)", [1, 2, None]),
        ("probe:either(7)", 7),
    ],
)
def test_arguments_reach_members(expression: str, value: Any) -> None:
    assert evaluate(expression, LocalHost(modules={"probe": PROBE})) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("probe:fixed()", "5 is not a function"),
        ("probe:do", r"\[Action\] is not a function"),
        ("probe:do()", r"\[Action\] is not a function"),
        ("probe:nothing()", "null is not a function"),
        ("probe:nothing", "there is no probe:nothing"),
        ("nowhere:x()", "there is no module 'nowhere'"),
        ("nowhere:x", "there is no"),
        ("ent:x()", "null is not a function"),
    ],
)
def test_members_that_cannot_be_used_so_fail_when_used(expression: str, message: str) -> None:
    host = LocalHost(modules={"probe": PROBE})
    assert evaluate(f"false => {expression} | 1", host) == 1

    with pytest.raises(KRLTypeError, match=message):
        evaluate(expression, host)


def test_modules_that_need_a_pico_say_so() -> None:
    with pytest.raises(KRLValueError, match="ctx:query needs an engine"):
        evaluate('ctx:query("e", "r", "n")')
