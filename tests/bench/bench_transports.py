"""How many events a second each transport takes, with default durability.

    python -m tests.bench.bench_transports [--quick] [--events N] [--json FILE]

By each way the same number of events goes to a pico of its own, 64 at a time, and the time counts until the pico has
seen the last. HTTP is waited for (`event-wait`) and not (`event`); mail goes by eight connections, on each a mail after
the other; AMQP is confirmed by the broker, a private RabbitMQ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import smtplib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aio_pika

from tests.broker import ADMIN, HOST, PASSWORD, PROGRAM, Broker

from .bench_http import picos
from .servers import Figures, Server, data_folder, free_port

UNDER_WAY = 64
MAIL_CLIENTS = 8
LOOK_SECONDS = 0.01
FORM = "application/x-www-form-urlencoded"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="few events")
    options.add_argument("--events", type=int, default=5000)
    options.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON, too")
    chosen = options.parse_args()
    figures = run(300 if chosen.quick else chosen.events)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


def run(events: int) -> Figures:
    """Measure and print all ways."""
    figures: Figures = {}
    with data_folder() as folder:
        broker = Broker(folder / "broker").start() if PROGRAM.exists() else None
        try:
            _measure_all(folder, broker, events, figures)
        finally:
            if broker is not None:
                broker.stop()
    return figures


def _measure_all(folder: Path, broker: Broker | None, events: int, figures: Figures) -> None:
    port, mail_port = free_port(), free_port()
    command = ["-m", "transports.cli", "run", "--home", str(folder / "home"), "--port", str(port)]
    command += ["--smtp", f"{HOST}:{mail_port}"]
    url = ""
    if broker is not None:
        url = f"amqp://{ADMIN}:{PASSWORD}@{HOST}:{broker.port}/"
        command += ["--amqp", url]
    (folder / "home").mkdir()
    (folder / "home" / "config.toml").write_text("[smtp]\nmails_per_minute = 0\n")
    server = Server(*command, port=port)
    try:
        server.wait_for("/readyz")
        ecis = picos(server, 4)
        ways: dict[str, Callable[[str, int], None]] = {
            "HTTP, waited": lambda eci, n: asyncio.run(_by_http(port, f"/c/{eci}/event-wait/bench/hit", n)),
            "HTTP": lambda eci, n: asyncio.run(_by_http(port, f"/c/{eci}/event/bench/hit", n)),
            "SMTP": lambda eci, n: _by_mail(mail_port, f"classic+{eci}+bench+hit@localhost", n),
        }
        if broker is not None:
            ways["AMQP"] = lambda eci, n: asyncio.run(_by_amqp(url, f"event.{eci}.bench.hit", n))
        print(f"{'by':<16}{'events/s':>10}{'µs of CPU':>12}")
        for (name, send), eci in zip(ways.items(), ecis, strict=False):
            send(eci, UNDER_WAY)  # what is done once: connections, imports, the pico's ruleset
            figures[name] = _measured(server, send, eci, events)
            print(f"{name:<16}{figures[name]['rate']:>10,.0f}{figures[name]['cpu_us']:>12.0f}", flush=True)
    finally:
        server.stop()


def _measured(server: Server, send: Callable[[str, int], None], eci: str, events: int) -> Figures:
    def count() -> int:
        return int(server.ask("GET", f"/c/{eci}/query/bench/count") or 0)

    while count() < UNDER_WAY:
        time.sleep(LOOK_SECONDS)
    before, begun = server.cpu_seconds(), time.perf_counter()
    send(eci, events)
    while count() < UNDER_WAY + events:
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begun
    return {"rate": events / seconds, "cpu_us": (server.cpu_seconds() - before) / events * 1e6}


async def _many(send: Callable[[int], Awaitable[Any]], events: int) -> None:
    """So many, UNDER_WAY of them at a time."""
    numbers = iter(range(events))

    async def client() -> None:
        for n in numbers:
            await send(n)

    await asyncio.gather(*(client() for _ in range(UNDER_WAY)))


async def _by_http(port: int, path: str, events: int) -> None:
    async def client(numbers: Any) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for n in numbers:
            body = b'{"n":%d}' % n
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().split(b"content-length: ")[1].split(b"\r")[0]
            await reader.readexactly(int(length))
            assert answer.startswith(b"HTTP/1.1 200"), answer
        writer.close()

    numbers = iter(range(events))
    await asyncio.gather(*(client(numbers) for _ in range(UNDER_WAY)))


def _by_mail(port: int, address: str, events: int) -> None:
    def client(numbers: range) -> None:
        with smtplib.SMTP(HOST, port, timeout=60) as connection:
            for n in numbers:
                head = f"From: a@b\r\nMessage-ID: <{n}-{time.time_ns()}@b>\r\nContent-Type: {FORM}\r\n"
                connection.sendmail("a@b", [address], f"{head}\r\nn={n}\r\n")

    with ThreadPoolExecutor(MAIL_CLIENTS) as threads:
        list(threads.map(client, (range(first, events, MAIL_CLIENTS) for first in range(MAIL_CLIENTS))))


async def _by_amqp(url: str, key: str, events: int) -> None:
    async with await aio_pika.connect(url) as connection:
        exchange = await (await connection.channel()).get_exchange("pico.events", ensure=False)

        async def send(n: int) -> None:
            message = aio_pika.Message(
                b'{"n":%d}' % n, content_type="application/json", message_id=str(time.time_ns()), delivery_mode=2
            )
            await exchange.publish(message, key)

        await _many(send, events)


if __name__ == "__main__":
    main()
