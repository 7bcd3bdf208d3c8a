"""Effects that leave by a transport's sender, and those that nobody here can send."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.effect import Effect, Mark, effect_from, event_effect, outbox_row
from engine.effects.outbox import MAX_ATTEMPTS, Outbox
from engine.errors import Exhausted, SendFailed, SendRefused
from engine.modules.http_request import response_map
from engine.store.memory import MemoryStore

EID = "018bcfe5-6800-7000-8000-000000000000"


class World:
    """A sender that does as it is told, and a clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.ends: list[Exception | None] = []
        self.sent: list[tuple[Effect, Mark]] = []
        self.told: list[tuple[Any, Any]] = []
        self.slept: list[float] = []
        self.outbox = Outbox(
            MemoryStore(),
            self.fetch,
            lambda row, event: self.told.append((row, event)),
            response_map,
            lambda: self.now,
            lambda: 1.0,
            self.sleep,
            {"telex": self.send},
        )

    async def fetch(self, request: Any) -> Any:
        raise AssertionError("no request is made")

    async def send(self, effect: Effect, mark: Mark) -> None:
        self.sent.append((effect, mark))
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * 1000)
        await asyncio.sleep(0)

    async def settle(self) -> None:
        async with asyncio.timeout(10):
            while self.outbox.waiting:
                await asyncio.sleep(0)

    def put(self, n: int = 0, kind: str = "telex") -> None:
        effect = Effect(kind, "event", f"{kind}:far", body=b"{}", words=("eci", "d", "t"))
        self.outbox.put(outbox_row(n + 1, effect, "p", 7, n, EID, self.now))


@pytest.fixture
def world() -> World:
    return World()


async def test_a_sender_gets_the_effect_and_its_mark(world: World) -> None:
    world.put(2)
    await world.settle()

    [(effect, mark)] = world.sent
    assert (effect.kind, effect.words, effect.body) == ("telex", ("eci", "d", "t"), b"{}")
    assert (mark.key, mark.place) == (f"{EID}/2", "p/7/2")
    assert [(row.state, event) for row, event in world.told] == [("done", None)]


async def test_what_failed_is_tried_again_when_the_sender_says(world: World) -> None:
    world.ends = [SendFailed("engaged", retry_after=7)]
    world.put()
    await world.settle()

    assert world.slept == [7]
    assert [row.state for row, _ in world.told] == ["ready", "done"]
    assert len({mark for _, mark in world.sent}) == 1


async def test_what_is_refused_is_dead_and_the_pico_is_told(world: World) -> None:
    world.ends = [SendRefused("no such number")]
    world.put()
    await world.settle()

    [(row, event)] = world.told
    assert (row.state, event["type"], event["attrs"]["error"]) == ("dead", "dead", "no such number")
    assert event["attrs"]["kind"] == "telex"


async def test_a_fault_of_the_sender_is_a_passing_failure(world: World) -> None:
    world.ends = [ZeroDivisionError("oops")]
    world.put()
    await world.settle()

    assert [row.last_error for row, _ in world.told] == ["ZeroDivisionError: oops", "ZeroDivisionError: oops"]
    assert world.told[-1][0].state == "done"


@pytest.mark.fault(53)
async def test_a_sender_that_has_no_thread_for_it_has_not_tried(world: World) -> None:
    world.ends = [Exhausted("no thread")] * (MAX_ATTEMPTS + 5)
    world.put()
    await world.settle()

    assert [(row.state, row.attempts) for row, _ in world.told] == [("done", 0)]


async def test_a_sender_that_never_can_is_given_up_in_the_end(world: World) -> None:
    world.ends = [SendFailed("engaged")] * (MAX_ATTEMPTS + 5)
    world.put()
    await world.settle()

    assert (len(world.sent), world.told[-1][0].state) == (MAX_ATTEMPTS, "dead")


async def test_effects_keep_their_order(world: World) -> None:
    world.ends = [SendFailed("engaged"), None, None]
    for n in range(2):
        world.put(n)
    await world.settle()

    assert [mark.n for _, mark in world.sent] == [0, 0, 1]


async def test_what_nobody_can_send_waits_and_is_counted(world: World) -> None:
    for n in range(2):
        world.put(n, "pigeon")
    world.put(5)
    while len(world.told) < 1:
        await asyncio.sleep(0)

    assert world.outbox.stranded == {"pigeon": 2}
    assert [row.kind for row, _ in world.told] == ["telex"]
    assert all(world.outbox.knows(id) for id in (1, 2))  # the sweep need not look for them


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("http://far", "event"),
        ("HTTPS://far", "event"),
        ("localhost:3000", "event"),
        ("far.example", "event"),
        ("amqp:", "amqp"),
        ("Telex:far", "telex"),
    ],
)
def test_the_scheme_of_a_host_says_how_an_event_travels(host: str, kind: str) -> None:
    assert event_effect(host, "eci", "d", "t", {}).kind == kind


def test_an_effect_is_the_same_behind_the_store() -> None:
    effect = event_effect("telex:far", "eci", "d", "t", {"n": 1})

    assert effect_from("telex", effect.as_json()) == effect
