"""Messages: what came from the broker as plain facts, and the delivery that they make.

Pure functions; nothing here waits. The ECI, the domain and the type come from the routing key, which the broker's
permissions can narrow for each producer; a CloudEvent says its type once more, and must say the same.

Source: docs/amqp.md, "Messages"; CloudEvents AMQP protocol binding 1.0.2, which is written for AMQP 1.0: its
application properties are headers here.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from engine import (
    Decoder,
    Delivery,
    DeliveryTooLarge,
    Request,
    Settings,
    Undecodable,
    UnsupportedMedia,
    request_of,
)

from .. import cloud_events
from ..members import bare_media_type, clean_members, headers_kept, json_body
from .keys import Address, address_of

NAME = "amqp"  # of the transport and of its decoder
MARK = "x-pico-delivery"  # header that we add: AT_LEAST_ONCE on a message without a key, whose event may come again
AT_LEAST_ONCE = "at-least-once"
JSON = "application/json"
ROUND = "x-pico-round"  # header: how often it has been put aside
BROKERS = ("x-death", "x-delivery-count", "x-first-death-", "x-last-death-", "x-pico-")  # headers on its way to us
CLOUD_EVENT = ("cloudevents:", "cloudevents_")  # before the attributes' names in headers
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came."""

    routing_key: str
    body: bytes = b""
    content_type: str = ""
    content_encoding: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)
    message_id: str = ""
    correlation_id: str | None = None
    reply_to: str = ""
    expiration: str = ""  # milliseconds; also the time that who asks will wait
    user_id: str | None = None  # who the broker says that the producer is

    @property
    def rounds(self) -> int:
        """How often it has been put aside already."""
        count = self.headers.get(ROUND)
        return count if type(count) is int and count >= 0 else 0

    @property
    def wait_seconds(self) -> float | None:
        """How long the asker waits, if he says so."""
        return int(self.expiration) / 1000 if self.expiration.isascii() and self.expiration.isdigit() else None

    @property
    def address(self) -> Address:
        """Where it goes. Raises Undecodable."""
        return address_of(self.routing_key)


def delivery_of(message: Incoming, settings: Settings, *, tls: bool) -> Delivery:
    """The delivery of a message. Raises Undecodable, UnsupportedMedia, DeliveryTooLarge."""
    address = message.address
    delivery = Delivery(
        transport=NAME,
        eci=address.eci,
        words=address.words,
        body=_expanded(message, settings.max_body_bytes),
        content_type=message.content_type,
        headers=_texts(message.headers),
        decoder=NAME,
        key=f"{NAME}:{message.message_id}" if message.message_id else None,
        principal=message.user_id,
        tls=tls,
        wait_seconds=message.wait_seconds,
    )
    envelope = _envelope(delivery, message)
    if envelope is not None:
        delivery = cloud_events.delivery_of(delivery, envelope)
        if delivery.words != address.words:
            raise Undecodable(f"the routing key says {':'.join(address.words[1:])}, the event {envelope['type']!r}")
    elif bare_media_type(message.content_type) != JSON and (message.content_type or delivery.body):
        raise UnsupportedMedia(f"expected {JSON} or a CloudEvent, found {message.content_type!r}")
    if delivery.key is None:
        return replace(delivery, headers={**delivery.headers, MARK: AT_LEAST_ONCE})
    return delivery


def decoder(settings: Settings) -> Decoder:
    """The decoder of plain messages: the body is the JSON map of the attributes, or empty."""

    def decode(delivery: Delivery, eid: str, time: int) -> Request:
        """The event; raises Undecodable, or DeliveryTooLarge."""
        members = json_body(delivery.body) if delivery.body else {}
        if not isinstance(members, dict):
            raise Undecodable("expected a JSON map of attributes")
        attrs = clean_members(members, settings)
        attrs.pop("_ce", None)  # only a CloudEvent has it
        attrs["_headers"] = headers_kept(delivery.headers, settings)
        return request_of(delivery.eci, delivery.words, attrs, eid, time)

    return decode


def _expanded(message: Incoming, limit: int) -> bytes:
    """The body as it was before it was compressed, never more than the limit of it."""
    encoding = message.content_encoding.strip().lower()
    if encoding in ("", "identity"):
        return message.body
    if encoding != "gzip":
        raise UnsupportedMedia(f"expected a content encoding of gzip or none, found {message.content_encoding!r}")
    unzip = zlib.decompressobj(GZIP)
    try:
        body = unzip.decompress(message.body, limit + 1)
    except zlib.error as error:
        raise Undecodable(f"the body is no gzip: {error}") from error
    if len(body) > limit:
        raise DeliveryTooLarge(f"the body expands to more than {limit} bytes (max_body_bytes)")
    if not unzip.eof or unzip.unused_data:
        raise Undecodable("the gzipped body does not end where it should")
    return body


def _envelope(delivery: Delivery, message: Incoming) -> dict[str, Any] | None:
    """The CloudEvent that the message is, if it is one."""
    if bare_media_type(message.content_type) == cloud_events.STRUCTURED:
        return cloud_events.checked(json_body(delivery.body))
    attributes = {
        name[len(CLOUD_EVENT[0]) :].lower(): _plain(value)
        for name, value in message.headers.items()
        if name.lower().startswith(CLOUD_EVENT)
    }
    if not attributes:
        return None
    return cloud_events.checked(cloud_events.binary(attributes, delivery.body, message.content_type))


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """The producer's headers as all transports give them: lower-case names, texts; tables and lists are left out."""
    texts = {name.lower(): text for name, value in headers.items() if (text := _text(value)) is not None}
    return {name: text for name, text in texts.items() if not name.startswith(BROKERS)}


def _text(value: Any) -> str | None:
    plain = _plain(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(plain) if isinstance(plain, str | int | float) else None


def _plain(value: Any) -> Any:
    """A header's value as JSON has it."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value if isinstance(value, str | bool | int | float) else None
