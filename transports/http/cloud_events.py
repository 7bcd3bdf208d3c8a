"""CloudEvents 1.0 over HTTP: structured, binary and batches become deliveries.

Source: CloudEvents HTTP protocol binding 1.0.2 (github.com/cloudevents/spec).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from engine import Delivery, Undecodable, UnsupportedMedia

from ..cloud_events import STRUCTURED, binary, checked, delivery_of
from ..members import bare_media_type, json_body

BATCH = "application/cloudevents-batch+json"
BINARY_PREFIX = "ce-"


def deliveries(delivery: Delivery) -> list[Delivery]:
    """One delivery for each event, each in structured form and with its key.

    Raises Undecodable for what is no CloudEvent, UnsupportedMedia for what does not even claim to be one.
    """
    return [delivery_of(delivery, event) for event in _events(delivery)]


def is_batch(content_type: str) -> bool:
    """Whether the body is a list of events."""
    return bare_media_type(content_type) == BATCH


def _events(delivery: Delivery) -> list[dict[str, Any]]:
    media_type = bare_media_type(delivery.content_type)
    if media_type == STRUCTURED:
        return [checked(json_body(delivery.body))]
    if media_type == BATCH:
        events = json_body(delivery.body)
        if not isinstance(events, list):
            raise Undecodable("expected a list of CloudEvents")
        return [checked(event) for event in events]
    if BINARY_PREFIX + "specversion" in delivery.headers:
        attributes = {
            name.removeprefix(BINARY_PREFIX): unquote(value)
            for name, value in delivery.headers.items()
            if name.startswith(BINARY_PREFIX)
        }
        return [checked(binary(attributes, delivery.body, delivery.content_type))]
    raise UnsupportedMedia(f"expected {STRUCTURED}, {BATCH} or ce- headers, found {media_type!r}")
