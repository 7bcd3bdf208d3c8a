"""Events by AMQP: what becomes of each message, against a real broker."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from engine import Delivery, dumps
from tests.transports.amqp.home import Client, Home, input_queue
from tests.transports.polling import until
from transports.amqp.answers import REASON, STATUS
from transports.amqp.topology import EVENTS


@pytest.fixture
async def eci(home: Home) -> str:
    await home.connected()
    return await home.seer()


async def arrived(home: Home, eci: str, number: int = 1) -> Any:
    """The attributes of the latest event, as soon as so many have come."""

    async def enough() -> bool:
        return len(await home.seen(eci)) >= number

    await until(enough)
    return await home.query(eci, "seen", "attrs")


async def test_a_message_is_an_event(home: Home, eci: str, client: Client) -> None:
    await client.send(f"event.{eci}.test.seen", {"n": 1, "deep": {"a": [1.5, None]}}, message_id="m")

    assert await arrived(home, eci) == {"n": 1, "deep": {"a": [1.5, None]}, "_headers": {}}


async def test_headers_are_attributes_that_nobody_can_forge(home: Home, eci: str, client: Client) -> None:
    await client.send(
        f"event.{eci}.test.seen", {"_headers": {"x": "false"}, "_ce": 1}, message_id="m", headers={"X": "true", "N": 1}
    )

    assert await arrived(home, eci) == {"_headers": {"x": "true", "n": "1"}}


async def test_a_message_without_a_body_is_an_event_without_attributes(home: Home, eci: str, client: Client) -> None:
    await client.send(f"event.{eci}.test.seen", message_id="m")

    assert await arrived(home, eci) == {"_headers": {}}


async def test_the_same_event_by_amqp_and_by_http_does_the_same(home: Home, eci: str, client: Client) -> None:
    """transports.md, proof 1."""
    heartbeat = {"n": 7, "temperature": 21.5, "_internal": True}

    by_http = await home.engine.deliver(
        Delivery("http", eci, ("event", "test", "seen"), dumps(heartbeat), "application/json", decoder="http")
    )
    attrs = await home.query(eci, "seen", "attrs")
    by_amqp = json.loads((await client.ask(f"event.{eci}.test.seen", heartbeat)).body)

    assert by_http.directives is not None
    told = [[{**each, "meta": {**each["meta"], "txnId": ""}} for each in some]
            for some in (by_http.directives, by_amqp["directives"])]  # fmt: skip
    assert told[0] == told[1]
    assert await home.query(eci, "seen", "attrs") == attrs
    assert await home.seen(eci) == [7, 7]


async def test_a_repeated_message_id_is_one_event(home: Home, eci: str, client: Client) -> None:
    for n in (1, 2):
        await client.send(f"event.{eci}.test.seen", {"n": n}, message_id="m")
    await client.send(f"event.{eci}.test.seen", {"n": 3})

    await arrived(home, eci, 2)
    assert await home.seen(eci) == [1, 3]


async def test_an_event_without_a_message_id_tells_that_it_may_repeat(
    home: Home, eci: str, client: Client, broker: Any, vhost: str
) -> None:
    forged = {"headers": {"x-pico-delivery": "exactly-once"}, "content_type": "application/json"}

    broker.api.publish(vhost, EVENTS, f"event.{eci}.test.seen", "{}", forged)
    assert await arrived(home, eci) == {"_headers": {"x-pico-delivery": "at-least-once"}}

    broker.api.publish(vhost, EVENTS, f"event.{eci}.test.seen", "{}", {**forged, "message_id": "m"})
    assert await arrived(home, eci, 2) == {"_headers": {}}


@pytest.mark.parametrize("spelling", ["cloudEvents:", "cloudEvents_", "CLOUDEVENTS:"])
async def test_a_cloud_event_may_be_in_headers(home: Home, eci: str, client: Client, spelling: str) -> None:
    description = {"specversion": "1.0", "id": "1", "source": "/s", "type": "test.seen", "subject": "x"}
    headers = {spelling + name: value for name, value in description.items()}

    await client.send(f"event.{eci}.test.seen", {"n": 5}, headers=headers)

    attrs = await arrived(home, eci)
    assert attrs["n"] == 5
    assert attrs["_ce"] == {**description, "datacontenttype": "application/json"}


async def test_a_cloud_event_may_be_structured_and_has_one_key_by_all_ways(
    home: Home, eci: str, client: Client
) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "test.seen", "data": {"n": 5}}
    structured = "application/cloudevents+json; charset=utf-8"

    for _ in range(2):
        await client.send(f"event.{eci}.test.seen", dumps(event), content_type=structured)
    await client.send(f"event.{eci}.test.seen", {"n": 6})

    await arrived(home, eci, 2)
    assert await home.seen(eci) == [5, 6]


async def test_a_gzipped_body_is_read(home: Home, eci: str, client: Client) -> None:
    body = gzip.compress(b'{"n": 9}')

    await client.send(f"event.{eci}.test.seen", body, content_type="application/json", content_encoding="gzip")

    assert (await arrived(home, eci))["n"] == 9


JSON = {"content_type": "application/json"}
GZIP = {**JSON, "content_encoding": "gzip"}
CLOUD = {"content_type": "application/cloudevents+json"}

OTHER = b'{"specversion":"1.0","id":"1","source":"s","type":"a.b"}'

REFUSED = {
    "unknown ECI": ("event.nosuch.test.seen", b"{}", JSON, 404, "ECI not found"),
    "policy": ("event.{eci}.closed.door", b"{}", JSON, 403, "Not allowed by channel policy"),
    "no event": ("event.{eci}.test", b"{}", JSON, 400, "routing key"),
    "bad escape": ("event.{eci}.test.a%FF", b"{}", JSON, 400, "UTF-8"),
    "bad word": ("event.{eci}.test.a b", b"{}", JSON, 400, "routing key"),
    "broken JSON": ("event.{eci}.test.seen", b"{", JSON, 400, "not valid JSON"),
    "no map": ("event.{eci}.test.seen", b"[1]", JSON, 400, "map"),
    "other key": ("event.{eci}.test.seen", OTHER, CLOUD, 400, "says"),
    "no CloudEvent": ("event.{eci}.test.seen", b"{}", CLOUD, 400, "specversion"),
    "unsupported media": ("event.{eci}.test.seen", b"<a/>", {"content_type": "text/xml"}, 415, "text/xml"),
    "no media": ("event.{eci}.test.seen", b"{}", {}, 415, "expected"),
    "other encoding": ("event.{eci}.test.seen", b"x", {**JSON, "content_encoding": "br"}, 415, "br"),
    "no gzip": ("event.{eci}.test.seen", b"{}", GZIP, 400, "gzip"),
    "cut gzip": ("event.{eci}.test.seen", gzip.compress(b"{}")[:-3], GZIP, 400, "end"),
    "bomb": ("event.{eci}.test.seen", gzip.compress(b" " * 2_000_000), GZIP, 413, "expands"),
    "too large": ("event.{eci}.test.seen", b" " * 1_100_000, JSON, 413, "max_body_bytes"),
    "too deep": ("event.{eci}.test.seen", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", JSON, 413, "max_depth"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_is_a_dead_letter_with_the_reason(home: Home, client: Client, case: str) -> None:
    """transports.md, proofs 3 and 6: each row of the table."""
    await home.connected()
    allow = [{"domain": "test", "name": "*"}]
    eci = await home.channel("narrow", eventPolicy={"allow": allow, "deny": []})
    key, body, properties, status, reason = REFUSED[case]

    await client.send(key.format(eci=eci), body, headers={"mine": "kept"}, message_id="m", **properties)  # type: ignore[arg-type]

    letter = await client.next()
    assert (letter.body, letter.message_id, letter.headers["mine"]) == (body, "m", "kept")
    assert letter.routing_key == key.format(eci=eci)
    assert letter.headers[STATUS] == status
    assert reason in str(letter.headers[REASON])
    await until(lambda: _empty(client))
    assert [each["type"] for each in home.engine.reports.events(pico=home.root)["events"]][-1] == "new_channel"


async def _empty(client: Client) -> bool:
    return await client.depth(input_queue()) == 0


async def test_a_reply_has_the_directives_and_the_correlation_id(home: Home, eci: str, client: Client) -> None:
    reply = await client.ask(f"event.{eci}.test.seen", {"n": 4}, correlation_id="c")

    told = json.loads(reply.body)
    assert [(each["name"], each["options"]) for each in told["directives"]] == [("noted", {"n": 4})]
    assert (reply.correlation_id, reply.content_type, reply.headers["status"]) == ("c", "application/json", 200)
    assert home.engine.reports.event(told["eid"])["status"] == "ok"


async def test_a_reply_to_a_queue_of_the_asker_comes_there(home: Home, eci: str, client: Client) -> None:
    queue = await client.channel.declare_queue("answers", auto_delete=False)

    await client.send(f"event.{eci}.test.seen", {"n": 4}, reply_to="answers")

    assert json.loads((await client.next(queue.name)).body)["directives"]


async def test_a_rule_that_fails_is_told_and_the_message_is_done(home: Home, eci: str, client: Client) -> None:
    problem = json.loads((await client.ask(f"event.{eci}.test.fail", {})).body)

    assert (problem["status"], problem["rule"]) == (500, "fail")
    await until(lambda: _empty(client))
    assert await client.depth("pico.dead") == 0


async def test_who_asks_for_what_is_refused_is_told_why(home: Home, eci: str, client: Client) -> None:
    reply = await client.ask("event.nosuch.test.seen", {})

    assert json.loads(reply.body)["status"] == 404
    assert (await client.next()).headers[STATUS] == 404


async def test_a_repeated_question_gets_the_first_answer(home: Home, eci: str, client: Client) -> None:
    first, second = [json.loads((await client.ask(f"event.{eci}.test.seen", {"n": n}, message_id="q")).body)
                     for n in (1, 2)]  # fmt: skip

    assert second == first
    assert await home.seen(eci) == [1]


async def test_an_asker_who_is_gone_does_not_stop_the_rest(home: Home, eci: str, client: Client) -> None:
    await client.send(f"event.{eci}.test.seen", {"n": 1}, reply_to="nobody.reads.this")
    await client.send(f"event.{eci}.test.seen", {"n": 2})

    await arrived(home, eci, 2)
    await until(lambda: _empty(client))


async def test_expiration_is_how_long_the_asker_waits(home: Home, eci: str, client: Client) -> None:
    await home.engine.operations.pause(eci)

    reply = await client.ask(f"event.{eci}.test.seen", {"n": 1}, expiration=0.2)

    assert (json.loads(reply.body)["directives"], reply.headers["status"]) == ([], 202)
    await home.engine.operations.resume(eci)
    await arrived(home, eci)
