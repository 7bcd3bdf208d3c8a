"""An effect: what a cycle wants to leave the engine. It leaves only after the commit that it is part of."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .document import dumps, loads
from .store.interface import OutboxRow


@dataclass(frozen=True, slots=True)
class Effect:
    """One HTTP request to be made until it is answered, in order for each pico and destination.

    `kind` is "event" for an event to a pico of another engine, "http" for what a rule posts. `autosend` is the event
    map (`eci`, `domain`, `type`, `attrs`) as which the answer comes back to this engine.
    """

    kind: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    follow: bool = True
    autosend: dict[str, Any] | None = None
    parse_json: bool = False

    @property
    def destination(self) -> str:
        """Where it goes: scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()

    def as_json(self) -> bytes:
        """The stored form."""
        return dumps(
            {
                "method": self.method,
                "url": self.url,
                "headers": self.headers,
                "body": None if self.body is None else b64encode(self.body).decode(),
                "follow": self.follow,
                "autosend": self.autosend,
                "parse_json": self.parse_json,
            }
        )


def effect_from(kind: str, payload: bytes) -> Effect:
    """The effect of a stored payload."""
    data = loads(payload)
    body = data.pop("body")
    return Effect(kind, body=None if body is None else b64decode(body), **data)


def outbox_row(id: int, effect: Effect, pico: str, seq: int, n: int, eid: str, now: int) -> OutboxRow:
    """The row of an effect: the n-th of its event."""
    return OutboxRow(
        id=id,
        pico=pico,
        seq=seq,
        n=n,
        lane=effect.destination,
        kind=effect.kind,
        target=f"{effect.method} {effect.destination}",
        payload=effect.as_json(),
        ikey=f"{eid}/{n}",
        attempts=0,
        next_at=now,
        state="ready",
        last_error=None,
        since=now,
    )
