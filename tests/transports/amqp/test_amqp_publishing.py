"""What leaves by AMQP: from the outbox, confirmed, in order, under one key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import Delivery, Settings, dumps, open_engine
from tests.transports.amqp.conftest import Open
from tests.transports.amqp.home import Client, Home
from tests.transports.amqp.relay import Relay
from tests.transports.polling import until
from transports.amqp.topology import EVENTS, OUT

SENDING = """
ruleset sending {
  meta { shares dead }
  global { dead = function() { ent:dead } }
  rule send {
    select when test send
    event:send({"eci": event:attrs{"eci"}, "domain": "far", "type": event:attrs{"type"}.defaultsTo("away"),
                "attrs": {"n": event:attrs{"n"}}}, event:attrs{"host"})
  }
  rule told { select when outbox dead fired { ent:dead := event:attrs } }
}
"""

ARRIVING = """
ruleset arriving {
  rule pass_on { select when far away fired { raise test event "seen" attributes event:attrs } }
}
"""


async def sender(home: Home) -> str:
    await home.install(SENDING)
    return await home.channel("sender")


async def dead(home: Home, eci: str) -> Any:
    return await until(lambda: home.query(eci, "sending", "dead"))


async def test_an_event_to_amqp_goes_out_under_its_key(home: Home, client: Client) -> None:
    await home.connected()
    eci = await sender(home)
    queue = await client.bound("event.far1.#", OUT)

    reply = await home.event(eci, "test", "send", eci="far1", type="a.b", n=1, host="amqp:")

    message = await client.next(queue)
    assert (message.routing_key, json.loads(message.body)) == ("event.far1.far.a%2Eb", {"n": 1})
    assert (message.message_id, message.content_type) == (f"{reply.eid}/0", "application/json")
    pico, _, n = str(message.headers["x-pico-event"]).split("/")
    assert (home.engine.reports.event(reply.eid)["pico"], n) == (pico, "0")
    assert message.delivery_mode == 2


async def test_picos_of_one_broker_reach_each_other_exactly_once(home: Home) -> None:
    await home.connected()
    eci, seer = await sender(home), await home.seer()
    await home.install(ARRIVING)

    for n in range(20):
        await home.event(eci, "test", "send", eci=seer, n=n, host=f"amqp:{EVENTS}")

    async def all_there() -> bool:
        return len(await home.seen(seer)) == 20

    await until(all_there)
    assert await home.seen(seer) == list(range(20))


async def test_an_event_that_nobody_wants_yet_is_tried_again(home: Home, client: Client) -> None:
    await home.connected()
    eci = await sender(home)
    await home.event(eci, "test", "send", eci="far1", n=1, host="amqp:")

    queue = await client.bound("event.far1.#", OUT)

    assert json.loads((await client.next(queue)).body) == {"n": 1}


@pytest.mark.parametrize("host", ["amqp:no.such.exchange", "amqp://user:secret@elsewhere/", "amqp:a/b"])
async def test_what_can_never_leave_is_dead_and_the_rest_goes_on(home: Home, client: Client, host: str) -> None:
    await home.connected()
    eci = await sender(home)
    queue = await client.bound("#", OUT)

    await home.event(eci, "test", "send", eci="far1", n=1, host=host)
    letter = await dead(home, eci)
    await home.event(eci, "test", "send", eci="far1", n=2, host="amqp:")

    assert letter["kind"] == "amqp"
    assert json.loads((await client.next(queue)).body) == {"n": 2}
    assert "secret" not in json.dumps(letter["target"])


async def test_an_exchange_that_is_made_later_is_found_then(home: Home, client: Client) -> None:
    await home.connected()
    eci = await sender(home)
    await home.event(eci, "test", "send", eci="far1", n=1, host="amqp:late")
    await dead(home, eci)

    await client.channel.declare_exchange("late", "topic", auto_delete=True)
    queue = await client.bound("#", "late")
    await home.event(eci, "test", "send", eci="far1", n=2, host="amqp:late")

    assert json.loads((await client.next(queue)).body) == {"n": 2}
    assert home.engine.operations.dead.effects()["letters"][0]["attempts"] == 1


async def test_directives_go_to_who_has_subscribed_to_them(open_home: Open, client: Client) -> None:
    home = await (await open_home(engine={"directives_to": ("amqp:",)})).connected()
    eci = await home.seer()
    queue = await client.bound(f"directive.{eci}.#", OUT)

    reply = await home.event(eci, "test", "seen", n=3)

    message = await client.next(queue)
    assert message.routing_key == f"directive.{eci}.test.seen"
    assert json.loads(message.body) == {"eid": reply.eid, "directives": reply.directives}


async def test_directives_that_nobody_wants_are_no_dead_letters(open_home: Open) -> None:
    home = await (await open_home(engine={"directives_to": ("amqp:",)})).connected()
    eci = await home.seer()

    await home.event(eci, "test", "seen", n=3)

    await until(lambda: home.engine._outbox.waiting == 0)
    assert home.engine.operations.dead.effects()["letters"] == []


async def test_without_a_broker_the_engine_works_and_what_leaves_waits(
    open_home: Open, client: Client, broker: Any, vhost: str
) -> None:
    async with Relay(broker.port) as relay:
        await relay.cut()
        home = await open_home(url=broker.url(vhost).replace(str(broker.port), str(relay.port)))
        eci = await sender(home)
        for n in range(3):
            await home.event(eci, "test", "send", eci="far1", n=n, host="amqp:")
        assert home.transport.state == "reconnecting"
        waiting = home.engine._store.outbox(1 << 62, 10)
        assert [row.attempts for row in waiting] == [0, 0, 0]  # nothing is tried, so nothing is ever given up

        await relay.open()
        await home.connected()
        queue = await client.bound("event.far1.#", OUT)

        assert [json.loads((await client.next(queue)).body)["n"] for _ in range(3)] == [0, 1, 2]
        assert home.transport.state == "connected"


async def test_what_one_process_cannot_send_waits_for_one_that_can(
    open_home: Open, client: Client, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'data.db'}"
    queue = await client.channel.declare_queue("far", auto_delete=False)
    async with open_engine(Settings(store=store, cache="off")) as engine:
        home = Home(engine, None)  # type: ignore[arg-type]
        eci = await sender(home)
        await engine.deliver(
            Delivery("test", eci, ("event", "test", "send"), dumps({"eci": "far1", "n": 1, "host": "amqp:"}))
        )
        await until(lambda: engine.stranded == {"amqp": 1})
        found = [each for each in await engine.operations.examine() if each.kind == "effect without a transport"]
        assert [(each.subject, each.mended) for each in found] == [("amqp", False)]

    home = await (await open_home(engine={"store": store})).connected()
    await queue.bind(OUT, "event.far1.#")

    assert json.loads((await client.next("far")).body) == {"n": 1}
    assert home.engine.stranded == {}
