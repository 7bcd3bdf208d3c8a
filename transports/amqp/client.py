"""One event from outside: sent to the broker, and its reply waited for, as any program could do it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import PublishError

from engine import SendRefused, dumps, loads

from .keys import routing_key
from .link import TROUBLE, closed, connected
from .message import JSON
from .topology import EVENTS

DIRECT = "amq.rabbitmq.reply-to"  # the broker's own way for replies, without a queue
CONFIRM_SECONDS = 30.0


class AmqpFailed(Exception):
    """The event was not sent, or nobody answered; the text says why."""


async def send_event(
    url: str, address: tuple[str, str, str], attrs: Mapping[str, Any], wait_seconds: float | None
) -> tuple[int, Any]:
    """Send an event to (ECI, domain, type): the status and the reply; without a wait 202 and the message's id.

    Raises AmqpFailed.
    """
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            connection = await connected(url)
        try:
            return await _sent(await connection.channel(on_return_raises=True), address, attrs, wait_seconds)
        finally:
            await closed(connection)
    except PublishError as error:
        raise AmqpFailed(f"no engine is bound to {EVENTS}") from error
    except SendRefused as error:
        raise AmqpFailed(error.message) from error
    except TROUBLE as error:
        raise AmqpFailed(f"{type(error).__name__}: {error}") from error


async def _sent(
    channel: Any, address: tuple[str, str, str], attrs: Mapping[str, Any], wait_seconds: float | None
) -> tuple[int, Any]:
    answered: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

    async def answer(message: AbstractIncomingMessage) -> None:
        if not answered.done():
            answered.set_result(message)

    if wait_seconds is not None:
        replies = await channel.get_queue(DIRECT, ensure=False)
        await replies.consume(answer, no_ack=True)
    message = Message(
        dumps(dict(attrs)),
        content_type=JSON,
        message_id=str(uuid.uuid4()),
        delivery_mode=DeliveryMode.PERSISTENT,
        reply_to=None if wait_seconds is None else DIRECT,
    )
    async with asyncio.timeout(CONFIRM_SECONDS):
        exchange = await channel.get_exchange(EVENTS, ensure=False)
        await exchange.publish(message, routing_key("event", *address), mandatory=True)
    if wait_seconds is None:
        return 202, message.message_id
    async with asyncio.timeout(wait_seconds):
        reply = await answered
    status = reply.headers.get("status")
    return status if isinstance(status, int) else 200, loads(reply.body)
