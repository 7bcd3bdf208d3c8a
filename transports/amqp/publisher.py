"""What is sent: every message is confirmed by the broker, or its sender learns that it was not.

Effects that rules have made for `amqp:` come here from the outbox, so they survive everything that can happen in
between; their key is the message's id, by which who receives them can tell a repetition.

Source: docs/amqp.md, "Publishing".
"""

from __future__ import annotations

import asyncio
import re

import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from aiormq.exceptions import ChannelAccessRefused

from engine import Effect, Mark, SendFailed, SendRefused

from .keys import routing_key
from .link import TROUBLE, Link, Session
from .topology import OUT

_TARGET = re.compile(r"amqp:([A-Za-z0-9_.-]*)", re.IGNORECASE)
DIRECT_REPLY = "amq.rabbitmq.reply-to."
PLACE = "x-pico-event"  # header: pico/seq/n, where the log of the sender tells of it

_log = structlog.get_logger("picoengine.amqp")


class Publisher:
    """Sends messages by the link's present session."""

    def __init__(self, link: Link, seconds: float) -> None:
        self._link = link
        self._seconds = seconds

    async def send(self, effect: Effect, mark: Mark) -> None:
        """The sender of effects of the kind `amqp`. Waits while there is no broker."""
        exchange = exchange_of(effect.url)
        kind = "directive" if effect.method == "directives" else "event"
        key = routing_key(kind, *effect.words)
        session = await self._link.session()
        try:
            await self.publish(session, exchange, key, message_of(effect, mark))
        except PublishError as error:
            if kind == "event":
                raise SendFailed(f"nobody is bound to {exchange} for {key}") from error
            _log.debug("nobody is bound for directives", key=key)  # who wants them binds a queue; nobody must
        except ChannelNotFoundEntity as error:
            raise SendRefused(f"the broker has no exchange {exchange!r}") from error
        except ChannelAccessRefused as error:
            raise SendRefused(f"the broker does not let us publish to {exchange!r}") from error
        except TROUBLE as error:
            raise SendFailed(f"{type(error).__name__}: {error}") from error

    async def publish(self, session: Session, exchange: str, key: str, message: Message) -> None:
        """Send a message and return when the broker has it; the exchange "" leads to the queue that the key names.

        Raises PublishError if no queue wanted it, ChannelNotFoundEntity, ChannelAccessRefused, TROUBLE.
        """
        async with asyncio.timeout(self._seconds):
            channel = await session.channel(exchange)
            to = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
            # A direct reply reaches who waits for it, and RabbitMQ returns it all the same: it has met no queue.
            await to.publish(message, key, mandatory=not key.startswith(DIRECT_REPLY))


def exchange_of(target: str) -> str:
    """The exchange that a target means: `amqp:` that of all that goes out, `amqp:name` another. Raises SendRefused."""
    found = _TARGET.fullmatch(target)
    if found is None:
        raise SendRefused(
            f"expected 'amqp:' or 'amqp:<exchange>', an exchange of this engine's broker, found {target!r}"
        )
    return found[1] or OUT


def message_of(effect: Effect, mark: Mark) -> Message:
    """The message of an effect, the same at each attempt."""
    return Message(
        effect.body or b"",
        content_type=effect.headers.get("content-type"),
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=mark.key,
        headers={PLACE: mark.place},
    )
