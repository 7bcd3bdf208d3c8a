"""uvicorn's HTTP protocol, with a limit on the size of a request's head and a short way for whole requests.

httptools accepts request lines and headers of any length; without a limit one connection could fill the memory.

A request that is there as a whole is answered without a task (whole.py). While its body may still be on its way, its
head is held back: uvicorn hears of it only if the chunk ends before the body does, or if nobody wants it whole.
"""

from __future__ import annotations

from asyncio import Event
from collections.abc import Callable

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .whole import AnswerWhole, WholeRequest

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class LimitedProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's head is too large; hands whole requests to who wants them.

    uvicorn makes one for each connection, so what is the same for all of them stands in the class (patience.py).
    """

    max_head_bytes: int
    wanted: AnswerWhole | None = None  # who wants whole requests

    received = 0  # bytes of this connection, the present chunk included
    chunk = 0  # bytes of the present chunk
    head_began: int | None = None  # `received` when a head that is not complete began
    head_from = 0  # `received` before the chunk in which the latest head began: the head is behind it
    held: list[bytes] | None = None  # the body so far of a request that uvicorn has not heard of
    refused = False

    def data_received(self, data: bytes) -> None:
        """A chunk has come in."""
        self.chunk = len(data)
        self.received += self.chunk
        super().data_received(data)
        if self.held is not None:
            self.go_the_long_way()
        if self.head_began is not None and self.received - self.head_began > self.max_head_bytes:
            self.refuse()

    # --- what the parser finds in a chunk -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins; uvicorn does not hear of it yet."""
        self.head_began = self.received
        self.head_from = self.received - self.chunk
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """The head is there. Raises ValueError for one that is too large."""
        self.head_began = None
        # Most heads lie in a chunk that is small enough as a whole: these need no counting.
        if self.received - self.head_from > self.max_head_bytes and self.head_bytes() > self.max_head_bytes:
            self.refuse()
            raise ValueError("head too large")  # the parser stops; uvicorn then asks for a 400
        # Behind a request that is not answered yet this one must wait, which is uvicorn's affair; and who does
        # not read his answers is not given more of them.
        is_free = self.cycle is None or self.cycle.response_complete
        if self.wanted is not None and is_free and not self.flow.write_paused:
            self.held = []
        else:
            self.tell_of_the_head()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        if self.held is None:
            super().on_body(body)
        else:
            self.held.append(body)

    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        if self.held is not None and not self.is_answered_whole(b"".join(self.held)):
            self.go_the_long_way()
        if self.held is None:
            super().on_message_complete()
        self.held = None

    # --- the two ways -------------------------------------------------------------------------------------

    def is_answered_whole(self, body: bytes) -> bool:
        """Offer the request that is held to who wants it; False if it must go the long way."""
        url, parser, client = httptools.parse_url(self.url), self.parser, self.client
        request = WholeRequest(
            parser.get_method().decode("ascii"),
            url.path,
            url.query or b"",
            self.headers,
            body,
            client[0] if client else "",
            self.scheme,  # type: ignore[arg-type]  # it is one by now
        )
        line = _Line(self, parser.get_http_version() != "1.0" and parser.should_keep_alive())
        self.cycle = line  # type: ignore[assignment]  # it has what uvicorn looks at
        self.tasks.add(line)  # type: ignore[arg-type]  # and so here
        if self.wanted is not None and self.wanted(request, line):
            return True
        self.tasks.discard(line)
        self.cycle = None  # type: ignore[assignment]
        return False

    def go_the_long_way(self) -> None:
        """Let uvicorn hear of the request, as far as it has come in."""
        body, self.held = self.held or [], None
        self.tell_of_the_head()
        for chunk in body:
            super().on_body(chunk)

    def tell_of_the_head(self) -> None:
        """Let uvicorn hear of the head."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # it makes all these anew
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    # --- what is refused ----------------------------------------------------------------------------------

    def head_bytes(self) -> int:
        """The size of the head, as far as it was read."""
        return len(self.url) + sum([len(name) + len(value) for name, value in self.headers])

    def send_400_response(self, msg: str) -> None:
        """The parser does not understand the request; one that was refused has had its answer."""
        self.held = None
        if not self.refused:
            super().send_400_response(msg)

    def refuse(self) -> None:
        """Answer 431 and hang up, once."""
        if not self.refused:
            self.refused = True
            self.transport.write(_TOO_LARGE)
            self.transport.close()


class _Line:
    """Where a whole request is answered. uvicorn takes it for the request's cycle, and for its task."""

    __slots__ = ("_protocol", "disconnected", "give_up", "keep_alive", "response_complete")

    more_body = False
    message_event = Event()  # for who reads a body piece by piece, which nobody does here

    def __init__(self, protocol: LimitedProtocol, keep_alive: bool) -> None:
        self.give_up: Callable[[], None] | None = None
        self.response_complete = False
        self.disconnected = False  # set by uvicorn
        self.keep_alive = keep_alive  # and this one, at the server's stop
        self._protocol = protocol

    def answer(self, head: bytes, body: bytes) -> bool:
        """As whole.Line has it."""
        if self.response_complete:
            return False
        self.response_complete = True
        self.give_up = None  # it knows this line: together they would wait for the collector
        protocol = self._protocol
        protocol.tasks.discard(self)
        if not self.disconnected:
            end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
            protocol.transport.write(b"".join((head, end, body)))
            if not self.keep_alive:
                protocol.transport.close()
            protocol.on_response_complete()
        return True

    def cancel(self, msg: str = "") -> None:
        """What uvicorn does to tasks that outlast its stop. Not at once: it is walking through their set."""
        if self.give_up is not None:
            self._protocol.loop.call_soon(self.give_up)
