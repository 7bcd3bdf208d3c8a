"""What an engine tells of its picos to who knows the UI channel of one: a tree of plain facts.

A Node engine and ours answer alike. Both answer more by channels with generous policies: what a data service holds is
read by the first channel of its pico that lets the question in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..channel import lets_in
from ..client import UI, Client, Failure
from ..picos import Pico, read_tree

PDS = "io.picolabs.pds"
SUBSCRIPTION = "io.picolabs.subscription"

Channel = dict[str, Any]
Ruleset = dict[str, Any]
Bus = dict[str, Any]


@dataclass(slots=True)
class Known:
    """One pico as its engine tells of it."""

    name: str
    eci: str  # its UI channel
    box: dict[str, Any]
    channels: list[Channel]
    rulesets: list[Ruleset]
    buses: list[Bus]  # its ends of established subscriptions
    data: dict[str, Any]  # of its data service: `general`, `settings`, `profile`
    children: list[Known] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # what could not be asked

    def walk(self) -> Iterator[Known]:
        """The pico and all below it, parents first, children in their order."""
        waiting = [self]
        while waiting:
            pico = waiting.pop()
            yield pico
            waiting.extend(reversed(pico.children))


def read_all(client: Client, eci: str | None) -> Known:
    """The pico with this UI channel, or the root, and all below it."""
    tree = read_tree(client, eci)
    root = _read(client, tree)
    waiting = [(root, tree)]
    while waiting:
        known, pico = waiting.pop()
        for child in pico.children:
            known.children.append(_read(client, child))
            waiting.append((known.children[-1], child))
    return root


def _read(client: Client, pico: Pico) -> Known:
    told = client.query(pico.eci, UI, "pico")
    known = Known(
        pico.name,
        pico.eci,
        client.query(pico.eci, UI, "box"),
        told["channels"] or [],
        told["rulesets"] or [],
        buses=[],
        data={},
    )
    rids = {each["rid"] for each in known.rulesets}
    if SUBSCRIPTION in rids:
        known.buses = client.query(pico.eci, SUBSCRIPTION, "established") or []
        pending = [way for way in ("inbound", "outbound") if client.query(pico.eci, SUBSCRIPTION, way)]
        known.unread += [f"pending subscriptions ({way})" for way in pending]
    if PDS in rids:
        _read_data(client, known)
    return known


def _read_data(client: Client, known: Known) -> None:
    for function, member in (("items", "general"), ("settings", "settings"), ("profile", "profile")):
        channel = next((each for each in known.channels if _answers(each, PDS, function)), None)
        try:
            if channel is None:
                raise Failure("no channel lets the question in", 4)
            known.data[member] = (client.query(channel["id"], PDS, function) or {}).get(member)
        except Failure as failure:
            known.unread.append(f"{member} of the data service: {failure.message}")


def _answers(channel: Channel, rid: str, function: str) -> bool:
    return not channel.get("familyChannelPicoID") and lets_in(channel["queryPolicy"], "rid", rid, function)
