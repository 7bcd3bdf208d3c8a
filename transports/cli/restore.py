"""`picoengine restore`: an engine's data from a copy."""

from __future__ import annotations

import click

from .place import place_options, store_at, telling


@click.command("restore", short_help="Make an engine's data from a copy.")
@click.argument("backup", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--resend-effects", is_flag=True, help="Let effects leave that had not left when the copy was made.")
@place_options
def command(backup: str, resend_effects: bool, home: str | None, store: str | None) -> None:
    """Make the data of the engine in the home folder from FILE, which `picoengine backup` has written.

    Requests to other servers that had not been answered when the copy was made are held back, since the engine that
    was copied may have made them since: `picoengine dead list` shows them.
    """
    from engine import restore

    with telling():
        held = restore(backup, store_at(home, store), resend_effects=resend_effects)
    if held:
        click.echo(f"{held} effects wait for a word: picoengine dead list", err=True)
