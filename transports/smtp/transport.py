"""The SMTP transport: listeners, decoder and sender of one engine, made of its settings.

Source: docs/smtp.md.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from typing import Any

from engine import Decoder, Engine, Sender

from ..transport import Configuration, ConfigurationError, Transport
from .decode import DECODER, decoder
from .places import split_place
from .profile import Addresses
from .rates import Rates
from .sender import TLS_CHOICES, SmartHost
from .server import Server
from .session import Handler
from .settings import SmtpSettings

NAME = "smtp"
PORTS = {"listen": 25, "lmtp": 24, "submission": 587}


def transport(configuration: Configuration, table: Mapping[str, Any]) -> Transport | None:
    """The transport, if mail is to be taken or sent. Raises ConfigurationError."""
    settings = configuration.smtp
    return SmtpTransport(settings, configuration.engine.mail_from) if settings.on else None


class SmtpTransport:
    """Mail in, mail out."""

    def __init__(self, settings: SmtpSettings, mail_from: str = "picoengine@localhost") -> None:
        """Raises ConfigurationError for what will never do."""
        self._settings = settings
        self._hostname = settings.hostname or socket.gethostname()
        self._servers: dict[str, Server] = {}
        self.ports: dict[str, int] = {}  # where the listeners are, by the names of their settings
        self.answers: Counter[str] = Counter()  # to recipients and mails, by their code
        try:
            self._places = {
                name: split_place(place, PORTS[name]) for name in PORTS if (place := getattr(settings, name))
            }
            self._addresses = Addresses(settings)
            self._smart_host = SmartHost(settings, self._hostname, mail_from) if settings.smart_host else None
            self._tls = _tls(settings)
        except (ValueError, OSError) as error:  # an SSLError is an OSError
            raise ConfigurationError(f"smtp: {error}") from error
        if settings.smart_host_tls not in TLS_CHOICES:
            raise ConfigurationError(f"smtp.smart_host_tls: expected one of {TLS_CHOICES}")
        if self._tls is None and (settings.submission or settings.require_tls):
            raise ConfigurationError("smtp.tls_cert: submission and require_tls need a certificate")

    @property
    def name(self) -> str:
        """`smtp`."""
        return NAME

    @property
    def decoders(self) -> Mapping[str, Decoder]:
        """The one that makes events of mails."""
        return {DECODER: decoder(self._settings, self._addresses)}

    @property
    def senders(self) -> Mapping[str, Sender]:
        """The smart host, if there is one: without it rules leave directives."""
        return {} if self._smart_host is None else {NAME: self._smart_host.send}

    @property
    def state(self) -> str:
        """Where it listens."""
        places = [f"{name} on {self._places[name][0]}:{port}" for name, port in self.ports.items()]
        return ", ".join(places) or ("sending only" if self.up else "stopped")

    @property
    def up(self) -> bool:
        """Whether every listener listens."""
        return len(self._servers) == len(self._places)

    async def start(self, engine: Engine) -> None:
        """Listen. Raises ConfigurationError if an address is taken."""
        rates = Rates(asyncio.get_running_loop().time)

        def overloaded() -> str | None:
            if engine.stopping or engine.waiting >= engine.settings.inbox_limit:
                return "421 4.3.2 too busy, please try again later"
            return None

        for name, (host, port) in self._places.items():
            kind = {"lmtp": name == "lmtp", "logs_in": name == "submission"}
            handler = Handler(engine, self._settings, self._addresses, rates, self._count, **kind)
            server = Server(
                self._settings, handler, hostname=self._hostname, tls=self._tls, overloaded=overloaded, **kind
            )
            try:
                self.ports[name] = await server.start(host, port)
            except OSError as error:
                raise ConfigurationError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
            self._servers[name] = server

    async def stop(self) -> None:
        """End the connections; a mail that is coming in is answered first."""
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        self._servers.clear()
        self.ports.clear()

    def _count(self, code: str) -> None:
        self.answers[code] += 1


def _tls(settings: SmtpSettings) -> ssl.SSLContext | None:
    """Our certificate, if there is one."""
    if not settings.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_cert, settings.tls_key or None)
    return context
