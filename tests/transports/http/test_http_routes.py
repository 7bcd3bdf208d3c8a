"""What each route hands to the engine and answers, and which status each error has."""

from __future__ import annotations

from typing import Any

import pytest

from engine import (
    ChannelNotFound,
    Conflict,
    DeliveryTooLarge,
    Event,
    FunctionNotFound,
    InvalidValue,
    KeyReused,
    Overloaded,
    PolicyRefused,
    Query,
    QueryFailed,
    Reply,
    RuleFailed,
    RulesetNotFound,
    RulesetRefused,
    SourceUnavailable,
    Stopping,
    StoreUnavailable,
    TimedOut,
    Undecodable,
    UnsupportedMedia,
)

WAITED = "/c/E/event-wait/d/n"
DIRECTIVE = {"type": "directive", "name": "say", "options": {}, "meta": {}}
HOME = RulesetRefused("Undefined id: x")


def rule_failed(cause: Exception | None) -> RuleFailed:
    return RuleFailed("TypeError", "b cannot be subtracted from a", "r", "one", 3, cause)


# --- events and queries ---------------------------------------------------------------------------------------


async def test_an_accepted_event_is_answered_with_its_bare_id(front: Any) -> None:
    answer = await front.ask("POST", "/c/E/event/d/n", json={"a": 1})

    assert (answer.status, answer.body) == (200, b'"0193-eid-1"')
    assert front.engine.members == {"a": 1}


async def test_a_waited_event_is_answered_with_its_directives(front: Any) -> None:
    front.engine.outcome = Reply("0193", [DIRECTIVE])

    answer = await front.ask("GET", WAITED + "?a=1&a=2")

    assert answer.json == {"eid": "0193", "directives": [DIRECTIVE]}
    assert answer.header("content-type") == "application/json; charset=utf-8"
    assert front.engine.members == {"a": ["1", "2"]}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_every_method_sends_an_event(front: Any, method: str) -> None:
    assert (await front.ask(method, WAITED)).status == 200
    assert isinstance(front.engine.requests[0], Event)


async def test_another_method_is_refused(front: Any) -> None:
    answer = await front.ask("TRACE", WAITED)

    assert (answer.status, front.engine.requests) == (405, [])


async def test_an_event_with_a_query_is_answered_with_the_value(front: Any) -> None:
    front.engine.outcome = Reply("0193", [], {"total": 5}, is_query=True)

    answer = await front.ask("POST", "/c/E/event/d/n/query/r.x/page.html", json={})

    assert answer.json == {"total": 5}
    assert front.engine.requests[0].query.name == "page.html"


@pytest.mark.parametrize(
    "path", ["/c/E/query/r.x/f", "/sky/cloud/E/r.x/f", "/c/E/query/r.x/f.json", "/c/E/query/r.x/f.a.html"]
)
async def test_a_query_is_answered_with_json(front: Any, path: str) -> None:
    front.engine.outcome = Reply("q", value="<p>", is_query=True)

    answer = await front.ask("GET", path)

    assert (answer.status, answer.body) == (200, b'"<p>"')
    assert isinstance(front.engine.requests[0], Query) and front.engine.requests[0].name == "f"


@pytest.mark.parametrize(
    ("suffix", "media_type"), [("html", "text/html; charset=utf-8"), ("txt", "text/plain; charset=utf-8")]
)
async def test_a_text_is_shown_as_it_is(front: Any, suffix: str, media_type: str) -> None:
    front.engine.outcome = Reply("q", value="<p>é", is_query=True)

    answer = await front.ask("GET", f"/c/E/query/r/f.{suffix}")

    assert (answer.body.decode(), answer.header("content-type")) == ("<p>é", media_type)


async def test_null_is_null_in_json_and_nothing_in_html(front: Any) -> None:
    front.engine.outcome = Reply("q", value=None, is_query=True)

    assert (await front.ask("GET", "/c/E/query/r/f")).body == b"null"
    assert (await front.ask("GET", "/c/E/query/r/f.html")).body == b""


