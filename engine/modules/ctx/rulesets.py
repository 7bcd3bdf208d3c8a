"""`ctx`: a pico's rulesets, to be listed, installed, removed and fetched again."""

from __future__ import annotations

from typing import Any

import orjson

from krl import Here, KRLLoadError, KRLTypeError, Program, plain, typeof

from ...clock import instant
from ...errors import Conflict, RulesetRefused
from ...host import Host
from ...registry.code import Installed
from ...registry.registry import COMPILER_VERSION
from ...store.interface import RegistryRow
from .. import known_rulesets


def rulesets(h: Host, here: Here) -> list[dict[str, Any]]:
    """This pico's rulesets in order of installation."""
    return [_ruleset_map(h, installed) for installed in h.code]


def _ruleset_map(h: Host, installed: Installed) -> dict[str, Any]:
    instance = h.instances.get(installed.rid)
    row = known_rulesets.registered(h, installed.url)
    return {
        "rid": installed.rid,
        "url": installed.url,
        "config": installed.config_map(),
        "meta": None if instance is None else _meta_map(instance.program, row),
    }


def _meta_map(program: Program, row: RegistryRow | None) -> dict[str, Any]:
    return {
        "krl": program.source,
        "krlMeta": program.meta.krl_meta,
        "hash": program.hash,
        "flushed": None if row is None else instant(row.flushed),
        "compiler": {"version": COMPILER_VERSION, "warnings": [] if row is None else orjson.loads(row.warnings)},
    }


def install(h: Host, here: Here, url: Any = None, config: Any = None) -> str:
    """Install the ruleset at the URL, or install it again with another configuration; its rid."""
    return install_row(h, load(h, url), config)


def install_source(h: Host, here: Here, source: Any = None, config: Any = None) -> str:
    """Install a ruleset from its text; its rid. The text stands under `inline:///<rid>.krl`."""
    if not isinstance(source, str):
        raise KRLTypeError(f"Expected string for source but got {typeof(source)}")
    return install_row(h, known_rulesets.taken(h, source), config)


def uninstall(h: Host, here: Here, rid: Any = None) -> None:
    """Remove a ruleset and its variables. Refused while other rulesets of the pico use it."""
    if not isinstance(rid, str):
        raise KRLTypeError(f"Expected string for rid but got {typeof(rid)}")
    users = [r for r, each in h.instances.items() if r != rid and any(use.rid == rid for use in each.program.meta.uses)]
    if users:
        raise Conflict(f"Cannot uninstall {rid} because {' and '.join(users)} depends on it")
    if h.code.find(rid) is not None:
        h.uninstall(rid)
        h.parts.timetable.remove(h, rid, None)


def flush(h: Host, here: Here, url: Any = None) -> None:
    """Fetch the URL's text again; whoever follows the URL takes it at his next turn, this pico at once."""
    if not isinstance(url, str):
        raise KRLTypeError(f"Expected string for url but got {typeof(url)}")
    row = known_rulesets.flushed(h, url)
    for installed in h.code:
        if installed.url == row.url and installed.hash != row.hash:
            install_row(h, row, installed.config_map())


def load(h: Host, url: Any) -> RegistryRow:
    """The ruleset at the URL. May wait. Raises KRLTypeError for what is no string, else as `Registry.load`."""
    if not isinstance(url, str):
        raise KRLTypeError(f"Expected string for url but got {typeof(url)}")
    return known_rulesets.loaded(h, url)


def install_row(h: Host, row: RegistryRow, config: Any) -> str:
    """Install a ruleset that has been read; its rid. What is no map is no configuration. Raises RulesetRefused."""
    new = Installed(row.rid, row.hash, row.url, orjson.dumps(plain(config) if isinstance(config, dict) else {}))
    try:
        h.install(new)
    except KRLLoadError as error:
        raise RulesetRefused(str(error)) from error
    return row.rid
