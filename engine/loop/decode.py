"""Phase 2, decode: a delivery becomes an event or a query, at the door, once.

The channel is found and its policy asked before the body is read; what may not enter or cannot be understood is
refused here and stored nowhere. Later changes of the channel do not touch what was let in.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ..channel import Channel
from ..clock import Chance
from ..delivery import Decoder, Delivery
from ..directory import Directory
from ..document import loads
from ..errors import ChannelNotFound, DeliveryTooLarge, PolicyRefused, Undecodable
from ..event import Event, EventQuery, Query, Request
from ..settings import Settings

_COLLECTIONS = frozenset({dict, list})


class Door:
    """Lets deliveries in."""

    def __init__(
        self, settings: Settings, directory: Directory, chance: Chance, decoders: Mapping[str, Decoder]
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._chance = chance
        self._decoders = {"json": decode_json, **decoders}

    def decode(self, delivery: Delivery) -> tuple[Channel, Request]:
        """The request and the channel that it came in by.

        Raises ChannelNotFound, PolicyRefused, Undecodable, DeliveryTooLarge.
        """
        channel = self.admit(delivery.eci, delivery.words)
        limit = self._settings.max_body_bytes if delivery.max_bytes is None else delivery.max_bytes
        if len(delivery.body) > limit:
            name = "max_body_bytes" if delivery.max_bytes is None else f"of {delivery.transport}"
            raise DeliveryTooLarge(f"the body has {len(delivery.body)} bytes, the limit {name} is {limit}")
        decoder = self._decoders.get(delivery.decoder)
        if decoder is None:
            raise Undecodable(f"no decoder is called {delivery.decoder!r}; known are {sorted(self._decoders)}")
        request = decoder(delivery, self._chance.new_eid(), self._chance.now())
        attrs = request.event.attrs if isinstance(request, EventQuery) else _payload(request)
        check_size(attrs, self._settings)
        return channel, request

    def admit(self, eci: str, words: tuple[str, ...]) -> Channel:
        """The channel, if it lets such a request in. Raises ChannelNotFound, PolicyRefused, Undecodable."""
        if not eci:
            raise Undecodable(f"missing {'query' if words[:1] == ('query',) else 'event'}.eci")
        try:
            channel = self._directory.channel_at_the_door(eci)
            check_policy(channel, words)
        except (ChannelNotFound, PolicyRefused):
            if self._settings.hide_channels:
                raise ChannelNotFound(eci) from None
            raise
        return channel


def check_policy(channel: Channel, words: tuple[str, ...], asker: str | None = None) -> None:
    """Ask the channel whether such a request may enter; of an event with a query both must. Raises PolicyRefused."""
    match words:
        case ("event", domain, type):
            _check_event(channel, domain, type, asker)
        case ("query", rid, name):
            _check_query(channel, rid, name, asker)
        case ("event", domain, type, "query", rid, name):
            _check_event(channel, domain, type, asker)
            _check_query(channel, rid, name, asker)
        case _:
            raise Undecodable(f"{words!r} names no event and no query")


def _check_event(channel: Channel, domain: str, type: str, asker: str | None) -> None:
    if not domain:
        raise Undecodable("missing event.domain")
    if not type:
        raise Undecodable("missing event.name")
    channel.check_event(domain, type, asker)


def _check_query(channel: Channel, rid: str, name: str, asker: str | None) -> None:
    if not rid:
        raise Undecodable("missing query.rid")
    if not name:
        raise Undecodable("missing query.name")
    channel.check_query(rid, name, asker)


def _payload(request: Event | Query) -> dict[str, Any]:
    return request.attrs if isinstance(request, Event) else request.args


def decode_json(delivery: Delivery, eid: str, time: int) -> Request:
    """The decoder `json`: the body is a JSON map of attributes or arguments, or empty."""
    try:
        attrs = loads(delivery.body) if delivery.body else {}
    except ValueError as error:
        raise Undecodable(f"the body is no JSON: {error}") from error
    if not isinstance(attrs, dict):
        raise Undecodable("Expected a JSON map for event.data.attrs")
    return request_of(delivery.eci, delivery.words, attrs, eid, time)


def request_of(eci: str, words: tuple[str, ...], attrs: dict[str, Any], eid: str, time: int) -> Request:
    """The request that the routing words name, with these attributes or arguments."""
    match words:
        case ("event", domain, type):
            return Event(eid, eci, domain, type, attrs, time)
        case ("query", rid, name):
            return Query(eid, eci, rid, name, attrs)
        case ("event", domain, type, "query", rid, name):
            return EventQuery(Event(eid, eci, domain, type, attrs, time), Query(f"{eid}.q", eci, rid, name, attrs))
        case _:
            raise Undecodable(f"{words!r} names no event and no query")


def body_hash(delivery: Delivery) -> bytes:
    """What tells two deliveries with one key apart."""
    parts = (*delivery.words, delivery.query, delivery.content_type)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass") + b"\0" + delivery.body).digest()


def check_size(value: Mapping[str, Any], settings: Settings) -> None:
    """Raise DeliveryTooLarge for data that is nested too deep or has too many members, all levels together."""
    members = 0
    level: list[Any] = [value]  # the collections of one level
    for _ in range(settings.max_depth):
        below: list[Any] = []
        for each in level:
            members += len(each)
            items = each if type(each) is list else each.values()
            if not _COLLECTIONS.isdisjoint(map(type, items)):
                below += [item for item in items if type(item) in _COLLECTIONS and item]
        if members > settings.max_members:
            raise DeliveryTooLarge(f"more than {settings.max_members} members (max_members)")
        if not below:
            return
        level = below
    raise DeliveryTooLarge(f"nested deeper than {settings.max_depth} levels (max_depth)")
