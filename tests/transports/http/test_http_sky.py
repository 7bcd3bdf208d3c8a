"""`/sky/event`: cookies, redirects, raw answers; only there."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Reply

PATH = "/sky/event/E/none/d/n"


def directive(name: str, options: dict[str, Any], rule: str = "one") -> dict[str, Any]:
    return {
        "type": "directive",
        "name": name,
        "options": options,
        "meta": {"rid": "r", "rule_name": rule, "txnId": "e"},
    }


def reply(*directives: dict[str, Any]) -> Reply:
    return Reply("e", list(directives))


async def test_directives_are_json_like_those_of_event_wait(front: Any) -> None:
    front.engine.outcome = reply(directive("say", {}))

    assert (await front.ask("GET", PATH)).json == {"eid": "e", "directives": [directive("say", {})]}


@pytest.mark.parametrize(("eid", "members"), [("none", {"x": "1"}), ("E-77", {"x": "1", "__eid": "E-77"})])
async def test_the_eid_of_the_path_is_an_attribute(front: Any, eid: str, members: dict[str, str]) -> None:
    await front.ask("GET", f"/sky/event/E/{eid}/d/n?x=1")

    assert front.engine.members == members
    assert front.engine.deliveries[0].key is None


async def test_the_eid_is_a_key_where_a_setting_says_so(make_front: Any) -> None:
    front = make_front({"sky_eid_is_key": True})

    await front.ask("GET", "/sky/event/E/E-77/d/n")
    await front.ask("GET", PATH)

    assert [delivery.key for delivery in front.engine.deliveries] == ["sky:E-77", None]


async def test_cookies_are_set_in_order(front: Any) -> None:
    front.engine.outcome = reply(
        directive("_cookie", {"cookie": "k=1; Path=/"}), directive("_cookie", {"cookie": "m=2"})
    )

    answer = await front.ask("GET", PATH)

    assert answer.all("set-cookie") == ["k=1; Path=/", "m=2"]
    assert len(answer.json["directives"]) == 2


async def test_the_first_redirect_wins_and_cookies_stay(front: Any) -> None:
    front.engine.outcome = reply(
        directive("_redirect", {"url": "http://a.test/é%20"}),
        directive("_redirect", {"url": "http://b.test/"}),
        directive("_cookie", {"cookie": "k=1"}),
    )

    answer = await front.ask("GET", PATH)

    assert (answer.status, answer.header("location")) == (302, "http://a.test/%C3%A9%20")
    assert answer.body == b"Found. Redirecting to http://a.test/%C3%A9%20"
    assert answer.all("set-cookie") == ["k=1"]


async def test_a_raw_directive_is_the_answer(front: Any) -> None:
    options = {
        "content": "<b>",
        "content_type": "text/html",
        "status": 201,
        "headers": {"X-A": "1", "Link": ["a", "b"]},
    }
    front.engine.outcome = reply(directive("say", {}), directive("_raw", options))

    answer = await front.ask("GET", PATH)

    assert (answer.status, answer.body, answer.header("content-type")) == (201, b"<b>", "text/html")
    assert (answer.header("x-a"), answer.all("link")) == ("1", ["a", "b"])


async def test_a_rules_header_stands_instead_of_the_common_one(front: Any) -> None:
    front.engine.outcome = reply(directive("_raw", {"headers": {"X-Frame-Options": "DENY"}}))

    assert (await front.ask("GET", PATH)).all("x-frame-options") == ["DENY"]


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(front: Any, status: int) -> None:
    front.engine.outcome = reply(directive("_raw", {"status": status, "content": "lost"}))

    answer = await front.ask("GET", PATH)

    assert (answer.status, answer.body, answer.header("content-length")) == (status, b"", None)


async def test_a_raw_directive_may_be_binary(front: Any) -> None:
    front.engine.outcome = reply(directive("_raw", {"content": "/wA=", "encoding": "base64"}))

    assert (await front.ask("GET", PATH)).body == b"\xff\x00"


async def test_the_engine_is_asked_to_allow_one_raw_directive_only(front: Any) -> None:
    await front.ask("GET", PATH)
    await front.ask("GET", "/c/E/event-wait/d/n")

    assert [delivery.one_answer for delivery in front.engine.deliveries] == [True, False]


async def test_two_raw_directives_name_both_rules(front: Any) -> None:
    front.engine.outcome = reply(directive("_raw", {}), directive("_raw", {}, "two"))

    answer = await front.ask("GET", PATH)

    assert answer.status == 500
    assert "rule one of r" in answer.json["error"] and "rule two of r" in answer.json["error"]


@pytest.mark.parametrize(
    "options",
    [
        {"content": 5},
        {"status": 99},
        {"status": "200"},
        {"content_type": "a\r\nb: c"},
        {"headers": {"X": "a\r\nb: c"}},
        {"headers": {"X Y": "a"}},
        {"headers": {"Content-Length": "7"}},
        {"headers": 5},
        {"headers": {"Content-Type": "text/html"}},
        {"encoding": "rot13"},
        {"content": "?", "encoding": "base64"},
    ],
)
async def test_a_raw_directive_that_cannot_be_sent_is_the_rules_error(front: Any, options: dict[str, Any]) -> None:
    front.engine.outcome = reply(directive("_raw", options))

    answer = await front.ask("GET", PATH)

    assert (answer.status, answer.header("x")) == (500, None)
    assert "rule one of r" in answer.json["error"]


async def test_a_cookie_cannot_bring_a_second_header(front: Any) -> None:
    front.engine.outcome = reply(directive("_cookie", {"cookie": "a=1\r\nx-evil: 1"}))

    answer = await front.ask("GET", PATH)

    assert (answer.status, answer.header("x-evil")) == (500, None)


async def test_other_routes_do_not_read_these_directives(front: Any) -> None:
    front.engine.outcome = reply(
        directive("_redirect", {"url": "http://a.test/"}), directive("_cookie", {"cookie": "a=1"})
    )

    answer = await front.ask("GET", "/c/E/event-wait/d/n")

    assert (answer.status, answer.header("set-cookie"), len(answer.json["directives"])) == (200, None, 2)