async def test_only_a_text_can_be_shown_as_html(front: Any) -> None:
    front.engine.outcome = Reply("q", value=42, is_query=True)

    assert (await front.ask("GET", "/c/E/query/r/f.html")).status == 500


async def test_a_name_that_is_only_a_suffix_is_missing(front: Any) -> None:
    answer = await front.ask("GET", "/c/E/query/r/.html")

    assert (answer.status, answer.json["error"]) == (400, "Error: missing query.name")


async def test_half_a_surrogate_pair_can_be_answered(front: Any) -> None:
    front.engine.outcome = Reply("q", value="a\ud800", is_query=True)

    assert (await front.ask("GET", "/c/E/query/r/f")).body == b'"a\\ud800"'
    assert (await front.ask("GET", "/c/E/query/r/f.txt")).body.decode() == "a\ufffd"


# --- later ----------------------------------------------------------------------------------------------------


async def test_who_prefers_not_to_wait_is_told_where_to_ask(front: Any) -> None:
    answer = await front.ask("POST", WAITED, headers={"Prefer": "respond-async"})

    assert (answer.status, answer.json) == (202, {"eid": "0193-eid-1", "directives": []})
    assert answer.header("location") == "/c/E/reply/0193-eid-1"
    assert len(front.engine.accepted) == 1


async def test_the_wait_limit_is_answered_with_where_to_ask(front: Any) -> None:
    front.engine.outcome = Reply("0193", [], pending=True)

    answer = await front.ask("POST", WAITED)

    assert (answer.status, answer.header("location")) == (202, "/c/E/reply/0193")


async def test_a_reply_can_be_asked_for(front: Any) -> None:
    front.engine.replies[("E", "0193")] = Reply("0193", [DIRECTIVE])

    assert (await front.ask("GET", "/c/E/reply/0193")).json == {"eid": "0193", "directives": [DIRECTIVE]}
    assert (await front.ask("GET", "/c/F/reply/0193")).status == 404


async def test_a_reply_that_is_not_there_yet_is_202(front: Any) -> None:
    front.engine.replies[("E", "0193")] = Reply("0193", [], pending=True)

    assert (await front.ask("GET", "/c/E/reply/0193")).status == 202


async def test_the_reply_of_a_failed_event_is_its_failure(front: Any) -> None:
    front.engine.replies[("E", "0193")] = rule_failed(None)

    assert (await front.ask("GET", "/c/E/reply/0193")).status == 500


async def test_a_reply_can_only_be_read(front: Any) -> None:
    answer = await front.ask("POST", "/c/E/reply/0193")

    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")


# --- keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key"), [(WAITED, "http:k 1"), ("/c/E/event/d/n", "http:k 1"), ("/c/E/query/r/f", None)]
)
async def test_an_idempotency_key_is_an_events(front: Any, path: str, key: str | None) -> None:
    await front.ask("POST", path, headers={"Idempotency-Key": "k 1"})

    assert front.engine.deliveries[0].key == key


async def test_an_endless_key_is_malformed(front: Any) -> None:
    assert (await front.ask("POST", WAITED, headers={"Idempotency-Key": "k" * 256})).status == 400


# --- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Undecodable("x"), 400),
        (InvalidValue("x"), 400),
        (PolicyRefused("Denied by channel policy"), 403),
        (ChannelNotFound("E"), 404),
        (RulesetNotFound("r"), 404),
        (FunctionNotFound("r", "f"), 404),
        (Conflict("x"), 409),
        (DeliveryTooLarge("x"), 413),
        (UnsupportedMedia("x"), 415),
        (RulesetRefused("x"), 422),
        (KeyReused("x"), 422),
        (Overloaded("x"), 429),
        (rule_failed(None), 500),
        (rule_failed(InvalidValue("x")), 400),
        (rule_failed(Conflict("x")), 409),
        (rule_failed(HOME), 422),
        (rule_failed(SourceUnavailable("x")), 502),
        (rule_failed(ChannelNotFound("F")), 500),
        (QueryFailed("TypeError", "x", "r", None, 3, InvalidValue("x")), 500),
        (ValueError("secret"), 500),
        (SourceUnavailable("x"), 502),
        (StoreUnavailable("x"), 503),
        (Stopping("x"), 503),
        (TimedOut("x"), 504),
    ],
)
async def test_each_error_has_its_status(front: Any, error: Exception, status: int) -> None:
    front.engine.outcome = error

    answer = await front.ask("POST", WAITED)

    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.header("content-type") == "application/problem+json"


