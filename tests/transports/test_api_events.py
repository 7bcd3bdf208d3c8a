"""Events and picos under `/api/v1`, and the verb that shows them, in front of a real engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from engine import Engine, Settings, open_engine
from tests.transports.conftest import Answered, Front
from transports.api.events import stream
from transports.cli.trace import lines
from transports.http import HttpSettings, decoders

RULESET = """ruleset a {
  rule one { select when x y n re#(\\d)# setting(n)
    if n > 1 then send_directive("seen", {"n": n})
    fired { ent:n := n; raise x event "z" attributes event:attrs } else { log info "small" } }
  rule two { select when x y then x never noop() }
  rule three { select when x z noop() fired { last } }
  rule four { select when x bad pre { m = 1 - "one" } }
}"""


class Served:
    """A real engine behind its HTTP application, and a pico with the ruleset."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.front = Front(engine, HttpSettings())  # type: ignore[arg-type]
        self.eci = engine.ui_context()["eci"]

    async def prepare(self) -> None:
        await self.event("engine_ui", "install", source=RULESET)
        await self.event("engine_ui", "new_channel", tags=["test"])
        id = (await self.get(f"/api/v1/picos/{self.eci}")).json["id"]
        channels = (await self.get(f"/api/v1/picos/{id}")).json["channels"]
        self.eci = next(each["id"] for each in channels if each["tags"] == ["test"])

    async def event(self, domain: str, type: str, **attrs: Any) -> str:
        """The eid."""
        answer = await self.front.ask("POST", f"/c/{self.eci}/event-wait/{domain}/{type}", json=attrs)
        return str(answer.json["eid"])

    async def get(self, target: str, **headers: str) -> Answered:
        return await self.front.ask("GET", target, headers=headers)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    settings = Settings()
    async with open_engine(settings, decoders=decoders(settings)) as engine:
        served = Served(engine)
        await served.prepare()
        yield served


# --- HTTP -----------------------------------------------------------------------------------------------------


async def test_an_event_is_shown_with_its_trace(served: Served) -> None:
    eid = await served.event("x", "y", n=3)

    told = (await served.get(f"/api/v1/events/{eid}")).json

    assert (told["eid"], told["status"], told["directives"][0]["options"]) == (eid, "ok", {"n": "3"})
    rules = told["trace"]["events"][0]["rulesets"][0]["rules"]
    assert [(each["rule"], each["selected"]) for each in rules] == [("one", True), ("two", False)]


async def test_an_unknown_event_is_404(served: Served) -> None:
    answer = await served.get("/api/v1/events/nope")

    assert (answer.status, answer.json["detail"]) == (404, "no event 'nope' is known")


async def test_events_are_paged(served: Served) -> None:
    eids = [await served.event("x", "y", n=n) for n in range(3)]
    page = (await served.get(f"/api/v1/events?pico={served.eci}&limit=2")).json

    more = (await served.get(f"/api/v1/events?pico={served.eci}&after={page['after'] - 3}")).json

    assert [each["eid"] for each in page["events"]] == eids[1:]
    assert [each["eid"] for each in more["events"]] == eids


async def test_failures_can_be_asked_for(served: Served) -> None:
    eid = await served.event("x", "bad")
    await served.event("x", "y")

    found = (await served.get("/api/v1/events?status=failed")).json["events"]

    assert [(each["eid"], each["error"]) for each in found] == [(eid, "TypeError: one cannot be subtracted from 1")]


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=1.5", "status=good", "after=99999999999999999999"])
async def test_a_bad_parameter_is_400(served: Served, query: str) -> None:
    answer = await served.get(f"/api/v1/events?{query}")

    assert answer.status == 400 and f"`{query.partition('=')[0]}`" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/api/v1/picos/nobody", "/api/v1/events?pico=nobody", "/api/v1/events/stream?pico=x"])
async def test_an_unknown_pico_is_404(served: Served, path: str) -> None:
    assert (await served.get(path)).status == 404


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/x", "/api/v1/events/stream", "/api/v1/picos/x"])
async def test_pages_of_other_origins_learn_nothing(served: Served, path: str) -> None:
    assert (await served.get(path, origin="http://evil.example")).status == 403


async def test_headers_with_secrets_are_masked(served: Served) -> None:
    target = f"/c/{served.eci}/event-wait/x/y?n=3"
    sent = await served.front.ask("GET", target, headers={"authorization": "Bearer hidden", "cookie": "c=hidden"})

    told = await served.get(f"/api/v1/events/{sent.json['eid']}")

    assert b"hidden" not in told.body
    assert told.json["attrs"]["_headers"]["authorization"] == "***"


# --- live -----------------------------------------------------------------------------------------------------


def sent_events(body: bytes) -> list[tuple[str, Any]]:
    """Names and data of server-sent events."""
    found = []
    for block in body.decode().split("\n\n"):
        members = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if members:
            found.append((members["event"], orjson.loads(members["data"])))
    return found


async def test_the_stream_tells_each_event_that_finishes(served: Served) -> None:
    streaming = asyncio.ensure_future(served.get("/api/v1/events/stream"))
    while not served.engine.reports.feed._followers:
        await asyncio.sleep(0)

    eids = [await served.event("x", "y", n=1), await served.event("x", "bad")]
    served.engine.reports.feed.end()
    answer = await streaming

    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert [(name, data["eid"], data["status"]) for name, data in sent_events(answer.body)] == [
        ("event", eids[0], "ok"),
        ("event", eids[1], "failed"),
    ]


async def test_the_stream_says_when_a_slow_reader_missed_something(served: Served) -> None:
    follower = served.engine.reports.follow()
    told = stream(follower, served.engine.reports)
    assert await anext(told) == b": following\n\n"
    for _ in range(300):
        await served.event("x", "y")

    first = sent_events(await anext(told))

    assert first == [("dropped", {"dropped": 44})]
    await told.aclose()
    assert served.engine.reports.feed._followers == []


# --- what a person reads --------------------------------------------------------------------------------------


async def test_a_report_is_read_from_the_top(served: Served) -> None:
    report = (await served.get(f"/api/v1/events/{await served.event('x', 'y', n=3)}")).json

    told = [line for line in lines(report) if "milliseconds" not in line and "attributes" not in line]

    assert told == [
        f"{report['time']}  {report['eid']}  ok  x:y",
        f"  pico {report['pico']}, channel {served.eci}",
        "  x:y",
        "    ruleset a",
        '      rule one: selected, captured {"n": "3"}',
        "        fired",
        '          directive seen {"n": "3"}',
        "          set ent:n of a",
        f"          raise x:z {json.dumps(report['attrs'])}",
        "      rule two: not selected, the event expression went on, and is not complete",
        "  x:z",
        "    ruleset a",
        "      rule three: selected",
        "        fired",
        "        last: the ruleset's turn ends here",
        '  ent:n of a: null -> "3"',
        "  rule two of a waits for more",
    ]


async def test_a_rule_that_did_not_fire_shows_its_condition_only_where_it_says_more(served: Served) -> None:
    report = (await served.get(f"/api/v1/events/{await served.event('x', 'y', n=1)}")).json

    assert "        not fired" in list(lines(report))
    assert '          log info "small"' in list(lines(report))


async def test_a_failure_names_its_place(served: Served) -> None:
    report = (await served.get(f"/api/v1/events/{await served.event('x', 'bad')}")).json

    assert list(lines(report))[-1] == (
        "  failed in rule four of a line 7: TypeError: one cannot be subtracted from 1; nothing of it remains"
    )
