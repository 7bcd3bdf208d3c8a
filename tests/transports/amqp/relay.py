"""A way to the broker that can be cut and opened again."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.bench.servers import free_port
from tests.broker import HOST

CHUNK = 65536


class Relay:
    """Passes connections to a port of this machine on to another one."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._server: asyncio.Server | None = None
        self.deaf = False  # what comes from this side is swallowed
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Relay:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._pass_on, HOST, self.port)

    async def cut(self) -> None:
        """Break all connections, and let none through."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.005)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
            self._writers.add(far_writer)
            try:
                await asyncio.gather(
                    self._copy(reader, far_writer, back=False), self._copy(far_reader, writer, back=True)
                )
            finally:
                self._writers.discard(far_writer)
                await _close(far_writer)
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            await _close(writer)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if back or not self.deaf:
                    writer.write(data)
                    await writer.drain()
        writer.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
