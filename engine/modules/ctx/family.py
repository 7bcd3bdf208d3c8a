"""`ctx`: a pico's parent and children, and what makes and deletes children."""

from __future__ import annotations

from typing import Any

from krl import Here, KRLLoadError, KRLTypeError, KRLValueError, text

from ... import surroundings
from ...channel import ALLOW_EVENTS, ALLOW_QUERIES, SYSTEM, Channel
from ...errors import EngineError
from ...host import Host
from ...past.snapshots import birth
from ...pico import Pico
from ...registry.code import EMPTY
from ...store.interface import PicoRow
from .channels import channel_or_none, checked_tags
from .rulesets import install_row, load


def parent(h: Host, here: Here) -> str | None:
    """The ECI by which this pico reaches its parent; null on a root."""
    return h.pico.row.parent_eci


def children(h: Host, here: Here) -> list[str]:
    """The ECIs by which this pico reaches its children, in order of creation."""
    return [row.family_eci for row in surroundings.children(h) if row.family_eci is not None]


def children_tagged(h: Host, here: Here, tags: Any = None) -> list[str]:
    """The ECI of each child's first channel with exactly these tags, in order of creation of the children."""
    found = [surroundings.channels_tagged(h, checked_tags(tags), child.id) for child in surroundings.children(h)]
    return [channels[0].eci for channels in found if channels]


def child_of(h: Host, here: Here, eci: Any = None, tags: Any = None) -> str | None:
    """The ECI by which this pico reaches the child that has a channel of this ECI, tagged so; null if none has."""
    channel = channel_or_none(h, eci)
    if channel is None or set(channel.tags) != set(checked_tags(tags)):
        return None
    row = surroundings.pico_row(h, channel.pico)
    return row.family_eci if row is not None and row.parent == h.pico.id else None


def new_pico(h: Host, here: Here, rulesets: Any = None) -> str:
    """Make a child with these rulesets, [{url, config}]; the ECI by which this pico reaches it.

    The child is part of this event: it exists completely or not at all. All texts are loaded first, and one that
    cannot be fails the action; one that only fails to start in the child is told in the journal.
    """
    if not isinstance(rulesets, list) or not all(isinstance(each, dict) for each in rulesets):
        raise KRLTypeError("ctx:newPico expects an array of {url, config}")
    wanted = [(load(h, each.get("url")), each.get("config")) for each in rulesets]
    child = _newborn(h)
    for row, config in wanted:
        try:
            install_row(child, row, config)
        except (KRLLoadError, EngineError) as error:
            child.log(here, "error", f"{row.rid} does not start: {error}")
    h.cycle.births.append(birth(child))
    return child.pico.row.family_eci or ""


def _newborn(h: Host) -> Host:
    """A child without rulesets, with its two family channels, in this cycle's changes."""
    parent, changes = h.pico, h.cycle.changes
    if parent.next_child_no is None:
        parent.next_child_no = h.parts.store.next_child_no(parent.id)
    id, up, down = h.new_id(), h.new_id(), h.new_id()
    row = PicoRow(id, parent.id, parent.next_child_no, up, down, EMPTY.hash, 0, b"")
    parent.next_child_no += 1
    changes.picos[id] = row
    changes.channels[up] = Channel(up, parent.id, (SYSTEM, "parent"), ALLOW_EVENTS, ALLOW_QUERIES, id)
    changes.channels[down] = Channel(down, id, (SYSTEM, "child"), ALLOW_EVENTS, ALLOW_QUERIES, parent.id)
    changes.codes[id] = EMPTY
    pico = Pico(id, row, EMPTY, {}, h.parts.loader.salience(EMPTY), 0, b"", next_child_no=0)
    pico.registry_version = h.parts.registry.version
    child = h.cycle.newborns[id] = Host(h.parts, pico, h.cycle)
    return child


def del_pico(h: Host, here: Here, eci: Any = None) -> None:
    """Delete a child, named by its family ECI, and all below it."""
    row = _child_by(h, eci)
    if row is None:
        raise KRLValueError(f"delPico({'undefined' if eci is None else text(eci)}) - not found in children ECIs")
    for id in surroundings.with_all_below(h, row.id):
        surroundings.delete_pico(h, id)
    if row.parent_eci is not None:
        h.cycle.changes.channels[row.parent_eci] = None


def _child_by(h: Host, eci: Any) -> PicoRow | None:
    channel = channel_or_none(h, eci)
    if channel is None:
        return None
    row = surroundings.pico_row(h, channel.pico)
    return row if row is not None and row.parent == h.pico.id and row.family_eci == eci else None
