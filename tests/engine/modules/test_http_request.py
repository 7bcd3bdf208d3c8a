"""From KRL's arguments to a request, and from an answer to KRL's map (docs: modules, "http")."""

from __future__ import annotations

from typing import Any

import pytest

from engine.effects.web import WebAnswer
from engine.modules.http_request import form_encoded, response_map, web_request
from krl import KRLTypeError, KRLValueError

URL = "http://h/p"


def sent(**arguments: Any) -> tuple[str | None, bytes | None]:
    """Media type and body of a POST with these arguments."""
    request = web_request("POST", URL, **arguments)
    return request.headers.get("content-type"), request.body


@pytest.mark.parametrize("url", [None, "", 0, False])
def test_a_url_is_needed(url: Any) -> None:
    with pytest.raises(KRLValueError, match=r"^http:get needs a url string$"):
        web_request("GET", url)


@pytest.mark.parametrize(("url", "text"), [(5, "5"), ({"a": 1}, r"\[Map\]"), ([1], r"\[Array\]"), (True, "true")])
def test_a_url_is_a_text(url: Any, text: str) -> None:
    with pytest.raises(KRLTypeError, match=f"^http:put was given {text} instead of a url string$"):
        web_request("PUT", url)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ({"a": [1, 2], "m": {"k": "v"}}, "a%5B0%5D=1&a%5B1%5D=2&m%5Bk%5D=v"),
        ({"a": "b c", "é": "ü&="}, "a=b%20c&%C3%A9=%C3%BC%26%3D"),
        ({"safe": "Az09-_.~", "not": "!*'()/"}, "safe=Az09-_.~&not=%21%2A%27%28%29%2F"),
        ({"t": True, "f": False, "n": None, "x": 1.5}, "t=true&f=false&n=&x=1.5"),
        ({"a": [], "b": {}, "c": 1}, "c=1"),
        ({"a": {"b": [{"c": 1}]}}, "a%5Bb%5D%5B0%5D%5Bc%5D=1"),
        ({}, ""),
        (None, ""),
        ("a=1", ""),
    ],
)
def test_a_map_is_encoded_as_a_form(value: Any, encoded: str) -> None:
    assert form_encoded(value) == encoded


@pytest.mark.parametrize(
    ("url", "joined"),
    [
        ("http://h/p", "http://h/p?a=1"),
        ("http://h/p?b=2", "http://h/p?b=2&a=1"),
        ("http://h/p#top", "http://h/p?a=1#top"),
        ("http://h/p?b=2#top", "http://h/p?b=2&a=1#top"),
    ],
)
def test_the_query_joins_what_the_url_has(url: str, joined: str) -> None:
    assert web_request("GET", url, qs={"a": 1}).url == joined


@pytest.mark.parametrize("qs", [None, {}, [1], "a=1"])
def test_without_a_map_the_url_stays(qs: Any) -> None:
    assert web_request("GET", URL, qs=qs).url == URL


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        ({"body": "words", "json": {"a": 1}, "form": {"b": 2}}, ("text/plain;charset=UTF-8", b"words")),
        ({"body": [1]}, ("text/plain;charset=UTF-8", b"[Array]")),
        ({"body": "", "json": {"k": [1, 2]}, "form": {"b": 2}}, ("application/json", b'{"k":[1,2]}')),
        ({"json": 0, "form": {"k": "v w"}}, ("application/x-www-form-urlencoded", b"k=v%20w")),
        ({"json": False}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_body_goes_before_json_and_json_before_form(arguments: dict[str, Any], content: Any) -> None:
    assert sent(**arguments) == content


def test_a_given_content_type_stays_however_it_is_spelled() -> None:
    assert sent(json={"a": 1}, headers={"Content-TYPE": "text/x"}) == ("text/x", b'{"a":1}')


def test_header_values_are_texts_and_other_headers_are_ignored() -> None:
    assert dict(web_request("GET", URL, headers={"X-A": 1, "b": None}).headers) == {"x-a": "1", "b": "null"}
    assert dict(web_request("GET", URL, headers=["x"]).headers) == {}


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"username": "bo", "password": "pw"}, "Basic Ym86cHc="),
        ({"username": "bo"}, "Basic Ym86"),
        ({"username": 5, "password": "pw"}, None),
        ({"password": "pw"}, None),
        ("bo:pw", None),
    ],
)
def test_a_user_name_makes_basic_authorisation(auth: Any, header: str | None) -> None:
    assert web_request("GET", URL, auth=auth).headers.get("authorization") == header


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["body", "json", "form"])
def test_get_and_head_have_no_body(method: str, name: str) -> None:
    with pytest.raises(KRLTypeError, match=r"^Request with GET/HEAD method cannot have body$"):
        web_request(method, URL, **{name: {"a": 1}})


def answer(body: bytes = b"", **headers: str) -> WebAnswer:
    return WebAnswer(200, "OK", {name.replace("_", "-"): value for name, value in headers.items()}, body, URL)


def test_an_answer_is_a_map_of_six_members() -> None:
    assert response_map(answer(b"words", content_type="text/x", content_length="5"), False) == {
        "content": "words",
        "content_type": "text/x",
        "content_length": 5,
        "headers": {"content-type": "text/x", "content-length": "5"},
        "status_code": 200,
        "status_line": "OK",
    }


def test_what_the_answer_does_not_tell_is_null_or_0() -> None:
    told = response_map(answer(b"words"), False)

    assert (told["content_type"], told["content_length"]) == (None, 0)


@pytest.mark.parametrize("length", ["", "many", "-1", "²", "9" * 30])
def test_a_length_that_is_no_number_is_0(length: str) -> None:
    assert response_map(answer(content_length=length), False)["content_length"] == 0


@pytest.mark.parametrize(
    ("body", "parse", "content"),
    [
        (b'{"a": [1]}', True, {"a": [1]}),
        (b'{"a": [1]}', False, '{"a": [1]}'),
        (b"no json", True, "no json"),
        (b"", True, ""),
        ("Grüße".encode(), False, "Grüße"),
        (b"\xff", False, "\ufffd"),
    ],
)
def test_the_content_is_decoded_if_asked_for_and_possible(body: bytes, parse: bool, content: Any) -> None:
    assert response_map(answer(body), parse)["content"] == content