async def test_a_problem_tells_what_is_known(front: Any) -> None:
    front.engine.outcome = rule_failed(None)
    front.engine.outcome.eid = "0193"

    assert (await front.ask("POST", WAITED)).json == {
        "error": "TypeError: b cannot be subtracted from a",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "b cannot be subtracted from a",
        "eid": "0193",
        "rid": "r",
        "rule": "one",
        "line": 3,
    }


@pytest.mark.parametrize("error", [Overloaded("x"), StoreUnavailable("x")])
async def test_who_may_come_again_is_told_when(front: Any, error: Exception) -> None:
    front.engine.outcome = error

    assert (await front.ask("POST", WAITED)).header("retry-after") == "1"


async def test_our_own_fault_is_not_told_to_strangers(front: Any) -> None:
    front.engine.outcome = ValueError("secret")

    assert b"secret" not in (await front.ask("POST", WAITED)).body


async def test_legacy_status_is_200_and_the_text_alone(make_front: Any) -> None:
    front = make_front(legacy_status=True)
    front.engine.outcome = PolicyRefused("Denied by channel policy")

    answer = await front.ask("POST", WAITED)

    assert (answer.status, answer.json) == (200, {"error": "Error: Denied by channel policy"})
    assert answer.header("content-type") == "application/json; charset=utf-8"


async def test_legacy_status_leaves_unknown_routes_404(make_front: Any) -> None:
    assert (await make_front(legacy_status=True).ask("GET", "/nope")).status == 404


@pytest.mark.parametrize("path", ["/nope", "/c/E", "/sky/event/E/d/n", "/c/E/event/d"])
async def test_an_unknown_route_is_404(front: Any, path: str) -> None:
    answer = await front.ask("POST", path)

    assert (answer.status, answer.json["error"]) == (404, f"Error: Cannot POST {path}")


async def test_a_bad_percent_sequence_is_malformed(front: Any) -> None:
    answer = await front.ask("GET", "/c/E/query/r/%zz")

    assert (answer.status, answer.json["error"]) == (400, "URIError: Failed to decode param '%zz'")


async def test_a_body_for_an_unknown_channel_is_not_read(front: Any) -> None:
    answer = await front.ask("POST", "/c/nosuch/event/d/n", b"x" * 10)

    assert (answer.status, answer.json["error"]) == (404, "Error: ECI not found nosuch")
    assert answer.header("connection") == "close"


async def test_a_body_that_a_policy_keeps_out_is_not_read(front: Any) -> None:
    answer = await front.ask("POST", "/c/closed/event/d/n", b"x" * 10)

    assert (answer.status, answer.json["error"]) == (403, "Error: Denied by channel policy")
    assert answer.header("connection") == "close"


async def test_a_body_over_the_limit_is_refused(make_front: Any) -> None:
    front = make_front({"max_body_bytes": 10})

    assert (await front.ask("POST", WAITED, b"x" * 11)).json[
        "error"
    ] == "PayloadTooLargeError: request entity too large"
    assert (await front.ask("POST", WAITED, b"x" * 10)).status == 200


async def test_nothing_is_taken_in_while_stopping(front: Any) -> None:
    front.application.stopping = True

    answer = await front.ask("POST", WAITED)

    assert (answer.status, answer.header("retry-after"), front.engine.requests) == (503, "1", [])


async def test_repeated_headers_are_joined(front: Any) -> None:
    from transports.http.headers import request_headers

    assert request_headers([(b"a", b"1"), (b"a", b"2"), (b"cookie", b"x=1"), (b"cookie", b"y=2")]) == {
        "a": "1, 2",
        "cookie": "x=1; y=2",
    }
