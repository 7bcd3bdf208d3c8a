"""`picoengine backup`: a copy of an engine's data, while it runs or not."""

from __future__ import annotations

import click

from .place import place_options, store_at, telling


@click.command("backup", short_help="Copy an engine's data.")
@click.argument("target", metavar="FILE")
@place_options
def command(target: str, home: str | None, store: str | None) -> None:
    """Copy the data of the engine in the home folder to FILE, whether it runs or not.

    The copy is the state of one moment, everything that was acknowledged before it included.
    """
    from engine import back_up

    with telling():
        back_up(store_at(home, store), target)
