"""An effect: what a cycle wants to leave the engine. It leaves only after the commit that it is part of."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from .document import dumps, loads, whole
from .store.interface import OutboxRow

_OTHER_SCHEME = re.compile(r"(?!https?:)([a-z][a-z0-9+-]*):(?!\d)", re.IGNORECASE)  # `localhost:3000` has none


@dataclass(frozen=True, slots=True)
class Effect:
    """What is to be sent until it has arrived, in order for each pico and destination.

    `kind` is "event" for an event to a pico of another engine and "http" for what a rule posts: these are requests.
    `autosend` is the event map (`eci`, `domain`, `type`, `attrs`) as which the answer comes back to this engine.

    Any other kind names the transport whose sender takes it. Then `url` is the target as the rule wrote it, `body`
    and `headers` (its `content-type` among them) are what is to be sent, `words` say what it is about, and `method`
    what kind of thing it is: "event" for an event to the pico at the other end, whose `words` are ECI, domain and type,
    and whose body is the JSON map of its attributes; "directives" for those of an event that this engine has finished,
    whose `words` are the same, and whose body is `{"eid", "directives"}`.
    """

    kind: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    follow: bool = True
    autosend: dict[str, Any] | None = None
    parse_json: bool = False
    words: tuple[str, ...] = ()

    @property
    def destination(self) -> str:
        """Where it goes: scheme, host and port."""
        return origin(self.url)

    def as_json(self) -> bytes:
        """The stored form."""
        stored = {
            "method": self.method,
            "url": self.url,
            "headers": self.headers,
            "body": None if self.body is None else b64encode(self.body).decode(),
            "follow": self.follow,
            "autosend": self.autosend,
            "parse_json": self.parse_json,
        }
        return dumps({**stored, "words": self.words} if self.words else stored)


def origin(url: str) -> str:
    """Where a URL leads: scheme, host and port."""
    parts = urlsplit(url)
    return whole(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower())


@dataclass(frozen=True, slots=True)
class Mark:
    """Names one effect for ever: every attempt to send it bears the same."""

    key: str  # "<eid>/<n>", no longer than 255 characters
    pico: str  # whose effect it is
    seq: int  # the event of the pico's log that it is of
    n: int  # which of the event's effects

    @property
    def place(self) -> str:
        """`pico/seq/n`: where the log tells of it."""
        return f"{self.pico}/{self.seq}/{self.n}"


Sender = Callable[[Effect, Mark], Awaitable[None]]
"""`await sender(effect, mark)`: send it once, and return when the other side has said that it has it.

An effect may come again, under the same mark, although it has arrived: after a crash, nobody knows. So the mark's key
must travel with it, where the receiver looks for keys. Raises SendFailed if it is worth another try (later and later,
until it has failed twenty times or for a day), SendRefused if it is not: then it becomes a dead letter, and its pico is
told; Exhausted if it has not tried, for want of a thread or descriptor. Effects of one pico to one destination come one
after the other, others beside them, up to 64 at a time, 16 of them to one destination. A sender that knows that it
cannot reach anyone should wait, not fail: waiting is no attempt. It is cancelled when the engine stops.
"""


def effect_from(kind: str, payload: bytes) -> Effect:
    """The effect of a stored payload."""
    data = loads(payload)
    body = data.pop("body")
    words = tuple(data.pop("words", ()))
    return Effect(kind, body=None if body is None else b64decode(body), words=words, **data)


def event_effect(host: str, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> Effect:
    """An event to a pico of another engine: by HTTP, or by the transport that the host's scheme names (`amqp:`)."""
    headers = {"content-type": "application/json"}
    other = _OTHER_SCHEME.match(host)
    if other is not None:
        return Effect(other[1].lower(), "event", host, headers, dumps(attrs), words=(eci, domain, type))
    words = "/".join(quote(word, safe="") for word in (eci, "event", domain, type))
    return Effect("event", "POST", f"{host.rstrip('/')}/c/{words}", headers, dumps(attrs))


def directives_effect(target: str, eid: str, eci: str, domain: str, type: str, directives: list[Any]) -> Effect:
    """The directives of a finished event, to the transport that the target's scheme names."""
    body = dumps({"eid": eid, "directives": directives})
    headers = {"content-type": "application/json"}
    return Effect(target.partition(":")[0].lower(), "directives", target, headers, body, words=(eci, domain, type))


def effect_key(eid: str, n: int) -> str:
    """The key of the n-th effect of an event."""
    return f"{eid}/{n}"


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
        ikey=effect_key(eid, n),
        attempts=0,
        next_at=now,
        state="ready",
        last_error=None,
        since=now,
    )
