"""Broker, network and engine fail in the middle of it all: nothing is lost, nothing happens twice, the order stays.

With PICOENGINE_TORTURE=1 the same is done with 20,000 events and five blows each; `make torture` does so.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker import ADMIN, HOST, PASSWORD, Broker
from tests.engine.process import Client as HttpClient
from tests.examples.engine_process import EngineProcess
from tests.transports.amqp.conftest import Open, needed
from tests.transports.amqp.home import COUNTING, Client, Home, input_queue
from tests.transports.amqp.relay import Relay
from tests.transports.polling import until
from transports.amqp.link import TROUBLE

TORTURE = os.environ.get("PICOENGINE_TORTURE") == "1"
EVENTS = 20_000 if TORTURE else 2_000
BLOWS = 5 if TORTURE else 1
AT_ONCE = 100

Query = Callable[[], Awaitable[Any]]


class Producer:
    """Sends numbered events, each again and again under its id until the broker has confirmed it."""

    def __init__(self, url: str, eci: str) -> None:
        self._url = url
        self._key = f"event.{eci}.test.seen"
        self.sent = 0

    async def run(self, number: int) -> None:
        while self.sent < number:
            try:
                async with Client(self._url) as client:
                    while self.sent < number:
                        await self._some(client, range(self.sent, min(self.sent + AT_ONCE, number)))
            except TROUBLE:
                await asyncio.sleep(0.05)

    async def _some(self, client: Client, numbers: range) -> None:
        async with asyncio.timeout(10):
            # In order on one channel; what comes twice has one id.
            await asyncio.gather(
                *(client.send(self._key, {"n": n}, message_id=str(n), delivery_mode=2) for n in numbers)
            )
        self.sent = numbers.stop


async def all_counted(query: Query, number: int) -> None:
    """Return when so many were counted, each once and in order."""

    async def enough() -> bool:
        found = await query()
        assert found["wrong"] == []
        return bool(found["next"] == number)

    await until(enough, 240)


@pytest.mark.fault(31)
async def test_a_message_that_was_committed_and_not_acknowledged_happens_once(
    open_home: Open, client: Client, broker: Any, vhost: str
) -> None:
    """transports.md, proof 2."""
    async with Relay(broker.port) as relay:
        home = await open_home(url=broker.url(vhost).replace(str(broker.port), str(relay.port)))
        await home.connected()
        eci = await home.seer()
        relay.deaf = True  # no acknowledgement reaches the broker
        await client.send(f"event.{eci}.test.seen", {"n": 1}, message_id="m")
        await until(lambda: home.seen(eci))

        await relay.cut()
        relay.deaf = False
        await relay.open()
        await home.connected()
        await client.send(f"event.{eci}.test.seen", {"n": 2}, message_id="n")

        async def both() -> bool:
            return len(await home.seen(eci)) >= 2

        await until(both)
        assert await home.seen(eci) == [1, 2]
        await until(lambda: _drained(client))


async def test_a_network_that_breaks_loses_and_repeats_nothing(open_home: Open, broker: Any, vhost: str) -> None:
    async with Relay(broker.port) as relay:
        home = await open_home(url=broker.url(vhost).replace(str(broker.port), str(relay.port)))
        await home.connected()
        await home.install(COUNTING)
        eci = await home.channel("counting")
        producing = asyncio.create_task(Producer(broker.url(vhost), eci).run(600))

        for reached in (100, 300, 500):

            async def far_enough(reached: int = reached) -> bool:
                return bool((await home.query(eci, "counting", "found"))["next"] >= reached)

            await until(far_enough)
            await relay.cut()
            await relay.open()

        await producing
        await all_counted(lambda: home.query(eci, "counting", "found"), 600)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_an_engine_that_is_killed_loses_and_repeats_nothing(broker: Any, vhost: str, tmp_path: Path) -> None:
    url = broker.url(vhost)
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(f"[amqp]\nurl = {json.dumps(url)}\nreconnect_seconds = 0.2\n")
    with EngineProcess(home) as engine:
        async with HttpClient(engine) as http:
            eci = await http.new_pico("counting", COUNTING)
            found = lambda: http.query(eci, "counting", "found")  # noqa: E731
            producer = Producer(url, eci)
            producing = asyncio.create_task(producer.run(EVENTS))

            for blow in range(BLOWS):
                reached = EVENTS * (blow + 1) // (BLOWS + 1)

                async def far_enough(reached: int = reached) -> bool:
                    return bool((await found())["next"] >= reached)

                await until(far_enough, 120)
                engine.kill()
                await asyncio.to_thread(engine.start)

            await producing
            await all_counted(found, EVENTS)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that may be killed."""
    needed()
    broker = Broker(tmp_path / "broker")
    try:
        yield broker.start()
    finally:
        broker.stop()


