"""The network client against a server of this test, on this machine."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.effects import web
from engine.effects.web import WebFailed, WebLimits, WebRequest
from engine.errors import SourceUnavailable

LIMITS = WebLimits(seconds=5.0)
ANSWERS: dict[str, bytes] = {
    "/text": b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nwords",
    "/chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
    "/twice": b"HTTP/1.1 200 OK\r\nX-Y: 1\r\nx-y: 2\r\ncontent-length: 0\r\n\r\n",
    "/missing": b"HTTP/1.1 404 Nowhere To Be Found\r\ncontent-length: 4\r\n\r\ngone",
    "/broken": b"this is no HTTP\r\n\r\n",
    "/cut": b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort",
    "/nothing": b"",
    "/large": b"HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n\r\n" + b"x" * 3000,
    "/loop": b"HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n",
    "/away": b"HTTP/1.1 302 Found\r\nlocation: ftp://h/\r\ncontent-length: 0\r\n\r\n",
    "/nowhere": b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
}


@dataclass
class Server:
    """Answers by path, and keeps what it was asked."""

    port: int = 0
    asked: list[str] = field(default_factory=list)  # requests as they came
    answers: dict[str, bytes] = field(default_factory=lambda: dict(ANSWERS))
    stuck: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next((line[15:] for line in head.splitlines() if line.lower().startswith("content-length:")), "0")
            self.asked.append(head + (await reader.readexactly(int(length))).decode())
            path = head.split(" ")[1].partition("?")[0]
            if path == "/stuck":
                await self.stuck.wait()
            writer.write(self.answers.get(path, ANSWERS["/missing"]))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1")
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    server.stuck.set()
    listening.close()
    await listening.wait_closed()


async def get(server: Server, path: str, **limits: Any) -> web.WebAnswer:
    return await web.fetch(WebRequest("GET", server.url(path)), WebLimits(**limits) if limits else LIMITS)


def first_line(asked: str) -> str:
    return asked.splitlines()[0].removesuffix(" HTTP/1.1")


def header(asked: str, name: str) -> str | None:
    for line in asked.split("\r\n\r\n")[0].splitlines()[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return None


# --- what goes out ----------------------------------------------------------------------------------------


async def test_a_request_goes_out_as_it_was_given(server: Server) -> None:
    await web.fetch(WebRequest("PUT", server.url("/text?a=b%5B0%5D"), {"x-y": "Grüße"}, b"body"), LIMITS)

    (asked,) = server.asked
    assert first_line(asked) == "PUT /text?a=b%5B0%5D"
    assert (header(asked, "x-y"), asked.split("\r\n\r\n")[1]) == ("Grüße", "body")


async def test_the_user_agent_is_ours_unless_given(server: Server) -> None:
    await get(server, "/text")
    await web.fetch(WebRequest("GET", server.url("/text"), {"user-agent": "mine"}), LIMITS)

    assert [header(asked, "user-agent") for asked in server.asked] == ["pico-engine-core-http", "mine"]


async def test_a_header_cannot_smuggle_another(server: Server) -> None:
    with pytest.raises(WebFailed):
        await web.fetch(WebRequest("GET", server.url("/text"), {"x": "1\r\nx-evil: 2"}), LIMITS)

    assert server.asked == []


# --- what comes back --------------------------------------------------------------------------------------


async def test_an_answer_has_its_status_phrase_headers_and_body(server: Server) -> None:
    answer = await get(server, "/text")

    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"words")
    assert answer.headers == {"content-type": "text/plain", "content-length": "5"}


async def test_a_bad_status_is_an_answer_with_the_phrase_that_came(server: Server) -> None:
    answer = await get(server, "/missing")

    assert (answer.status, answer.reason, answer.body) == (404, "Nowhere To Be Found", b"gone")


async def test_repeated_headers_are_joined(server: Server) -> None:
    assert (await get(server, "/twice")).headers["x-y"] == "1, 2"


async def test_a_chunked_body_is_put_together(server: Server) -> None:
    assert (await get(server, "/chunked")).body == b"onetwo"


@pytest.mark.parametrize(("name", "press"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_compression_is_undone(server: Server, name: str, press: Callable[[bytes], bytes]) -> None:
    body = press(b"words" * 100)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {name}\r\ncontent-length: {len(body)}\r\n\r\n"
    server.answers["/pressed"] = head.encode() + body

    assert (await get(server, "/pressed")).body == b"words" * 100


# --- limits and failures ----------------------------------------------------------------------------------


@pytest.mark.fault(33)
async def test_an_answer_may_be_as_long_as_the_limit_and_no_longer(server: Server) -> None:
    assert len((await get(server, "/large", max_bytes=3000)).body) == 3000

    with pytest.raises(WebFailed, match="longer than 2999 bytes"):
        await get(server, "/large", max_bytes=2999)


@pytest.mark.fault(33)
async def test_the_limit_holds_for_the_body_after_decompression(server: Server) -> None:
    body = gzip.compress(b"x" * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n"
    server.answers["/bomb"] = head.encode() + body

    with pytest.raises(WebFailed, match="longer than 10000 bytes"):
        await get(server, "/bomb", max_bytes=10_000)


@pytest.mark.fault(33)
async def test_the_time_limit_covers_everything(server: Server) -> None:
    with pytest.raises(WebFailed) as failed:
        async with asyncio.timeout(10):
            await get(server, "/stuck", seconds=0.05)

    assert str(failed.value) == f"request to {server.url('/stuck')} failed, reason: no answer within 0.05 s"


@pytest.mark.parametrize("path", ["/broken", "/cut", "/nothing"])
async def test_an_answer_that_is_none_is_a_failure(server: Server, path: str) -> None:
    with pytest.raises(WebFailed) as failed:
        await get(server, path)

    assert str(failed.value).startswith(f"request to {server.url(path)} failed, reason: ")
    assert len(failed.value.reason) > 3


async def test_nobody_there_is_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so that nobody else has the port, and not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(WebFailed):
            await web.fetch(WebRequest("GET", url), LIMITS)


@pytest.mark.parametrize("url", ["ftp://h/", "/relative", "http://", "http://h:port/", "http://[bad/", "nonsense", ""])
async def test_what_is_no_web_address_is_a_failure(url: str) -> None:
    with pytest.raises(WebFailed):
        await web.fetch(WebRequest("GET", url), LIMITS)


async def test_a_password_in_a_url_is_not_told() -> None:
    with pytest.raises(WebFailed) as failed:
        await web.fetch(WebRequest("GET", "ftp://me:secret@h/x@y"), LIMITS)

    assert str(failed.value).startswith("request to ftp://h/x@y failed")


# --- redirects --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET /text"),
        ("POST", 302, "GET /text"),
        ("POST", 303, "GET /text"),
        ("POST", 307, "POST /text"),
        ("POST", 308, "POST /text"),
        ("PUT", 302, "PUT /text"),
        ("DELETE", 303, "GET /text"),
        ("HEAD", 303, "HEAD /text"),
    ],
)
async def test_the_method_after_a_redirect_is_that_of_the_fetch_standard(
    server: Server, method: str, status: int, then: str
) -> None:
    server.answers["/go"] = f"HTTP/1.1 {status} Go\r\nlocation: /text\r\ncontent-length: 0\r\n\r\n".encode()
    body = None if method == "HEAD" else b"body"

    await web.fetch(WebRequest(method, server.url("/go"), {"content-type": "text/x"}, body), LIMITS)

    asked = server.asked[1]
    assert first_line(asked) == then
    kept = then.split()[0] == method
    assert header(asked, "content-type") == ("text/x" if kept else None)
    assert asked.endswith("\r\n\r\nbody") == (kept and body is not None)


async def test_a_redirect_is_the_answer_when_it_is_not_followed(server: Server) -> None:
    answer = await web.fetch(WebRequest("GET", server.url("/loop"), follow=False), LIMITS)

    assert (answer.status, len(server.asked)) == (302, 1)


async def test_a_redirect_to_nowhere_is_the_answer(server: Server) -> None:
    assert (await get(server, "/nowhere")).status == 302


@pytest.mark.fault(34)
async def test_twenty_redirects_are_followed_and_no_more(server: Server) -> None:
    with pytest.raises(WebFailed, match="more than 20 redirects"):
        await get(server, "/loop")

    assert len(server.asked) == 21


async def test_a_redirect_leads_to_the_web_only(server: Server) -> None:
    with pytest.raises(WebFailed, match="only http and https"):
        await get(server, "/away")


@pytest.mark.parametrize(
    ("target", "kept"), [("/b", True), ("http://h/b", True), ("http://h:81/b", False), ("https://h/b", False)]
)
def test_secrets_stay_with_the_origin_that_they_are_for(target: str, kept: bool) -> None:
    request = WebRequest("GET", "http://h/a", {"authorization": "s", "cookie": "c", "x": "1"})

    then = web.redirected(request, 302, target)

    assert dict(then.headers) == ({"authorization": "s", "cookie": "c", "x": "1"} if kept else {"x": "1"})


# --- private networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("::7f00:1", False),
    ],
)
def test_public_addresses_are_told_from_private_ones(address: str, public: bool) -> None:
    assert web.is_public(address) == public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]"])
async def test_a_private_address_is_not_reached_under_any_name(server: Server, host: str) -> None:
    with pytest.raises(WebFailed, match="private network"):
        await web.fetch(WebRequest("GET", server.url("/text", host)), WebLimits(private_networks=False))

    assert server.asked == []


async def test_the_connection_goes_to_the_address_that_was_checked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means something else the second time would be the way in."""
    asked = _resolve_once(monkeypatch, "127.0.0.1", server.port)
    monkeypatch.setattr(web, "is_public", lambda address: True)

    answer = await web.fetch(WebRequest("GET", server.url("/text", "pico.test")), WebLimits(private_networks=False))

    assert (answer.body, asked) == (b"words", ["pico.test"])
    assert header(server.asked[0], "host") == f"pico.test:{server.port}"


