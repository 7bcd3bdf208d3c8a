"""Routing keys, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import SendRefused, Undecodable
from transports.amqp.keys import MAX_BYTES, Address, address_of, routing_key


def test_a_key_has_four_words() -> None:
    assert address_of("event.eci1.echo.hello") == Address("eci1", "echo", "hello")


def test_a_dot_in_a_word_is_escaped() -> None:
    assert routing_key("event", "e", "echo", "v1.2") == "event.e.echo.v1%2E2"
    assert address_of("event.e.echo.v1%2e2").type == "v1.2"


NO_KEYS = (
    *("", "event", "event.e.d", "event.e.d.t.u", "query.e.d.t"),
    *("event..d.t", "event.e.d.t ", "event.e.d.%", "event.e.d.*"),
)


@pytest.mark.parametrize("key", NO_KEYS)
def test_anything_else_names_no_event(key: str) -> None:
    with pytest.raises(Undecodable):
        address_of(key)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=15)


@given(WORDS, WORDS, WORDS)
def test_what_is_written_is_read(eci: str, domain: str, type: str) -> None:
    try:
        key = routing_key("event", eci, domain, type)
    except SendRefused:
        return

    assert address_of(key) == Address(eci, domain, type)
    assert len(key.encode()) <= MAX_BYTES


def test_a_key_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(SendRefused, match="255"):
        routing_key("event", "e", "d", "x" * 250)


@given(st.text())
def test_any_text_is_an_address_or_refused(key: str) -> None:
    try:
        address = address_of(key)
    except Undecodable:
        return

    assert all(address.words)
