"""A web server that answers when a test says so: what a rule waits for while something else happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

LIMIT_SECONDS = 20.0  # a test that waits longer has failed


class Gate:
    """Holds every request until it is opened; `url` is what rules get."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[str] = []  # the idempotency key of each request, "" for one without
        self.most_at_once = 0
        self._waiting = 0
        self._arrived = asyncio.Semaphore(0)
        self._open = asyncio.Event()

    async def reached(self, times: int = 1) -> None:
        """Return when so many further requests have come."""
        async with asyncio.timeout(LIMIT_SECONDS):
            for _ in range(times):
                await self._arrived.acquire()

    def open(self) -> None:
        """Answer all that wait, and from now on whoever comes."""
        self._open.set()

    def close(self) -> None:
        """Hold again whoever comes."""
        self._open.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            self.keys.append(head.partition("idempotency-key: ")[2].partition("\r\n")[0])
            self._arrived.release()
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
            await self._open.wait()
            self._waiting -= 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nopen")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def open_gate() -> AsyncIterator[Gate]:
    """A gate on a free port of the loopback interface."""
    gate = Gate()
    server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
    gate.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield gate
    finally:
        gate.open()
        server.close()
