"""A load generator: a process of its own that sends HTTP requests over kept-open connections and times the answers.

    python tests/bench/load.py --port N --connections 64 --seconds 3 < requests.json

Standard input is a JSON list of requests, `{"method", "path", "body"}`, sent in turn by each connection, which begins
at a place of its own; a request follows the answer to the one before. `@` in a path or body becomes a number that is
never repeated, so that what is written changes. Only this machine is loaded. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from itertools import count, cycle, islice
from time import perf_counter
from typing import Any

import uvloop

HOST = "127.0.0.1"
DIGITS = 12  # of the changing number: one width, so that lengths are known before
FIRST = 10 ** (DIGITS - 1)
WARM_UP = 0.15  # of the time, not counted


class Connection(asyncio.Protocol):
    """One client: a request, its answer, the next request."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.times: list[tuple[float, float]] = []  # when an answer was complete, and the seconds that it took
        self.statuses: dict[int, int] = {}
        self.refused = ""  # the last answer that was not 200
        self.closed = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._until = until
        self._received = b""
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or len(self._received) < head + 4 + _length(self._received[:head]):
            return
        now = perf_counter()
        self.times.append((now, now - self._sent))
        status = int(self._received[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status != 200:
            self.refused = self._received.decode("utf-8", "replace")
        self._received = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set_result(None)

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(next(self._requests))


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[at:].split(b"\r\n", 1)[0])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--connections", type=int, default=1)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--first", type=int, default=0, help="where the changing numbers begin")
    chosen = options.parse_args()
    numbers = count(FIRST + chosen.first)
    wires = [wire(each) for each in json.load(sys.stdin)]
    print(json.dumps(uvloop.run(load(chosen.port, chosen.connections, chosen.seconds, wires, numbers))))


def wire(request: dict[str, str]) -> tuple[bytes, ...]:
    """The request's bytes, cut where the changing number belongs."""
    body = request.get("body", "")
    length = len(body) + body.count("@") * (DIGITS - 1)
    head = f"{request.get('method', 'POST')} {request['path']} HTTP/1.1\r\nhost: {HOST}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {length}\r\n"
    return tuple((head + "\r\n" + body).encode().split(b"@"))


def _requests(wires: list[tuple[bytes, ...]], start: int, numbers: Iterator[int]) -> Iterator[bytes]:
    for pieces in islice(cycle(wires), start, None):
        yield (b"%d" % next(numbers)).join(pieces)


async def load(
    port: int, connections: int, seconds: float, wires: list[tuple[bytes, ...]], numbers: Iterator[int]
) -> dict[str, Any]:
    """Send for so long; what came of it once the first moments are over."""
    loop = asyncio.get_running_loop()
    began = perf_counter()
    until = began + seconds
    clients = []
    for place in range(connections):
        requests = _requests(wires, place * len(wires) // connections, numbers)
        _, client = await loop.create_connection(lambda requests=requests: Connection(requests, until), HOST, port)
        clients.append(client)
    await asyncio.gather(*(client.closed for client in clients))
    counted_from = began + seconds * WARM_UP
    times = sorted(took for client in clients for at, took in client.times if counted_from <= at <= until)
    statuses: dict[str, int] = {}
    for client in clients:
        for status, number in client.statuses.items():
            statuses[str(status)] = statuses.get(str(status), 0) + number
    return {
        "requests": sum(len(client.times) for client in clients),
        "rate": len(times) / (until - counted_from),
        "p50_ms": _percentile(times, 0.50) * 1000,
        "p99_ms": _percentile(times, 0.99) * 1000,
        "statuses": statuses,
        "refused": next((client.refused for client in clients if client.refused), ""),
    }


def _percentile(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


if __name__ == "__main__":
    main()
