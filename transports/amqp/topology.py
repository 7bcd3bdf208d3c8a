"""What must be there at the broker: declared if that is allowed, else only looked for.

    topic   pico.events  ──event.#──►  pico.events.in.<engine>     what comes in
    topic   pico.out                                               what goes out; who wants it binds a queue
    fanout  pico.dlx     ──►           pico.dead                   what was refused, with the reason
    fanout  pico.retry.5, .60, .600  ──►  queues of the same names, which give back to pico.events after so many seconds

Source: docs/amqp.md, "At the broker".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed

EVENTS = "pico.events"
OUT = "pico.out"
REFUSED = "pico.dlx"
DEAD = "pico.dead"
RETRY = "pico.retry."  # and the seconds
DELAYS = (5, 5, 5, 60, 60, 60, 600, 600, 600, 600)  # seconds before the first, second, … further round
DELIVERIES = 10  # that end without an acknowledgement, by the end of a process: then the broker itself refuses it

QUORUM = {"x-queue-type": "quorum"}

_log = structlog.get_logger("picoengine.amqp")


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange that must be there."""

    name: str
    type: ExchangeType


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that must be there, bound to an exchange."""

    name: str
    exchange: str
    key: str = "#"
    arguments: dict[str, Any] = field(default_factory=dict)


def queue_of(engine: str) -> str:
    """The queue by which an engine gets its events."""
    return f"{EVENTS}.in.{engine}"


def topology(engine: str) -> tuple[Exchange | Queue, ...]:
    """All that must be there, in the order in which it can be made."""
    delays = sorted(set(DELAYS))
    return (
        Exchange(EVENTS, ExchangeType.TOPIC),
        Exchange(OUT, ExchangeType.TOPIC),
        Exchange(REFUSED, ExchangeType.FANOUT),
        *(Exchange(f"{RETRY}{delay}", ExchangeType.FANOUT) for delay in delays),
        Queue(
            queue_of(engine),
            EVENTS,
            "event.#",
            {
                **QUORUM,
                "x-dead-letter-exchange": REFUSED,
                "x-delivery-limit": DELIVERIES,
                "x-overflow": "reject-publish",
                # A consumer that is lost may be missed late. Until what it had is given back, another one that gets
                # the next messages would turn their order round: so there is never more than one.
                "x-single-active-consumer": True,
            },
        ),
        Queue(DEAD, REFUSED, arguments=QUORUM),
        *(
            Queue(
                f"{RETRY}{delay}",
                f"{RETRY}{delay}",
                arguments={
                    **QUORUM,
                    "x-message-ttl": delay * 1000,
                    "x-dead-letter-exchange": EVENTS,
                    # Given back only when the other queue has confirmed it; this needs "reject-publish", too.
                    "x-dead-letter-strategy": "at-least-once",
                    "x-overflow": "reject-publish",
                },
            )
            for delay in delays
        ),
    )


async def declare(connection: AbstractConnection, engine: str) -> None:
    """Make what is not there. Raises aio_pika's errors if something is missing and may not be made."""
    for each in topology(engine):
        if isinstance(each, Exchange):
            await _exchange(connection, each)
        else:
            await _queue(connection, each)


async def _exchange(connection: AbstractConnection, each: Exchange) -> None:
    await _made_or_found(
        connection,
        each.name,
        lambda channel: channel.declare_exchange(each.name, each.type, durable=True),
        lambda channel: channel.get_exchange(each.name, ensure=True),
    )


async def _queue(connection: AbstractConnection, each: Queue) -> None:
    await _made_or_found(
        connection,
        each.name,
        lambda channel: channel.declare_queue(each.name, durable=True, arguments=dict(each.arguments)),
        lambda channel: channel.get_queue(each.name, ensure=True),
    )

    async def bind(channel: AbstractChannel) -> None:
        queue = await channel.get_queue(each.name, ensure=False)
        await queue.bind(each.exchange, each.key)

    async def leave(channel: AbstractChannel) -> None:
        """A binding cannot be looked for."""

    await _made_or_found(connection, f"{each.name} bound to {each.exchange}", bind, leave)


async def _made_or_found(
    connection: AbstractConnection,
    name: str,
    make: Callable[[AbstractChannel], Awaitable[Any]],
    find: Callable[[AbstractChannel], Awaitable[Any]],
) -> None:
    """Make it, or find it if we may not make it or somebody made it otherwise; each refusal ends a channel."""
    try:
        async with connection.channel() as channel:
            await make(channel)
    except (ChannelAccessRefused, ChannelPreconditionFailed) as error:
        _log.info("not declared, only looked for", what=name, why=str(error))
        async with connection.channel() as channel:
            await find(channel)
