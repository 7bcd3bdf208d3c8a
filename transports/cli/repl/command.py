"""`picoengine repl`: KRL at a prompt."""

from __future__ import annotations

import sys

import click

from ..client import Client, engine_options
from ..picos import ui_channel
from .places import Here, There
from .reading import inputs
from .talk import Talk


@click.command("repl", short_help="Evaluate KRL at a prompt, also in a pico.")
@click.option("--pico", metavar="NAME", help="Evaluate in the pico of this name.")
@click.option("--eci", metavar="ECI", help="Evaluate in the pico with this ECI.")
@click.option("--rid", metavar="RID", help="See what the functions of this ruleset see.")
@click.option("--write", "may_write", is_flag=True, help="Let :send change the pico by events.")
@engine_options
def command(pico: str | None, eci: str | None, rid: str | None, may_write: bool, client: Client, as_json: bool) -> None:
    """Evaluate expressions and declarations as they are typed, or come through a pipe.

    With --pico or --eci they are evaluated in a pico of a running engine: entity variables, channels and everything
    else can be read, nothing is changed. From a pipe it exits with 1 if any of them failed.
    """
    place: Here | There = Here()
    if pico is not None or eci is not None:
        place = There(client, ui_channel(client, eci, pico), rid, may_write=may_write, any_channel=pico is not None)
    elif rid is not None or may_write:
        raise click.UsageError("--rid and --write go with --pico or --eci")
    talk = Talk(place, as_json)
    talk.answer(inputs(place.names))
    sys.exit(1 if talk.failed and not sys.stdin.isatty() else 0)
