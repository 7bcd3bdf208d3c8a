"""The way out: mail that rules have written goes to one mail server, the smart host, which knows where to take it.

The library speaks on a thread, since it waits. A mail that the server has taken is not ours any more; what it refuses
for good becomes a dead letter, everything else is tried again.

Source: docs/smtp.md, "Sending".
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any

from engine import Effect, Mark, SendFailed, SendRefused, loads, mail_message_id, on_thread

from .event_mail import event_address, event_mail
from .places import split_place
from .settings import SmtpSettings

AT_ONCE = 8  # mails under way, each on a thread
TLS_CHOICES = ("auto", "always", "wrapped", "never")
DEFAULT_PORTS = {"wrapped": 465}
PORT = 587


class SmartHost:
    """Sends mail by one server."""

    def __init__(self, settings: SmtpSettings, hostname: str, sender: str) -> None:
        """`sender` is whom events that leave as mail come from."""
        self._settings = settings
        self._hostname = hostname
        self._sender = sender
        port = DEFAULT_PORTS.get(settings.smart_host_tls, PORT)
        self._host, self._port = split_place(settings.smart_host, port)
        self._room = asyncio.Semaphore(AT_ONCE)

    async def send(self, effect: Effect, mark: Mark) -> None:
        """One mail of the outbox. Raises SendFailed, SendRefused, Exhausted."""
        mail_from, recipient, content = self._mail(effect, mark)
        async with self._room:
            await on_thread(partial(self._hand_over, mail_from, recipient, content))

    def _mail(self, effect: Effect, mark: Mark) -> tuple[str, str, bytes]:
        match effect.method:
            case "mail":
                return effect.headers["mail-from"], effect.headers["rcpt-to"], effect.body or b""
            case "event":
                attrs = loads(effect.body or b"{}")
                try:
                    eci, domain, type = effect.words
                    address = event_address(eci, domain, type, _host_of(effect.url))
                except ValueError as error:
                    raise SendRefused(str(error)) from error
                id = mail_message_id(mark.key, self._sender.rpartition("@")[2])
                return self._sender, address, event_mail(address, self._sender, attrs, id)
            case other:
                raise SendRefused(f"no mail says {other!r}")

    def _hand_over(self, mail_from: str, recipient: str, content: bytes) -> None:
        try:
            with self._connected() as server:
                server.sendmail(mail_from, [recipient], content)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = error.recipients[recipient]
            raise _judged(code, text) from error
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
            # The server does not know us, which somebody will mend: it says nothing of this mail.
            raise SendFailed(f"the smart host does not let us in: {_said(error.smtp_error)}") from error
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise SendFailed(f"the smart host cannot be reached: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        """A connection that is as safe as the settings want it."""
        settings = self._settings
        options: Mapping[str, Any] = {"local_hostname": self._hostname, "timeout": settings.send_seconds}
        if settings.smart_host_tls == "wrapped":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, context=_trusting(), **options)
        else:
            server = smtplib.SMTP(self._host, self._port, **options)
        try:
            self._secure(server)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        settings, choice = self._settings, self._settings.smart_host_tls
        must = choice == "always" or (choice == "auto" and bool(settings.smart_host_user))
        server.ehlo_or_helo_if_needed()
        if must or (choice == "auto" and server.has_extn("starttls")):
            # Where encryption is a bonus, a certificate that proves nothing is no reason to do without.
            server.starttls(context=_trusting() if must else _lenient())
            server.ehlo()
        if settings.smart_host_user:
            server.login(settings.smart_host_user, settings.smart_host_password)


def _host_of(target: str) -> str:
    """`example.org` of `smtp:example.org` or `smtp://example.org`."""
    # By hand: urlsplit drops line ends, and what a rule says is to be judged as it is.
    return target.partition(":")[2].strip("/").rpartition("@")[2]


def _judged(code: int, text: object) -> SendFailed | SendRefused:
    said = f"the smart host says {code} {_said(text)}"
    return SendRefused(said) if code >= 500 else SendFailed(said)


def _said(text: object) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))[:300]


def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()


def _lenient() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
