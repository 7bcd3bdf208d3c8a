"""Subscribe the new picos to one another as the old ones are.

A subscription has two ends, each a channel that the other side transmits to. Both ends of an old one are found among
the picos that were read; the new one is asked for and agreed to as any other, so rules that listen hear of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..client import Client, Failure
from .here import Made
from .there import SUBSCRIPTION, Bus

SECONDS = 10.0  # for a message from pico to pico
PAUSE_SECONDS = 0.05
USUAL_TYPE = "tx_rx"  # of a channel that was asked for without a type


class End(NamedTuple):
    """One end of an old subscription, and the new pico that it is to belong to."""

    made: Made
    bus: Bus


def ends_of(made: Iterable[Made]) -> list[End]:
    """Every end of every established subscription."""
    return [End(each, bus) for each in made for bus in each.known.buses]


def pairs(ends: Iterable[End]) -> Iterator[tuple[End, End | None]]:
    """Each subscription once: an end, and the other one if its pico is among those that were read."""
    by_rx = {end.bus["Rx"]: end for end in ends}
    paired: set[str] = set()
    for rx, end in by_rx.items():
        other = by_rx.get(end.bus.get("Tx", ""))
        if other is None:
            yield end, None
        elif rx not in paired:
            paired |= {rx, other.bus["Rx"]}
            yield end, other


def subscribe(client: Client, asker: End, asked: End, taken: set[str]) -> None:
    """Make a subscription like the old one, unless one is there that stands for no other; `taken` are their Ids.

    The new ends replace the old ones among the ECIs of both picos. Raises Failure if the other side does not answer.
    """
    bus = _existing(client, asker, asked, taken) or _agreed(client, asker, asked)
    taken.add(bus["Id"])
    asker.made.ecis[asker.bus["Rx"]] = bus["Rx"]
    asked.made.ecis[asked.bus["Rx"]] = bus["Tx"]


def _existing(client: Client, asker: End, asked: End, taken: set[str]) -> Bus | None:
    there = _by_id(client, asked.made, "established")
    for id, bus in _by_id(client, asker.made, "established").items():
        if id in there and id not in taken and _roles(bus) == _roles(asker.bus):
            return bus
    return None


def _agreed(client: Client, asker: End, asked: End) -> Bus:
    """The new subscription, as its asker has it. It is asked for once, also if an attempt before this one did so."""
    address = client.query(asked.made.eci, SUBSCRIPTION, "wellKnown_Rx")["id"]
    before = _by_id(client, asker.made, "established")

    def pending() -> set[str]:
        outbound = _by_id(client, asker.made, "outbound")
        return {id for id, bus in outbound.items() if bus.get("wellKnown_Tx") == address}

    if not pending():
        client.event(asker.made.eci, "wrangler", "subscription", {**_request(asker), "wellKnown_Tx": address})
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        there = _by_id(client, asked.made, "established")
        for id, bus in _by_id(client, asker.made, "established").items():
            if id in there and id not in before:
                return bus
        for id in pending() & _by_id(client, asked.made, "inbound").keys():  # unless a rule there agrees by itself
            client.event(asked.made.eci, "wrangler", "pending_subscription_approval", {"Id": id})
        time.sleep(PAUSE_SECONDS)
    raise Failure(f"{asked.made.known.name} did not agree to a subscription with {asker.made.known.name}", 1)


def _by_id(client: Client, made: Made, state: str) -> dict[str, Bus]:
    return {bus["Id"]: bus for bus in client.query(made.eci, SUBSCRIPTION, state) or []}


def _roles(bus: Bus) -> tuple[Any, Any]:
    return bus.get("Rx_role"), bus.get("Tx_role")


def _request(end: End) -> dict[str, Any]:
    """Roles, and the two tags of the old channel: a name and a type."""
    tags: list[str] = next((each["tags"] for each in end.made.known.channels if each["id"] == end.bus["Rx"]), [])
    names = [tag for tag in tags if tag != USUAL_TYPE]
    request = {
        "Rx_role": end.bus.get("Rx_role"),
        "Tx_role": end.bus.get("Tx_role"),
        "name": names[0] if names else None,
        "channel_type": names[1] if len(names) > 1 else None,
    }
    return {name: value for name, value in request.items() if value is not None}
