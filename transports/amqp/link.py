"""The link to the broker: two connections that are made again, with all that hangs on them, whenever one is lost.

One connection takes messages in, the other sends: a broker that is short of memory or disk stops reading from those
who send, and acknowledgements must not be stopped with them.

aio-pika can reconnect by itself. We do it here, in one loop, since what must happen then is the same as at the first
time, and a consumer or a publish that the library brings over to the new connection in its own way has been lost or
left hanging before (aio-pika issues 231 and 636). See docs/adr/0007.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import AMQPError

from .settings import AmqpSettings
from .topology import declare, queue_of

OPEN_SECONDS = 30.0  # for both connections and the topology
WATCH_SECONDS = 15.0  # between two looks whether the broker still knows us
CLOSE_SECONDS = 5.0
TROUBLE = (AMQPError, OSError, TimeoutError, RuntimeError)
"""What the library raises when broker, network or channel fail; RuntimeError where its own state is in between."""

_log = structlog.get_logger("picoengine.amqp")


class Session:
    """Both connections, for as long as both last."""

    def __init__(self, incoming: AbstractConnection, outgoing: AbstractConnection, tls: bool) -> None:
        self.incoming = incoming
        self.outgoing = outgoing
        self.tls = tls
        self.why_lost = ""
        self._lost = asyncio.Event()
        self._channels: dict[str, AbstractChannel] = {}
        self._opening = asyncio.Lock()
        for each in (incoming, outgoing):
            each.close_callbacks.add(self._closed)

    def lose(self, why: str) -> None:
        """End the session: something that it needs is gone."""
        if not self._lost.is_set():
            self.why_lost = why
            self._lost.set()

    async def end(self) -> None:
        """Return when the session is lost."""
        await self._lost.wait()

    async def channel(self, exchange: str) -> AbstractChannel:
        """The channel by which messages go to this exchange: what is wrong with one exchange ends no other's."""
        async with self._opening:
            channel = self._channels.get(exchange)
            if channel is None or channel.is_closed:
                channel = self.outgoing.channel(publisher_confirms=True, on_return_raises=True)
                await channel
                self._channels[exchange] = channel
            return channel

    async def close(self) -> None:
        """Let go of both connections."""
        for each in (self.incoming, self.outgoing):
            await closed(each)

    def _closed(self, connection: Any, error: BaseException | None) -> None:
        self.lose(f"{type(error).__name__}: {error}" if error is not None else "closed")


Opened = Callable[[Session], Awaitable[None]]


class Link:
    """Keeps a session, as long as there is a broker."""

    def __init__(self, settings: AmqpSettings, opened: Opened) -> None:
        """`opened` is told of each new session, and begins to consume by it."""
        self._settings = settings
        self._opened = opened
        self._session: asyncio.Future[Session] | None = None
        self._task: asyncio.Task[None] | None = None
        self.up = False
        self.trouble = ""  # why there is no session

    def start(self) -> None:
        """Look for the broker, for ever."""
        for library in ("aio_pika", "aiormq"):  # they tell of each attempt as of an error; we tell once
            logging.getLogger(library).setLevel(logging.CRITICAL)
        loop = asyncio.get_running_loop()
        self._session = loop.create_future()
        self._task = loop.create_task(self._run())

    async def stop(self) -> None:
        """Close the connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def session(self) -> Session:
        """The present session; waits until there is one."""
        if self._session is None:
            raise RuntimeError("the link has not been started")
        return await asyncio.shield(self._session)

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    session = await self._open()
            except TROUBLE as error:
                why = f"{type(error).__name__}: {error}"
                if why != self.trouble:  # the same trouble is told once
                    _log.warning("no broker; trying again and again", why=why, seconds=self._settings.reconnect_seconds)
                self.trouble = why
            else:
                self.trouble = ""
                await self._use(session)
            await asyncio.sleep(self._settings.reconnect_seconds)

    async def _use(self, session: Session) -> None:
        """Let everybody use the session until it is lost."""
        try:
            await self._opened(session)
            assert self._session is not None
            self._session.set_result(session)
            self.up = True
            _log.info("connected to the broker")
            watcher = asyncio.get_running_loop().create_task(self._watch(session))
            try:
                await session.end()
            finally:
                watcher.cancel()
            _log.warning("the broker is lost", why=session.why_lost)
        except TROUBLE as error:
            _log.warning("the broker was lost at once", why=f"{type(error).__name__}: {error}")
        finally:
            self.up = False
            if self._session is not None and self._session.done():
                self._session = asyncio.get_running_loop().create_future()
            await session.close()

    async def _watch(self, session: Session) -> None:
        """Ask the broker now and then for our queue: a connection can be dead, or a consumer gone, without a word."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                async with asyncio.timeout(WATCH_SECONDS), session.incoming.channel() as channel:
                    await channel.get_queue(queue_of(self._settings.name), ensure=True)
            except TROUBLE as error:
                session.lose(f"the queue is not to be found: {type(error).__name__}: {error}")

    async def _open(self) -> Session:
        settings = self._settings
        tls = urlsplit(settings.url).scheme == "amqps"
        url = with_heartbeat(settings)
        context = tls_context(settings) if tls else None
        incoming = await connected(url, context)
        try:
            outgoing = await connected(url, context)
            try:
                await declare(incoming, settings.name)
            except BaseException:
                await closed(outgoing)
                raise
        except BaseException:
            await closed(incoming)
            raise
        return Session(incoming, outgoing, tls)


async def connected(url: str, context: ssl.SSLContext | None = None) -> AbstractConnection:
    """A connection. The library's own function leaves one that cannot be made to the garbage collector."""
    connection = Connection(make_url(url), ssl_context=context)
    try:
        await connection.connect()
    except BaseException:
        await closed(connection)
        raise
    return connection


async def closed(connection: AbstractConnection) -> None:
    """Close a connection, whatever has become of it."""
    with suppress(*TROUBLE):
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.close()
    # One that could not say goodbye does not count as closed yet; the second time there is nobody to say it to.
    with suppress(*TROUBLE):
        await connection.close()


def with_heartbeat(settings: AmqpSettings) -> str:
    """The broker's URL, which tells aio-pika of the heartbeat unless it does so already."""
    query = urlsplit(settings.url).query
    if "heartbeat" in parse_qs(query):
        return settings.url
    return f"{settings.url}{'&' if query else '?'}heartbeat={settings.heartbeat_seconds}"


def tls_context(settings: AmqpSettings) -> ssl.SSLContext:
    """Whom we trust, and who we are. Raises OSError if a file cannot be read."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    if settings.cert_file:
        context.load_cert_chain(settings.cert_file, settings.key_file or None)
    return context
