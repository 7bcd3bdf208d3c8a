"""Calls whose answer a rule uses: written down before they are made, made again under the same key only."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import httpx2
import pytest

from engine import RuleFailed, Settings, StoreUnavailable
from engine.effects.steps import MAX_ATTEMPTS
from tests.engine.conftest import eventually
from tests.engine.homes import Home
from tests.engine.process import Client
from tests.engine.receiver import HANG_UP, open_receiver
from tests.examples.engine_process import EngineProcess

LONGEST_DELAY_MS = 2000  # between two attempts
PATIENT_SECONDS = 3600.0  # nothing is put aside here

BUYER = """ruleset buyer {
  meta { shares bought, seen }
  global {
    bought = function() { ent:bought.defaultsTo([]) }
    seen = function() { ent:seen.defaultsTo([]) }
  }
  rule begin { select when x buy
    pre { url = event:attrs{"url"} }
    http:get(url) setting(rate)
    fired { raise x event "pay" attributes
      {"url": url, "rate": rate{"content"}, "id": random:uuid(), "at": time:now(), "eci": ctx:picoId} } }
  rule pay { select when x pay
    http:post(event:attrs{"url"}, json = event:attrs.delete(["url"])) setting(answer)
    fired {
      ent:bought := bought().append(answer{"status_code"} + " " + answer{"content"}) } }
  rule twice { select when x twice foreach [1, 2] setting(n)
    http:put(event:attrs{"url"}, json = {"n": n}) setting(answer)
    fired { ent:bought := bought().append(answer{"content"}) } }
  rule tell { select when x tell
    every {
      http:post(event:attrs{"url"}, body = "step") setting(answer)
      http:post(event:attrs{"url"}, body = "effect") } }
  rule label { select when x label http:post(event:attrs{"url"}, autoraise = "mine") }
  rule labelled { select when http post fired {
    ent:bought := bought().append(event:attrs{"label"} + " " + event:attrs{"content"}) } }
  rule set { select when x set fired { ent:seen := seen().append(event:attrs{"n"}) } }
  rule ask { select when x ask
    ctx:eventQuery(event:attrs{"of"}, "x", "set", {"n": event:attrs{"n"}}, "buyer", "seen") setting(seen)
    fired { ent:bought := bought().append(seen) } }
  rule fail { select when x set where event:attrs{"n"} == "bad" fired { ent:x := 1 - "one" } }
}"""

SIMPLE = """ruleset buyer { meta { shares bought } global { bought = function() { ent:bought.defaultsTo([]) } }
  rule pay { select when x pay http:post(event:attrs{"url"}, json = event:attrs.delete(["url"])) setting(answer)
    fired { ent:bought := bought().append(answer{"status_code"} + " " + answer{"content"}) } } }"""


@pytest.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def settings():
    return Settings(put_aside_seconds=PATIENT_SECONDS)


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock, put_aside_seconds=PATIENT_SECONDS)


@pytest.fixture
async def buyer(pico):
    await pico.install(BUYER)
    return pico


async def bought(pico, *expected):
    return await eventually(lambda: pico.query("buyer", "bought"), list(expected))


async def tried_again(clock):
    """Let the time pass that is left until the next attempt, as soon as somebody waits for it."""
    async with asyncio.timeout(10):
        while not any(0 < until - clock.ms <= LONGEST_DELAY_MS for until, each in clock.sleepers if not each.done()):
            await asyncio.sleep(0)
    clock.advance(LONGEST_DELAY_MS / 1000)


# --- one call -----------------------------------------------------------------------------------------------


async def test_a_call_bears_a_key_of_its_event_and_number(buyer, receiver):
    reply = await buyer.send("x", "twice", url=receiver.url)

    assert receiver.keys == [f"{reply.eid}/0", f"{reply.eid}/1"]
    assert await bought(buyer, "n1", "n2") == ["n1", "n2"]


async def test_an_error_status_is_an_answer(buyer, receiver):
    receiver.statuses.append(503)

    await buyer.send("x", "pay", url=receiver.url)

    assert await bought(buyer, "503 n1") == ["503 n1"]
    assert len(receiver.keys) == 1


async def test_autoraise_of_a_post_is_a_step_too(buyer, receiver):
    reply = await buyer.send("x", "label", url=receiver.url)

    assert (receiver.keys, await bought(buyer, "mine n1")) == ([f"{reply.eid}/0"], ["mine n1"])


async def test_an_effect_has_another_key_than_the_steps_of_its_event(buyer, receiver):
    reply = await buyer.send("x", "tell", url=receiver.url)
    await receiver.reached(2)

    assert dict(zip(receiver.bodies, receiver.keys, strict=True)) == {
        "step": f"{reply.eid}/0",
        "effect": f"{reply.eid}/1",
    }


async def test_a_call_without_an_answer_is_made_again_under_the_same_key(buyer, receiver, clock):
    receiver.statuses.extend([HANG_UP, HANG_UP])
    buying = asyncio.create_task(buyer.send("x", "pay", url=receiver.url))

    for _ in range(2):
        await receiver.reached()
        await tried_again(clock)
    reply = await buying

    assert receiver.keys == [f"{reply.eid}/0"] * 3
    assert await bought(buyer, "200 n3") == ["200 n3"]


async def test_a_call_that_never_has_an_answer_fails_its_rule(buyer, receiver, clock):
    receiver.statuses.extend([HANG_UP] * MAX_ATTEMPTS)
    buying = asyncio.create_task(buyer.send("x", "pay", url=receiver.url))

    for _ in range(MAX_ATTEMPTS - 1):
        await receiver.reached()
        await tried_again(clock)
    with pytest.raises(RuleFailed, match=r"request to .* failed, reason"):
        await buying

    assert (len(receiver.keys), await buyer.query("buyer", "bought")) == (MAX_ATTEMPTS, [])


async def test_what_can_never_be_answered_is_tried_once(buyer):
    with pytest.raises(RuleFailed, match="only http and https URLs are fetched"):
        await buyer.send("x", "pay", url="ftp://far.example/")


async def test_the_trace_tells_of_a_step(buyer, receiver):
    reply = await buyer.send("x", "pay", url=receiver.url)

    did = buyer.engine.reports.event(reply.eid)["trace"]["events"][0]["rulesets"][0]["rules"][0]["rounds"][0]["did"]

    step = {"step": "http", "target": f"POST {receiver.url.rstrip('/')}", "attempts": 1, "put_aside": False}
    assert step in did


async def test_nothing_of_a_step_is_left_behind_its_event(home, receiver):
    async with home.root() as root:
        await root.install(SIMPLE)
        await root.send("x", "pay", url=receiver.url)

    assert (home.rows("step", "key"), home.rows("inbox", "eid")) == ([], [])


# --- crashes ------------------------------------------------------------------------------------------------


@pytest.mark.fault(9)
async def test_after_a_crash_a_call_without_an_answer_is_made_again_under_the_same_key(home, receiver):
    receiver.close()
    async with home.root() as root:
        await root.install(SIMPLE)
        buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
        await receiver.reached()
        torn = home.torn_away()
        receiver.open()
        await buying

    async with torn.root() as root:
        assert await bought(root, "200 n2") == ["200 n2"]
        assert len(set(receiver.keys)) == 1


async def test_wherever_a_crash_ends_it_a_call_has_one_key_and_one_body_and_its_answer_is_used_once(
    home, receiver, tmp_path
):
    """Random numbers, times and answers of the world that came before are the same the second time."""
    async with home.root() as root:
        await root.install(BUYER)
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.accept("x", "buy", url=receiver.url)
            await bought(root, "200 n2")
            copies = list(copies)
    first = {(receiver.keys[1], receiver.bodies[1])}
    made = []

    for copy in copies[1:]:
        receiver.keys.clear()
        receiver.bodies.clear()
        async with Home(copy, home.clock).root() as root:
            [only] = await eventually_one(root)
            made.append((only, {each for each in zip(receiver.keys, receiver.bodies, strict=True) if each[0]}))

    assert all(only.startswith("200 n") for only, _ in made)
    assert all({key for key, _ in calls} <= {next(iter(first))[0]} for _, calls in made)
    assert set().union(*(calls for _, calls in made[1:])) <= first


async def eventually_one(root):
    async with asyncio.timeout(15):
        while len(found := await root.query("buyer", "bought")) < 1:
            await asyncio.sleep(0)
    return found


async def test_an_answer_that_is_on_disk_is_not_asked_for_again(home, receiver):
    """The second of two calls is under way when the engine ends."""
    async with home.root() as root:
        await root.install(BUYER)
        buying = asyncio.create_task(root.send("x", "twice", url=receiver.url))
        await receiver.reached()
        receiver.close()
        await receiver.reached()
        torn = home.torn_away()
        receiver.open()
        eid = (await buying).eid

    async with torn.root() as root:
        assert await bought(root, "n1", "n3") == ["n1", "n3"]
        assert receiver.keys == [f"{eid}/0", f"{eid}/1", f"{eid}/1"]


@pytest.mark.fault(9)
async def test_an_answer_that_is_on_disk_is_used_though_the_engine_died_before_the_outcome_was(
    home, receiver, tmp_path
):
    async with home.root() as root:
        await root.install(SIMPLE)
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.send("x", "pay", url=receiver.url)
            before_the_outcome = copies[-2]

    async with Home(before_the_outcome, home.clock).root() as root:
        assert await bought(root, "200 n1") == ["200 n1"]
    assert len(receiver.keys) == 1


async def test_an_event_that_has_begun_is_before_all_others_after_a_crash(home, receiver):
    """It stands behind them in the inbox when it was first stored for its step."""
    receiver.close()
    async with home.root() as root:
        await root.install(
            SIMPLE.replace(
                "rule pay",
                """rule other { select when x other
          fired { ent:bought := bought().append("other") } } rule pay""",
            )
        )
        buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
        await receiver.reached()
        await root.accept("x", "other")
        torn = home.torn_away()
        receiver.open()
        await buying
    with torn.database() as database:
        database.execute("UPDATE inbox SET id = id + 100 WHERE state = 'running'")

    async with torn.root() as root:
        assert await bought(root, "200 n2", "other") == ["200 n2", "other"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            "UPDATE step SET digest = 'another'",
            r"makes another call 0: .* with digest \w+, where it was .* with digest another",
        ),
        ('UPDATE step SET io = CAST(\'[["id",null,"x"]]\' AS BLOB)', "makes a step .* where it asked for id before"),
        ("UPDATE step SET code = 'another'", "other rulesets than those that the event has begun with"),
    ],
)
async def test_an_event_that_comes_to_another_call_is_dead_and_makes_none(home, receiver, change, text):
    receiver.close()
    async with home.root() as root:
        await root.install(SIMPLE)
        buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
        await receiver.reached()
        torn = home.torn_away()
        receiver.open()
        eid = (await buying).eid
    with torn.database() as database:
        database.execute(change)

    async with torn.engine() as engine:
        assert await eventually(lambda: _status(engine, eid), "dead") == "dead"
        assert re.search(text, engine.reports.event(eid)["error"])
    assert (len(receiver.keys), torn.rows("step", "key")) == (1, [])


async def _status(engine, eid):
    return engine.reports.event(eid)["status"]


async def test_no_call_is_made_before_it_is_written_down(home, receiver):
    async with home.root() as root:
        await root.install(SIMPLE)
        with home.store.held():
            buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
            await home.store.reached()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(receiver.reached(), 0.2)
        await buying

    assert len(receiver.keys) == 1


async def test_a_call_that_could_not_be_written_down_is_not_made(home, receiver):
    async with home.root() as root:
        await root.install(SIMPLE)
        home.store.refuse(1)

        with pytest.raises(StoreUnavailable):
            await root.send("x", "pay", url=receiver.url)

    assert receiver.keys == []


async def test_a_repeat_of_an_event_that_has_made_a_step_gets_its_outcome(home, receiver):
    receiver.close()
    async with home.root() as root:
        await root.install(SIMPLE)
        buying = asyncio.create_task(root.deliver("event", "x", "pay", url=receiver.url, key="http:k"))
        await receiver.reached()
        torn = home.torn_away()
        receiver.open()
        first = await buying

    async with torn.root() as root:
        again = await root.deliver("event", "x", "pay", url=receiver.url, key="http:k")

        assert (again.eid, len(await bought(root, "200 n2"))) == (first.eid, 1)


async def test_an_event_with_steps_replays_without_a_call(home, receiver):
    async with home.root() as root:
        await root.install(BUYER)
        for _ in range(2):
            await root.send("x", "buy", url=receiver.url)
        calls = len(receiver.keys)
        pico = root.engine.reports.pico(root.eci)["id"]

        found = [each for each in root.engine.history.replay(pico).run() if each is not None]

        assert (found, len(receiver.keys)) == ([], calls)


# --- events of other picos ----------------------------------------------------------------------------------


async def test_wherever_a_crash_ends_it_an_awaited_event_happens_once_and_is_answered(home, tmp_path):
    async with home.root() as root:
        child = await root.child()
        for each in (root, child):
            await each.install(BUYER)
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.accept("x", "ask", of=child.eci, n=7)
            await bought(root, 7)
            copies = list(copies)

    ends = []
    for copy in copies[1:]:
        torn = Home(copy, home.clock)
        async with torn.engine() as engine:
            answered = await bought(torn.again(root, engine), 7)
            ends.append((answered, await torn.again(child, engine).query("buyer", "seen")))

    assert len(ends) >= 4
    assert ends == [([7], [7])] * len(ends)


async def test_an_awaited_event_that_fails_fails_who_waits_for_it(root, receiver):
    child = await root.child()
    for each in (root, child):
        await each.install(BUYER)

    with pytest.raises(RuleFailed, match="subtract"):
        await root.send("x", "ask", of=child.eci, n="bad")

    assert (await root.query("buyer", "bought"), await child.query("buyer", "seen")) == ([], [])


# --- the real program, killed -------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["T9a", "T9b"])
async def test_a_process_that_dies_around_a_call_makes_it_again_under_the_same_key(
    tmp_path, receiver, monkeypatch, point
):
    """T9a: the intent is on disk, the call not made. T9b: the call was made, its answer is not on disk."""
    with EngineProcess(tmp_path / "home") as engine:
        async with Client(engine) as client:
            eci = await client.new_pico("buyer", SIMPLE)
            engine.stop()
            monkeypatch.setenv("PICO_ENGINE_CRASH_AT", point)
            engine.start()
            with suppress(httpx2.TransportError):
                await client.post(f"/c/{eci}/event-wait/x/pay", {"url": receiver.url, "id": 1})
            monkeypatch.delenv("PICO_ENGINE_CRASH_AT")
            calls = len(receiver.keys)
            engine.kill()
            await asyncio.to_thread(engine.start)  # whose start meets the receiver
            await receiver.reached(calls + 1)
            found = await eventually(lambda: client.query(eci, "buyer", "bought"), [f"200 n{calls + 1}"])

    assert calls == (1 if point == "T9b" else 0)
    assert found == [f"200 n{calls + 1}"]
    assert (len(set(receiver.keys)), len(set(receiver.bodies))) == (1, 1)
