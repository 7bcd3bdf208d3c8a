"""`picoengine query`: a shared function of a pico's ruleset."""

from __future__ import annotations

import json

import click

from .client import Client, engine_options, members, words, write_json


@click.command("query", short_help="Call a shared function of a pico's ruleset.")
@click.argument("eci")
@click.argument("query", metavar="RID/FUNCTION")
@click.argument("arguments", metavar="NAME=TEXT|NAME:=JSON…", nargs=-1)
@engine_options
def command(eci: str, query: str, arguments: tuple[str, ...], client: Client, as_json: bool) -> None:
    """Call a function that a ruleset shares, and write its value: a text as it is, anything else as JSON."""
    rid, name = words(query, "/", "RID/FUNCTION")
    value = client.query(eci, rid, name, members(arguments))
    if as_json:
        write_json(value)
    else:
        click.echo(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2))
