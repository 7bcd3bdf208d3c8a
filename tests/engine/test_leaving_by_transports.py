"""What leaves by a transport's sender, from the rule to the other end, and callers who wait for less than others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from engine import Delivery, Effect, Mark, Settings, TimedOut, dumps, open_engine

UI = "io.picolabs.pico-engine-ui"

RULESET = """
ruleset r {
  rule send {
    select when test send
    event:send({"eci": "far1", "domain": "d", "type": "t", "attrs": {"n": event:attrs{"n"}}}, "telex:far")
  }
  rule say { select when test say send_directive("said", {"n": event:attrs{"n"}}) }
  rule fail { select when test fail send_directive("said") fired { raise test event "x" attributes 1 - "a" } }
}
"""


class Telex:
    """The other end of a transport."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[tuple[Effect, Mark]] = asyncio.Queue()

    async def send(self, effect: Effect, mark: Mark) -> None:
        self.arrived.put_nowait((effect, mark))

    async def next(self) -> tuple[Effect, Mark]:
        async with asyncio.timeout(20):
            return await self.arrived.get()


async def event(engine: Any, eci: str, domain: str, type: str, wait_seconds: float | None = None, **attrs: Any) -> Any:
    words = ("event", domain, type)
    return await engine.deliver(Delivery("test", eci, words, dumps(attrs), wait_seconds=wait_seconds))


async def root_with_rules(engine: Any) -> str:
    eci: str = engine.ui_context()["eci"]
    await event(engine, eci, "engine_ui", "install", source=RULESET)
    await event(engine, eci, "engine_ui", "new_channel", tags=["open"])
    channels = (await engine.deliver(Delivery("test", eci, ("query", UI, "pico")))).value["channels"]
    found: str = next(each["id"] for each in channels if each["tags"] == ["open"])
    return found


async def test_an_event_to_a_scheme_leaves_by_its_sender() -> None:
    telex = Telex()
    async with open_engine(Settings(cache="off"), senders={"telex": telex.send}) as engine:
        eci = await root_with_rules(engine)

        reply = await event(engine, eci, "test", "send", n=1)

        effect, mark = await telex.next()
        assert (effect.kind, effect.method, effect.url) == ("telex", "event", "telex:far")
        assert (effect.words, json.loads(effect.body or b"")) == (("far1", "d", "t"), {"n": 1})
        assert mark.key == f"{reply.eid}/0"


async def test_directives_go_to_who_has_subscribed_and_those_of_failed_events_do_not() -> None:
    telex = Telex()
    settings = Settings(cache="off", directives_to=("telex:all",))
    async with open_engine(settings, senders={"telex": telex.send}) as engine:
        eci = await root_with_rules(engine)
        await asyncio.gather(event(engine, eci, "test", "fail"), return_exceptions=True)

        reply = await event(engine, eci, "test", "say", n=2)

        while (told := await telex.next())[0].words[1] != "test":
            pass  # what the root's own rulesets say
        effect = told[0]
        assert (effect.method, effect.url, effect.words) == ("directives", "telex:all", (eci, "test", "say"))
        assert json.loads(effect.body or b"") == {"eid": reply.eid, "directives": reply.directives}


async def test_a_caller_may_wait_for_less_than_others() -> None:
    async with open_engine(Settings(cache="off")) as engine:
        eci = await root_with_rules(engine)
        await engine.operations.pause(eci)

        reply = await event(engine, eci, "test", "say", wait_seconds=0.01, n=1)

        assert reply.pending
        await engine.operations.resume(eci)


async def test_who_repeats_a_delivery_waits_no_longer_than_for_his_own() -> None:
    async with open_engine(Settings(cache="off")) as engine:
        eci = await root_with_rules(engine)
        await engine.operations.pause(eci)
        delivery = Delivery("test", eci, ("event", "test", "say"), dumps({"n": 1}), key="test:1", wait_seconds=0.01)

        first, repeat = await asyncio.gather(engine.deliver(delivery), engine.deliver(delivery))
        later = await engine.deliver(delivery)

        assert (first.pending, repeat.pending, later.pending) == (True, True, True)
        assert first.eid == repeat.eid == later.eid
        await engine.operations.resume(eci)


async def test_a_repeat_of_an_event_with_a_query_is_given_up_at_its_time() -> None:
    async with open_engine(Settings(cache="off")) as engine:
        eci = await root_with_rules(engine)
        await engine.operations.pause(eci)
        words = ("event", "test", "say", "query", "io.picolabs.wrangler", "name")
        delivery = Delivery("test", eci, words, dumps({"n": 1}), key="test:1")
        waiting = asyncio.create_task(engine.deliver(delivery))
        await asyncio.sleep(0)

        with pytest.raises(TimedOut):
            await engine.deliver(replace(delivery, wait_seconds=0.01))

        await engine.operations.resume(eci)
        await waiting


async def test_how_much_waits_is_known() -> None:
    async with open_engine(Settings(cache="off")) as engine:
        eci = await root_with_rules(engine)
        await engine.operations.pause(eci)
        for n in range(3):
            await engine.accept(Delivery("test", eci, ("event", "test", "say"), dumps({"n": n})))

        assert engine.waiting == 3
        await engine.operations.resume(eci)
