"""`picoengine import`: the picos of a running engine, Node's or ours, made anew in this one."""

from __future__ import annotations

import click

from ..client import Client, engine_options, write_json
from .here import Move
from .relations import ends_of, pairs, subscribe
from .there import Known, read_all

NEVER_TOLD = (
    "entity variables of rulesets other than the data service",
    "scheduled events, open callbacks, and event expressions that have begun to match",
    "logs, DIDs, and what rules have made outside of picos",
    "ECIs: all are new; the output says which replaces which",
)
"""What no engine tells over HTTP."""


@click.command("import", short_help="Copy the picos of another engine.")
@click.option("--from", "origin", metavar="URL", required=True, help="The engine that has them.")
@click.option("--eci", metavar="ECI", help="UI channel of the topmost pico there. [default: the root's]")
@click.option("--into", metavar="ECI", help="UI channel of the pico here that stands for it. [default: the root's]")
@engine_options
def command(origin: str, eci: str | None, into: str | None, client: Client, as_json: bool) -> None:
    """Copy picos, channels, subscriptions among them, data services and rulesets from a running engine, Node's or ours.

    The other engine is only asked, never changed. Writes which ECI here replaces which there, and on the standard
    error what could not be copied. If it is broken off, the same command goes on with it.
    """
    source = Client(origin, legacy=True)
    try:
        root = read_all(source, eci)
    finally:
        source.close()
    move = Move(client, origin)
    target = into or client.root()
    if move.is_done(root, target):
        click.echo("these picos were imported before; nothing was done", err=True)
        move.recall(root, target)
    else:
        _copy(move, root, target)
    place = {pico.eci: number for number, pico in enumerate(root.walk())}
    move.made.sort(key=lambda made: place[made.known.eci])
    _report(move, as_json)


def _copy(move: Move, root: Known, target: str) -> None:
    """All of it, in an order that lets rules find the world as they know it: rulesets come last."""
    move.settle(root, target)
    taken: set[str] = set()
    for end, other in pairs(ends_of(move.made)):
        if other is None:
            move.lost.append(
                f"{end.made.known.name}: the subscription {end.bus['Id']} with a pico that is not imported"
            )
        else:
            subscribe(move.client, end, other, taken)
    for made in move.made:
        move.copy_channels(made)
        move.copy_data(made)
    for made in move.made:
        move.copy_rulesets(made)
    move.finish()


def _report(move: Move, as_json: bool) -> None:
    """Which ECI replaces which, and what is missing."""
    if as_json:
        picos = [
            {"name": each.known.name, "from": each.known.eci, "to": each.eci, "ecis": each.ecis} for each in move.made
        ]
        write_json({"from": move.origin, "picos": picos, "notCopied": [*move.lost, *NEVER_TOLD]})
        return
    for made in move.made:
        tags = {each["id"]: ",".join(each["tags"]) for each in made.known.channels}
        click.echo(made.known.name)
        for old, new in made.ecis.items():
            click.echo(f"  {old} -> {new}  {tags.get(old, '')}")
    for each in (*move.lost, *NEVER_TOLD):
        click.echo(f"not copied: {each}", err=True)
