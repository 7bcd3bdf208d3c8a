"""An end to waiting for requests that trickle: a connection costs memory for as long as its client likes otherwise.

A head and a body have so many seconds each, from their first byte to their last, however often a little of them comes.
Who has sent nothing yet has the time of a head. A connection between two requests is kept alive by uvicorn's own rule.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_FIRST_BYTE = object()  # what a new connection is expected to send


def patient(protocol: type[Any], head_seconds: float, body_seconds: float) -> type[Any]:
    """The limited protocol, which now answers 408 and hangs up when a request takes longer than that to arrive."""

    class Protocol(protocol):  # type: ignore[misc]  # a class that is made at run time
        awaited: Any = None  # the incomplete head or body that the timer is for
        timer: TimerHandle | None = None

        def connection_made(self, transport: Transport) -> None:
            super().connection_made(transport)
            self.wait_for(_FIRST_BYTE)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            awaited = self.incomplete()
            if awaited != self.awaited:
                self.wait_for(awaited)

        def connection_lost(self, exc: Exception | None) -> None:
            self.wait_for(None)
            super().connection_lost(exc)

        def incomplete(self) -> Any:
            """What has begun and has not ended: a head, named by where it began, or the cycle of a body; or None."""
            if self.head_began is not None:
                return self.head_began
            return self.cycle if getattr(self.cycle, "more_body", False) else None

        def wait_for(self, awaited: Any) -> None:
            if self.timer is not None:
                self.timer.cancel()
            self.awaited = awaited
            seconds = body_seconds if awaited is self.cycle else head_seconds
            self.timer = None if awaited is None else self.loop.call_later(seconds, self.lose_patience)

        def lose_patience(self) -> None:
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

    return Protocol
