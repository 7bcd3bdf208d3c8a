"""What comes in: each message is handed to the engine in the order of the queue, and acknowledged after the commit.

Messages are handed over at once, one behind the other, so each pico gets its own in the order of the queue, and many
share a commit. When one cannot be taken now (the pico's inbox is full, the store cannot be written), it waits here
unacknowledged, and those behind it for the same channel with it, in a *lane*; one that has waited long enough goes to a
retry queue of the broker, so that a pico that is full does not keep all the others' messages waiting.

Whatever happens in between, a message is acknowledged last. So a crash brings it again; its key makes that harmless.

Source: docs/amqp.md, "What becomes of a message".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiormq.abc import AbstractChannel, DeliveredMessage

from engine import Engine, EngineError, Overloaded, Receipt, Reply, RuleFailed, StoreUnavailable, TimedOut

from .answers import dead_letter, reply_message, retry_message
from .link import TROUBLE, Session
from .message import Incoming, delivery_of
from .publisher import Publisher
from .settings import AmqpSettings
from .topology import DELAYS, REFUSED, RETRY, queue_of

PASSING = (Overloaded, StoreUnavailable)  # and faults of our own, which go to the retry queue at once
AGAIN_SECONDS = 1.0  # from one attempt of what waits in a lane to the next
LANE_SECONDS = 10.0  # a message waits in a lane before it goes to a retry queue
STOP_SECONDS = 10.0  # for what is under way when we stop
LOOK_SECONDS = 0.05  # between two looks whether the engine has room again

Told = tuple[Reply | Receipt | None, Exception | None]

_log = structlog.get_logger("picoengine.amqp")


@dataclass(slots=True, eq=False)
class Arrived:
    """A message that is here and not acknowledged yet."""

    message: Incoming
    session: Session
    channel: AbstractChannel
    tag: int
    since: float  # by the loop's clock

    @property
    def eci(self) -> str:
        """The channel that it names; whatever stands in the key if it names none."""
        return self.message.routing_key.split(".", 2)[1] if "." in self.message.routing_key else ""


class Consumer:
    """Takes messages from the engine's queue while there is a session, and room in the engine."""

    def __init__(self, settings: AmqpSettings, publisher: Publisher) -> None:
        self._settings = settings
        self._publisher = publisher
        self._engine: Engine | None = None
        self._lanes: dict[str, deque[Arrived]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._channel: AbstractChannel | None = None
        self._consumer_tag: str | None = None  # None: not consuming
        self._holding_back = False
        self._stopping = False

    def serve(self, engine: Engine) -> None:
        """From now on messages go to this engine."""
        self._engine = engine

    async def begin(self, session: Session) -> None:
        """Consume by a new session."""
        self._drop_lost()
        channel = await session.incoming.channel(publisher_confirms=False)
        channel.close_callbacks.add(lambda _, error: session.lose(f"the consumer's channel is closed: {error}"))
        await channel.set_qos(prefetch_count=self._settings.prefetch)
        self._channel = await channel.get_underlay_channel()
        # A queue that is deleted ends its consumers; a new session makes it again.
        self._channel.on_consumer_cancel_callbacks.add(lambda _: session.lose("the consumer was cancelled"))
        self._consumer_tag = None
        self._session = session
        if not self._holding_back and not self._stopping:
            await self._consume()

    async def stop(self) -> None:
        """Take no more; let what is under way be acknowledged, for a while."""
        self._stopping = True
        with suppress(*TROUBLE):
            async with asyncio.timeout(STOP_SECONDS):
                await self._cancel()
                while self._under_way:
                    await asyncio.sleep(0.01)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- taking -------------------------------------------------------------------------------------------

    async def _consume(self) -> None:
        assert self._channel is not None
        on_message = partial(self._on_message, self._session, self._channel)
        consuming = await self._channel.basic_consume(queue_of(self._settings.name), on_message)
        self._consumer_tag = consuming.consumer_tag

    async def _cancel(self) -> None:
        tag, self._consumer_tag = self._consumer_tag, None
        if tag is not None and self._channel is not None and not self._channel.is_closed:
            await self._channel.basic_cancel(tag)

    async def _on_message(self, session: Session, channel: AbstractChannel, delivered: DeliveredMessage) -> None:
        """Nothing is awaited here: the library begins one task a message, in order, and so in order they are taken."""
        tag = delivered.delivery_tag
        assert tag is not None
        now = asyncio.get_running_loop().time()
        self._take(Arrived(incoming(delivered), session, channel, tag, now))

    def _take(self, arrived: Arrived) -> None:
        lane = self._lanes.get(arrived.eci)
        if lane is not None:
            lane.append(arrived)
        else:
            self._hand_over(arrived)
        assert self._engine is not None
        if self._engine.waiting >= self._settings.high_water and not self._holding_back:
            self._holding_back = True
            self._spawn(self._hold_back())

    async def _hold_back(self) -> None:
        """The engine has much to do: the broker keeps the messages until that has become less."""
        assert self._engine is not None
        try:
            with suppress(*TROUBLE):
                await self._cancel()
            while self._engine.waiting > self._settings.low_water:
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._holding_back = False
        if not self._stopping and self._consumer_tag is None:
            try:
                await self._consume()
            except TROUBLE as error:
                self._session.lose(f"consuming did not go on: {type(error).__name__}: {error}")

    # --- handing over -------------------------------------------------------------------------------------

    def _hand_over(self, arrived: Arrived) -> None:
        """Give it to the engine; what comes of it is seen to when the engine tells."""
        self._attempt(arrived, partial(self._told, arrived))

    def _attempt(self, arrived: Arrived, told: Any) -> None:
        engine, message = self._engine, arrived.message
        assert engine is not None
        self._under_way += 1
        try:
            address = message.address
            engine.admit(address.eci, address.words)  # before the body is looked at
            delivery = delivery_of(message, engine.settings, tls=arrived.session.tls)
            if message.reply_to:
                engine.deliver_nowait(delivery, told)
            else:
                engine.accept_nowait(delivery, told)
        except Exception as error:  # noqa: BLE001 -- each has its own end, a fault of ours too
            told(None, error)

    def _told(self, arrived: Arrived, outcome: Reply | Receipt | None, error: Exception | None) -> None:
        self._under_way -= 1
        if isinstance(error, PASSING):
            self._hold(arrived)
        else:
            self._spawn(self._settle(arrived, outcome, error))

    async def _settle(self, arrived: Arrived, outcome: Reply | Receipt | None, error: Exception | None) -> None:
        """Answer, put aside or refuse, then acknowledge."""
        self._under_way += 1
        try:
            if error is not None and not isinstance(error, EngineError):
                _log.error("a message could not be handled", key=arrived.message.routing_key, exc_info=error)
                await self._put_aside(arrived, error)
                return
            if arrived.message.reply_to:
                await self._reply(arrived, outcome, error)
            if error is None or isinstance(error, RuleFailed | TimedOut):
                await self._acknowledge(arrived)
            else:
                await self._refuse(arrived, error)
        finally:
            self._under_way -= 1

    # --- lanes --------------------------------------------------------------------------------------------

    def _hold(self, arrived: Arrived) -> None:
        """Let it wait, before all that came after it for its channel."""
        lane = self._lanes.get(arrived.eci)
        if lane is None:
            self._lanes[arrived.eci] = deque([arrived])
            self._spawn(self._drain(arrived.eci))
            return
        # Several that were under way together may fail together: the queue's order is that of the tags.
        at = next((at for at, other in enumerate(lane) if other.tag > arrived.tag), len(lane))
        lane.insert(at, arrived)

    async def _drain(self, eci: str) -> None:
        lane = self._lanes[eci]
        loop = asyncio.get_running_loop()
        while lane:
            await asyncio.sleep(AGAIN_SECONDS)
            while lane and not self._stopping:
                arrived = lane[0]
                if arrived.channel.is_closed:
                    lane.popleft()  # the broker brings it again
                    continue
                outcome, error = await self._attempted(arrived)
                if not (lane and lane[0] is arrived):
                    break  # its session was lost meanwhile, and the lane with it
                if isinstance(error, PASSING) and loop.time() - arrived.since < LANE_SECONDS:
                    break
                if isinstance(error, PASSING):
                    await self._put_aside(arrived, error)
                else:
                    await self._settle(arrived, outcome, error)
                if lane and lane[0] is arrived:
                    lane.popleft()
        del self._lanes[eci]

    async def _attempted(self, arrived: Arrived) -> Told:
        done: asyncio.Future[Told] = asyncio.get_running_loop().create_future()

        def told(outcome: Reply | Receipt | None, error: Exception | None) -> None:
            self._under_way -= 1
            if not done.done():
                done.set_result((outcome, error))

        self._attempt(arrived, told)
        return await done

    def _drop_lost(self) -> None:
        """What waits here came by a session that is lost: the broker brings it again."""
        for lane in self._lanes.values():
            for arrived in [each for each in lane if each.channel.is_closed]:
                lane.remove(arrived)

    # --- ends ---------------------------------------------------------------------------------------------

    async def _acknowledge(self, arrived: Arrived) -> None:
        # A session that was lost takes its tags with it; the message comes again, and its key is known.
        with suppress(*TROUBLE):
            await arrived.channel.basic_ack(arrived.tag, wait=False)

    async def _reply(self, arrived: Arrived, outcome: Any, error: Exception | None) -> None:
        """Tell who asked; if he is gone, that is his affair."""
        message = arrived.message
        try:
            await self._publisher.publish(arrived.session, "", message.reply_to, reply_message(message, outcome, error))
        except TROUBLE as trouble:
            _log.warning(
                "a reply could not be delivered", to=message.reply_to, why=f"{type(trouble).__name__}: {trouble}"
            )

    async def _refuse(self, arrived: Arrived, error: Exception) -> None:
        """A copy with the reason goes to the dead letters; without it the broker's own, which knows no reason."""
        message = arrived.message
        _log.warning("a message is refused", key=message.routing_key, why=str(error))
        try:
            await self._publisher.publish(arrived.session, REFUSED, message.routing_key, dead_letter(message, error))
        except TROUBLE as trouble:
            _log.error("a dead letter lost its reason", key=message.routing_key, why=str(trouble))
            with suppress(*TROUBLE):
                await arrived.channel.basic_reject(arrived.tag, requeue=False, wait=False)
        else:
            await self._acknowledge(arrived)

    async def _put_aside(self, arrived: Arrived, error: Exception) -> None:
        """To the retry queue; after the last round it is refused."""
        message = arrived.message
        if message.rounds >= len(DELAYS):
            await self._refuse(arrived, error)
            return
        delay = DELAYS[message.rounds]
        _log.warning("a message is put aside", key=message.routing_key, seconds=delay, why=str(error))
        try:
            await self._publisher.publish(
                arrived.session, f"{RETRY}{delay}", message.routing_key, retry_message(message)
            )
        except TROUBLE:
            with suppress(*TROUBLE):  # the broker counts how often, and refuses it in the end
                await arrived.channel.basic_nack(arrived.tag, requeue=True, wait=False)
        else:
            await self._acknowledge(arrived)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a fault of the AMQP transport", exc_info=error)


def incoming(delivered: DeliveredMessage) -> Incoming:
    """The facts of a message. The library's own class would refuse some that the broker lets through."""
    properties = delivered.header.properties
    return Incoming(
        routing_key=delivered.routing_key or "",
        body=delivered.body,
        content_type=properties.content_type or "",
        content_encoding=properties.content_encoding or "",
        headers=properties.headers or {},
        message_id=properties.message_id or "",
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to or "",
        expiration=properties.expiration or "",
        user_id=properties.user_id,
    )
