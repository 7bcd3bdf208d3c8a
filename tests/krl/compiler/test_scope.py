"""Which declaration a name means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from krl.compiler import compile_ruleset
from krl.errors import KRLSyntaxError
from krl.names import Declared, original, parameter
from krl.source import Source


def test_an_inner_name_hides_the_outer_one_from_its_position_onward(shown: Callable[..., Any]) -> None:
    rule = 'pre { m = n; n = n + 1 } send_directive("d", [m, n])'

    assert shown(rule, "n = 5") == [[5, 6]]


def test_a_function_literal_sees_names_from_anywhere_in_its_block(ask: Callable[..., Any]) -> None:
    assert ask("n = 1 f = function(){ g = function(){ n }; n = 2; g() }") == 2


def test_blocks_of_a_postlude_have_names_of_their_own(shown: Callable[..., Any]) -> None:
    rule = 'pre { x = 1 } fired { x = 2; ent:a := x } finally { ent:b := x; raise a event "c" }'
    other = 'rule two { select when a c send_directive("d", [ent:a, ent:b]) }'

    assert shown(f"{rule} }} {other[:-1]}") == [[2, 1]]


def test_names_with_dollars_are_names(ask: Callable[..., Any]) -> None:
    assert ask("f = function($a, a$, a_){ $b = a$; [$a, $b, a_] }", **{"$a": 1, "a$": 2, "a_": 3}) == [1, 2, 3]


@pytest.mark.parametrize("name", ["h", "here", "type", "len", "t1", "steps", "None", "class", "__class__", "v_n", "$"])
def test_no_name_of_a_user_meets_one_of_ours(name: str, ask: Callable[..., Any]) -> None:
    block = f"f = function({name}){{ d_x = {name} + 1; d_x$ = d_x + 1; [{name}, d_x, d_x$] }}"

    assert ask(block, **{name: 1}) == [1, 2, 3]


def test_identifiers_and_names_match_one_to_one() -> None:
    declared = Declared()
    identifiers = [declared.identifier(name) for name in ("a", "a", "a$2", "a", "$", "a_2")]

    assert len(set(identifiers)) == len(identifiers)
    assert [original(each) for each in identifiers] == ["a", "a", "a$2", "a", "$", "a_2"]
    assert original(parameter("$x")) == "$x"


def test_an_unknown_name_is_refused_even_without_the_checker() -> None:
    with pytest.raises(KRLSyntaxError, match="'ghost' is not defined"):
        compile_ruleset(Source("ruleset r { global { f = function(){ ghost } } }"), check=False)
