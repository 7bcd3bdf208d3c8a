"""Deliveries of HTTP become events and queries."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Delivery, DeliveryTooLarge, Event, EventQuery, Query, Settings, Undecodable
from transports.http.decode import decoder

EVENT = ("event", "d", "n")


def attrs(delivery: Delivery, settings: Settings | None = None) -> dict[str, Any]:
    event = decoder(settings or Settings())(delivery, "e", 7)
    assert isinstance(event, Event)
    return event.attrs


def with_json(text: str, content_type: str = "application/json", query: str = "") -> Delivery:
    return Delivery("http", "E", EVENT, text.encode(), content_type, query)


def test_an_event_has_the_words_and_the_time_of_its_acceptance() -> None:
    event = decoder(Settings())(Delivery("http", "E", EVENT), "e", 7)

    assert event == Event("e", "E", "d", "n", {"_headers": {}}, 7)


def test_a_query_has_the_members_as_arguments() -> None:
    query = decoder(Settings())(Delivery("http", "E", ("query", "r", "f"), query="a=1"), "e", 7)

    assert query == Query("e", "E", "r", "f", {"a": "1", "_headers": {}})


def test_an_event_with_a_query_gives_both_the_same_members() -> None:
    both = decoder(Settings())(Delivery("http", "E", (*EVENT, "query", "r", "f"), query="a=1"), "e", 7)

    assert isinstance(both, EventQuery)
    assert both.event.attrs == both.query.args == {"a": "1", "_headers": {}}
    assert (both.event.eid, both.query.eid) == ("e", "e.q")


def test_the_body_wins_over_the_query_string_and_headers_cannot_be_forged() -> None:
    delivery = Delivery(
        "http",
        "E",
        EVENT,
        b'{"a":{"n":[1,null]},"_headers":"x"}',
        "application/json",
        "a=q&z=q&_headers=y",
        {"x-probe": "real"},
    )

    assert attrs(delivery) == {"a": {"n": [1, None]}, "z": "q", "_headers": {"x-probe": "real"}}


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "application/octet-stream", "Application/SSI-Agent-Wire"]
)
def test_these_media_types_are_json(media_type: str) -> None:
    assert attrs(with_json('{"a":1}', media_type))["a"] == 1


def test_forms_are_read() -> None:
    assert attrs(with_json("a=1&b[c]=2", "application/x-www-form-urlencoded", "a=q")) == {
        "a": "1",
        "b[c]": "2",
        "_headers": {},
    }


@pytest.mark.parametrize("media_type", ["text/plain", "", "multipart/form-data; boundary=x", "application/xml"])
def test_other_bodies_are_ignored(media_type: str) -> None:
    assert attrs(with_json('{"a":1}', media_type)) == {"_headers": {}}


def test_an_array_gives_members_by_index() -> None:
    assert attrs(with_json('[5,{"k":1}]')) == {"0": 5, "1": {"k": 1}, "_headers": {}}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert attrs(with_json('\ufeff{"a":1}'))["a"] == 1


@pytest.mark.parametrize("text", ["{oops", '"str"', "5", "null", " ", '{"a":NaN}', "[" * 5000])
def test_a_body_that_is_no_map_or_array_is_refused(text: str) -> None:
    with pytest.raises(Undecodable) as caught:
        attrs(with_json(text))

    assert caught.value.text.startswith("SyntaxError: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1),
        ("1e3", 1000),
        ("9007199254740992", 2**53),
        ("9007199254740993", float(2**53)),
        ("18446744073709551615", 1.8446744073709552e19),
        ("0.5", 0.5),
        ("1e999", None),
    ],
)
def test_numbers_are_krls(text: str, value: Any) -> None:
    found = attrs(with_json(f'{{"a":{text}}}'))["a"]

    assert found == value and type(found) is type(value)


def test_names_that_are_indices_come_first_in_their_order() -> None:
    assert list(attrs(with_json('{"b":1,"10":1,"9":{"x":0,"1":0},"01":1}'))) == ["9", "10", "b", "01", "_headers"]


@pytest.mark.fault(38)
def test_too_many_levels_are_refused() -> None:
    settings = Settings(max_depth=3)

    assert attrs(with_json('{"a":[{}]}'), settings)["a"] == [{}]
    with pytest.raises(DeliveryTooLarge):
        attrs(with_json('{"a":[{"b":[]}]}'), settings)


def test_the_senders_eid_is_shown_unless_a_member_is_called_so() -> None:
    unset = Delivery("http", "E", EVENT, sent_eid="E-77")
    sent = Delivery("http", "E", EVENT, b'{"__eid":"mine"}', "application/json", sent_eid="E-77")

    assert (attrs(unset)["__eid"], attrs(sent)["__eid"]) == ("E-77", "mine")


def test_dropped_headers_reach_no_rule() -> None:
    delivery = Delivery("http", "E", EVENT, headers={"cookie": "s=1", "accept": "*/*"})

    assert attrs(delivery, Settings(drop_headers=("cookie",)))["_headers"] == {"accept": "*/*"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)
BODIES = st.binary(max_size=60) | JSON.map(lambda value: orjson.dumps(value, default=str) if _fits(value) else b"{}")


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@given(
    body=BODIES,
    media_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""]),
    query=st.text(max_size=40),
    words=st.lists(st.text(max_size=4), max_size=6).map(tuple) | st.just(EVENT) | st.just(("query", "r", "f")),
)
def test_any_delivery_is_a_request_or_refused(body: bytes, media_type: str, query: str, words: tuple[str, ...]) -> None:
    delivery = Delivery("http", "E", words, body, media_type, query)

    try:
        request = decoder(Settings())(delivery, "e", 7)
    except (Undecodable, DeliveryTooLarge):
        return

    assert isinstance(request, Event | Query | EventQuery)
