"""`picoengine channel`: the channels of a pico, and what their policies let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .client import UI, Client, Failure, engine_options, words, write_json
from .picos import NOT_FOUND, ui_channel

DENIED = 4
ALLOW_EVENTS = '{"allow":[{"domain":"*","name":"*"}],"deny":[]}'
ALLOW_QUERIES = '{"allow":[{"rid":"*","name":"*"}],"deny":[]}'

F = TypeVar("F", bound=Callable[..., Any])


def pico_options(command: F) -> F:
    """`--eci` and `--pico`: whose channels are meant."""
    command = click.option("--pico", "name", metavar="NAME", help="The pico's name, if only one is called so.")(command)
    return click.option("--eci", "ui", metavar="ECI", help="The pico's UI channel. [default: the root's]")(command)


@click.group("channel")
def command() -> None:
    """List, make, delete and test the channels of a pico."""


@command.command("list")
@pico_options
@engine_options
def list_channels(ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """List a pico's channels: ECI and tags."""
    channels = channels_of(client, ui_channel(client, ui, name))
    if as_json:
        write_json(channels)
        return
    for channel in channels:
        family = "  (family)" if channel["familyChannelPicoID"] else ""
        click.echo(f"{channel['id']}  {','.join(channel['tags'])}{family}")


@command.command("new")
@click.argument("tags", metavar="TAG…", nargs=-1, required=True)
@click.option("--event-policy", metavar="JSON", default=ALLOW_EVENTS, help="Which events may enter. [default: all]")
@click.option("--query-policy", metavar="JSON", default=ALLOW_QUERIES, help="Which queries may enter. [default: all]")
@pico_options
@engine_options
def new(
    tags: tuple[str, ...],
    event_policy: str,
    query_policy: str,
    ui: str | None,
    name: str | None,
    client: Client,
    as_json: bool,
) -> None:
    """Make a channel with these tags and write its ECI."""
    attributes = {
        "tags": list(tags),
        "eventPolicy": _policy("--event-policy", event_policy),
        "queryPolicy": _policy("--query-policy", query_policy),
    }
    pico = ui_channel(client, ui, name)
    known = {channel["id"] for channel in channels_of(client, pico)}
    after = client.event_query(pico, "engine_ui", "new_channel", attributes, UI, "pico")["channels"]
    made = next((channel for channel in after if channel["id"] not in known), None)
    if made is None:
        raise Failure("the engine made no channel", 1)
    if as_json:
        write_json(made)
    else:
        click.echo(made["id"])


@command.command("delete")
@click.argument("channel", metavar="ECI")
@pico_options
@engine_options
def delete(channel: str, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Delete a channel; what was accepted by it goes on."""
    pico = ui_channel(client, ui, name)
    _known(client, pico, channel)
    reply = client.event(pico, "engine_ui", "del_channel", {"eci": channel})
    if as_json:
        write_json(reply)


@command.command("test")
@click.argument("channel", metavar="ECI")
@click.argument("what", metavar="DOMAIN:TYPE|RID/FUNCTION")
@pico_options
@engine_options
def test(channel: str, what: str, ui: str | None, name: str | None, client: Client, as_json: bool) -> None:
    """Tell whether a channel's policy lets an event or a query in; nothing is sent. Exits with 4 if not."""
    known = _known(client, ui_channel(client, ui, name), channel)
    if ":" in what:
        allowed = lets_in(known["eventPolicy"], "domain", *words(what, ":", "DOMAIN:TYPE"))
    else:
        allowed = lets_in(known["queryPolicy"], "rid", *words(what, "/", "RID/FUNCTION"))
    allowed = allowed and not known["familyChannelPicoID"]
    if as_json:
        write_json({"allowed": allowed})
    else:
        click.echo("allowed" if allowed else "denied")
    if not allowed:
        raise click.exceptions.Exit(DENIED)


def lets_in(policy: dict[str, Any], first: str, word: str, name: str) -> bool:
    """Whether a policy lets the pair in: no entry of `deny` matches, and one of `allow` does."""

    def matches(rule: dict[str, str]) -> bool:
        return rule[first] in ("*", word) and rule["name"] in ("*", name)

    return not any(map(matches, policy["deny"])) and any(map(matches, policy["allow"]))


def _known(client: Client, pico: str, eci: str) -> dict[str, Any]:
    """The channel `eci` of the pico with the UI channel `pico`."""
    known = next((each for each in channels_of(client, pico) if each["id"] == eci), None)
    if known is None:
        raise Failure(f"the pico has no channel {eci}; --pico or --eci says which pico is meant", NOT_FOUND)
    return known


def channels_of(client: Client, eci: str) -> list[dict[str, Any]]:
    """The channels of the pico with this UI channel."""
    channels: list[dict[str, Any]] = client.query(eci, UI, "pico")["channels"]
    return channels


def _policy(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from error
