"""What cannot be taken now: held here for a while, then put aside at the broker, in order, and never lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import Delivery, Overloaded, Request
from engine.store.memory import MemoryStore
from tests.transports.amqp.conftest import Open
from tests.transports.amqp.home import COUNTING, SEEN, Client, Home, input_queue
from tests.transports.polling import until
from transports.amqp.answers import REASON
from transports.amqp.message import ROUND
from transports.amqp.topology import DELAYS


async def all_seen(home: Home, eci: str, number: int) -> list[Any]:
    """What a pico has noted, as soon as it is so much."""

    async def enough() -> Any:
        try:
            seen = await home.seen(eci)
        except Overloaded:
            return None
        return seen if len(seen) >= number else None

    found: list[Any] = await until(enough, 60)
    return found


async def two_picos(home: Home, source: str = SEEN) -> tuple[str, str, str]:
    """A channel each of two picos that note what they see, and the UI channel of the first."""
    ecis = []
    for name in ("one", "two"):
        ui = await home.child(name)
        await home.install(source, ui)
        ecis.append((await home.channel("seer", ui), ui))
    return ecis[0][0], ecis[1][0], ecis[0][1]


async def test_a_full_pico_keeps_its_order_and_nobody_elses_messages_waiting(open_home: Open, client: Client) -> None:
    home = await (await open_home(engine={"pico_inbox_limit": 3})).connected()
    full, other, ui = await two_picos(home)
    await home.engine.operations.pause(ui)

    for n in range(8):
        await client.send(f"event.{full}.test.seen", {"n": n}, message_id=f"f{n}")
    await client.send(f"event.{other}.test.seen", {"n": "other"}, message_id="o")

    assert await all_seen(home, other, 1) == ["other"]
    await home.engine.operations.resume(ui)
    await all_seen(home, full, 3)  # there is room, but others were here before:
    await client.send(f"event.{full}.test.seen", {"n": 8}, message_id="f8")
    assert await all_seen(home, full, 9) == list(range(9))
    await until(lambda: _depth(client, input_queue(), 0))


@pytest.mark.slow
async def test_a_pico_that_stays_full_gets_its_messages_later(open_home: Open, client: Client) -> None:
    home = await (await open_home(engine={"pico_inbox_limit": 1})).connected()
    full, _, ui = await two_picos(home)
    await home.engine.operations.pause(ui)

    for n in range(4):
        await client.send(f"event.{full}.test.seen", {"n": n}, message_id=f"f{n}")
    await until(lambda: _depth(client, "pico.retry.5", 3))
    await home.engine.operations.resume(ui)

    assert await all_seen(home, full, 4) == list(range(4))


class Faulty(MemoryStore):
    """A store that can be told to take no commit."""

    broken = False

    def write(self, batch: Any) -> Any:
        if self.broken:
            raise OSError("the disk is full")
        return super().write(batch)


async def test_what_the_store_does_not_take_is_not_acknowledged(open_home: Open, client: Client) -> None:
    """transports.md, proof 3: a stopped database."""
    store = Faulty()
    home = await (await open_home(store=store)).connected()
    eci = await home.seer()

    store.broken = True
    for n in range(5):
        await client.send(f"event.{eci}.test.seen", {"n": n}, message_id=str(n))
    await asyncio.sleep(0)
    await until(lambda: eci in home.transport._consumer._lanes)
    assert await client.depth("pico.dead") == 0
    store.broken = False

    assert await all_seen(home, eci, 5) == list(range(5))
    await until(lambda: _depth(client, input_queue(), 0))


def broken(delivery: Delivery, eid: str, time: int) -> Request:
    raise ZeroDivisionError("a fault of ours")


async def test_a_fault_of_ours_puts_the_message_aside(open_home: Open, client: Client) -> None:
    home = await (await open_home(decoder=broken)).connected()
    eci = await home.seer()

    await client.send(f"event.{eci}.test.seen", {"n": 1}, message_id="m", headers={"mine": "kept"})

    message = await client.next("pico.retry.5")
    assert (message.headers["mine"], message.headers[ROUND], message.message_id) == ("kept", 1, "m")
    assert message.routing_key == f"event.{eci}.test.seen"


async def test_after_the_last_round_a_message_is_refused(open_home: Open, client: Client) -> None:
    home = await (await open_home(decoder=broken)).connected()
    eci = await home.seer()

    await client.send(f"event.{eci}.test.seen", {"n": 1}, headers={ROUND: len(DELAYS)})

    assert "a fault of ours" in str((await client.next()).headers[REASON])


@pytest.mark.slow
async def test_what_was_put_aside_comes_back_to_the_same_engine(home: Home, client: Client) -> None:
    await home.connected()
    eci = await home.seer()

    await client.send(f"event.{eci}.test.seen", {"n": 1}, exchange="pico.retry.5")

    assert await all_seen(home, eci, 1) == [1]


async def test_rounds_are_ten_and_later_and_later() -> None:
    assert len(DELAYS) == 10
    assert sorted(DELAYS) == list(DELAYS)
    assert set(DELAYS) == {5, 60, 600}


async def test_an_engine_with_much_to_do_leaves_messages_at_the_broker(open_home: Open, client: Client) -> None:
    home = await (await open_home(high_water=20, low_water=5, prefetch=8)).connected()
    full, _, ui = await two_picos(home)
    await home.engine.operations.pause(ui)

    for n in range(100):
        await client.send(f"event.{full}.test.seen", {"n": n}, message_id=f"f{n}")

    await until(lambda: _consumers(client, 0))
    assert home.engine.waiting <= 20 + 8
    assert await client.depth(input_queue()) >= 100 - 28
    await home.engine.operations.resume(ui)
    assert await all_seen(home, full, 100) == list(range(100))
    assert await _consumers(client, 1)


@pytest.mark.slow
async def test_ten_thousand_messages_keep_their_order_in_each_pico(home: Home, client: Client) -> None:
    """transports.md, proof 6."""
    await home.connected()
    picos = (await two_picos(home, COUNTING))[:2]
    all_of_them = [(eci, n) for n in range(5000) for eci in picos]

    for first in range(0, len(all_of_them), 200):
        some = all_of_them[first : first + 200]
        await asyncio.gather(*(client.send(f"event.{eci}.test.seen", {"n": n}, message_id=f"{n}") for eci, n in some))

    for eci in picos:
        await until(lambda eci=eci: _counted(home, eci, 5000), 120)


async def _depth(client: Client, queue: str, number: int) -> bool:
    return await client.depth(queue) == number


async def _consumers(client: Client, number: int) -> bool:
    queue = await client.channel.declare_queue(input_queue(), passive=True)
    return queue.declaration_result.consumer_count == number


async def _counted(home: Home, eci: str, number: int) -> bool:
    found = await home.query(eci, "counting", "found")
    assert found["wrong"] == []
    return bool(found["next"] == number)
