"""`ctx`: this pico and this ruleset, and what the pico's journal says."""

from __future__ import annotations

from typing import Any

from krl import Here, RulesetMeta, plain

from ...clock import instant
from ...host import Host

LOGGED_MS = 12 * 3600 * 1000  # how far back ctx:logs looks
LOGGED_EVENTS = 200


def pico_id(h: Host, here: Here) -> str:
    """The pico's id."""
    return h.pico.id


def rid(h: Host, here: Here) -> str:
    """The ruleset in whose text this stands."""
    return here.rid


def rid_url(h: Host, here: Here) -> str | None:
    """Where the ruleset came from."""
    return here.url


def rid_config(h: Host, here: Here) -> dict[str, Any]:
    """The configuration given at installation."""
    return here.config


def rid_name(h: Host, here: Here) -> str | None:
    """The ruleset's name, as its `meta` says."""
    return _meta(here).name


def rid_description(h: Host, here: Here) -> str | None:
    """The ruleset's description, as its `meta` says."""
    return _meta(here).description


def rid_author(h: Host, here: Here) -> str | None:
    """The ruleset's author, as its `meta` says."""
    return _meta(here).author


def rid_version(h: Host, here: Here) -> str | None:
    """The ruleset's version, as its `meta` says."""
    return _meta(here).version


def _meta(here: Here) -> RulesetMeta:
    meta: RulesetMeta = here.meta
    return meta


def logs(h: Host, here: Here) -> list[dict[str, Any]]:
    """The pico's log lines of the last hours, oldest first; of its events the latest only."""
    lines: list[dict[str, Any]] = h.inputs.take("logs", None, lambda: plain(_logs(h)))
    return lines


def _logs(h: Host) -> list[dict[str, Any]]:
    pico = h.pico
    rows = h.parts.store.log(pico.id, max(0, pico.head_seq - LOGGED_EVENTS), LOGGED_EVENTS)
    lines = h.parts.journal.lines(pico.id, rows, h.now() - LOGGED_MS)
    return [{**line, "time": instant(line["time"])} for line in lines]