async def test_a_redirect_into_a_private_network_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1")
    target = server.url("/text", "127.0.0.2")
    server.answers["/in"] = f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n".encode()

    with pytest.raises(WebFailed, match=r"127\.0\.0\.2 is in a private network"):
        await get(server, "/in", private_networks=False)


def _resolve_once(monkeypatch: pytest.MonkeyPatch, address: str, port: int) -> list[str]:
    """Let the first question have this answer, and forbid a second."""
    asked: list[str] = []

    async def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        if host == address:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]  # a number means itself
        assert asked == []
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


# --- sources ----------------------------------------------------------------------------------------------


async def test_a_source_is_the_text_of_a_good_answer(server: Server) -> None:
    assert (await web.source(server.url("/text"), {}, LIMITS)).body == b"words"


async def test_a_source_with_another_status_is_unavailable(server: Server) -> None:
    with pytest.raises(SourceUnavailable) as failed:
        await web.source(server.url("/missing"), {}, LIMITS)

    assert failed.value.text == f"Error: Got a statusCode=404 for: {server.url('/missing')}"


async def test_a_source_that_cannot_be_fetched_is_unavailable(server: Server) -> None:
    with pytest.raises(SourceUnavailable) as failed:
        await web.source(server.url("/nothing"), {}, LIMITS)

    assert failed.value.text.startswith(f"FetchError: request to {server.url('/nothing')} failed, reason: ")
