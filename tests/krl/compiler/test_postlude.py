"""Postludes: which block runs, and what each statement does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Offer = Callable[..., Any]


def kept(offer: Offer, postlude: str, *, condition: str = "true", **attrs: Any) -> Any:
    """The entity variables behind one event of a rule with this postlude."""
    result = offer(f"rule one {{ select when a b if {condition} then noop() {postlude} }}", ("a:b", attrs))[0]
    assert result["error"] is None, result["error"]
    return result["entities"]


@pytest.mark.parametrize(
    ("postlude", "if_fired", "if_not"),
    [
        ("always { ent:x := 1 }", {"x": 1}, {"x": 1}),
        ("fired { ent:x := 1 }", {"x": 1}, {}),
        ("notfired { ent:x := 1 }", {}, {"x": 1}),
        ("fired { ent:x := 1 } else { ent:x := 2 }", {"x": 1}, {"x": 2}),
        ("notfired { ent:x := 1 } else { ent:x := 2 }", {"x": 2}, {"x": 1}),
        ("fired { } else { ent:x := 2 } finally { ent:y := 3 }", {"y": 3}, {"x": 2, "y": 3}),
    ],
)
def test_blocks_run_by_the_fired_state(postlude: str, if_fired: Any, if_not: Any, offer: Offer) -> None:
    assert kept(offer, postlude) == if_fired
    assert kept(offer, postlude, condition="false") == if_not


def test_a_rule_without_actions_has_fired(offer: Offer) -> None:
    assert offer("rule one { select when a b fired { ent:x := 1 } }", "a:b")[0]["entities"] == {"x": 1}


@pytest.mark.parametrize(
    ("statements", "entities"),
    [
        ('ent:x := {"a": [1]}; ent:x{["a", 1]} := 2', {"x": {"a": [1, 2]}}),
        ('ent:x{"k"} := 1', {"x": {"k": 1}}),
        ("ent:x := [1]; ent:x{[]} := 5", {"x": [1]}),
        ("ent:x := 1; ent:x := null", {}),
        ("ent:x := 1; clear ent:x", {}),
        ('ent:x := {"a": 1, "b": 2}; clear ent:x{"a"}', {"x": {"b": 2}}),
        ('ent:x := {"f": function(){ 1 }, "n": null, "r": re#a#}', {"x": {"n": None, "r": {}}}),
        ("ent:x := [function(){ 1 }]", {"x": [None]}),
        ("ent:x := 1; ent:y := ent:x + 1", {"x": 1, "y": 2}),
        ("ent:x := 1 if 0; ent:y := 1 if []", {"y": 1}),
        ("y = 2; ent:x := y", {"x": 2}),
    ],
)
def test_entity_variables_are_set_and_cleared(statements: str, entities: Any, offer: Offer) -> None:
    assert kept(offer, f"fired {{ {statements} }}") == entities


@pytest.mark.parametrize(
    ("statement", "event"),
    [
        ('raise a event "c"', {"domain": "a", "type": "c", "attrs": {}}),
        ('raise a event "c" attributes {"k": 1, "f": function(){1}}', {"domain": "a", "type": "c", "attrs": {"k": 1}}),
        ('raise a event "c" attributes null', {"domain": "a", "type": "c", "attrs": {}}),
        ('raise event " a : c : d "', {"domain": "a", "type": "c:d", "attrs": {}}),
        ('raise event "a:" + "c" attributes {"k": 1}', {"domain": "a", "type": "c", "attrs": {"k": 1}}),
        ('raise a event "c" for "r"', {"domain": "a", "type": "c", "attrs": {}}),
        ('raise a event "c" for "other"', None),
        ('raise a event "c" if false', None),
    ],
)
def test_raised_events_are_offered_in_the_same_turn(statement: str, event: Any, offer: Offer) -> None:
    inside = f"""rule one {{ select when a b fired {{ {statement} }} }}
        rule two {{ select where event:domain == "a" && event:type != "b"
            send_directive("d", {{"domain": event:domain, "type": event:type, "attrs": event:attrs}}) }}"""

    result = offer(inside, "a:b")[0]

    assert [each["options"] for each in result["directives"]] == ([event] if event else [])


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ('raise a event " "', "Error", "missing event.name"),
        ("raise a event null", "Error", "missing event.name"),
        ('raise event "nothing"', "Error", "missing event.name"),
        ('raise event ":x"', "Error", "missing event.domain"),
        ('raise a event "c" attributes [1]', "Error", "Expected a JSON map for event.data.attrs"),
    ],
)
def test_a_raise_that_names_no_event_fails(statement: str, kind: str, message: str, offer: Offer) -> None:
    error = offer(f"rule one {{ select when a b fired {{ {statement} if true }} }}", "a:b")[0]["error"]

    assert (error["kind"], error["message"]) == (kind, message)


def test_last_ends_the_rule_and_the_turn_of_its_ruleset(offer: Offer) -> None:
    inside = """
        rule one { select when a b foreach [1, 2] setting(x)
            fired { ent:n := x; raise a event "c"; last; ent:n := 9 } finally { ent:n := 8 } }
        rule two { select when a b or a c fired { ent:two := event:type } }"""

    result = offer(inside, "a:b")[0]

    assert result["selected"] == ["one", "two"]
    assert result["entities"] == {"n": 1, "two": "c"}


def test_error_error_ends_the_turn_and_drops_what_was_raised(offer: Offer) -> None:
    inside = """
        rule one { select when a b fired { raise a event "c"; ent:x := 1; error error "bad"; ent:x := 2 } }
        rule two { select when a b or a c fired { ent:two := 1 } }
        rule three { select when system error fired { ent:error := event:attrs } }"""

    result = offer(inside, "a:b")[0]

    attrs = {"level": "error", "data": "bad", "rid": "r", "rule_name": "one", "genus": "user"}
    assert result["error"] is None
    assert result["entities"] == {"x": 1, "error": attrs}


def test_a_milder_error_goes_on(offer: Offer) -> None:
    inside = """
        rule one { select when a b fired { error warn "hm"; ent:x := 1 } }
        rule two { select when system error fired { ent:level := event:attr("level") } }"""

    assert offer(inside, "a:b")[0]["entities"] == {"x": 1, "level": "warn"}


def test_a_scheduled_event_is_a_job(shown: Callable[..., Any]) -> None:
    rule = """fired { schedule a event "c" repeat "0 7 * * *" attributes {"k": 1} setting(job); raise a event "d"
            attributes {"job": job.delete("id")} } }
        rule two { select when a d send_directive("d", event:attr("job"))"""

    event = {"eci": "simulated", "domain": "a", "name": "c", "data": {"attrs": {"k": 1}}, "time": 0}
    assert shown(rule) == [{"type": "repeat", "timespec": "0 7 * * *", "event": event}]


def test_a_job_that_was_not_scheduled_is_null(offer: Offer) -> None:
    statements = 'schedule event "a:c" at 5 setting(job) if false; ent:x := job.isnull()'

    assert kept(offer, f"fired {{ {statements} }}") == {"x": True}


@pytest.mark.parametrize(
    "read",
    [
        "fired { x = 5 } finally { ent:n := x }",
        "fired { x = 5 } else { noop = 1 } finally { f = function(){ x } ent:n := f() }",
        "fired { x = 5 } finally { ent:n := x(1) }",
        "notfired { y = 1 } else { x = 5 } finally { ent:n := x }",
        'fired { schedule a event "c" at time:now() setting(x) } finally { ent:n := x }',
    ],
)
def test_a_name_of_a_block_that_has_ended_fails_where_it_is_read(read: str, offer: Offer) -> None:
    """The language reference, "Postlude": it compiles, and fails at run time."""
    (outcome,) = offer(f"rule one {{ select when a:b {read} }}", "a:b")

    assert outcome["error"]["message"] == "'x' has no value here: the block that declares it has ended"


def test_a_name_of_a_block_that_has_ended_is_harmless_where_it_is_not_reached(offer: Offer) -> None:
    (outcome,) = offer(
        "rule one { select when a:b fired { x = 5 } finally { ent:n := 1; ent:m := x if false } }", "a:b"
    )

    assert outcome["error"] is None


def test_a_name_of_a_block_that_has_ended_hides_no_other(offer: Offer) -> None:
    (outcome,) = offer(
        "global { x = 1 } rule one { select when a:b fired { x = 5 } finally { ent:n := x } }",
        "a:b",
    )

    assert outcome["entities"] == {"n": 1}
