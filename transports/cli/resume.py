"""`picoengine resume`: let a pico that was paused go on."""

from __future__ import annotations

import click

from .client import Client, engine_options, write_json
from .pause import PAUSED
from .picos import pico_id


@click.command("resume", short_help="Let a paused pico go on.")
@click.argument("pico", required=False)
@click.option("--all", "everyone", is_flag=True, help="Take back `pause --all`.")
@engine_options
def command(pico: str | None, everyone: bool, client: Client, as_json: bool) -> None:
    """Let PICO (its id, an ECI of it, or its name) go on with the events that wait."""
    if (pico is None) is not everyone:
        raise click.UsageError("give PICO or --all")
    told = client.delete(*PAUSED, pico=None if pico is None else pico_id(client, pico))
    if as_json:
        write_json(told)
