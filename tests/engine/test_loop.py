"""The loop as its users see it: order, raising, failing, queries."""

import pytest

from engine import ChannelNotFound, FunctionNotFound, RuleFailed, RulesetNotFound


async def test_an_event_is_answered_with_the_directives_of_its_rules(pico):
    await pico.install('ruleset a { rule one { select when x y send_directive("seen", {"n": event:attrs{"n"}}) } }')

    reply = await pico.send("x", "y", n=3)

    assert [(d["name"], d["options"], d["meta"]["txnId"]) for d in reply.directives] == [("seen", {"n": 3}, reply.eid)]


async def test_a_raised_event_is_evaluated_in_the_same_cycle(pico):
    await pico.install("""
        ruleset a {
          rule one { select when x y  fired { raise x event "z" } }
          rule two { select when x z  send_directive("seen") }
        }""")

    assert await pico.directives("x", "y") == ["seen"]


async def test_raised_events_wait_until_all_rulesets_have_seen_the_first(pico):
    await pico.install("""ruleset a { rule r { select when x y or x z send_directive("a:" + event:name)
        fired { raise x event "z" if event:name == "y" } } }""")
    await pico.install('ruleset b { rule r { select when x y or x z send_directive("b:" + event:name) } }')

    assert await pico.directives("x", "y") == ["a:y", "b:y", "a:z", "b:z"]


async def test_a_raise_for_a_ruleset_is_offered_to_that_one_only(pico):
    await pico.install('ruleset a { rule r { select when x y fired { raise x event "z" for "c" } } }')
    for rid in ("b", "c"):
        await pico.install(f'ruleset {rid} {{ rule r {{ select when x z send_directive("{rid}") }} }}')

    assert await pico.directives("x", "y") == ["c"]


async def test_last_skips_the_rest_of_its_ruleset_only(pico):
    await pico.install(
        'ruleset a { rule one { select when x y fired { last } } rule two { select when x y send_directive("two") } }'
    )
    await pico.install('ruleset b { rule three { select when x y send_directive("three") } }')

    assert await pico.directives("x", "y") == ["three"]


async def test_error_error_empties_the_schedule_and_tells_its_own_ruleset(pico):
    await pico.install("""ruleset a {
        rule one { select when x y send_directive("one") fired { raise x event "z"; error error "broken" } }
        rule two { select when x y or x z send_directive("two") }
        rule handler { select when system error send_directive("told", {"data": event:attrs{"data"}}) } }""")
    await pico.install('ruleset b { rule r { select when x y or system error send_directive("b") } }')

    assert await pico.directives("x", "y") == ["one", "told"]


@pytest.mark.fault(35)
async def test_an_event_that_fails_leaves_nothing_behind(pico):
    await pico.install("""ruleset a { meta { shares n }
        global { n = function() { ent:n } }
        rule one { select when x y fired { ent:n := 1 } }
        rule two { select when x y pre { m = 1 - "one" } noop() } }""")

    with pytest.raises(RuleFailed) as caught:
        await pico.send("x", "y")

    error = caught.value
    assert (error.text, error.rid, error.rule, error.line) == (
        "TypeError: one cannot be subtracted from 1",
        "a",
        "two",
        4,
    )
    assert await pico.query("a", "n") is None


async def test_the_directives_of_a_failed_event_do_not_appear_in_the_next(pico):
    await pico.install("""ruleset a {
        rule one { select when x y send_directive("secret") }
        rule two { select when x y where event:attrs{"fail"} fired { raise event null } }
        }""")
    with pytest.raises(RuleFailed):
        await pico.send("x", "y", fail=True)

    assert await pico.directives("x", "y") == ["secret"]


async def test_a_failed_rule_tells_its_ruleset_in_an_event_of_its_own(pico):
    await pico.install("""ruleset a { meta { shares told }
        global { told = function() { ent:told } }
        rule one { select when x y noop() fired { ent:n := 1 - "one" } }
        rule two { select when system error fired { ent:told := event:attrs } } }""")
    with pytest.raises(RuleFailed) as caught:
        await pico.send("x", "y")

    told = await pico.query("a", "told")

    assert told == {
        "level": "error",
        "data": "one cannot be subtracted from 1",
        "rid": "a",
        "rule_name": "one",
        "genus": "system",
        "eid": caught.value.eid,
    }


async def test_expression_memory_is_kept_between_events(pico):
    await pico.install('ruleset a { rule r { select when x p then x q send_directive("both") } }')

    assert await pico.directives("x", "p") == []
    assert await pico.directives("x", "q") == ["both"]


@pytest.mark.fault(42)
async def test_expression_memory_survives_a_reload_that_leaves_the_expression_alone(pico):
    source = 'ruleset a {{ rule r {{ select when x p then x q send_directive("{}") }} }}'
    await pico.install(source.format("old"))
    await pico.send("x", "p")

    await pico.install(source.format("new"))

    assert await pico.directives("x", "q") == ["new"]


async def test_queries_answer_shared_names_only(pico):
    await pico.install("ruleset a { meta { shares f } global { f = function(n) { n + 1 } g = function() { 1 } } }")

    assert await pico.query("a", "f", n=2) == 3
    with pytest.raises(FunctionNotFound):
        await pico.query("a", "g")
    with pytest.raises(RulesetNotFound):
        await pico.query("b", "f")


async def test_an_unknown_channel_is_refused_at_the_door(pico):
    with pytest.raises(ChannelNotFound):
        await pico.deliver("event", "x", "y", via="nobody")


async def test_an_event_with_a_query_answers_the_query_behind_the_event(pico):
    await pico.install("""ruleset a { meta { shares n } global { n = function() { ent:n } }
        rule r { select when x y fired { ent:n := ent:n.defaultsTo(0) + 1 } } }""")

    reply = await pico.deliver("event", "x", "y", "query", "a", "n")

    assert reply.value == 1


async def test_a_pico_may_ask_itself_and_sees_what_it_has_just_written(pico):
    await pico.install("""ruleset a { meta { shares n } global { n = function() { ent:n } }
        rule r { select when x y fired { ent:n := 7; raise x event "z" } }
        rule s { select when x z send_directive("n", {"n": ctx:query(event:eci, "a", "n")}) } }""")

    reply = await pico.send("x", "y")

    assert [d["options"] for d in reply.directives] == [{"n": 7}]


async def test_a_sent_event_arrives_once_after_the_commit(pico, root):
    await root.install("""ruleset a { meta { shares got } global { got = function() { ent:got } }
        rule r { select when x got fired { ent:got := ent:got.defaultsTo([]).append(event:attrs{"n"}) } } }""")
    await pico.install("""ruleset b { rule r { select when x send
        every { event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "got", "attrs": {"n": 1}})
                event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "got", "attrs": {"n": 2}}) } } }""")

    await pico.send("x", "send", to=root.eci)

    assert await root.query("a", "got") == [1, 2]


@pytest.mark.fault(31)
async def test_a_repeat_with_the_same_key_gets_the_first_outcome(pico):
    await pico.install("""ruleset a { rule r { select when x y send_directive("n", {"n": ent:n})
        fired { ent:n := ent:n.defaultsTo(0) + 1 } } }""")
    first = await pico.deliver("event", "x", "y", key="http:1")

    again = await pico.deliver("event", "x", "y", key="http:1")

    assert (again.eid, again.directives, again.duplicate) == (first.eid, first.directives, True)
    assert (await pico.deliver("event", "x", "y", key="http:2")).directives[0]["options"] == {"n": 1}
