"""The first pico of an engine: made at the first start, and given the system rulesets at every start.

Sources of the system rulesets are the engine's own files; their text may change with a new version of the engine,
and every pico that has them follows.
"""

from __future__ import annotations

import rulesets
from krl import Here

from .changes import Changes
from .cycle import Cycle, Parts
from .host import Host
from .modules.ctx.channels import new_channel
from .modules.ctx.rulesets import flush, install
from .pico import Pico
from .registry.code import EMPTY
from .registry.sources import bundled_url
from .store.interface import PicoRow
from .surroundings import channels_tagged

ENGINE = "engine"  # who installs the system rulesets
UI_TAGS = ["engine", "ui"]


def new_root(parts: Parts) -> Host:
    """A pico without a parent and without rulesets, in a cycle of its own."""
    id = parts.chance.new_id()
    row = PicoRow(id, None, len(parts.store.roots()), None, None, EMPTY.hash, 0, b"")
    cycle = Cycle(parts.chance.new_eid(), Changes(picos={id: row}, codes={id: EMPTY}))
    pico = Pico(id, row, EMPTY, {}, parts.loader.salience(EMPTY), 0, b"", next_child_no=0)
    pico.registry_version = parts.registry.version
    return Host(parts, pico, cycle)


def equip(host: Host) -> list[str]:
    """Install the system rulesets that the pico lacks and take their present texts; the rids that are new to it.

    Raises EngineError if a bundled ruleset does not load: the engine's own fault.
    """
    installed = []
    here = Here(ENGINE)
    for rid in rulesets.RIDS:
        url = bundled_url(rid)
        known = host.code.find(rid)
        if known is None:
            install(host, here, url)
            installed.append(rid)
        elif known.url == url:
            flush(host, here, url)
    return installed


def ui_channel(host: Host) -> str:
    """The ECI of the channel that screens use, tagged exactly `engine` and `ui`; made if there is none."""
    known = channels_tagged(host, UI_TAGS)
    return known[0].eci if known else str(new_channel(host, Here(ENGINE), UI_TAGS)["id"])
