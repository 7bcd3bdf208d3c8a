"""A receiver of effects, in a process of its own: it notes the key of whatever comes before it answers, or does not.

    python -m transports.torture.sink [SEED]

It prints its port. `GET /arrived` tells how often each key has come. With a seed it now and then answers 503, or
closes the connection without an answer, after it has noted the key: the engine must then send it again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from contextlib import suppress
from random import Random

from .wire import HOST

TROUBLE = 0.02  # of the requests, each of two kinds


class Sink:
    """What has arrived so far."""

    def __init__(self, random: Random | None = None) -> None:
        self.arrived: Counter[str] = Counter()
        self._random = random

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """The requests of one connection."""
        with suppress(OSError, EOFError, ValueError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(headers.get("content-length", "0")))
                asked = head.startswith("GET /arrived ")
                if not asked:
                    self.arrived[headers.get("idempotency-key", "")] += 1
                chance = 1.0 if asked or self._random is None else self._random.random()
                if chance < TROUBLE:
                    break
                status = "503 Service Unavailable" if chance < 2 * TROUBLE else "200 OK"
                body = json.dumps(self.arrived if asked else {}).encode()
                start = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        writer.close()


async def main() -> None:
    """Serve until the process is ended."""
    sink = Sink(Random(sys.argv[1]) if len(sys.argv) > 1 else None)
    server = await asyncio.start_server(sink.serve, HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
