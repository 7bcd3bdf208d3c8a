"""What is answered beside the picos' own routes."""

from __future__ import annotations

from typing import Any

import pytest

from engine import RulesetRefused, SourceUnavailable


async def test_ui_context_is_where_to_start(front: Any) -> None:
    assert (await front.ask("GET", "/api/ui-context")).json == {"version": "1.2.3", "eci": "root-ui"}


@pytest.mark.parametrize("path", ["/API/UI-Context", "/api/ui-context/"])
async def test_old_paths_are_read_as_the_node_engine_reads_them(front: Any, path: str) -> None:
    assert (await front.ask("GET", path)).status == 200


async def test_ui_context_can_only_be_read(front: Any) -> None:
    answer = await front.ask("POST", "/api/ui-context")

    assert (answer.status, set(answer.header("allow").split(", "))) == (405, {"GET", "HEAD"})


async def test_flush_takes_its_url_from_the_query_string_or_the_body(front: Any) -> None:
    await front.ask("GET", "/api/flush?url=http://a.test/x")
    await front.ask("POST", "/api/flush", json={"url": "http://b.test/x"})

    assert front.engine.flushed == ["http://a.test/x", "http://b.test/x"]


@pytest.mark.parametrize("target", ["/api/flush", "/api/flush?url=", "/api/flush?url=a&url=b"])
async def test_flush_needs_a_url(front: Any, target: str) -> None:
    answer = await front.ask("GET", target)

    assert (answer.status, answer.json["error"]) == (400, "TypeError: Expected `url`")


@pytest.mark.parametrize(("error", "status"), [(RulesetRefused("x"), 422), (SourceUnavailable("x"), 502)])
async def test_flush_tells_what_went_wrong(front: Any, error: Exception, status: int) -> None:
    front.engine.outcome = error

    assert (await front.ask("GET", "/api/flush?url=x")).status == status


async def test_our_own_fault_is_500_and_not_told_to_strangers(front: Any) -> None:
    front.engine.outcome = ValueError("secret")

    answer = await front.ask("GET", "/api/flush?url=x")

    assert (answer.status, b"secret" in answer.body) == (500, False)


async def test_legacy_status_holds_for_flush(make_front: Any) -> None:
    answer = await make_front(legacy_status=True).ask("GET", "/api/flush")

    assert (answer.status, answer.json) == (200, {"error": "TypeError: Expected `url`"})


async def test_a_living_process_is_healthy(front: Any) -> None:
    assert (await front.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize(("ready", "stopping", "status"), [(True, False, 200), (False, False, 503), (True, True, 503)])
async def test_ready_is_an_engine_that_takes_events(front: Any, ready: bool, stopping: bool, status: int) -> None:
    front.engine.ready, front.engine.stopping = ready, stopping

    assert (await front.ask("GET", "/readyz")).status == status


async def test_metrics_count_answers_by_route_and_status(front: Any) -> None:
    await front.ask("GET", "/c/E/query/r/f")
    await front.ask("GET", "/c/E/query/r/f")
    await front.ask("GET", "/nope")

    text = (await front.ask("GET", "/metrics")).body.decode()

    assert 'picoengine_http_requests_total{route="query",status="200"} 2.0' in text
    assert 'picoengine_http_requests_total{route="other",status="404"} 1.0' in text
    assert 'picoengine_http_request_seconds_count{route="query"} 2.0' in text


async def test_the_page_says_what_this_is_and_holds_no_capability(front: Any) -> None:
    answer = await front.ask("GET", "/")

    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert b"version 1.2.3" in answer.body
    assert b"root-ui" not in answer.body


async def test_the_page_escapes_what_it_shows(make_front: Any) -> None:
    answer = await make_front({"base_url": "http://x/<script>"}).ask("GET", "/")

    assert b"<script>" not in answer.body and b"x/&lt;script&gt;" in answer.body


async def test_the_page_needs_nothing_that_its_policy_forbids(front: Any) -> None:
    page = (await front.ask("GET", "/")).body

    assert page.count(b"<script") == 1 and b'<script src="/welcome.js">' in page
    assert (await front.ask("GET", "/welcome.js")).header("content-type") == "text/javascript; charset=utf-8"
