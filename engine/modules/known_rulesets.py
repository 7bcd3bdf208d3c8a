"""Rulesets by URL or text, as a rule meets them: what the engine knows of them is an input of the cycle.

The text of a ruleset that an event installs is stored with the event, under the hash that is noted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from krl import Program

from ..changes import Changes
from ..host import Host
from ..store.interface import RegistryRow


def registered(h: Host, url: str) -> RegistryRow | None:
    """What the engine knows of a normal URL."""
    noted = h.inputs.take("registered", url, lambda: _noted(h.parts.registry.row(url, h.cycle.changes)))
    return None if noted is None else _row(noted)


def loaded(h: Host, url: str) -> RegistryRow:
    """The ruleset of the URL as it is known, fetched if it is not. May wait. Raises as `Registry.load`."""
    return _asked(h, "load", h.parts.registry.load, url)


def flushed(h: Host, url: str) -> RegistryRow:
    """The ruleset of the URL, fetched again. May wait. Raises as `Registry.flush`."""
    return _asked(h, "flush", h.parts.registry.flush, url)


def taken(h: Host, source: str) -> RegistryRow:
    """The ruleset with this text. Raises as `Registry.take_inline`."""
    return _asked(h, "text", h.parts.registry.take_inline, source)


def _asked(h: Host, how: str, ask: Callable[[str, Changes], tuple[RegistryRow, Program]], what: str) -> RegistryRow:
    return _row(h.inputs.take("ruleset", [how, what], lambda: _noted(ask(what, h.cycle.changes)[0])))


def _noted(row: RegistryRow | None) -> list[Any] | None:
    return None if row is None else [row.url, row.hash, row.rid, row.flushed, row.warnings.decode()]


def _row(noted: list[Any]) -> RegistryRow:
    url, hash, rid, flushed_at, warnings = noted
    return RegistryRow(url, hash, rid, flushed_at, warnings.encode())