SENDER = """
ruleset sender {
  rule send {
    select when test send
    event:send({"eci": event:attrs{"to"}, "domain": "test", "type": "seen", "attrs": {"n": event:attrs{"n"}}},
               "amqp:pico.events")
  }
}
"""


@pytest.mark.slow
@pytest.mark.fault(30)
@pytest.mark.timeout(900)
async def test_a_broker_that_is_killed_loses_and_repeats_nothing(own_broker: Broker) -> None:
    """transports.md, proof 6, in both directions: events go out by the outbox, and come in again."""
    url = f"amqp://{ADMIN}:{PASSWORD}@{HOST}:{own_broker.port}/"
    async with Home.opened({}, {"url": url}) as home:
        await home.connected()
        await home.install(COUNTING)
        eci = await home.channel("counting")
        round_trip = await home.child("round trip")
        await home.install(COUNTING, round_trip)
        await home.install(SENDER)
        target = await home.channel("counting", round_trip)
        producing = asyncio.create_task(Producer(url, eci).run(EVENTS))
        sent = 0

        for blow in range(BLOWS):
            reached = EVENTS * (blow + 1) // (BLOWS + 1)

            async def far_enough(reached: int = reached) -> bool:
                return bool((await home.query(eci, "counting", "found"))["next"] >= reached)

            await until(far_enough, 120)
            for n in range(sent, sent + 20):
                await home.event(eci, "test", "send", to=target, n=n)
            own_broker.kill()
            for n in range(sent + 20, sent + 40):
                await home.event(eci, "test", "send", to=target, n=n)
            sent += 40
            await until(lambda: not home.transport.up)
            assert home.transport.state == "reconnecting"
            await asyncio.to_thread(own_broker.start)
            await until(lambda: home.transport.up, 60)

        await producing
        await all_counted(lambda: home.query(eci, "counting", "found"), EVENTS)
        await all_counted(lambda: home.query(target, "counting", "found"), sent)


@pytest.mark.slow
@pytest.mark.fault(30)
async def test_a_broker_short_of_memory_takes_nothing_and_the_engine_goes_on(own_broker: Broker) -> None:
    """durability.md, fault 30: what leaves waits in the outbox until the alarm is over."""
    url = f"amqp://{ADMIN}:{PASSWORD}@{HOST}:{own_broker.port}/"
    async with Home.opened({}, {"url": url, "publish_seconds": 0.5}) as home:
        await home.connected()
        await home.install(COUNTING)
        await home.install(SENDER)
        eci = await home.channel("counting")
        await asyncio.to_thread(own_broker.control, "set_vm_memory_high_watermark", "0")

        await home.event(eci, "test", "send", to=eci, n=0)
        await home.event(eci, "test", "send", to=eci, n=1)
        assert (await home.query(eci, "counting", "found"))["next"] == 0
        await asyncio.to_thread(own_broker.control, "set_vm_memory_high_watermark", "0.8")

        await all_counted(lambda: home.query(eci, "counting", "found"), 2)


async def _drained(client: Client) -> bool:
    return await client.depth(input_queue()) == 0
