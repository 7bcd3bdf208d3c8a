"""What a transport hands in, and the function that understands it.

A delivery is raw: bytes and words as they came. Its decoder, a pure function registered by name, makes an event or
a query of it, once, at the door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from krl import fact

from .event import Request


@fact
class Delivery:
    """One thing that arrived, not yet understood."""

    transport: str  # "http", "smtp", "amqp", …
    eci: str
    words: tuple[str, ...]  # ("event", domain, type), ("query", rid, name), ("event", domain, type, "query", rid, name)
    body: bytes = b""
    content_type: str = ""
    query: str = ""  # the query string as it came
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case, repeated ones joined by ", "
    decoder: str = "json"
    key: str | None = None  # idempotency key with its origin, e.g. "http:1f0c"
    peer: str = ""  # address of the sender
    principal: str | None = None  # who the sender proved to be
    tls: bool = False
    max_bytes: int | None = None  # of the body, where the transport has a limit of its own
    understood: Any = None  # the body as the transport has read it already, for a decoder that knows what it is
    sent_eid: str | None = None  # how the sender names the event; a decoder may let rules see it, it is never our eid
    wait_seconds: float | None = None  # the sender waits no longer for the end; None: for as long as the settings say
    one_answer: bool = (
        False  # at most one directive `_raw` may stand in the reply; two fail the event, naming both rules
    )


Decoder = Callable[[Delivery, str, int], Request]
"""`decoder(delivery, eid, time_ms)`: a pure function; raises Undecodable (or DeliveryTooLarge)."""
