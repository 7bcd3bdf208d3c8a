"""The protocol by itself, with a transport that keeps what is written."""

import asyncio

import pytest

pytest.importorskip("httptools")

import uvicorn
from uvicorn.server import ServerState

from transports.http.patience import protocol_of
from transports.http.settings import HttpSettings

REQUEST = b"POST /c/e/event/a/b?x=1 HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"


class Kept(asyncio.Transport):
    """What a connection is sent."""

    def __init__(self):
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.closed = False

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


async def nobody(scope, receive, send):
    raise AssertionError("the request went the long way")


def sent(kind, *chunks):
    """What is written when these chunks come in by a connection of this protocol."""
    config = uvicorn.Config(nobody, ws="none", lifespan="off", log_config=None)
    config.load()
    protocol, transport = kind(config, ServerState(), {}), Kept()
    protocol.connection_made(transport)
    for chunk in chunks:
        protocol.data_received(chunk)
    protocol.connection_lost(None)
    return transport.written


async def test_a_request_that_is_there_as_a_whole_is_answered_without_a_task():
    def answer(request, line):
        return line.answer(HEAD, b" ".join((request.raw_path, request.query, request.body)))

    assert sent(protocol_of(HttpSettings(), answer), REQUEST) == HEAD + b"\r\n" + b"/c/e/event/a/b x=1 {}"


async def test_requests_of_one_chunk_are_answered_in_order():
    def answer(request, line):
        return line.answer(HEAD, request.raw_path)

    written = sent(protocol_of(HttpSettings(), answer), REQUEST + REQUEST.replace(b"event", b"query"))

    assert written.index(b"/c/e/event/a/b") < written.index(b"/c/e/query/a/b")


async def test_each_protocol_has_its_own_limits():
    strict, lenient = (protocol_of(HttpSettings(max_head_bytes=size), lambda *_: True) for size in (10, 1000))

    assert [sent(each, REQUEST)[:12] for each in (strict, lenient)] == [b"HTTP/1.1 431", b""]


@pytest.mark.parametrize("cut", [20, 700, -24])
async def test_a_head_that_is_too_large_is_refused_wherever_its_chunks_are_cut(cut):
    large = REQUEST.replace(b"host: here", b"host: here\r\nx-large: " + b"x" * 900)
    protocol = protocol_of(HttpSettings(max_head_bytes=500), lambda *_: True)

    assert sent(protocol, large[:cut], large[cut:])[:12] == b"HTTP/1.1 431"
    assert sent(protocol, large[:cut], *(large[at : at + 1] for at in range(len(large))[cut:]))[:12] == b"HTTP/1.1 431"


@pytest.mark.parametrize("cut", [20, 60, -10])
async def test_a_head_that_is_small_enough_is_so_wherever_its_chunks_are_cut(cut):
    asked = []
    protocol = protocol_of(HttpSettings(max_head_bytes=100), lambda request, _: asked.append(request.body) or True)

    assert (sent(protocol, REQUEST[:cut], REQUEST[cut:]), asked) == (b"", [b"{}"])
