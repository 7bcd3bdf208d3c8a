"""`picoengine event`: one event to a pico."""

from __future__ import annotations

import json

import click

from .client import Client, engine_options, members, words, write_json


@click.command("event", short_help="Send an event to a pico.")
@click.argument("eci")
@click.argument("event", metavar="DOMAIN:TYPE")
@click.argument("attributes", metavar="NAME=TEXT|NAME:=JSON…", nargs=-1)
@click.option("--no-wait", is_flag=True, help="Return when the event is stored, and write its id.")
@engine_options
def command(eci: str, event: str, attributes: tuple[str, ...], no_wait: bool, client: Client, as_json: bool) -> None:
    """Send an event to the pico that has the channel ECI, and write the directives of its rules.

    NAME=TEXT is an attribute that is a text, NAME:=JSON one of any type: picoengine event $ECI order:new item=tea n:=2
    """
    domain, type = words(event, ":", "DOMAIN:TYPE")
    reply = client.event(eci, domain, type, members(attributes), wait=not no_wait)
    if as_json:
        write_json(reply)
    elif no_wait:
        click.echo(reply)
    else:
        for directive in reply["directives"]:
            click.echo(f"{directive['name']} {json.dumps(directive['options'], ensure_ascii=False)}")
