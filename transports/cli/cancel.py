"""`picoengine cancel`: take back an event that waits, or a scheduled one."""

from __future__ import annotations

import click

from .client import Client, engine_options, write_json


@click.command("cancel", short_help="Take back a waiting or a scheduled event.")
@click.argument("name", metavar="EID|JOB")
@engine_options
def command(name: str, client: Client, as_json: bool) -> None:
    """End the event EID, if it has not begun, or remove the scheduled event with the id JOB."""
    # Ids of events are UUIDs; those of jobs have no dash.
    told = client.delete("api", "v1", "events" if "-" in name else "timers", name)
    if as_json:
        write_json(told)
