"""`simulate`: events one by one, each of them all or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from krl.compiler import compile_ruleset
from krl.runtime.host import Limits
from krl.simulation import simulate
from krl.source import Source


def results(inside: str, *events: Any, **options: Any) -> list[dict[str, Any]]:
    program = compile_ruleset(Source(f"ruleset r {{\n{inside} }}"))
    given = [{"domain": "a", "type": word, "attrs": attrs, "time": time} for word, attrs, time in events]
    return list(simulate(program, given, **options))


def test_a_result_shows_rules_directives_and_entities() -> None:
    inside = 'rule one { select when a b send_directive("d", {"x": event:attr("x")}) fired { ent:x := event:time } }'

    assert results(inside, ("b", {"x": 1}, 5000)) == [
        {
            "selected": ["one"],
            "directives": [{"name": "d", "options": {"x": 1}, "meta": {"rid": "r", "rule_name": "one"}}],
            "error": None,
            "entities": {"x": 5000},
        }
    ]


def test_the_events_time_is_the_clock() -> None:
    inside = "rule one { select when a b fired { ent:now := time:now() } }"

    assert results(inside, ("b", {}, 1000))[0]["entities"] == {"now": "1970-01-01T00:00:01.000Z"}


def test_raised_events_come_breadth_first() -> None:
    inside = """
        rule one { select when a b fired { raise a event "c" raise a event "d" } }
        rule two { select when a c fired { raise a event "e" } }
        rule three { select when a d or a e }"""

    assert results(inside, ("b", {}, 1))[0]["selected"] == ["one", "two", "three", "three"]


def test_a_failed_event_leaves_nothing_behind() -> None:
    inside = """
        global { roll = function(){ random:integer(1000000) } }
        rule count { select when count 2 (a:b) fired { ent:pairs := ent:pairs.defaultsTo(0) + 1 } }
        rule keep { select when a b pre { r = roll() } send_directive("r", r) fired {
            ent:n := ent:n.defaultsTo(0) + 1
            ent:bad := "x" - 1 if event:attr("fail") } }"""

    good = results(inside, ("b", {}, 1), ("b", {}, 2))
    with_failure = results(inside, ("b", {}, 1), ("b", {"fail": True}, 2), ("b", {}, 2))

    failed = with_failure[1]
    assert failed["error"] == {
        "kind": "TypeError",
        "message": "1 cannot be subtracted from x",
        "rule": "keep",
        "line": 7,
    }
    assert failed["directives"] == []
    assert failed["entities"] == {"n": 1}
    assert [with_failure[0], with_failure[2]] == good


def test_a_failure_in_a_condition_names_the_rule() -> None:
    inside = 'rule one { select when a b where event:attr("x") - "y" }'

    assert results(inside, ("b", {}, 1))[0]["error"]["rule"] == "one"


@pytest.mark.parametrize("statement", ['raise a event "b"', 'error warn "again"'])
def test_endless_raising_meets_a_limit(statement: str) -> None:
    inside = f"rule one {{ select when a b or system error fired {{ {statement} }} }}"

    error = results(inside, ("b", {}, 1), limits=Limits(max_raises=20))[0]["error"]

    assert error["kind"] == "LimitError"
    assert "max_raises: 20" in error["message"]


def test_chance_is_the_same_in_every_run() -> None:
    inside = 'rule one { select when a b send_directive("d", [random:integer(1000), random:uuid()]) }'

    assert results(inside, ("b", {}, 1)) == results(inside, ("b", {}, 1))


def test_missing_attributes_and_times_are_none_and_the_last() -> None:
    program = compile_ruleset(
        Source("ruleset r { rule one { select when a b fired { ent:x := [event:attrs, event:time] } } }")
    )

    first, second = simulate(program, [{"domain": "a", "type": "b", "time": 7}, {"domain": "a", "type": "b"}])

    assert first["entities"] == second["entities"] == {"x": [{}, 7]}
