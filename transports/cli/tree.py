"""`picoengine tree`: the picos of an engine, children below their parents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from .client import Client, engine_options, write_json
from .picos import Pico, read_tree


@click.command("tree", short_help="Show the picos of an engine.")
@engine_options
def command(client: Client, as_json: bool) -> None:
    """Show the picos, children below their parents, each with its UI channel."""
    root = read_tree(client)
    if as_json:
        write_json(asdict(root))
    else:
        click.echo("\n".join(lines(root)))


def lines(pico: Pico, first: str = "", below: str = "") -> Iterator[str]:
    """The drawing: `first` stands before the pico's own line, `below` before those of its children."""
    yield f"{first}{pico.name}  {pico.eci}"
    for child in pico.children:
        last = child is pico.children[-1]
        yield from lines(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))
