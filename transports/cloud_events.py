"""CloudEvents 1.0, whatever they came by: the structured form becomes a delivery, and the decoder "cloudevents".

`type` is `domain.name`, cut at the first dot; `source` and `id` are the idempotency key; a map as `data` gives the
attributes, anything else is the attribute `data`; what describes the event stands in `_ce`.

Source: CloudEvents 1.0.2 and its JSON format (github.com/cloudevents/spec).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine import Decoder, Delivery, Request, Settings, Undecodable, dumps, request_of

from .members import bare_media_type, clean_members, headers_kept, json_body

STRUCTURED = "application/cloudevents+json"
REQUIRED = ("specversion", "id", "source", "type")
NAME = "cloudevents"


def decoder(settings: Settings) -> Decoder:
    """The decoder of an engine with these limits."""

    def decode(delivery: Delivery, eid: str, time: int) -> Request:
        """The event of a structured CloudEvent; raises Undecodable, or DeliveryTooLarge."""
        envelope = checked(json_body(delivery.body))
        domain, name = words_of(envelope)
        attrs = clean_members(_attributes(envelope), settings)
        attrs["_headers"] = headers_kept(delivery.headers, settings)
        return request_of(delivery.eci, ("event", domain, name), attrs, eid, time)

    return decode


def delivery_of(delivery: Delivery, envelope: dict[str, Any]) -> Delivery:
    """The delivery with the one event of this envelope, in structured form and with its key."""
    return replace(
        delivery,
        words=("event", *words_of(envelope)),
        body=dumps(envelope),
        content_type=STRUCTURED,
        decoder=NAME,
        key=f"ce:{envelope['source']} {envelope['id']}",
    )


def binary(attributes: Mapping[str, Any], body: bytes, content_type: str) -> dict[str, Any]:
    """The structured form of an event whose description travelled beside its data."""
    envelope = dict(attributes)
    if content_type:
        envelope["datacontenttype"] = content_type
    return envelope | _data(body, content_type) if body else envelope


def checked(event: Any) -> dict[str, Any]:
    """The envelope, if it is one. Raises Undecodable."""
    if not isinstance(event, dict):
        raise Undecodable("expected a CloudEvent, which is a JSON map")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise Undecodable(f"a CloudEvent needs {name!r}, a text that is not empty")
    if event["specversion"] != "1.0":
        raise Undecodable(f"expected specversion '1.0', found {event['specversion']!r}")
    words_of(event)
    return event


def words_of(envelope: Mapping[str, Any]) -> tuple[str, str]:
    """Domain and type of the event that the envelope is about. Raises Undecodable."""
    type = envelope["type"]
    domain, _, name = type.partition(".")
    if not domain.strip() or not name.strip():
        raise Undecodable(f"expected a type of the form 'domain.name', found {type!r}")
    return domain.strip(), name.strip()


def _data(body: bytes, content_type: str) -> dict[str, Any]:
    media_type = bare_media_type(content_type)
    if media_type == "application/json" or media_type.endswith("+json"):
        return {"data": json_body(body)}
    try:
        return {"data": body.decode()}
    except UnicodeDecodeError:
        return {"data_base64": b64encode(body).decode()}


def _attributes(envelope: Mapping[str, Any]) -> dict[str, Any]:
    data = envelope.get("data")
    attrs = dict(data) if isinstance(data, dict) else {} if data is None else {"data": data}
    if "data_base64" in envelope:
        attrs["data_base64"] = envelope["data_base64"]
    attrs["_ce"] = {name: value for name, value in envelope.items() if name not in ("data", "data_base64")}
    return attrs
