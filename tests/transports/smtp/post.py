"""An engine that takes mail, in the loop of the test; mail programs talk to it from threads, as they would."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from engine import Chance, Engine, Settings, open_engine
from tests.engine.conftest import TestPico
from transports.http import decoders
from transports.smtp.settings import SmtpSettings
from transports.smtp.transport import SmtpTransport

T = TypeVar("T")

SENDER = "ann@example.com"

LISTENER = """
ruleset seen {
  meta { shares mails, last }
  global {
    mails = function() { ent:mails.defaultsTo([]) }
    last = function() { ent:mails[ent:mails.length() - 1] }
  }
  rule mail {
    select when email:received or email:sent
    fired { ent:mails := ent:mails.defaultsTo([]).append(event:attrs.put("_type", event:type)) }
  }
  rule other {
    select when mail:sent or mail:received
    fired { ent:mails := ent:mails.defaultsTo([]).append(event:attrs.put("_type", event:type)) }
  }
}
"""


def mail(*headers: str, body: str = "hello", subject: str = "hi", id: str | None = None) -> bytes:
    """A plain mail."""
    lines = [f"From: Ann <{SENDER}>", f"Subject: {subject}", *headers]
    if id is not None:
        lines.append(f"Message-ID: <{id}>")
    return ("\n".join(lines) + f"\n\n{body}\n").replace("\n", "\r\n").encode()


@dataclass
class Post:
    """One engine, its transport, and a pico that remembers its mail."""

    engine: Engine
    transport: SmtpTransport
    pico: TestPico

    @property
    def address(self) -> str:
        return f"x.{self.pico.eci}@example.org"

    async def dialogue(self, talk: Callable[[smtplib.SMTP], T], listener: str = "listen") -> T:
        """What `talk` gives, on a thread, with a connection that has said hello."""
        port = self.transport.ports[listener]
        kind = smtplib.LMTP if listener == "lmtp" else smtplib.SMTP

        def run() -> T:
            with kind("127.0.0.1", port, local_hostname="client.example.com", timeout=20) as client:
                client.ehlo()
                return talk(client)

        return await asyncio.to_thread(run)

    async def send(self, content: bytes, *recipients: str, sender: str = SENDER) -> tuple[int, str]:
        """The answer to DATA, or to the first address that is refused."""

        def talk(client: smtplib.SMTP) -> tuple[int, str]:
            client.mail(sender)
            for each in recipients or (self.address,):
                code, text = client.rcpt(each)
                if code != 250:
                    return code, text.decode()
            code, text = client.data(content)
            return code, text.decode()

        return await self.dialogue(talk)

    async def rcpt(self, address: str, sender: str = SENDER) -> tuple[int, str]:
        """The answer to one address."""

        def talk(client: smtplib.SMTP) -> tuple[int, str]:
            client.mail(sender)
            code, text = client.rcpt(address)
            return code, text.decode()

        return await self.dialogue(talk)

    async def raw(self, *lines: bytes, listener: str = "listen", answers: int | None = None) -> list[str]:
        """The lines' answers, whatever the lines are; each line is sent when the one before is answered."""
        port = self.transport.ports[listener]

        def run() -> list[str]:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                stream = connection.makefile("rb")
                said = [stream.readline().decode().strip()]
                for line in lines:
                    connection.sendall(line)
                    said.append(_answer(stream))
                return said

        return await asyncio.to_thread(run)

    async def mails(self) -> list[dict[str, Any]]:
        """The attributes of the events that have come, in order."""
        found: list[dict[str, Any]] = await self.pico.query("seen", "mails")
        return found

    async def last(self) -> dict[str, Any]:
        """Those of the latest."""
        return (await self.mails())[-1]


def _answer(stream: Any) -> str:
    while True:
        line = stream.readline().decode("utf-8", "replace").rstrip()
        if line[3:4] != "-":
            return line


@asynccontextmanager
async def post(
    settings: SmtpSettings | None = None, engine: Settings | None = None, **parts: Any
) -> AsyncIterator[Post]:
    """An engine that takes mail while the block runs."""
    chosen = settings or SmtpSettings()
    if not chosen.on:
        chosen = replace(chosen, listen="127.0.0.1:0")
    transport = SmtpTransport(chosen)
    known = {**decoders(engine or Settings()), **transport.decoders}
    async with open_engine(engine, decoders=known, senders=transport.senders, **parts) as running:
        await transport.start(running)
        try:
            root = TestPico(running, running.ui_context()["eci"])
            pico = await root.child("mail")
            await pico.install(LISTENER)
            yield Post(running, transport, pico)
        finally:
            await transport.stop()


__all__ = ["LISTENER", "SENDER", "Chance", "Post", "SmtpSettings", "mail", "post", "ssl"]
