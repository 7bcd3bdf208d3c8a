"""The AMQP transport: link, consumer and publisher joined."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from engine import Decoder, Engine, Sender, Settings

from ..transport import Configuration, ConfigurationError, Transport
from .consumer import Consumer
from .link import Link, tls_context
from .message import NAME, decoder
from .publisher import Publisher
from .settings import AmqpSettings


class AmqpTransport:
    """Events in from a queue, events and directives out to exchanges, of one broker."""

    name = NAME

    def __init__(self, settings: AmqpSettings, engine: Settings) -> None:
        """`engine`: the settings of the engine, whose limits count here, too."""
        self._link = Link(settings, self._opened)
        publisher = Publisher(self._link, settings.publish_seconds)
        self._consumer = Consumer(settings, publisher)
        self.decoders: Mapping[str, Decoder] = {NAME: decoder(engine)}
        self.senders: Mapping[str, Sender] = {NAME: publisher.send}

    async def _opened(self, session: Any) -> None:
        await self._consumer.begin(session)

    @property
    def up(self) -> bool:
        """Whether there is a broker."""
        return self._link.up

    @property
    def state(self) -> str:
        """`connected` or `reconnecting`."""
        return "connected" if self._link.up else "reconnecting"

    async def start(self, engine: Engine) -> None:
        """Look for the broker in the background."""
        self._consumer.serve(engine)
        self._link.start()

    async def stop(self) -> None:
        """Take no more, acknowledge what is under way, and part from the broker."""
        await self._consumer.stop()
        await self._link.stop()


def transport(configuration: Configuration, table: Mapping[str, Any]) -> Transport | None:
    """The transport, if a broker is named; `table` is nobody's. Raises ConfigurationError."""
    settings = configuration.amqp
    if not settings.on:
        return None
    check(settings)
    return AmqpTransport(settings, configuration.engine)


def check(settings: AmqpSettings) -> None:
    """Raise ConfigurationError for settings that will never do; what they say in secret is not told."""
    parts = urlsplit(settings.url)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise ConfigurationError("amqp.url: expected amqp://user:password@host/vhost, or amqps:")
    if not settings.name.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"amqp.name: expected letters, digits, '-' and '_', found {settings.name!r}")
    if settings.prefetch < 1 or settings.low_water < 0 or settings.high_water <= settings.low_water:
        raise ConfigurationError("amqp: expected prefetch >= 1 and 0 <= low_water < high_water")
    _check_user(parts)
    if parts.scheme == "amqps":
        try:
            tls_context(settings)
        except OSError as error:
            raise ConfigurationError(f"amqp: its certificates cannot be read: {error}") from error


def _check_user(parts: SplitResult) -> None:
    """Nobody is a guest at a broker that others can reach."""
    external = [each.lower() for each in parse_qs(parts.query).get("auth", [])] == ["external"]
    if external and parts.scheme != "amqps":
        raise ConfigurationError("amqp.url: auth=external needs amqps: and a certificate")
    if not external and (parts.username or "guest") == "guest" and not _is_here(parts.hostname or ""):
        raise ConfigurationError("amqp.url: name a user of your own; guest is only for a broker on this machine")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
