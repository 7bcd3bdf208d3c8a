"""Routing keys: `event.<eci>.<domain>.<type>`, a word each; what a word may not contain is written as `%2E`.

Source: docs/amqp.md, "Routing keys".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from engine import SendRefused, Undecodable

MAX_BYTES = 255  # of a routing key, by the protocol
_WORD = re.compile(r"(?:[A-Za-z0-9_-]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes, and as what."""

    eci: str
    domain: str
    type: str

    @property
    def words(self) -> tuple[str, str, str]:
        """Of the delivery."""
        return ("event", self.domain, self.type)


def address_of(key: str) -> Address:
    """What a routing key names. Raises Undecodable."""
    kind, *words = key.split(".")
    if kind != "event" or len(words) != 3:
        raise Undecodable(f"expected a routing key of the form 'event.<eci>.<domain>.<type>', found {key!r}")
    return Address(*(_read(word, key) for word in words))


def routing_key(kind: str, eci: str, domain: str, type: str) -> str:
    """The key `kind.<eci>.<domain>.<type>`. Raises SendRefused if it is too long."""
    key = ".".join((kind, *(_written(word) for word in (eci, domain, type))))
    if len(key) > MAX_BYTES:
        raise SendRefused(f"the routing key would have {len(key)} bytes, AMQP allows {MAX_BYTES}: {key[:60]!r}…")
    return key


def _read(word: str, key: str) -> str:
    if not _WORD.fullmatch(word):
        raise Undecodable(f"expected letters, digits, '_', '-' and %XX in each word of a routing key, found {key!r}")
    try:
        return unquote(word, errors="strict")
    except UnicodeDecodeError:
        raise Undecodable(f"the escapes in the routing key {key!r} are no UTF-8") from None


def _written(word: str) -> str:
    # `quote` leaves these alone, but a dot ends a word and a tilde is none of ours.
    escaped = quote(word.encode("utf-8", "replace"), safe="")
    return escaped.replace(".", "%2E").replace("~", "%7E")
