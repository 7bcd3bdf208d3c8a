"""An engine that hangs on a broker, and a client of that broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from structlog.testing import capture_logs

from engine import Decoder, Delivery, Engine, Settings, dumps, open_engine
from tests.transports.polling import until
from transports.amqp import AmqpSettings
from transports.amqp.link import closed, connected
from transports.amqp.topology import DEAD, EVENTS, queue_of
from transports.amqp.transport import AmqpTransport
from transports.http import decoders
from transports.installed import all_decoders, all_senders, running

UI = "io.picolabs.pico-engine-ui"

SEEN = """
ruleset seen {
  meta { shares all, attrs }
  global {
    all = function() { ent:all.defaultsTo([]) }
    attrs = function() { ent:attrs }
  }
  rule note {
    select when test seen
    send_directive("noted", {"n": event:attrs{"n"}})
    fired {
      ent:all := ent:all.defaultsTo([]).append(event:attrs{"n"})
      ent:attrs := event:attrs
    }
  }
  rule fail { select when test fail fired { raise test event "x" attributes 1 - "a" } }
}
"""


COUNTING = """
ruleset counting {
  meta { shares found }
  global { found = function() { {"next": ent:next.defaultsTo(0), "wrong": ent:wrong.defaultsTo([])} } }
  rule count {
    select when test seen
    pre { n = event:attrs{"n"} next = ent:next.defaultsTo(0) }
    fired {
      ent:wrong := ent:wrong.defaultsTo([]).append([[next, n]]) if n != next
      ent:next := n + 1
    }
  }
}
"""
"""Counts what comes, which must begin with 0 and leave nothing out; cheap, however much there is."""


class Home:
    """An engine, its AMQP, and what a test asks of them."""

    def __init__(self, engine: Engine, transport: AmqpTransport) -> None:
        self.engine = engine
        self.transport = transport

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, engine: dict[str, Any], amqp: dict[str, Any], store: Any = None, decoder: Decoder | None = None
    ) -> AsyncIterator[Home]:
        """Open it, with this decoder in the place of ours; not connected yet."""
        settings = Settings(**{"cache": "off", **engine})
        transport = AmqpTransport(AmqpSettings(**{"reconnect_seconds": 0.2, **amqp}), settings)
        if decoder is not None:
            transport.decoders = {"amqp": decoder}
        known = all_decoders([transport], decoders(settings))
        with capture_logs():
            async with (
                open_engine(settings, decoders=known, senders=all_senders([transport]), store=store) as opened,
                running([transport], opened),
            ):
                yield cls(opened, transport)

    async def connected(self) -> Home:
        await until(lambda: self.transport.up)
        return self

    async def event(self, eci: str, domain: str, type: str, /, **attrs: Any) -> Any:
        return await self.engine.deliver(Delivery("test", eci, ("event", domain, type), dumps(attrs)))

    async def query(self, eci: str, rid: str, name: str) -> Any:
        return (await self.engine.deliver(Delivery("test", eci, ("query", rid, name)))).value

    @property
    def root(self) -> str:
        return self.engine.ui_context()["eci"]

    async def install(self, source: str, eci: str | None = None) -> None:
        await self.event(eci or self.root, "engine_ui", "install", source=source)

    async def channel(self, tag: str, eci: str | None = None, **policies: Any) -> str:
        """A new channel of a pico; without policies it lets everything in."""
        await self.event(eci or self.root, "engine_ui", "new_channel", tags=[tag], **policies)
        channels = (await self.query(eci or self.root, UI, "pico"))["channels"]
        found: str = next(each["id"] for each in channels if each["tags"] == [tag])
        return found

    async def child(self, name: str) -> str:
        """The UI channel of a new child of the root."""
        before = (await self.query(self.root, UI, "box"))["children"]
        await self.event(self.root, "engine_ui", "new", name=name)
        [found] = [eci for eci in (await self.query(self.root, UI, "box"))["children"] if eci not in before]
        return str(found)

    async def seer(self) -> str:
        """A channel of the root, which notes what it sees."""
        await self.install(SEEN)
        return await self.channel("seer")

    async def seen(self, eci: str) -> Any:
        return await self.query(eci, "seen", "all")


class Client:
    """A program beside the engine that speaks AMQP."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Client:
        self._connection = await connected(self._url)
        try:
            self.channel = await self._connection.channel(on_return_raises=True)
        except BaseException:
            await closed(self._connection)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await closed(self._connection)

    async def send(self, key: str, body: Any = b"", **properties: Any) -> None:
        """Send a message to the engine, and return when the broker has it; a body that is no bytes becomes JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            properties.setdefault("content_type", "application/json")
        exchange = await self.channel.get_exchange(properties.pop("exchange", EVENTS), ensure=False)
        await exchange.publish(aio_pika.Message(body, **properties), key)

    async def ask(self, key: str, body: Any = b"", **properties: Any) -> AbstractIncomingMessage:
        """Send a message and wait for the reply, by way of the broker's direct replies."""
        channel = await self._connection.channel()
        replies: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

        async def come(message: AbstractIncomingMessage) -> None:
            replies.set_result(message)

        queue = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
        await queue.consume(come, no_ack=True)
        exchange = await channel.get_exchange(EVENTS, ensure=False)
        message = aio_pika.Message(
            json.dumps(body).encode(),
            content_type="application/json",
            reply_to="amq.rabbitmq.reply-to",
            **properties,
        )
        await exchange.publish(message, key)
        try:
            async with asyncio.timeout(30):
                return await replies
        finally:
            await channel.close()

    async def bound(self, key: str, exchange: str) -> str:
        """A queue of our own for what goes to an exchange under such keys."""
        queue = await self.channel.declare_queue(exclusive=True)
        await queue.bind(exchange, key)
        return queue.name

    async def next(self, queue: str = DEAD) -> AbstractIncomingMessage:
        """The next message of a queue."""
        found = await self.channel.get_queue(queue, ensure=False)
        message: AbstractIncomingMessage = await until(lambda: found.get(no_ack=True, fail=False))
        return message

    async def depth(self, queue: str) -> int:
        """How many messages stand in a queue."""
        found = await self.channel.declare_queue(queue, passive=True)
        return found.declaration_result.message_count or 0


def input_queue() -> str:
    """The queue of an engine with the default name."""
    return queue_of("main")
