"""What may be shown: bounded, plain, without secrets."""

import orjson
import pytest

from engine.witness.shown import MAX_TEXT, ROOM, masked, shown


@pytest.mark.parametrize("name", ["authorization", "Cookie", "proxy-authorization", "Set-Cookie", "password"])
def test_secrets_are_masked_wherever_they_stand(name):
    value = {"a": [{"_headers": {name: "secret", "host": "x"}}]}

    assert shown(value) == masked(value) == {"a": [{"_headers": {name: "***", "host": "x"}}]}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("see http://ann:pw/x@host/a", "see http://ann:pw/x@host/a"),  # no URL: a slash ends its host
        ("see http://ann:pw@host/a and http://b:@c", "see http://ann:***@host/a and http://b:***@c"),
        ("http://here/callback/k3v9x0k3v9x0k3v9x0k3v9x0k3", "http://here/callback/***"),
        ("http://here/callback/short", "http://here/callback/short"),
    ],
)
def test_what_makes_a_url_a_secret_is_masked(text, seen):
    assert shown(text) == masked(text) == seen
    assert shown({"url": [text]}) == masked({"url": [text]}) == {"url": [seen]}


def test_a_value_that_is_no_text_is_no_secret():
    assert shown({"cookie": {"size": 3}}) == {"cookie": {"size": 3}}


def test_small_values_are_shown_as_they_are():
    value = {"a": [1, 2.5, None, True, "text", {}]}

    assert shown(value) == value


def test_a_long_text_shows_its_beginning_and_its_length():
    assert shown("x" * 10_000) == "x" * MAX_TEXT + "… (10000 characters)"


@pytest.mark.parametrize(
    "value", [["x" * 400] * 1000, {str(n): "y" * 400 for n in range(1000)}, [[[0] * 500] * 500] * 9]
)
def test_a_large_value_is_cut_and_says_so(value):
    told = orjson.dumps(shown(value)).decode()

    assert len(told) < 2 * ROOM
    assert "more" in told


def test_depth_is_bounded():
    value = []
    for _ in range(200):
        value = [value]

    assert "…" in orjson.dumps(shown(value)).decode()


def test_what_json_has_not_becomes_text_or_null():
    def function(h):
        return None

    assert shown([function, float("inf")]) == ["[Function]", None]


def test_masking_keeps_everything_else_whole():
    value = {"a": "x" * 10_000, "b": list(range(5000))}

    assert masked(value) == value
