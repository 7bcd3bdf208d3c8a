"""`picoengine pico`: make, show and delete picos."""

from __future__ import annotations

from typing import Any

import click

from .channel import pico_options
from .client import UI, Client, Failure, engine_options, write_json
from .picos import NOT_FOUND, read_tree, ui_channel


@click.group("pico")
def command() -> None:
    """Make, show and delete picos."""


@command.command("new")
@click.argument("child", metavar="NAME")
@pico_options
@engine_options
def new(child: str, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Make a pico called NAME and write its UI channel. Its parent is the root, or the pico that is named."""
    parent = ui_channel(client, ui, name)
    known = set(_box(client, parent)["children"] or ())
    box = client.event_query(parent, "engine_ui", "new", {"name": child}, UI, "box")
    made = next((eci for eci in box["children"] or () if eci not in known), None)
    if made is None:
        raise Failure("the engine made no pico", 1)
    if as_json:
        write_json({"name": child, "eci": made, "parent": parent})
    else:
        click.echo(made)


@command.command("show")
@pico_options
@engine_options
def show(ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Show a pico: its channels, its rulesets, its children."""
    eci = ui_channel(client, ui, name)
    told = {**client.query(eci, UI, "pico"), "name": _box(client, eci)["name"]}
    if as_json:
        write_json(told)
        return
    click.echo(f"{told['name']}  {eci}")
    for channel in told["channels"]:
        click.echo(f"  channel  {channel['id']}  {','.join(channel['tags'])}")
    for ruleset in told["rulesets"]:
        broken = "" if ruleset["meta"] else "  (does not load)"
        click.echo(f"  ruleset  {ruleset['rid']}  {ruleset['url']}{broken}")
    for child in told["children"] or ():
        click.echo(f"  child    {child}")


@command.command("delete")
@click.argument("eci", metavar="ECI")
@click.option("--yes", is_flag=True, help="Do not ask.")
@engine_options
def delete(eci: str, yes: bool, client: Client, as_json: bool) -> None:
    """Delete the pico with the UI channel ECI, and all below it. A root cannot be deleted."""
    parent = _box(client, eci)["parent"]
    if parent is None:
        raise Failure("a root pico has no parent that could delete it", 1)
    doomed = [pico.name for pico in read_tree(client, eci).walk()]
    if not yes and not as_json:
        click.confirm(f"delete {', '.join(doomed)}?", abort=True, err=True)
    client.event(parent, "engine_ui", "del", {"eci": eci})
    if as_json:
        write_json({"deleted": len(doomed)})


def _box(client: Client, eci: str) -> dict[str, Any]:
    box: dict[str, Any] | None = client.query(eci, UI, "box")
    if box is None:
        raise Failure(f"no pico has the UI channel {eci}", NOT_FOUND)
    return box
