"""CloudEvents: https://github.com/cloudevents/spec, HTTP binding 1.0.2."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Event

EVENT = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order.new.paid", "data": {"item": "tea"}}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
BINARY = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/shop", "ce-type": "order.new"}


def dumped(value: Any) -> bytes:
    import orjson

    return orjson.dumps(value)


async def test_a_structured_event_is_accepted(front: Any) -> None:
    answer = await front.ask("POST", "/c/E/ce", dumped(EVENT), STRUCTURED)

    event = front.engine.accepted[0]
    assert (answer.status, answer.json) == (200, "0193-eid-1")
    assert isinstance(event, Event)
    assert (event.eci, event.domain, event.type) == ("E", "order", "new.paid")
    assert front.engine.members == {
        "item": "tea",
        "_ce": {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order.new.paid"},
    }


async def test_source_and_id_are_the_key(front: Any) -> None:
    await front.ask("POST", "/c/E/ce", dumped(EVENT), STRUCTURED)

    assert front.engine.deliveries[0].key == "ce:/shop 7"


async def test_a_batch_is_accepted_one_by_one(front: Any) -> None:
    answer = await front.ask("POST", "/c/E/ce", dumped([EVENT, {**EVENT, "id": "8"}]), BATCH)

    assert answer.json == ["0193-eid-1", "0193-eid-2"]
    assert [delivery.key for delivery in front.engine.deliveries] == ["ce:/shop 7", "ce:/shop 8"]


async def test_a_batch_with_a_wrong_event_stores_none(front: Any) -> None:
    answer = await front.ask("POST", "/c/E/ce", dumped([EVENT, {"id": "8"}]), BATCH)

    assert (answer.status, front.engine.accepted) == (400, [])


async def test_an_empty_batch_has_no_ids(front: Any) -> None:
    assert (await front.ask("POST", "/c/E/ce", b"[]", BATCH)).json == []


async def test_a_binary_event_has_its_description_in_headers(front: Any) -> None:
    headers = {**BINARY, "ce-subject": "caf%C3%A9", "Content-Type": "application/json"}

    await front.ask("POST", "/c/E/ce", b'{"item":"tea"}', headers)

    assert front.engine.members["item"] == "tea"
    assert front.engine.members["_ce"]["subject"] == "café"


@pytest.mark.parametrize(
    ("body", "media_type", "attrs"),
    [
        (b"words", "text/plain", {"data": "words"}),
        (b"[1]", "application/json", {"data": [1]}),
        (b"\xff\x00", "image/png", {"data_base64": "/wA="}),
        (b"", "application/json", {}),
    ],
)
async def test_data_that_is_no_map_is_one_attribute(
    front: Any, body: bytes, media_type: str, attrs: dict[str, Any]
) -> None:
    await front.ask("POST", "/c/E/ce", body, {**BINARY, "Content-Type": media_type})

    members = front.engine.members
    del members["_ce"]
    assert members == attrs


async def test_the_description_cannot_be_forged(front: Any) -> None:
    await front.ask("POST", "/c/E/ce", dumped({**EVENT, "data": {"_ce": 1, "_headers": 2}}), STRUCTURED)

    assert front.engine.members["_ce"]["id"] == "7"
    assert front.engine.requests[0].attrs["_headers"]["host"] == "localhost:3000"


@pytest.mark.parametrize(
    "change", [{"specversion": "0.3"}, {"id": ""}, {"source": 5}, {"type": "nodomain"}, {"type": ".x"}, {"type": None}]
)
async def test_what_is_no_cloud_event_is_malformed(front: Any, change: dict[str, Any]) -> None:
    answer = await front.ask("POST", "/c/E/ce", dumped({**EVENT, **change}), STRUCTURED)

    assert answer.status == 400


async def test_another_media_type_is_unsupported(front: Any) -> None:
    assert (await front.ask("POST", "/c/E/ce", b"{}", {"Content-Type": "application/json"})).status == 415


async def test_only_post_is_allowed(front: Any) -> None:
    answer = await front.ask("GET", "/c/E/ce")

    assert (answer.status, answer.header("allow")) == (405, "POST, OPTIONS")
