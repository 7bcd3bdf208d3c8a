"""Where picos and channels are found: what is committed, and what is decided and not yet on disk.

The door sees only what is committed. The loop also sees rows that finished cycles have decided: they lie on top,
each under the number of its commit, until that commit is done.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import orjson

from .channel import Channel, Policy, policy_from_json, self_channel
from .errors import ChannelNotFound
from .store.interface import ChannelRow, PicoRow, Store

KNOWN_CHANNELS = 100_000  # kept in memory
KNOWN_POLICIES = 4096  # which all channels share


class Directory:
    """Picos and channels by name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, Channel] = OrderedDict()  # committed ones only
        self._policies: dict[str, Policy] = {}  # by hash
        self._channels_ahead: dict[str, tuple[int, Channel | None]] = {}
        self._picos_ahead: dict[str, tuple[int, PicoRow | None]] = {}

    def channel_at_the_door(self, eci: str) -> Channel:
        """The committed channel of this ECI; raises ChannelNotFound."""
        known = self._known.get(eci)
        if known is not None:
            self._known.move_to_end(eci)
            return known
        row = self._store.channel(eci)
        if row is not None:
            channel = self._from_row(row)
        elif self._store.pico(eci) is not None:
            channel = self_channel(eci)
        else:
            raise ChannelNotFound(eci)
        self._known[eci] = channel
        if len(self._known) > KNOWN_CHANNELS:
            self._known.popitem(last=False)
        return channel

    def channel(self, eci: str) -> Channel:
        """The channel of this ECI, decided ones included; raises ChannelNotFound."""
        ahead = self._channels_ahead.get(eci)
        if ahead is None:
            if eci in self._picos_ahead and self._picos_ahead[eci][1] is None:
                raise ChannelNotFound(eci)
            if eci in self._picos_ahead:
                return self_channel(eci)
            return self.channel_at_the_door(eci)
        if ahead[1] is None:
            raise ChannelNotFound(eci)
        return ahead[1]

    def channels(self, pico: str, *, family: bool = True) -> dict[str, Channel]:
        """The channels of a pico but its own self channel, decided ones included.

        Without those to its family they are few, however many children it has.
        """
        rows = self._store.channels(pico) if family else self._store.ordinary_channels(pico)
        channels = {row.eci: self._from_row(row) for row in rows}
        for eci, (_, channel) in self._channels_ahead.items():
            if channel is None:
                channels.pop(eci, None)
            elif channel.pico == pico and (family or channel.family_pico is None):
                channels[eci] = channel
        return channels

    def pico(self, id: str) -> PicoRow | None:
        """The row of a pico, decided ones included."""
        ahead = self._picos_ahead.get(id)
        return self._store.pico(id) if ahead is None else ahead[1]

    def children(self, id: str) -> dict[str, PicoRow]:
        """The children of a pico in order of creation, decided ones included."""
        rows = {row.id: row for row in self._store.children(id)}
        for child, (_, row) in self._picos_ahead.items():
            if row is None:
                rows.pop(child, None)
            elif row.parent == id:
                rows[child] = row
        return rows

    def is_deleted(self, id: str) -> bool:
        """Whether a cycle has deleted the pico whose commit is not on disk yet."""
        ahead = self._picos_ahead.get(id)
        return ahead is not None and ahead[1] is None

    def decide(self, number: int, picos: Mapping[str, PicoRow | None], channels: Mapping[str, Channel | None]) -> None:
        """Rows that commit `number` will write."""
        for id, row in picos.items():
            self._picos_ahead[id] = (number, row)
        for eci, channel in channels.items():
            self._channels_ahead[eci] = (number, channel)

    def settle(self, number: int, picos: Mapping[str, PicoRow | None], channels: Mapping[str, Channel | None]) -> None:
        """Commit `number` is on disk."""
        for id, row in picos.items():
            if self._picos_ahead.get(id, (0,))[0] == number:
                del self._picos_ahead[id]
            if row is None:
                self._known.pop(id, None)
        for eci, channel in channels.items():
            if self._channels_ahead.get(eci, (0,))[0] == number:
                del self._channels_ahead[eci]
            if channel is None:
                self._known.pop(eci, None)
            else:
                self._known[eci] = channel

    def forget_decided(self) -> None:
        """Nothing that was not committed exists any more."""
        self._picos_ahead.clear()
        self._channels_ahead.clear()

    def _from_row(self, row: ChannelRow) -> Channel:
        return Channel(
            row.eci,
            row.pico,
            tuple(orjson.loads(row.tags)),
            self._policy(row.event_policy),
            self._policy(row.query_policy),
            row.family_pico,
        )

    def _policy(self, hash: str) -> Policy:
        policy = self._policies.get(hash)
        if policy is None:
            body = self._store.blob(hash)
            if body is None:
                raise LookupError(f"the store has no policy {hash!r}; `picoengine doctor` tells more")
            if len(self._policies) >= KNOWN_POLICIES:
                self._policies.clear()
            policy = self._policies[hash] = policy_from_json(body)
        return policy
