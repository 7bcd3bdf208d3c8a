"""Why did a rule fire, or not: what the trace of an event tells."""

from __future__ import annotations

from typing import Any

import pytest

from engine import RuleFailed, Settings, open_engine
from engine.witness.trace import MAX_BYTES, MAX_ENTRIES, Trace, read, story
from tests.engine import conftest


async def told(pico: Any, domain: str, type: str, **attrs: Any) -> dict[str, Any]:
    """The report of an event that ends well."""
    reply = await pico.send(domain, type, **attrs)
    return pico.engine.reports.event(reply.eid)


def rules(report: dict[str, Any], event: int = 0, ruleset: int = 0) -> list[dict[str, Any]]:
    return report["trace"]["events"][event]["rulesets"][ruleset]["rules"]


def deeds(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the only round of the first rule did."""
    (round,) = rules(report)[0]["rounds"]
    return round["did"]


async def test_a_selected_rule_tells_what_it_captured(pico):
    await pico.install("ruleset a { rule r { select when x y n re#(\\d)(.)# setting(p, q) } }")

    (rule,) = rules(await told(pico, "x", "y", n="4b"))

    assert (rule["rule"], rule["selected"], rule["captured"]) == ("r", True, {"p": "4", "q": "b"})


async def test_a_rule_whose_test_fails_says_so(pico):
    await pico.install("""ruleset a { rule r { select when x y n re#^1$# }
                                      rule s { select when x y where event:attrs{"n"} == 1 } }""")

    whys = [(rule["selected"], rule["why"]) for rule in rules(await told(pico, "x", "y", n="2"))]

    assert whys == [(False, "an attribute test or `where` did not hold")] * 2


async def test_an_incomplete_expression_says_whether_it_went_on(pico):
    await pico.install("""ruleset a { rule r { select when x y then x z }
                                      rule s { select when x p then x y } }""")

    whys = [rule["why"] for rule in rules(await told(pico, "x", "y"))]

    assert whys == [
        "the event expression went on, and is not complete",
        "the event expression waits for another event, or a test did not hold",
    ]


async def test_an_event_that_nobody_cares_about_has_an_empty_story(pico):
    assert (await told(pico, "no", "one"))["trace"]["events"] == []


async def test_each_round_tells_its_condition_and_whether_it_fired(pico):
    await pico.install("ruleset a { rule r { select when x y foreach [1, 0] setting(n) if n then noop() } }")

    (rule,) = rules(await told(pico, "x", "y"))

    assert [(each["condition"], each["fired"]) for each in rule["rounds"]] == [(1, True), (0, False)]


async def test_directives_stand_in_the_rounds_that_made_them(pico):
    await pico.install("""ruleset a { rule r { select when x y foreach ["one", "two"] setting(n)
                                              send_directive(n, {"n": n}) } }""")

    (rule,) = rules(await told(pico, "x", "y"))

    assert [each["did"] for each in rule["rounds"]] == [
        [{"directive": "one", "options": {"n": "one"}}],
        [{"directive": "two", "options": {"n": "two"}}],
    ]


async def test_actions_of_modules_tell_arguments_and_result(pico):
    await pico.install('ruleset a { rule r { select when x y ctx:newChannel(["t"]) setting(made) } }')

    report = await told(pico, "x", "y")

    (deed,) = deeds(report)
    assert (deed["action"], deed["arguments"], deed["result"]["tags"]) == ("ctx:newChannel", {"tags": ["t"]}, ["t"])
    assert [each["eci"] for each in report["changes"]["channels"]] == [deed["result"]["id"]]


async def test_an_action_with_named_arguments_is_told_by_its_parameters(pico):
    await pico.install('ruleset a { rule r { select when x y ctx:newChannel(tags=["t"]) } }')

    (deed,) = deeds(await told(pico, "x", "y"))

    assert deed["arguments"] == {"tags": ["t"]}


async def test_a_raised_event_is_told_where_it_was_raised_and_as_an_event(pico):
    await pico.install(
        """ruleset a { rule r { select when x y fired { raise x event "z" for "b" attributes {"n": 1} } } }"""
    )
    await pico.install("ruleset b { rule s { select when x z } }")

    report = await told(pico, "x", "y")

    assert deeds(report) == [{"raise": "x:z", "attrs": {"n": 1}, "for": "b"}]
    assert [(each["domain"], each["type"]) for each in report["trace"]["events"]] == [("x", "y"), ("x", "z")]
    assert [rule["rule"] for rule in rules(report, event=1)] == ["s"]


async def test_a_sent_event_is_told_with_its_id(pico, root):
    await pico.install("""ruleset a { rule r { select when x y event:send({"eci": event:attrs{"to"},
                                              "domain": "got", "type": "it"}) } }""")

    report = await told(pico, "x", "y", to=root.eci)

    (sent,) = report["sent"]
    assert deeds(report)[0]["result"] == sent["eid"]
    assert pico.engine.reports.event(sent["eid"])["domain"] == "got"


async def test_changed_variables_are_told_before_and_after(pico):
    await pico.install('ruleset a { rule r { select when x y fired { ent:n := event:attrs{"n"}; ent:m{"k"} := 1 } } }')
    await pico.send("x", "y", n=1)

    report = await told(pico, "x", "y", n=2)

    assert report["changes"]["variables"] == [
        {"rid": "a", "name": "n", "after": 2, "before": 1},
        {"rid": "a", "name": "m", "after": {"k": 1}, "before": {"k": 1}},
    ]
    assert deeds(report) == [{"set": "n", "rid": "a"}, {"set": "m", "rid": "a"}]


async def test_a_variable_that_was_not_read_before_is_told_as_it_stood_in_the_store(tmp_path):
    on_disk = Settings(store=f"sqlite:///{tmp_path}/a.db")
    async with open_engine(on_disk) as engine:
        pico = conftest.TestPico(engine, engine.ui_context()["eci"])
        pico.eci = await pico.channel()
        await pico.install('ruleset a { rule r { select when x y fired { ent:n := event:attrs{"n"} } } }')
        await pico.send("x", "y", n="old")

    async with open_engine(on_disk) as engine:
        pico.engine = engine
        report = await told(pico, "x", "y", n="new")

    assert report["changes"]["variables"] == [{"rid": "a", "name": "n", "after": "new", "before": "old"}]


async def test_log_lines_stand_where_they_were_written(pico):
    await pico.install("""ruleset a {
        rule r { select when x y where 1.klog("test") pre { a = 2.klog("pre") } fired { log warn {"b": 3} } }
        rule s { select when x y where false.klog("second") } }""")

    first, second = rules(await told(pico, "x", "y"))

    assert first["did"] == [{"log": "test", "level": "klog", "val": 1}]
    assert first["rounds"][0]["did"] == [{"log": "pre", "level": "klog", "val": 2}, {"log": {"b": 3}, "level": "warn"}]
    assert second["did"] == [{"log": "second", "level": "klog", "val": False}]


async def test_last_is_told_and_the_rules_behind_it_are_not(pico):
    await pico.install("ruleset a { rule r { select when x y fired { last } } rule s { select when x y } }")

    (rule,) = rules(await told(pico, "x", "y"))

    assert rule["ended"] == "last"


async def test_error_error_tells_that_the_schedule_was_emptied(pico):
    await pico.install("""ruleset a { rule r { select when x y fired { raise x event "z"; error error "no" } }
                                      rule s { select when x z } }""")

    report = await told(pico, "x", "y")

    assert [next(iter(each)) for each in deeds(report)] == ["raise", "cleared", "raise"]
    assert len(report["trace"]["events"]) == 1


async def test_a_failed_event_tells_how_far_it_came(pico):
    await pico.install("""ruleset a { rule r { select when x y send_directive("before") fired { ent:n := 1 } }
                                      rule s { select when x y pre { m = 1 - "one" } } }""")
    with pytest.raises(RuleFailed) as caught:
        await pico.send("x", "y")

    report = pico.engine.reports.event(caught.value.eid)

    assert deeds(report) == [{"directive": "before"}, {"set": "n", "rid": "a"}]
    assert rules(report)[1]["rounds"] == [{"did": []}]
    assert report["failure"]["rule"] == "s" and report["changes"] == {}


async def test_the_phases_are_timed(pico):
    times = (await told(pico, "x", "y"))["trace"]["times"]

    assert list(times) == ["decode", "wait", "schedule", "evaluate", "respond"]
    assert all(ms >= 0 for ms in times.values())


async def test_the_source_tells_who_brought_the_event(pico, root):
    await pico.install("""ruleset a { rule r { select when x y event:send({"eci": event:attrs{"to"},
                                              "domain": "got", "type": "it"}) } }""")

    report = await told(pico, "x", "y", to=root.eci)

    await root.send("one", "behind")  # a pico's events end in order
    assert report["trace"]["source"] == "http"
    arrived = pico.engine.reports.event(report["sent"][0]["eid"])
    assert arrived["trace"]["source"] == f"pico:{report['pico']}"


async def test_secrets_of_headers_are_in_no_report(pico):
    await pico.install("""ruleset a { rule r { select when x y send_directive("d", event:attrs)
        fired { ent:all := event:attrs
                log info event:attrs{"_headers"}
                raise x event "z" attributes event:attrs } } }""")

    report = await told(pico, "x", "y", _headers={"authorization": "hidden", "cookie": "hidden", "host": "shown"})

    assert "hidden" not in str(report)
    assert "'host': 'shown'" in str(report)


async def test_events_that_a_newborn_evaluates_are_traced(pico):
    before = {row["eid"] for row in pico.engine.reports.events(limit=500)["events"]}

    await pico.child("kid")

    made = [row["eid"] for row in pico.engine.reports.events(limit=500)["events"] if row["eid"] not in before]
    sources = {(pico.engine.reports.event(eid)["trace"] or {}).get("source") for eid in made}
    assert "newborn" in sources


class TestWithoutTracing:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(trace=False)

    async def test_an_event_has_no_trace_and_is_reported_all_the_same(self, pico):
        await pico.install("ruleset a { rule r { select when x y fired { ent:n := 1.klog() } } }")

        report = await told(pico, "x", "y")

        assert report["trace"] is None
        assert report["changes"]["variables"] == [{"rid": "a", "name": "n", "after": 1}]


# --- bounds ---------------------------------------------------------------------------------------------------


def test_a_cycle_that_never_ends_to_loop_keeps_a_bounded_trace():
    trace = Trace("http", 0)
    trace.turn("a", "x", "y", same_event=False)
    trace.selected("r", {})
    for _ in range(3 * MAX_ENTRIES):
        trace.round()
        trace.fired(True, True)

    stored = read(trace.encoded())

    assert stored is not None and len(stored["entries"]) <= MAX_ENTRIES + 2
    assert len(stored["entries"]) + stored["missed"] == 3 + 6 * MAX_ENTRIES
    assert story(stored, [])["missed"] == stored["missed"]


def test_a_trace_of_large_values_is_cut_at_its_end():
    trace = Trace("http", 0)
    trace.turn("a", "x", "y", same_event=False)
    trace.selected("r", {})
    for n in range(1000):
        trace.round()
        trace.raised("x", "z", {"n": n, "long": ["x" * 400] * 100}, None)

    body = trace.encoded()

    assert len(body) <= MAX_BYTES
    stored = read(body)
    assert stored is not None and len(stored["entries"]) + stored["missed"] == 3 + 2000


def test_half_a_surrogate_pair_can_be_traced():
    trace = Trace("http", 0)
    trace.turn("a", "x", "y", same_event=False)
    trace.selected("r", {"half": "\ud83d"})

    stored = read(trace.encoded())

    assert stored is not None and stored["entries"][-1][2] == {"half": "\ud83d"}
