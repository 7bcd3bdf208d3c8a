"""The headers that every answer has, and the answers to OPTIONS."""

from __future__ import annotations

from typing import Any

import pytest

WORDS = "Origin, X-Requested-With, Content-Type, Accept"


@pytest.mark.parametrize("path", ["/c/E/query/r/f", "/c/nosuch/event/d/n", "/nope", "/api/ui-context", "/"])
async def test_every_answer_may_be_read_by_any_page_and_says_how_to_treat_it(front: Any, path: str) -> None:
    answer = await front.ask("GET", path)

    assert answer.all("access-control-allow-origin") == ["*"]
    assert answer.all("access-control-allow-headers") == [WORDS]
    assert answer.header("x-content-type-options") == "nosniff"
    assert "default-src 'self'" in answer.header("content-security-policy")


@pytest.mark.parametrize(
    "path", ["/c/E/event-wait/d/n", "/no/such/path", "/api/ui-context", "/c/E/reply/1", "/c/%zz/event/d/n"]
)
async def test_options_is_answered_on_every_path(front: Any, path: str) -> None:
    answer = await front.ask("OPTIONS", path, headers={"Origin": "http://foreign.test"})

    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("allow") == answer.header("access-control-allow-methods") == "POST, GET, OPTIONS"
    assert (answer.header("access-control-allow-origin"), answer.header("access-control-allow-headers")) == ("*", WORDS)
    assert answer.header("access-control-max-age") == "600"
    assert answer.header("content-security-policy") is None


async def test_strict_transport_security_only_behind_tls(front: Any) -> None:
    plain = await front.ask("GET", "/c/E/query/r/f")
    tls = await front.ask("GET", "/c/E/query/r/f", scheme="https")

    assert plain.header("strict-transport-security") is None
    assert tls.header("strict-transport-security") is not None


@pytest.mark.parametrize(
    ("origin", "allowed"), [("http://ours.test", "http://ours.test"), ("http://foreign.test", None)]
)
async def test_origins_can_be_narrowed(make_front: Any, origin: str, allowed: str | None) -> None:
    front = make_front(cors_origins=("http://ours.test",))

    for method in ("GET", "OPTIONS"):
        answer = await front.ask(method, "/c/E/query/r/f", headers={"Origin": origin})
        assert (answer.header("access-control-allow-origin"), answer.header("vary")) == (allowed, "Origin")
