"""A web server that notes what it is asked, and answers, hangs up or waits as a test says."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

LIMIT_SECONDS = 20.0  # a test that waits longer has failed

HANG_UP = 0  # instead of a status


class Receiver:
    """Answers 200 and `n1`, `n2` …, the number of the request; `url` is what rules get."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[str] = []  # the idempotency key of each request, "" for one without
        self.bodies: list[str] = []
        self.statuses: deque[int] = deque()  # of the next answers
        self._open = asyncio.Event()
        self._open.set()
        self._arrived = asyncio.Semaphore(0)

    def close(self) -> None:
        """Hold whoever comes from now on."""
        self._open.clear()

    def open(self) -> None:
        """Answer all that wait, and whoever comes."""
        self._open.set()

    async def reached(self, times: int = 1) -> None:
        """Return when so many further requests have come."""
        async with asyncio.timeout(LIMIT_SECONDS):
            for _ in range(times):
                await self._arrived.acquire()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(_header(head, "content-length") or 0)
            self.bodies.append((await reader.readexactly(length)).decode())
            self.keys.append(_header(head, "idempotency-key"))
            number = len(self.keys)
            self._arrived.release()
            await self._open.wait()
            status = self.statuses.popleft() if self.statuses else 200
            if status != HANG_UP:
                body = f"n{number}"
                writer.write(
                    f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
                )
                await writer.drain()
        writer.close()


def _header(head: str, name: str) -> str:
    return head.partition(f"{name}: ")[2].partition("\r\n")[0]


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of the loopback interface."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield receiver
    finally:
        receiver.open()
        server.close()
