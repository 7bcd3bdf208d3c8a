"""Which pico and event an address means."""

from __future__ import annotations

import pytest

from engine import ChannelNotFound, PolicyRefused, Undecodable
from transports.smtp.address import Target, alias_from, resolve, split_address

ECI = "ck2abcdefghijklmnopqrstuvw"
ALIASES = {"orders": alias_from(f"{ECI} order:new shop")}


def admit(eci: str, words: tuple[str, ...]) -> None:
    if eci not in (ECI, "OldEci9"):
        raise ChannelNotFound(eci)
    if words[1] == "closed":
        raise PolicyRefused("Denied by channel policy")


def found(local: str) -> Target:
    return resolve(local, ALIASES, admit)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (f"x+{ECI}", Target(ECI, profile="x")),
        (f"x+{ECI}+order", Target(ECI, "order", profile="x")),
        (f"x+{ECI}+order+new", Target(ECI, "order", "new", "x")),
        (f"x+{ECI}+order+new+a+b", Target(ECI, "order", "new", "x", "a+b")),
        (f"x.{ECI}", Target(ECI, profile="x")),
        (f"x.{ECI}.mail.sent", Target(ECI, "mail", "sent", "x")),
        (f"x.{ECI}.mail.sent.a.b", Target(ECI, "mail", "sent", "x", "a.b")),
        (f"x.{ECI}+label", Target(ECI, profile="x", tag="label")),
        (ECI, Target(ECI)),
        (f"{ECI}.order.new", Target(ECI, "order", "new")),
        ("orders", Target(ECI, "order", "new", "shop")),
        ("orders+today", Target(ECI, "order", "new", "shop", "today")),
    ],
)
def test_every_form_is_read(local: str, expected: Target) -> None:
    assert found(local) == expected


def test_an_eci_that_was_folded_on_its_way_is_found() -> None:
    assert found(f"X+{ECI.upper()}+order").eci == ECI


def test_an_eci_from_elsewhere_is_taken_as_it_is_written() -> None:
    assert found("x+OldEci9").eci == "OldEci9"


def test_an_alias_that_was_folded_is_found() -> None:
    assert found("ORDERS").eci == ECI


def test_a_policy_is_asked_about_the_event_of_the_address() -> None:
    with pytest.raises(PolicyRefused):
        found(f"x+{ECI}+closed+door")


def test_nobody_answers_to_an_unknown_address() -> None:
    with pytest.raises(ChannelNotFound):
        found("somebody")


@pytest.mark.parametrize("local", ["x..order", "x.", ".", "+", "x++a"])
def test_a_missing_word_makes_no_address(local: str) -> None:
    with pytest.raises((Undecodable, ChannelNotFound)):
        found(local)


def test_more_than_64_bytes_stand_before_no_at() -> None:
    with pytest.raises(Undecodable):
        split_address("a" * 65 + "@example.org")


def test_quotes_are_no_part_of_a_local_part() -> None:
    assert split_address(f'"x.{ECI}"@Example.ORG') == (f"x.{ECI}", "example.org")


@pytest.mark.parametrize("text", ["", "a b", "a b:c d e", "a :c"])
def test_an_alias_that_names_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        alias_from(text)
