"""`picoengine ruleset`: the rulesets of a pico, and of the engine."""

from __future__ import annotations

from typing import Any

import click

from .channel import pico_options
from .client import UI, Client, Failure, engine_options, write_json
from .picos import NOT_FOUND, ui_channel


@click.group("ruleset")
def command() -> None:
    """List, flush and uninstall rulesets. To install one: picoengine install."""


@command.command("list")
@click.option("--all", "everywhere", is_flag=True, help="All that the engine knows, by URL.")
@pico_options
@engine_options
def list_rulesets(everywhere: bool, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """List a pico's rulesets in order of installation, or with --all those of the engine."""
    if everywhere:
        rulesets = client.get("api", "v1", "rulesets")["rulesets"]
    else:
        installed = _installed(client, ui_channel(client, ui, name))
        rulesets = [{member: each[member] for member in ("rid", "url", "config")} for each in installed]
    if as_json:
        write_json(rulesets)
        return
    for each in rulesets:
        click.echo(f"{each['rid']}  {each['url']}")


@command.command("flush")
@click.argument("url")
@engine_options
def flush(url: str, client: Client, as_json: bool) -> None:
    """Fetch the ruleset at URL again; every pico that has it from there takes the new text."""
    told = client.get("api", "flush", url=url)
    if as_json:
        write_json(told)
    else:
        click.echo(f"{told['rid']} is in force since {told['flushed']}", err=True)


@command.command("uninstall")
@click.argument("rid")
@pico_options
@engine_options
def uninstall(rid: str, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Remove a ruleset and its entity variables from a pico."""
    eci = ui_channel(client, ui, name)
    if all(each["rid"] != rid for each in _installed(client, eci)):  # the engine has nothing against it
        raise Failure(f"the pico has no ruleset {rid!r}", NOT_FOUND)
    reply = client.event(eci, "engine_ui", "uninstall", {"rid": rid})
    if as_json:
        write_json(reply)


def _installed(client: Client, eci: str) -> list[dict[str, Any]]:
    """The rulesets of the pico with this UI channel, in order of installation."""
    installed: list[dict[str, Any]] = client.query(eci, UI, "pico")["rulesets"]
    return installed
