"""An end to waiting for requests that trickle: a connection costs memory for as long as its client likes otherwise.

A head and a body have so many seconds each, from their first byte to their last, however often a little of them comes.
Who has sent nothing yet has the time of a head. A connection between two requests is kept alive by uvicorn's own rule.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

from .protocol import LimitedProtocol
from .settings import HttpSettings
from .whole import AnswerWhole

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_FIRST_BYTE = object()  # what a new connection is expected to send


class PatientProtocol(LimitedProtocol):
    """The limited protocol, which also answers 408 and hangs up when a request takes too long to arrive."""

    head_seconds: float
    body_seconds: float

    awaited: Any = None  # the incomplete head or body that the timer is for
    timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's own way
        """Somebody has connected: a request is expected."""
        super().connection_made(transport)
        self.wait_for(_FIRST_BYTE)

    def data_received(self, data: bytes) -> None:
        """A chunk has come in; the time begins anew only with what is awaited now."""
        super().data_received(data)
        awaited = self.incomplete()
        if awaited != self.awaited:
            self.wait_for(awaited)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self.wait_for(None)
        super().connection_lost(exc)

    def incomplete(self) -> Any:
        """What has begun and has not ended: a head, named by where it began, or the cycle of a body; or None."""
        if self.head_began is not None:
            return self.head_began
        return self.cycle if getattr(self.cycle, "more_body", False) else None

    def wait_for(self, awaited: Any) -> None:
        """Have patience with this from now on, and with nothing else; with nothing at all if it is None."""
        if self.timer is not None:
            self.timer.cancel()
        self.awaited = awaited
        seconds = self.body_seconds if awaited is self.cycle else self.head_seconds
        self.timer = None if awaited is None else self.loop.call_later(seconds, self.lose_patience)

    def lose_patience(self) -> None:
        """The time is over: hang up, unless it was not the client who kept the request from arriving."""
        if self.flow.read_paused or self.owes_an_answer():
            self.wait_for(self.awaited)
            return
        if not self.transport.is_closing():
            if self.awaited is not self.cycle or not self.cycle.response_started:
                self.transport.write(_TOO_SLOW)
            self.transport.close()

    def owes_an_answer(self) -> bool:
        """Whether an earlier request is still being worked on: what is awaited is then the one behind it."""
        cycle = self.cycle
        return cycle is not None and cycle is not self.awaited and not cycle.response_complete


def protocol_of(http: HttpSettings, answer_whole: AnswerWhole | None = None) -> type[PatientProtocol]:
    """The protocol with these limits. Whole requests are offered to `answer_whole`, if there is somebody."""

    class Protocol(PatientProtocol):
        max_head_bytes = http.max_head_bytes
        head_seconds = http.head_seconds
        body_seconds = http.body_seconds
        wanted = None if answer_whole is None else staticmethod(answer_whole)

    return Protocol
