"""CloudEvents 1.0 over HTTP: structured, binary and batches become deliveries, and the decoder "cloudevents".

`type` is `domain.name`, cut at the first dot; `source` and `id` are the idempotency key; a map as `data` gives the
attributes, anything else is the attribute `data`; what describes the event stands in `_ce`.

Source: CloudEvents HTTP protocol binding 1.0.2 and JSON format 1.0.2 (github.com/cloudevents/spec).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from engine import Decoder, Delivery, Request, Settings, Undecodable, UnsupportedMedia, dumps, request_of

from .decode import bare_media_type, clean_members, headers_kept, json_body

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY_PREFIX = "ce-"
REQUIRED = ("specversion", "id", "source", "type")
NAME = "cloudevents"


def deliveries(delivery: Delivery) -> list[Delivery]:
    """One delivery for each event, each in structured form and with its key.

    Raises Undecodable for what is no CloudEvent, UnsupportedMedia for what does not even claim to be one.
    """
    return [_delivery(delivery, event) for event in _events(delivery)]


def decoder(settings: Settings) -> Decoder:
    """The decoder of an engine with these limits."""

    def decode(delivery: Delivery, eid: str, time: int) -> Request:
        """The event of a structured CloudEvent; raises Undecodable, or DeliveryTooLarge."""
        envelope = _checked(json_body(delivery.body))
        domain, name = _words(envelope["type"])
        attrs = clean_members(_attributes(envelope), settings)
        attrs["_headers"] = headers_kept(delivery.headers, settings)
        return request_of(delivery.eci, ("event", domain, name), attrs, eid, time)

    return decode


def is_batch(content_type: str) -> bool:
    """Whether the body is a list of events."""
    return bare_media_type(content_type) == BATCH


def _delivery(delivery: Delivery, envelope: dict[str, Any]) -> Delivery:
    domain, name = _words(envelope["type"])
    return replace(
        delivery,
        words=("event", domain, name),
        body=dumps(envelope),
        content_type=STRUCTURED,
        decoder=NAME,
        key=f"ce:{envelope['source']} {envelope['id']}",
    )


def _events(delivery: Delivery) -> list[dict[str, Any]]:
    media_type = bare_media_type(delivery.content_type)
    if media_type == STRUCTURED:
        return [_checked(json_body(delivery.body))]
    if media_type == BATCH:
        events = json_body(delivery.body)
        if not isinstance(events, list):
            raise Undecodable("expected a list of CloudEvents")
        return [_checked(event) for event in events]
    if BINARY_PREFIX + "specversion" in delivery.headers:
        return [_checked(_binary_envelope(delivery))]
    raise UnsupportedMedia(f"expected {STRUCTURED}, {BATCH} or ce- headers, found {media_type!r}")


def _binary_envelope(delivery: Delivery) -> dict[str, Any]:
    """The structured form of an event whose description is in the headers."""
    envelope: dict[str, Any] = {
        name.removeprefix(BINARY_PREFIX): unquote(value)
        for name, value in delivery.headers.items()
        if name.startswith(BINARY_PREFIX)
    }
    if delivery.content_type:
        envelope["datacontenttype"] = delivery.content_type
    if delivery.body:
        envelope |= _binary_data(delivery)
    return envelope


def _binary_data(delivery: Delivery) -> dict[str, Any]:
    media_type = bare_media_type(delivery.content_type)
    if media_type == "application/json" or media_type.endswith("+json"):
        return {"data": json_body(delivery.body)}
    try:
        return {"data": delivery.body.decode()}
    except UnicodeDecodeError:
        return {"data_base64": b64encode(delivery.body).decode()}


def _checked(event: Any) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise Undecodable("expected a CloudEvent, which is a JSON map")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise Undecodable(f"a CloudEvent needs {name!r}, a text that is not empty")
    if event["specversion"] != "1.0":
        raise Undecodable(f"expected specversion '1.0', found {event['specversion']!r}")
    _words(event["type"])
    return event


def _words(type: str) -> tuple[str, str]:
    domain, _, name = type.partition(".")
    if not domain.strip() or not name.strip():
        raise Undecodable(f"expected a type of the form 'domain.name', found {type!r}")
    return domain.strip(), name.strip()


def _attributes(envelope: Mapping[str, Any]) -> dict[str, Any]:
    data = envelope.get("data")
    attrs = dict(data) if isinstance(data, dict) else {} if data is None else {"data": data}
    if "data_base64" in envelope:
        attrs["data_base64"] = envelope["data_base64"]
    attrs["_ce"] = {name: value for name, value in envelope.items() if name not in ("data", "data_base64")}
    return attrs
