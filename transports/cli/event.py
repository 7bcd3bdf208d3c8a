"""`picoengine event`: one event to a pico."""

from __future__ import annotations

import json
from typing import Any

import click

from .client import Client, engine_options, members, words, write_json


@click.command("event", short_help="Send an event to a pico.")
@click.argument("eci")
@click.argument("event", metavar="DOMAIN:TYPE")
@click.argument("attributes", metavar="NAME=TEXT|NAME:=JSON…", nargs=-1)
@click.option("--no-wait", is_flag=True, help="Return when the event is stored, and write its id.")
@click.option("--via", type=click.Choice(["http", "smtp", "amqp"]), default="http", show_default=True, help="By what.")
@click.option(
    "--smtp",
    "mail_server",
    metavar="HOST:PORT",
    envvar="PICO_ENGINE_SMTP_LISTEN",
    default="localhost:2525",
    show_default=True,
    help="For --via smtp: where mail goes; also PICO_ENGINE_SMTP_LISTEN.",
)
@click.option(
    "--amqp",
    "broker",
    metavar="URL",
    envvar="PICO_ENGINE_AMQP_URL",
    default="amqp://localhost/",
    show_default=True,
    help="For --via amqp: where the broker is; also PICO_ENGINE_AMQP_URL.",
)
@engine_options
def command(
    eci: str,
    event: str,
    attributes: tuple[str, ...],
    no_wait: bool,
    via: str,
    mail_server: str,
    broker: str,
    client: Client,
    as_json: bool,
) -> None:
    """Send an event to the pico that has the channel ECI, and write the directives of its rules.

    NAME=TEXT is an attribute that is a text, NAME:=JSON one of any type: picoengine event $ECI order:new item=tea n:=2

    Nobody answers a mail: with --via smtp the mail server's answer is written, which names the event's id. With --via
    amqp and --no-wait the message's id is written.
    """
    domain, type = words(event, ":", "DOMAIN:TYPE")
    attrs = members(attributes)
    reply: Any
    if via == "smtp":
        from .carriers import by_mail

        reply = by_mail(mail_server, eci, domain, type, attrs)
    elif via == "amqp":
        from .carriers import by_amqp

        reply = by_amqp(broker, eci, domain, type, attrs, wait=not no_wait)
    else:
        reply = client.event(eci, domain, type, attrs, wait=not no_wait)
    if as_json:
        write_json(reply)
    elif isinstance(reply, str):
        click.echo(reply)
    else:
        for directive in reply["directives"]:
            click.echo(f"{directive['name']} {json.dumps(directive['options'], ensure_ascii=False)}")
