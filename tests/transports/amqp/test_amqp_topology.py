"""What is declared, what is only looked for, and what each side may do at the broker."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from tests.transports.amqp.home import Client, Home, input_queue
from tests.transports.polling import until
from transports.amqp.topology import EVENTS


@pytest.fixture
def vhost(broker: Any) -> str:
    """One in which nothing is made."""
    name: str = broker.new_vhost()
    return name


def queue(broker: Any, vhost: str, name: str) -> Any:
    return broker.api.ask("GET", f"/queues/{quote(vhost, safe='')}/{name}")


async def test_the_layout_is_declared(home: Home, broker: Any, vhost: str) -> None:
    await home.connected()

    arguments = queue(broker, vhost, input_queue())["arguments"]
    assert arguments == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "pico.dlx",
        "x-delivery-limit": 10,
        "x-overflow": "reject-publish",
        "x-single-active-consumer": True,
    }
    assert queue(broker, vhost, "pico.dead")["durable"]
    bindings = broker.api.ask("GET", f"/bindings/{quote(vhost, safe='')}")
    found = {(each["source"], each["routing_key"], each["destination"]) for each in bindings if each["source"]}
    assert (EVENTS, "event.#", input_queue()) in found
    assert ("pico.retry.600", "#", "pico.retry.600") in found


async def test_who_may_declare_nothing_finds_what_is_there(broker: Any, vhost: str) -> None:
    async with Home.opened({}, {"url": broker.url(vhost)}) as first:
        await first.connected()
    broker.api.make_user("narrow")
    broker.api.permit(vhost, "narrow", configure="^$")

    async with Home.opened({}, {"url": broker.url(vhost, "narrow")}) as home:
        await home.connected()
        eci = await home.seer()
        async with Client(broker.url(vhost)) as client:
            await client.send(f"event.{eci}.test.seen", {"n": 1})

        await until(lambda: home.seen(eci))


async def test_who_may_declare_nothing_and_finds_nothing_waits_for_it(broker: Any, vhost: str) -> None:
    broker.api.make_user("narrow")
    broker.api.permit(vhost, "narrow", configure="^$")

    async with Home.opened({}, {"url": broker.url(vhost, "narrow")}) as home:
        await asyncio.sleep(0)
        assert home.transport.state == "reconnecting"
        async with Home.opened({}, {"url": broker.url(vhost), "name": "main"}) as other:
            await other.connected()
        await home.connected()


async def test_a_queue_that_somebody_made_otherwise_is_used(home: Home, broker: Any, vhost: str) -> None:
    async with Client(broker.url(vhost)) as client:
        await client.channel.declare_queue("pico.dead", durable=True)

        await home.connected()
        await client.send("event.nosuch.test.seen", {})

        assert (await client.next("pico.dead")).routing_key == "event.nosuch.test.seen"


@pytest.mark.fault(30)
async def test_a_queue_that_is_deleted_is_made_again(home: Home, client: Client) -> None:
    await home.connected()
    eci = await home.seer()

    await client.channel.queue_delete(input_queue())
    await until(lambda: not home.transport.up)
    await home.connected()
    await client.send(f"event.{eci}.test.seen", {"n": 1})

    await until(lambda: home.seen(eci))


async def test_a_producer_can_be_narrowed_to_one_channel(home: Home, broker: Any, vhost: str) -> None:
    """docs/amqp.md, "At the broker"."""
    await home.connected()
    eci, other = await home.seer(), await home.channel("other")
    broker.api.make_user("thermometer")
    broker.api.permit(vhost, "thermometer", configure="^$", write=r"^pico\.events$", read="^$")
    topic = {"exchange": EVENTS, "write": rf"^event\.{eci}\.test\.[^.]+$", "read": "^$"}
    broker.api.ask("PUT", f"/topic-permissions/{quote(vhost, safe='')}/thermometer", topic)

    connection = await aio_pika.connect(broker.url(vhost, "thermometer"))
    async with connection:
        for refused in (f"event.{other}.test.seen", f"event.{eci}.wrangler.new_child_request"):
            exchange = await (await connection.channel()).get_exchange(EVENTS, ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await exchange.publish(aio_pika.Message(b"{}", content_type="application/json"), refused)
        exchange = await (await connection.channel()).get_exchange(EVENTS, ensure=False)
        await exchange.publish(aio_pika.Message(b'{"n":1}', content_type="application/json"), f"event.{eci}.test.seen")

    await until(lambda: home.seen(eci))
