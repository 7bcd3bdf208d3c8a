"""The listeners: who may connect, the library's protocol with our limits, and the end of every connection.

The dialogue itself is aiosmtpd's, in our event loop. Added are what it leaves to its users: a time limit that counts
silence and not work, connections, enhanced codes in its own refusals, an answer for each recipient of LMTP.

Source: docs/smtp.md, "Limits".
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from .answers import MailRefused, refusal
from .data import LINE_BYTES, read_data
from .session import Handler, MailEnvelope
from .settings import SmtpSettings

IDENT = "picoengine"
CALLS = {"*": 20, "MAIL": 1000, "DATA": 1000, "RSET": 1000, "NOOP": 100}  # of each command in one connection
CLOSE_SECONDS = 5.0  # for connections to end when the server stops
ENDLESS = 4  # times the size that is allowed: who sends so much does not read answers

# What the library says in its own words, as the table of answers has it.
OWN_WORDS = {
    b"552 Error: message size exceeds": b"552 5.3.4 the message is too large",
}


class _Limited(SMTP):
    """One connection."""

    line_length_limit = LINE_BYTES

    def __init__(self, server: Server, handler: Handler, **options: Any) -> None:
        super().__init__(handler, **options)
        self._server = server
        self._handler = handler
        self._refused: str | None = None
        self._received = 0
        self._counted = False
        self._takes_a_mail = False
        self._is_to_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connects, or its TLS is there."""
        if not self._counted:
            self._counted = True
            self._refused = self._server.entered(self, transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone."""
        self._server.left(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Something comes, so the peer is not idle, however long it takes to send a large mail."""
        self._reset_timeout()
        self._received += len(data)
        if self._received > ENDLESS * (self.data_size_limit or 0) and self.transport is not None:
            self.abort()
            return
        super().data_received(data)

    async def smtp_DATA(self, arg: str) -> None:
        """A mail comes; the connection is not ended before it is answered."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert isinstance(self.envelope, MailEnvelope)
        if not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        self._takes_a_mail = True
        try:
            await self._take_mail(self.envelope)
        finally:
            self._takes_a_mail = False
        if self._is_to_end:
            self.end()

    async def _take_mail(self, envelope: MailEnvelope) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        assert self.session is not None
        try:
            envelope.content = await read_data(self._reader, self.data_size_limit or 0)
        except MailRefused as error:
            answer = "\r\n".join([refusal(error)] * self._answers_to_data())
        else:
            answer = await self._handler.handle_DATA(self, self.session, envelope)
        self.envelope = self._create_envelope()
        await self.push(answer)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Address and what follows; nothing of either where there is none."""
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError):  # what the library did not foresee
            return None, None
        return found

    def end(self) -> None:
        """Close the connection, after the answer to a mail that is coming in."""
        self._is_to_end = True
        if not self._takes_a_mail and self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _create_envelope(self) -> MailEnvelope:
        return MailEnvelope()

    async def _handle_client(self) -> None:
        if self._refused is not None:
            await self.push(self._refused)
            if self.transport is not None:
                self.transport.close()
            return
        await super()._handle_client()

    async def push(self, status: Any) -> None:
        """Answer; in our words where the library would use its own."""
        self._received = 0
        answer = status.encode("utf-8", "replace") if isinstance(status, str) else status
        ours = next((ours for theirs, ours in OWN_WORDS.items() if answer.startswith(theirs)), answer)
        await super().push(ours)

    def _answers_to_data(self) -> int:
        return 1


class _LimitedLmtp(_Limited, LMTP):
    """One connection by LMTP: each recipient has an answer of its own."""

    def _answers_to_data(self) -> int:
        return max(1, len(self.envelope.rcpt_tos) if self.envelope is not None else 1)


class Server:
    """One listener and its connections."""

    def __init__(
        self,
        settings: SmtpSettings,
        handler: Handler,
        *,
        hostname: str,
        tls: ssl.SSLContext | None,
        lmtp: bool = False,
        logs_in: bool = False,
        overloaded: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`overloaded` gives the answer to a peer that cannot be served now."""
        self._settings = settings
        self._handler = handler
        self._overloaded = overloaded
        self._kind = _LimitedLmtp if lmtp else _Limited
        self._options: dict[str, Any] = {
            "data_size_limit": settings.max_message_bytes,
            "enable_SMTPUTF8": True,
            "decode_data": False,
            "hostname": hostname,
            "ident": IDENT,
            "tls_context": tls,
            "require_starttls": settings.require_tls or logs_in,
            "timeout": settings.idle_seconds,
            "auth_required": logs_in,
            "auth_require_tls": True,
            "auth_exclude_mechanism": () if logs_in else ("LOGIN", "PLAIN"),
            "authenticator": handler.authenticate,
            "command_call_limit": {**CALLS, "RCPT": settings.max_recipients * CALLS["MAIL"]},
        }
        self._connections: dict[_Limited, str] = {}
        self._addresses: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        # The library tells every line of every dialogue, passwords apart, and warns of each other's mistakes.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._kind(self, self._handler, loop=loop, **self._options), host, port
        )
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take no new connections, end those there are; a mail that was taken has its answer first."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.end()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    def entered(self, connection: _Limited, transport: asyncio.BaseTransport) -> str | None:
        """A new connection; what it is told if it may not stay."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) and peer else str(peer or "")
        self._connections[connection] = address
        self._addresses[address] += 1
        if self._addresses[address] > self._settings.connections_per_address:
            return "421 4.7.0 too many connections from your address"
        if len(self._connections) > self._settings.max_connections:
            return "421 4.7.0 too many connections, please try again later"
        return self._overloaded()

    def left(self, connection: _Limited) -> None:
        """A connection is gone."""
        address = self._connections.pop(connection, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
        if not self._connections:
            self._empty.set()
