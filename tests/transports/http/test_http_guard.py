"""Who may use `/api`."""

from __future__ import annotations

from typing import Any

import pytest

CONTEXT = "/api/ui-context"


@pytest.mark.parametrize(
    "host", ["localhost:3000", "127.0.0.1", "[::1]:3000", "LOCALHOST", "engine.test", "pico.test:80"]
)
async def test_names_of_ours_are_let_in(make_front: Any, host: str) -> None:
    front = make_front({"base_url": "https://engine.test"}, allowed_hosts=("Pico.test",))

    assert (await front.ask("GET", CONTEXT, headers={"Host": host})).status == 200


@pytest.mark.parametrize("path", [CONTEXT, "/api/flush?url=x", "/API/ui-context/", "/api/none"])
@pytest.mark.parametrize("host", ["foreign.test", "localhost.foreign.test", "", "[", "127.0.0.1.foreign.test"])
async def test_a_foreign_host_is_refused(front: Any, path: str, host: str) -> None:
    assert (await front.ask("GET", path, headers={"Host": host})).status == 403


@pytest.mark.parametrize(
    ("origin", "status"), [("http://localhost:5000", 200), ("http://foreign.test", 403), ("null", 403)]
)
async def test_the_origin_must_be_ours(front: Any, origin: str, status: int) -> None:
    answer = await front.ask("GET", CONTEXT, headers={"Origin": origin})

    assert answer.status == status


async def test_a_foreign_page_cannot_even_read_the_refusal(front: Any) -> None:
    answer = await front.ask("GET", CONTEXT, headers={"Origin": "http://foreign.test"})

    assert answer.header("access-control-allow-origin") is None


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_a_picture_on_a_foreign_page_cannot_flush(front: Any, site: str, status: int) -> None:
    answer = await front.ask("GET", "/api/flush?url=http://x/", headers={"Sec-Fetch-Site": site})

    assert (answer.status, len(front.engine.flushed)) == (status, status == 200)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic secret"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
        ({"Authorization": "bearer secret"}, 200),
        ({"X-Pico-Engine-Token": "secret"}, 200),
    ],
)
async def test_beyond_loopback_the_token_is_needed(make_front: Any, headers: dict[str, str], status: int) -> None:
    front = make_front(host="0.0.0.0", token="secret")

    answer = await front.ask("GET", CONTEXT, headers=headers)

    assert answer.status == status
    assert (answer.header("www-authenticate") == "Bearer") == (status == 401)


async def test_beyond_loopback_without_a_token_the_api_is_closed(make_front: Any) -> None:
    assert (await make_front(host="192.0.2.1").ask("GET", CONTEXT)).status == 403


@pytest.mark.parametrize("path", ["/c/E/query/r/f", "/sky/cloud/E/r/f", "/healthz", "/"])
async def test_everything_else_is_open_to_every_name(make_front: Any, path: str) -> None:
    front = make_front(host="0.0.0.0", token="secret")

    answer = await front.ask("GET", path, headers={"Host": "foreign.test", "Origin": "http://foreign.test"})

    assert answer.status == 200
