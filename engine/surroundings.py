"""Picos and channels around a cycle: what the directory knows of them, and on top what the cycle itself has changed.

What lies outside the picos of the cycle is an input of it, and is noted as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from krl import plain

from .channel import SYSTEM, Channel, self_channel
from .errors import ChannelNotFound
from .event import Query
from .host import Host
from .store.interface import PicoRow

# --- channels ---------------------------------------------------------------------------------------------------------


def channel_at(host: Host, eci: str) -> Channel:
    """The channel of this ECI, those of this cycle included; raises ChannelNotFound."""
    changes = host.cycle.changes
    if eci in changes.channels:
        channel = changes.channels[eci]
        if channel is None:
            raise ChannelNotFound(eci)
        return channel
    if eci in host.cycle.newborns:
        return self_channel(eci)
    if eci in changes.picos and changes.picos[eci] is None:
        raise ChannelNotFound(eci)
    own = _own_channel(host, eci)
    if own is not None:
        return own
    return Channel.from_row(host.inputs.take("channel", eci, lambda: host.parts.directory.channel(eci).as_row()))


def _own_channel(host: Host, eci: str) -> Channel | None:
    with suppress(ChannelNotFound):
        channel = host.parts.directory.channel(eci)
        if channel.pico == host.pico.id:
            return channel
    return None


def own_channels(host: Host) -> list[Channel]:
    """This pico's channels sorted by ECI, its self channel and those of this cycle included."""
    channels = _channels(host, host.pico.id, family=True)
    channels[host.pico.id] = self_channel(host.pico.id)
    return [channels[eci] for eci in sorted(channels)]


def channels_tagged(host: Host, tags: Iterable[str], pico: str | None = None) -> list[Channel]:
    """Those channels of this pico, or of another one, that have exactly these tags, sorted by ECI."""
    wanted = set(tags)
    # Only the engine tags a channel `system`: all that it makes for a pico itself and its family.
    channels = _channels(host, pico or host.pico.id, family=SYSTEM in wanted)
    if SYSTEM in wanted and pico is None:
        channels[host.pico.id] = self_channel(host.pico.id)
    return [channels[eci] for eci in sorted(channels) if set(channels[eci].tags) == wanted]


def _channels(host: Host, pico: str, *, family: bool) -> dict[str, Channel]:
    channels = _kept_channels(host, pico, family=family)
    for eci, channel in host.cycle.changes.channels.items():
        if channel is None:
            channels.pop(eci, None)
        elif channel.pico == pico and (family or channel.family_pico is None):
            channels[eci] = channel
    return channels


def _kept_channels(host: Host, pico: str, *, family: bool) -> dict[str, Channel]:
    """The channels of a pico as they were before this cycle."""

    def kept() -> dict[str, Channel]:
        return host.parts.directory.channels(pico, family=family)

    if pico == host.pico.id or pico in host.cycle.newborns:
        return kept()
    rows = host.inputs.take("channels", [pico, family], lambda: [each.as_row() for each in kept().values()])
    return {row[0]: Channel.from_row(row) for row in rows}


# --- who is behind a channel ------------------------------------------------------------------------------------------


def target(host: Host, eci: str, *words: str) -> str:
    """The pico behind a channel that lets in the event (`event`, domain, type) or query (`query`, rid, name).

    Raises ChannelNotFound, PolicyRefused.
    """
    if eci in host.cycle.changes.channels or eci in host.cycle.changes.picos:
        return _admitted(host, eci, *words)  # known from this very cycle
    pico: str = host.inputs.take("target", [eci, *words], lambda: _admitted(host, eci, *words))
    return pico


def _admitted(host: Host, eci: str, kind: str, first: str, name: str) -> str:
    channel = channel_at(host, eci)
    check = channel.check_event if kind == "event" else channel.check_query
    check(first, name, host.pico.id)
    return channel.pico


def ask(host: Host, pico: str, query: Query, live: Callable[[], Any]) -> Any:
    """The answer of a pico, got by `live`: an input, unless the pico's state is in this very cycle."""
    if pico in host.cycle.newborns or pico == host.pico.id:
        return live()
    return host.inputs.take("query", [query.eci, query.rid, query.name, query.args], lambda: plain(live()))


# --- family -----------------------------------------------------------------------------------------------------------


def pico_row(host: Host, id: str) -> PicoRow | None:
    """The row of a pico of this engine, of this cycle's own included; None if there is no such pico any more."""
    picos = host.cycle.changes.picos
    return picos[id] if id in picos else host.parts.directory.pico(id)


def children(host: Host) -> list[PicoRow]:
    """This pico's children in order of creation, those of this cycle included."""
    rows = host.parts.directory.children(host.pico.id)
    for id, row in host.cycle.changes.picos.items():
        if row is None:
            rows.pop(id, None)
        elif row.parent == host.pico.id:
            rows[id] = row
    return list(rows.values())


def kept_children(host: Host, pico: str) -> list[str]:
    """The children of a pico as they were before this cycle, in order of creation."""

    def kept() -> list[str]:
        return list(host.parts.directory.children(pico))

    if pico == host.pico.id or pico in host.cycle.newborns:
        return kept()
    children: list[str] = host.inputs.take("children", pico, kept)
    return children


def with_all_below(host: Host, top: str) -> list[str]:
    """The pico and all below it, the lowest first."""
    found, below = [top], [top]
    while below:
        parents = set(below)
        below = [id for each in below for id in kept_children(host, each)]
        below += [
            id for id, row in host.cycle.changes.picos.items() if row and row.parent in parents and id not in below
        ]
        found.extend(below)
    return list(reversed(found))


def delete_pico(host: Host, id: str) -> None:
    """Delete a pico with its channels; those below it are the caller's affair. Again is no error."""
    changes = host.cycle.changes
    made = [eci for eci, channel in changes.channels.items() if channel is not None and channel.pico == id]
    for eci in (*_kept_channels(host, id, family=True), *made):
        changes.channels[eci] = None
    changes.forget_pico(id)
    host.cycle.newborns.pop(id, None)
    host.cycle.deleted[id] = None
