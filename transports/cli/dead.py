"""`picoengine dead`: events that failed, effects that did not leave, and calls that wait for a word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from .client import Client, engine_options, members, write_json
from .picos import pico_id
from .trace import INDENT, came_in, lines

DEAD = ("api", "v1", "dead")
KINDS = ("event", "effect", "step")
PAGE = 500


@click.group("dead")
def command() -> None:
    """Look at events that failed, effects that did not leave and calls that are held; try them again or forget them."""


@command.command("list")
@click.option("--pico", metavar="PICO", help="Only those of this pico: its id, an ECI of it, or its name.")
@engine_options
def list_letters(pico: str | None, client: Client, as_json: bool) -> None:
    """List them, oldest first: name, time, what it is, why it is here."""
    id = None if pico is None else pico_id(client, pico)
    letters = [letter for kind in KINDS for letter in _letters(client, kind, id)]
    if as_json:
        write_json(letters)
        return
    for letter in letters:
        click.echo("  ".join(_words(letter)))


@command.command("show")
@click.argument("name")
@engine_options
def show(name: str, client: Client, as_json: bool) -> None:
    """Show one in full."""
    letter = client.get(*DEAD, name)
    if as_json:
        write_json(letter)
    elif letter["kind"] == "event":
        click.echo("\n".join(lines(letter)))
    elif letter["kind"] == "step":
        click.echo("  ".join(_words(letter)))
        click.echo("\n".join([f"{INDENT}event {letter['domain']}:{letter['type']}", *came_in(letter)]))
    else:
        click.echo("  ".join(_words(letter)))
        click.echo(json.dumps(letter["request"], ensure_ascii=False, indent=2))


@command.command("retry")
@click.argument("name", required=False)
@click.argument("changes", metavar="[ATTRIBUTE=TEXT | ATTRIBUTE:=JSON]…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All events and effects.")
@click.option("--pico", metavar="PICO", help="With --all: only those of this pico.")
@engine_options
def retry(
    name: str | None, changes: tuple[str, ...], everything: bool, pico: str | None, client: Client, as_json: bool
) -> None:
    """Try NAME again: an event as a new one, an effect or a call under its old key. Attributes of an event or an effect
    can be changed on the way; ATTRIBUTE:=null takes one away.
    """
    if (name is None) is not everything or (pico is not None and not everything):
        raise click.UsageError("give NAME, or --all with or without --pico")
    if name is None:
        told = client.post(*DEAD, members={} if pico is None else {"pico": pico_id(client, pico)})
        told_text = f"{told['retried']} tried again, {told['left']} left"
    else:
        told = client.post(*DEAD, name, members={"attrs": members(changes)})
        told_text = told["eid"]
    if as_json:
        write_json(told)
    else:
        click.echo(told_text)


@command.command("drop")
@click.argument("name")
@engine_options
def drop(name: str, client: Client, as_json: bool) -> None:
    """Forget NAME; the log still tells of its event. A call is given up: it has no answer, and its rule fails."""
    told = client.delete(*DEAD, name)
    if as_json:
        write_json(told)


def _letters(client: Client, kind: str, pico: str | None) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        page = client.get(*DEAD, kind=kind, pico=pico, after=after, limit=PAGE)
        yield from page["letters"]
        if len(page["letters"]) < PAGE:
            return
        after = page["after"]


def _words(letter: dict[str, Any]) -> Iterator[str]:
    yield letter["name"]
    yield letter["time"]
    yield letter["status"]
    yield f"{letter['domain']}:{letter['type']}" if letter["kind"] == "event" else letter["target"]
    if letter.get("error"):
        yield letter["error"]
