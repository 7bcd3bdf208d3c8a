"""Read a request's body, never more of it than is allowed.

A length that is declared too large is refused before the first byte. An answer that is given while the body is still
on its way must end the connection, but not at once: what the client sends meanwhile would reset it, and the answer
would be lost with it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope

from engine import Delivery, DeliveryTooLarge, Settings

from .decode import members_of
from .headers import request_headers

LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Body:
    """The body of one request, read at most once."""

    __slots__ = ("_declared", "_receive", "unread")

    def __init__(self, headers: dict[str, str], receive: Receive) -> None:
        length = headers.get("content-length")
        self._receive = receive
        self._declared = int(length) if length is not None and length.isdecimal() else None
        self.unread = bool(self._declared) or "transfer-encoding" in headers

    async def read(self, limit: int) -> bytes:
        """All of it; raises DeliveryTooLarge beyond `limit` bytes, Disconnected if it ends early."""
        if not self.unread:
            return b""
        if self._declared is not None and self._declared > limit:
            raise DeliveryTooLarge("request entity too large")
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            chunk, more = await self._next()
            size += len(chunk)
            if size > limit:
                raise DeliveryTooLarge("request entity too large")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def discard(self) -> None:
        """Let the client finish what it is sending, within reason."""
        left = LINGER_BYTES
        more = self.unread
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while more and left > 0:
                    chunk, more = await self._next()
                    left -= len(chunk)
        except (TimeoutError, Disconnected):
            return

    async def _next(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] != "http.request":
            raise Disconnected
        self.unread = message.get("more_body", False)
        return message.get("body", b""), self.unread


async def request_members(scope: Scope, receive: Receive, settings: Settings) -> dict[str, Any]:
    """Members of query string and body of a request that is for no pico; raises Undecodable or DeliveryTooLarge."""
    headers = request_headers(scope["headers"])
    body = await Body(headers, receive).read(settings.max_body_bytes)
    content_type = headers.get("content-type", "")
    query = scope["query_string"].decode("utf-8", "replace")
    return members_of(Delivery("http", "", (), body, content_type, query, headers), settings)
