"""Whatever a message holds, it is an event or it is refused."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Event, Settings, Undecodable
from engine.errors import DeliveryTooLarge
from transports.amqp.message import Incoming, decoder, delivery_of
from transports.cloud_events import NAME as CLOUD_EVENTS
from transports.cloud_events import decoder as cloud_events_decoder

SETTINGS = Settings(max_body_bytes=10_000)
DECODERS = {"amqp": decoder(SETTINGS), CLOUD_EVENTS: cloud_events_decoder(SETTINGS)}

CLOUD_HEADERS = {
    f"cloudEvents:{name}": value
    for name, value in {"specversion": "1.0", "id": "1", "source": "s", "type": "d.t"}.items()
}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(datetime.now(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(
    st.text(max_size=10) | st.sampled_from([*CLOUD_HEADERS, "x-pico-round", "cloudEvents_time"]), values, max_size=6
)
bodies = (
    st.binary(max_size=200) | st.from_type(dict).map(str).map(str.encode) | st.binary(max_size=50).map(gzip.compress)
)
keys = st.sampled_from(["event.e.d.t", "event.e.d.u"]) | st.text(max_size=40)
types = st.sampled_from(["", "application/json", "application/cloudevents+json", "text/plain; charset=x"]) | st.text()
encodings = st.sampled_from(["", "gzip", "identity", "br"]) | st.text(max_size=5)


def event_of(message: Incoming) -> Event:
    delivery = delivery_of(message, SETTINGS, tls=False)
    event = DECODERS[delivery.decoder](delivery, "eid", 1)
    assert isinstance(event, Event)
    return event


@given(keys, bodies, types, encodings, headers, st.text(max_size=10), st.text(max_size=10))
def test_any_message_is_an_event_or_refused(
    key: str, body: bytes, content_type: str, encoding: str, headers: dict[str, Any], id: str, expiration: str
) -> None:
    message = Incoming(key, body, content_type, encoding, headers, id, expiration=expiration)
    try:
        event = event_of(message)
    except (Undecodable, DeliveryTooLarge):
        return

    assert (event.domain, event.type) == message.address.words[1:]
    orjson.dumps(event.attrs)
    assert message.rounds >= 0


@given(st.dictionaries(st.text(max_size=5), st.integers(-1000, 1000), max_size=5))
def test_the_body_gives_the_attributes(attrs: dict[str, int]) -> None:
    attrs.pop("_headers", None)
    attrs.pop("_ce", None)

    event = event_of(Incoming("event.e.d.t", orjson.dumps(attrs), "application/json", message_id="m"))

    assert event.attrs == {**attrs, "_headers": {}}


def test_a_principal_is_who_the_broker_says_it_is() -> None:
    delivery = delivery_of(Incoming("event.e.d.t", user_id="ann", message_id="m"), SETTINGS, tls=True)

    assert (delivery.principal, delivery.tls, delivery.key) == ("ann", True, "amqp:m")


def test_a_round_that_is_no_number_is_none() -> None:
    assert [Incoming("k", headers={"x-pico-round": value}).rounds for value in (3, -1, "3", True, None)] == [
        3,
        0,
        0,
        0,
        0,
    ]


def test_text_of_headers_keeps_no_tables() -> None:
    given = {"A": b"x", "b": True, "c": 1.5, "d": [1], "e": {"f": 1}, "g": None}

    delivery = delivery_of(Incoming("event.e.d.t", headers=given, message_id="m"), SETTINGS, tls=False)

    assert delivery.headers == {"a": "x", "b": "true", "c": "1.5"}


def test_a_binary_cloud_event_may_hold_anything() -> None:
    text = event_of(Incoming("event.e.d.t", b"hello", "text/plain", headers=CLOUD_HEADERS))
    data = event_of(Incoming("event.e.d.t", b"\xff\x00", "image/x", headers=CLOUD_HEADERS))

    assert (text.attrs["data"], data.attrs["data_base64"]) == ("hello", "/wA=")
    assert text.attrs["_ce"]["datacontenttype"] == "text/plain"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = Incoming("event.e.d.t", gzip.compress(b" " * 50_000_000), "application/json", "gzip")

    tracemalloc.start()
    try:
        with pytest.raises(DeliveryTooLarge):
            delivery_of(bomb, SETTINGS, tls=False)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
