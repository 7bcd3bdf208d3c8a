"""`picoengine state`: what a pico is, and what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from .client import Client, engine_options, write_json
from .picos import pico_id
from .place import place_options, settings_at, telling


@click.command("state", short_help="Show what a pico is, or was.")
@click.argument("pico")
@click.option("--at", metavar="SEQ|TIME", help="Behind the event of this number, or at this time (ISO 8601).")
@place_options
@engine_options
def command(pico: str, at: str | None, home: str | None, store: str | None, client: Client, as_json: bool) -> None:
    """Show the whole state of PICO (its id, an ECI of it, or its name): variables, expressions under way, channels,
    children, rulesets, timers.

    A running engine is asked; with --home or --store the file is looked at itself, whether an engine uses it or not,
    and a name is not known.
    """
    if home is None and store is None:
        state = client.get("api", "v1", "picos", pico_id(client, pico), "state", at=at)
    else:
        state = _look(pico, at, home, store)
    write_json(state) if as_json else click.echo("\n".join(lines(state)))


def _look(pico: str, at: str | None, home: str | None, store: str | None) -> Any:
    from engine import open_history

    with telling(), open_history(settings_at(home, store)) as history:
        return history.state(pico, at)


def lines(state: dict[str, Any]) -> Iterator[str]:
    """The state, to be read from the top."""
    when = f", {state['time']}" if state["time"] else ""
    yield f"pico {state['pico']} behind event {state['seq']}{when}"
    for ruleset in state["rulesets"]:
        yield f"ruleset {ruleset['rid']}  {ruleset['url']}"
        for name, value in state["variables"].get(ruleset["rid"], {}).items():
            yield f"  ent:{name} = {_json(value)}"
        for rule, memory in state["expressions"].get(ruleset["rid"], {}).items():
            yield f"  rule {rule} waits for more: {_json(memory)}"
    for channel in state["channels"]:
        yield f"channel {channel['id']}  {' '.join(channel['tags'])}"
    for child in state["children"]:
        yield f"child {child}"
    for timer in state["timers"]:
        yield f"timer {timer['id']} of {timer['rid']}: {_json(timer['event'])}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
