"""HTTP as a client of the engine speaks it: one request at a time over a connection that is kept open, JSON both ways.

The command may run wherever the engine does, so it has no web client of its own; this is all of HTTP that it needs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"


class Wire:
    """A client's connection to a port of this machine, made when it is needed and again when it is lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(
        self, method: str, path: str, members: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer. Raises OSError if there is none: then nobody knows what became of it."""
        body = b"" if members is None else json.dumps(members).encode()
        head = {"host": f"{HOST}:{self._port}", "content-length": str(len(body)), **(headers or {})}
        if body:
            head["content-type"] = "application/json"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        request = "\r\n".join(lines).encode() + body
        kept = self._streams is not None
        try:
            return await self._exchange(request)
        except ConnectionError:
            if method != "GET" or not kept:
                raise
            return await self._exchange(request)  # a kept connection may end while it is idle (RFC 9112, 9.3.1)

    async def _exchange(self, request: bytes) -> tuple[int, Any]:
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(HOST, self._port)
            reader, writer = self._streams
            writer.write(request)
            await writer.drain()
            return await self._answer(reader)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            if isinstance(error, OSError):
                raise
            raise ConnectionError(f"the answer broke off: {error}") from error
        except BaseException:  # the caller gave up: an answer to this request may not be taken for the next one's
            self.close()
            raise

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, Any]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        data = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), json.loads(data) if data and "json" in headers.get("content-type", "") else None

    def close(self) -> None:
        """Let go of the connection; the next request makes another."""
        if self._streams is not None:
            with suppress(OSError):
                self._streams[1].close()
            self._streams = None
