"""`ctx`: a pico's channels, to be read, made, changed and deleted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from krl import Here, KRLTypeError, text

from ... import surroundings
from ...channel import ALLOW_EVENTS, ALLOW_QUERIES, Channel, clean_tags, event_policy, query_policy
from ...errors import ChannelNotFound, ChannelProtected, Conflict, OwnChannelNotFound
from ...host import Host


def channels(h: Host, here: Here) -> list[dict[str, Any]]:
    """This pico's channels, sorted by id."""
    return [channel.as_map() for channel in surroundings.own_channels(h)]


def channels_tagged(h: Host, here: Here, tags: Any = None) -> list[dict[str, Any]]:
    """This pico's channels with exactly these tags, sorted by id; the size of the family does not matter to it."""
    return [channel.as_map() for channel in surroundings.channels_tagged(h, checked_tags(tags))]


def is_own_channel(h: Host, here: Here, eci: Any = None) -> bool:
    """Whether this pico has a channel of this ECI."""
    channel = channel_or_none(h, eci)
    return channel is not None and channel.pico == h.pico.id


def new_channel(
    h: Host, here: Here, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None
) -> dict[str, Any]:
    """Make a channel; a missing policy allows everything. Its map."""
    channel = Channel(
        h.new_id(),
        h.pico.id,
        clean_tags(tags),
        ALLOW_EVENTS if eventPolicy is None else event_policy(eventPolicy),
        ALLOW_QUERIES if queryPolicy is None else query_policy(queryPolicy),
    )
    h.cycle.changes.channels[channel.eci] = channel
    return channel.as_map()


def put_channel(
    h: Host, here: Here, eci: Any = None, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None
) -> None:
    """Change the given parts of a channel; family channels silently stay as they are."""
    _edit(h, _own_channel(h, eci), tags, eventPolicy, queryPolicy)


def upsert_channel(h: Host, here: Here, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None) -> None:
    """Change the first channel with the same set of tags, or make one."""
    known = surroundings.channels_tagged(h, clean_tags(tags))
    if known:
        _edit(h, known[0], None, eventPolicy, queryPolicy)
    else:
        new_channel(h, here, tags, eventPolicy, queryPolicy)


def del_channel(h: Host, here: Here, eci: Any = None) -> None:
    """Delete an ordinary channel."""
    channel = _own_channel(h, eci)
    if channel.family_pico is not None:
        raise ChannelProtected("Cannot delete family channels.")
    h.cycle.changes.channels[channel.eci] = None


def _own_channel(h: Host, eci: Any) -> Channel:
    channel = channel_or_none(h, eci)
    if channel is None or channel.pico != h.pico.id:
        raise OwnChannelNotFound(text(eci))
    return channel


def _edit(h: Host, channel: Channel, tags: Any, events: Any, queries: Any) -> None:
    if channel.eci == h.pico.id:
        raise Conflict("Cannot edit the self channel.")
    changed = replace(
        channel,
        tags=channel.tags if tags is None else clean_tags(tags),
        event_policy=channel.event_policy if events is None else event_policy(events),
        query_policy=channel.query_policy if queries is None else query_policy(queries),
    )
    if channel.family_pico is None:
        h.cycle.changes.channels[channel.eci] = changed


def channel_or_none(h: Host, eci: Any) -> Channel | None:
    """The channel of this ECI, whoever has it; None if that is no ECI."""
    if isinstance(eci, str):
        with suppress(ChannelNotFound):
            return surroundings.channel_at(h, eci)
    return None


def checked_tags(tags: Any) -> list[str]:
    """The tags that somebody asks for; raises KRLTypeError for anything but a list of strings."""
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise KRLTypeError("tags must be an array of strings")
    return tags
