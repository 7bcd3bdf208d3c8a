"""`picoengine install`: a ruleset from a URL or a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .channel import pico_options
from .client import Client, Failure, engine_options, write_json
from .picos import ui_channel


@click.command("install", short_help="Install a ruleset on a pico.")
@click.argument("source", metavar="URL|FILE")
@click.option("--config", metavar="JSON", default="{}", help="The ruleset's configuration, a JSON map.")
@pico_options
@engine_options
def command(source: str, config: str, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Install the ruleset at a URL, which the engine fetches, or in a FILE (- is the standard input)."""
    attributes = {**_source(source), "config": _configuration(config)}
    try:
        reply = client.event(ui_channel(client, ui, name), "engine_ui", "install", attributes)
    except Failure as failure:
        if "source" not in attributes:
            raise
        raise failure.in_file("<stdin>" if source == "-" else source) from failure
    if as_json:
        write_json(reply)
    else:
        click.echo(f"installed {source}", err=True)


def _source(source: str) -> dict[str, str]:
    """The attribute that says where the text is, or what it is."""
    if "://" in source:
        return {"url": source}
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise click.UsageError(f"cannot read {source}: {why}") from error
    return {"source": text}


def _configuration(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--config: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"--config expects a JSON map, found {text!r}")
    return value
