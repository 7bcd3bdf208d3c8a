"""What `ctx:logs()` tells of a pico's events and queries, and what goes to the log of the process."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from engine import QueryFailed, RuleFailed, Settings

LOGS = "ruleset logs { meta { shares logs } global { logs = function() { ctx:logs() } } }"


async def lines(pico: Any, *, of: str) -> list[dict[str, Any]]:
    """The lines of one event or query."""
    await pico.install(LOGS)
    return [line for line in await pico.query("logs", "logs") if line.get("txnId") == of]


def words(lines: list[dict[str, Any]]) -> list[str]:
    return [line["msg"] for line in lines]


async def test_an_event_is_told_from_its_coming_to_its_end(pico):
    await pico.install("""ruleset a { rule r { select when x y fired { raise x event "z" } }
                                      rule s { select when x z foreach [1, 0] setting(n) if n then noop() } }""")
    await pico.install("ruleset b { rule t { select when x y n re#never# } }")
    reply = await pico.send("x", "y")

    told = await lines(pico, of=reply.eid)

    assert words(told) == [
        "txnQueued",
        "txnStart",
        "event added to schedule",
        "event added to schedule",
        "rule selected",
        "fired",
        "event added to schedule",
        "rule selected",
        "fired",
        "not fired",
        "txnDone",
    ]
    assert [(line["rid"], line["event"]["name"]) for line in told if "event" in line] == [
        ("a", "y"),
        ("b", "y"),
        ("a", "z"),
    ]
    assert [(line["rid"], line["rule_name"]) for line in told if line["msg"] == "rule selected"] == [
        ("a", "r"),
        ("a", "s"),
    ]
    assert {line["level"] for line in told} == {"debug"}


async def test_the_first_line_shows_what_came_in(pico):
    reply = await pico.send("x", "y", n=1, _headers={"cookie": "secret", "host": "h"})

    queued, *_ = await lines(pico, of=reply.eid)

    event = queued["txn"]["event"]
    assert (queued["txn"]["id"], queued["txn"]["kind"]) == (reply.eid, "event")
    assert (event["eci"], event["domain"], event["name"]) == (pico.eci, "x", "y")
    assert event["data"]["attrs"] == {"n": 1, "_headers": {"cookie": "***", "host": "h"}}


async def test_a_failed_event_ends_with_its_error(pico):
    await pico.install('ruleset a { rule r { select when x y pre { n = 1 - "one" } } }')
    with pytest.raises(RuleFailed) as caught:
        await pico.send("x", "y")

    *_, last = await lines(pico, of=caught.value.eid)

    assert (last["msg"], last["error"]) == ("txnError", "TypeError: one cannot be subtracted from 1")


async def test_what_rules_log_stands_between_what_they_do(pico):
    await pico.install("""ruleset a { rule r { select when x y
        pre { n = 5.klog("five") } fired { log error {"a": 1}; log warn "w"; log info "i"; log debug null } } }""")
    reply = await pico.send("x", "y")

    told = await lines(pico, of=reply.eid)

    own = [(line["level"], line["msg"]) for line in told if line["level"] != "debug" or line["msg"] is None]
    assert own == [("klog", "five"), ("error", {"a": 1}), ("warn", "w"), ("info", "i"), ("debug", None)]
    klog = told[words(told).index("five")]
    assert (klog["val"], klog["rid"], klog["rule_name"]) == (5, "a", "r")
    assert words(told).index("rule selected") < words(told).index("five") < words(told).index("fired")


async def test_a_query_is_told_with_what_it_logs(pico):
    await pico.install("""ruleset a { meta { shares f } global { f = function(n) { n.klog("n is") } } }""")
    await pico.query("a", "f", n=3)
    await pico.install(LOGS)

    told = await pico.query("logs", "logs")

    queued = next(line for line in told if line.get("txn", {}).get("query", {}).get("name") == "f")
    assert queued["txn"]["query"] == {"eci": pico.eci, "rid": "a", "name": "f", "args": {"n": 3}}
    of_it = [line for line in told if line["txnId"] == queued["txnId"]]
    assert words(of_it) == ["txnQueued", "txnStart", "n is", "txnDone"]


async def test_a_failed_query_ends_with_its_error(pico):
    await pico.install('ruleset a { meta { shares f } global { f = function() { 1 - "one" } } }')
    with pytest.raises(QueryFailed) as caught:
        await pico.query("a", "f")

    told = await lines(pico, of=caught.value.eid)

    assert words(told) == ["txnQueued", "txnStart", "txnError"]


async def test_a_query_of_another_pico_is_in_the_journal_of_the_one_that_was_asked(pico, root):
    await root.install('ruleset a { meta { shares f } global { f = function() { "yes" } } }')
    await pico.install("""ruleset b { rule r { select when x y
        send_directive(ctx:query(event:attrs{"of"}, "a", "f")) } }""")
    await pico.send("x", "y", of=root.eci)
    await root.install(LOGS)

    told = await root.query("logs", "logs")

    assert any(line.get("txn", {}).get("query", {}).get("rid") == "a" for line in told)


async def test_old_lines_are_not_told(pico, clock):
    reply = await pico.send("x", "y")
    clock.advance(12 * 3600 + 1)

    assert await lines(pico, of=reply.eid) == []


async def test_lines_are_in_the_order_of_their_times(pico, clock):
    for _ in range(3):
        clock.advance(1)
        await pico.send("x", "y")
        await pico.ask_ui("name")
    await pico.install(LOGS)

    times = [line["time"] for line in await pico.query("logs", "logs")]

    assert times == sorted(times) and times[-1].endswith("Z")


async def test_the_ui_groups_the_lines_by_request(pico):
    reply = await pico.send("lg", "go", k=1)

    newest = (await pico.ask_ui("logs"))[0]

    assert newest["txnId"] == reply.eid
    assert newest["header"] == f'EVENT {pico.eci} lg:go {{"k":1}}'
    assert [entry.partition("] ")[2] for entry in newest["entries"]] == ["txnQueued", "txnStart", "txnDone"]


class TestWithoutTracing:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(trace=False)

    async def test_beginning_end_and_what_rules_log_are_told(self, pico):
        await pico.install('ruleset a { rule r { select when x y fired { log info "here" } } }')
        reply = await pico.send("x", "y")

        assert words(await lines(pico, of=reply.eid)) == ["txnQueued", "txnStart", "here", "txnDone"]


# --- the log of the process -----------------------------------------------------------------------------------


async def test_a_failure_is_logged_with_its_place(pico):
    await pico.install('ruleset a { rule r { select when x y pre { n = 1 - "one" } } }')
    with capture_logs() as logged, pytest.raises(RuleFailed) as caught:
        await pico.send("x", "y")

    (line,) = [each for each in logged if each["log_level"] == "error"]
    assert line["event"] == "TypeError: one cannot be subtracted from 1"
    assert (line["eid"], line["rid"], line["rule"], line["line"]) == (caught.value.eid, "a", "r", 1)


async def test_a_failed_query_is_logged_with_its_place(pico):
    await pico.install('ruleset a { meta { shares f } global { f = function() { 1 - "one" } } }')
    with capture_logs() as logged, pytest.raises(QueryFailed) as caught:
        await pico.query("a", "f")

    (line,) = [each for each in logged if each["log_level"] == "error"]
    assert (line["eid"], line["rid"]) == (caught.value.eid, "a")


async def test_secrets_are_not_logged(pico):
    await pico.install("""ruleset a { rule r { select when x y pre { all = event:attrs.klog("all") }
        fired { log info event:attrs{"_headers"} } } }""")
    with capture_logs() as logged:
        await pico.send("x", "y", _headers={"authorization": "secret", "proxy-authorization": "secret", "host": "h"})

    assert len(logged) == 2
    assert "secret" not in str(logged) and "'host': 'h'" in str(logged)
