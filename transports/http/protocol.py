"""uvicorn's HTTP protocol, with a limit on the size of a request's head and a short way for whole answers.

httptools accepts request lines and headers of any length; without a limit one connection could fill the memory.

An answer that is complete goes out in one write, its fixed headers encoded once: through ASGI's two messages uvicorn
would check and encode fifteen headers each time, which costs as much as all of our own work on a request (8 µs).
"""

from __future__ import annotations

from typing import cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .sending import WRITER, Writer

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def limited_protocol(max_head_bytes: int) -> type[HttpToolsProtocol]:
    """A protocol that answers 431 and hangs up when a request's head is larger than this."""

    class Protocol(HttpToolsProtocol):
        received = 0  # bytes of this connection, the present chunk included
        head_began: int | None = None  # `received` when a head that is not complete began
        refused = False

        def data_received(self, data: bytes) -> None:
            self.received += len(data)
            super().data_received(data)
            if self.head_began is not None and self.received - self.head_began > max_head_bytes:
                self.refuse()

        def on_message_begin(self) -> None:
            self.head_began = self.received
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.head_began = None
            if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > max_head_bytes:
                self.refuse()
                raise ValueError("head too large")  # the parser stops; uvicorn then asks for a 400
            super().on_headers_complete()
            # The request's task has not begun: it begins in the event loop's next round.
            cast(Scope, self.scope)[WRITER] = _writer(self.cycle)

        def send_400_response(self, msg: str) -> None:
            if not self.refused:
                super().send_400_response(msg)

        def refuse(self) -> None:
            if not self.refused:
                self.refused = True
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    return Protocol


def _writer(cycle: RequestResponseCycle) -> Writer:
    def write(head: bytes, body: bytes) -> bool:
        """What the cycle's `send` does with a start and a last body message, in one write."""
        if cycle.flow.write_paused or cycle.response_started:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if cycle.disconnected:
            return True
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        cycle.transport.write(b"".join((head, end, b"" if cycle.scope["method"] == "HEAD" else body)))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True

    return write
