"""Send one event by mail or by AMQP, as a program beside the engine would.

Source: docs/command-line.md, "picoengine event".
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import click

from .channel import DENIED
from .client import EXIT_CODES, UNREACHABLE, Failure, failure_of
from .picos import NOT_FOUND

SECONDS = 90.0  # longer than an engine lets a caller wait
SENDER = "picoengine@localhost"
MAIL_EXIT_CODES = {"5.1.1": NOT_FOUND, "5.7.1": DENIED}
"""By enhanced status code (docs/smtp.md, "Answers"); any other refusal for good is 1."""


def by_mail(server: str, eci: str, domain: str, type: str, attrs: Mapping[str, Any]) -> str:
    """Send the event as a mail to the server `host:port`; what it answers, which names the event's eid."""
    from ..smtp.event_mail import event_address, event_mail

    host, _, port = server.partition(":")
    try:
        address = event_address(eci, domain, type, host or "localhost")
        message = event_mail(address, SENDER, attrs, f"<{uuid.uuid4()}@picoengine>")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        with smtplib.SMTP(host or "localhost", int(port or 25), timeout=SECONDS) as connection:
            connection.ehlo_or_helo_if_needed()
            connection.mail(SENDER)
            code, said = connection.rcpt(address)
            if code < 400:
                code, said = connection.data(message)
    except smtplib.SMTPResponseException as refused:
        raise _refusal(refused.smtp_code, refused.smtp_error) from refused
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Failure(f"no mail server answers at {server}: {error}", UNREACHABLE) from error
    if code >= 400:
        raise _refusal(code, said)
    return said.decode("utf-8", "replace")


def _refusal(code: int, said: bytes | str) -> Failure:
    """What the mail server's answer means for the command."""
    text = said if isinstance(said, str) else said.decode("utf-8", "replace")
    exit_code = UNREACHABLE if code < 500 else MAIL_EXIT_CODES.get(text.partition(" ")[0], 1)
    return Failure(f"{code} {text}", exit_code)


def by_amqp(url: str, eci: str, domain: str, type: str, attrs: Mapping[str, Any], *, wait: bool) -> Any:
    """Send the event to the broker; the engine's reply, or the message's id if nobody waits for one."""
    from ..amqp.client import AmqpFailed, send_event

    logging.getLogger("aiormq").addHandler(logging.NullHandler())  # it would say the same once more, beside the error
    try:
        status, reply = asyncio.run(send_event(url, (eci, domain, type), attrs, SECONDS if wait else None))
    except AmqpFailed as error:
        raise Failure(f"{_without_password(url)}: {error}", UNREACHABLE) from error
    if status >= 400:
        raise failure_of(reply, EXIT_CODES.get(status, 1))
    return reply


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
