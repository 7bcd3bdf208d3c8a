"""The outbox: in order for each pico and destination, until answered, under one key."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.effect import Effect, outbox_row
from engine.effects.outbox import FIRST_DELAY_MS, LONGEST_DELAY_MS, MAX_AGE_MS, MAX_ATTEMPTS, SENDERS, TO_ONE, Outbox
from engine.effects.web import WebAnswer, WebFailed
from engine.errors import Exhausted
from engine.modules.http_request import response_map
from engine.store.memory import MemoryStore

EID = "018bcfe5-6800-7000-8000-000000000000"  # made at 1,700,000,000,000 ms


class World:
    """A receiver that answers as told, and a clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.answers: list[object] = []
        self.requests = []
        self.told = []
        self.slept: list[float] = []
        self.silent: tuple[str, ...] = ()  # destinations that never answer
        self.outbox = Outbox(
            MemoryStore(),
            self.fetch,
            lambda row, event: self.told.append((row, event)),
            response_map,
            lambda: self.now,
            lambda: 1.0,
            self.sleep,
        )

    async def fetch(self, request):
        self.requests.append(request)
        if request.url.startswith(self.silent):
            await asyncio.Event().wait()
        answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            raise WebFailed(request.url, "nobody is there")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return WebAnswer(answer, "", {}, b"", request.url)
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * 1000)
        await asyncio.sleep(0)

    async def settle(self) -> None:
        async with asyncio.timeout(10):
            while self.outbox.waiting:
                await asyncio.sleep(0)

    def put(self, n: int = 0, url: str = "http://far.example/a", pico: str = "p", **members) -> None:
        effect = Effect(members.pop("kind", "http"), "POST", url, **members)
        self.outbox.put(outbox_row(n + 1, effect, pico, 1, n, EID, self.now))


@pytest.fixture
def world():
    return World()


async def test_an_answered_effect_is_done(world):
    world.put()
    await world.settle()

    assert [(row.state, event) for row, event in world.told] == [("done", None)]


async def test_every_attempt_bears_the_same_key(world):
    world.answers = [503, None, 200]
    world.put()
    await world.settle()

    assert [request.headers["idempotency-key"] for request in world.requests] == [f"{EID}/0"] * 3


@pytest.mark.fault(34)
async def test_attempts_come_later_and_later(world):
    world.answers = [500, 500, 500]
    world.put()
    await world.settle()

    assert world.slept == [FIRST_DELAY_MS * 2**n / 1000 for n in (1, 2, 3)]


@pytest.mark.fault(34)
async def test_a_receiver_that_says_when_is_asked_then(world):
    world.answers = [WebAnswer(429, "", {"retry-after": "7"}, b"", "")]
    world.put()
    await world.settle()

    assert world.slept == [7]


async def test_effects_of_one_pico_to_one_destination_keep_their_order(world):
    world.answers = [500, 500, 200, 200]
    for n, path in enumerate("ab"):
        world.put(n, f"http://far.example/{path}")
    await world.settle()

    assert [request.url[-1] for request in world.requests] == ["a", "a", "a", "b"]


@pytest.mark.fault(33)
async def test_a_failing_destination_does_not_hold_up_another(world):
    world.answers = [500, 200]
    world.put(0, "http://far.example/a")
    world.put(1, "http://near.example/b")
    await world.settle()

    assert [request.url for request in world.requests[:2]] == ["http://far.example/a", "http://near.example/b"]


@pytest.mark.fault(33)
async def test_a_silent_destination_of_many_picos_does_not_hold_up_another(world):
    world.silent = ("http://far.example",)
    for n in range(2 * SENDERS):
        world.put(n, "http://far.example/a", pico=f"p{n}")
    world.put(2 * SENDERS, "http://near.example/b", pico="other")

    async with asyncio.timeout(10):
        while not world.told:
            await asyncio.sleep(0)
    await world.outbox.stop()

    assert ([row.pico for row, _ in world.told], len(world.requests)) == (["other"], TO_ONE + 1)


@pytest.mark.fault(53)
async def test_however_many_destinations_are_silent_so_many_descriptors_are_taken_and_no_more(world):
    world.silent = ("http://far",)
    for n in range(2 * SENDERS):
        world.put(n, f"http://far{n}.example/a", pico=f"p{n}")

    for _ in range(20):
        await asyncio.sleep(0)
    await world.outbox.stop()

    assert len(world.requests) == SENDERS


async def test_nothing_is_remembered_of_a_destination_that_is_well(world):
    for n in range(4):
        world.put(n, f"http://far{n % 2}.example/a", pico=f"p{n}")
    await world.settle()

    assert world.outbox._destinations == {}


