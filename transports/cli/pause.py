"""`picoengine pause`: let a pico's events wait."""

from __future__ import annotations

from typing import Any

import click

from .client import Client, engine_options, write_json
from .picos import pico_id

PAUSED = ("api", "v1", "paused")


@click.command("pause", short_help="Let the events of a pico wait.")
@click.argument("pico", required=False)
@click.option("--all", "everyone", is_flag=True, help="Those of every pico.")
@engine_options
def command(pico: str | None, everyone: bool, client: Client, as_json: bool) -> None:
    """Begin no further event of PICO (its id, an ECI of it, or its name) until `picoengine resume`, also after a
    restart.

    Events are accepted and wait; queries are answered. Without PICO and --all, what is paused is shown.
    """
    if pico is not None and everyone:
        raise click.UsageError("give PICO or --all, not both")
    if pico is None and not everyone:
        _show(client.get(*PAUSED), as_json)
        return
    told = client.post(*PAUSED, members={} if pico is None else {"pico": pico_id(client, pico)})
    if as_json:
        write_json(told)
    elif told["running"] is not None:
        click.echo(f"event {told['running']} had begun and goes on", err=True)


def _show(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(told)
        return
    if told["all"] is not None:
        click.echo(f"{told['all']}  every pico")
    for pico, since in told["picos"].items():
        click.echo(f"{since}  {pico}")