@pytest.mark.fault(34)
async def test_what_can_never_succeed_is_dead_at_once_and_the_pico_is_told(world):
    world.answers = [404]
    world.put()
    await world.settle()

    [(row, event)] = world.told
    assert (row.state, event["pico"], event["domain"], event["type"]) == ("dead", "p", "outbox", "dead")
    assert event["attrs"]["error"] == "404"


@pytest.mark.fault(34)
async def test_an_effect_that_nobody_answers_is_given_up_in_the_end(world):
    world.answers = [None] * (MAX_ATTEMPTS + 5)
    world.put()
    await world.settle()

    assert len(world.requests) == MAX_ATTEMPTS
    assert world.told[-1][0].state == "dead"


@pytest.mark.fault(34)
async def test_a_day_after_it_was_made_an_effect_is_given_up_however_few_attempts_there_were(world):
    world.answers = [WebAnswer(429, "", {"retry-after": "50000"}, b"", "")] * MAX_ATTEMPTS
    world.put()
    await world.settle()

    assert (len(world.requests), world.told[-1][0].state) == (3, "dead")


@pytest.mark.fault(34)
@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_refusal_that_passes_is_tried_again(world, status):
    world.answers = [status, 200]
    world.put()
    await world.settle()

    assert [row.state for row, _ in world.told] == ["ready", "done"]


@pytest.mark.fault(34)
async def test_a_receiver_cannot_ask_for_more_patience_than_there_is(world):
    world.answers = [WebAnswer(503, "", {"retry-after": "999999999"}, b"", "")]
    world.put()
    await world.settle()

    assert world.slept == [MAX_AGE_MS / 1000]


@pytest.mark.fault(34)
async def test_a_fault_of_the_client_is_no_end_of_the_lane(world):
    world.answers = [ValueError("a fault of ours"), 200]
    world.put()
    await world.settle()

    assert [row.state for row, _ in world.told] == ["ready", "done"]


@pytest.mark.fault(53)
async def test_an_effect_that_cannot_be_sent_for_want_of_means_waits_and_is_not_counted_as_tried(world):
    world.answers = [Exhausted("no thread")] * (MAX_ATTEMPTS + 5)
    world.put()
    await world.settle()

    assert [(row.state, row.attempts) for row, _ in world.told] == [("done", 0)]


async def test_another_engines_refusal_with_status_200_is_a_refusal(world):
    world.answers = [WebAnswer(200, "OK", {}, b'{"error":"Error: ECI not found x"}', "")]
    world.put(kind="event")
    await world.settle()

    assert (world.told[0][0].state, world.told[0][0].last_error) == ("dead", "Error: ECI not found x")


async def test_an_answer_that_is_asked_for_comes_back_as_an_event(world):
    world.answers = [WebAnswer(404, "Not Found", {}, b"gone", "")]
    back = {"eci": "e", "domain": "x", "type": "answered", "attrs": {"n": 1}}
    world.put(autosend=back)
    await world.settle()

    [(row, event)] = world.told
    assert (row.state, event["type"], event["attrs"]["n"]) == ("done", "answered", 1)
    assert (event["attrs"]["status_code"], event["attrs"]["content"]) == (404, "gone")


@pytest.mark.fault(34)
async def test_a_destination_that_fails_again_and_again_is_left_alone_for_a_while(world):
    world.answers = [500] * 5
    world.put()
    await world.settle()

    assert world.slept[4] == 30


async def test_a_restart_sends_what_was_left(world):
    world.answers = [200]
    store = MemoryStore()
    from engine.store.interface import Writes

    store.write([Writes(outbox_add=[outbox_row(1, Effect("http", "POST", "http://far.example/"), "p", 1, 0, EID, 0)])])
    outbox = Outbox(
        store, world.fetch, lambda row, event: world.told.append(row.state), response_map, lambda: 1, lambda: 1.0
    )
    outbox.start()
    while outbox.waiting:
        await asyncio.sleep(0)

    assert world.told == ["done"]


@pytest.mark.fault(40)
@pytest.mark.parametrize(("attempts", "slept"), [(0, []), (1, [LONGEST_DELAY_MS / 1000])])
async def test_a_clock_that_was_set_back_does_not_make_effects_wait_for_the_old_time(world, attempts, slept):
    effect = Effect("http", "POST", "http://far.example/a")
    row = outbox_row(1, effect, "p", 1, 0, EID, world.now)
    world.outbox.put(replace(row, attempts=attempts, next_at=world.now + 86_400_000))
    await world.settle()

    assert world.slept == slept
