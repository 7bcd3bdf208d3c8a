"""Calls that the last run has left without an answer, under `on_lost_step = "ask"`: none is made without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import httpx2
import pytest

from engine import Conflict, InvalidValue, LetterNotFound, Settings, StoreUnavailable
from tests.engine.conftest import eventually
from tests.engine.homes import Home
from tests.engine.process import Client
from tests.engine.receiver import HANG_UP, open_receiver
from tests.examples.engine_process import EngineProcess

PATIENCE_SECONDS = 3600.0  # nothing is put aside before
SHORT_PATIENCE_SECONDS = 2.0
LOOK_SECONDS = 0.2

BUYER = """ruleset buyer { meta { shares bought } global { bought = function() { ent:bought.defaultsTo([]) } }
  rule pay { select when x pay http:post(event:attrs{"url"}, json = {"n": event:attrs{"n"}}) setting(answer)
    fired { ent:bought := bought().append(answer{"content"}) } }
  rule twice { select when x twice foreach [1, 2] setting(n)
    http:put(event:attrs{"url"}, json = {"n": n}) setting(answer)
    fired { ent:bought := bought().append(answer{"content"}) } }
  rule other { select when x other fired { ent:bought := bought().append("other") } }
  rule ask { select when x ask ctx:eventQuery(event:attrs{"of"}, "x", "other", {}, "buyer", "bought") setting(found)
    fired { ent:bought := bought().append(found) } } }"""


@pytest.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def settings():
    return Settings(on_lost_step="ask", put_aside_seconds=SHORT_PATIENCE_SECONDS)


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock, on_lost_step="ask", put_aside_seconds=PATIENCE_SECONDS)


async def torn_while_it_pays(home, receiver, type="pay"):
    """A home whose engine ended while it waited for an answer; the answer that it would have had is over."""
    receiver.close()
    async with home.root() as root:
        await root.install(BUYER)
        buying = asyncio.create_task(root.send("x", type, url=receiver.url))
        await receiver.reached()
        torn = home.torn_away()
        receiver.open()
        await buying
    return torn


async def put_aside(root, clock):
    """Wait for the root's event to be put aside: then the engine's stop does not wait for it."""
    clock.advance(PATIENCE_SECONDS)
    await root.query("buyer", "bought")


async def held(root):
    """The letter of the only call that is held, when it is."""
    dead = root.engine.operations.dead
    assert await eventually(lambda: _number_of(dead), 1) == 1
    return dead.steps()["letters"][0]


async def _number_of(dead):
    return len(dead.steps()["letters"])


async def is_called(receiver):
    """Whether somebody comes within the time in which who may call would have."""
    with suppress(TimeoutError):
        await asyncio.wait_for(receiver.reached(), LOOK_SECONDS)
        return True
    return False


async def held_by(client):
    """The letters of an engine that runs as a process, when there are any."""
    async with asyncio.timeout(15):
        while not (letters := (await client.get("/api/v1/dead?kind=step"))["letters"]):
            await asyncio.sleep(0)
    return letters


async def bought(root, *expected):
    return await eventually(lambda: root.query("buyer", "bought"), list(expected))


async def status(root, eid, expected):
    async def ask():
        return root.engine.reports.event(eid)["status"]

    return await eventually(ask, expected)


# --- held -------------------------------------------------------------------------------------------------------


@pytest.mark.fault(9)
async def test_after_a_crash_nobody_is_called_and_the_event_waits_for_a_word(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        letter = await held(root)

        assert (letter["kind"], letter["status"], await is_called(receiver)) == ("step", "held", False)
        assert letter["name"] == receiver.keys[0].replace("/", ".")
        assert "nobody knows" in letter["error"]


@pytest.mark.fault(9)
async def test_no_restart_makes_a_call_that_is_held(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    for _ in range(2):
        async with torn.root() as root:
            await held(root)
            assert not await is_called(receiver)


async def test_what_was_left_at_a_stop_in_good_order_is_held_too(home, receiver):
    receiver.close()
    async with home.root() as root:
        await root.install(BUYER)
        await root.accept("x", "pay", url=receiver.url)
        await receiver.reached()
        await put_aside(root, home.clock)

    async with home.root() as root:
        await held(root)
    assert len(receiver.keys) == 1


async def test_the_pico_begins_no_other_event_and_answers_queries(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        await held(root)
        eid = (await root.accept("x", "other")).eid
        reply = await root.deliver("query", "buyer", "bought")

        assert (reply.value, reply.behind) == ([], 3)  # the root has not been told either that the engine started
        assert root.engine.reports.event(eid)["status"] == "waiting"


async def test_other_picos_go_on(home, receiver):
    async with home.root() as root:
        child = await root.child()
        await child.install(BUYER)
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        await held(root)
        child = torn.again(child, root.engine)
        await child.send("x", "pay", url=receiver.url)

        assert await bought(child, "n2") == ["n2"]


async def test_a_commit_that_fails_does_not_let_a_held_call_be_made(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        await held(root)
        torn.store.refuse(1)
        with pytest.raises(StoreUnavailable):
            await root.accept("x", "other")

        await held(root)
        assert not await is_called(receiver)


async def test_the_doctor_tells_of_it_and_of_what_can_be_done(home, receiver, clock):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        letter = await held(root)
        clock.advance(3600)

        [finding] = await root.engine.operations.examine()

        assert (finding.kind, finding.subject) == ("held call", letter["name"])
        assert "dead retry" in finding.help and "dead drop" in finding.help


async def test_what_is_shown_of_it_tells_of_its_event(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        letter = root.engine.operations.dead.show((await held(root))["name"])

        assert (letter["domain"], letter["type"], letter["attrs"]) == ("x", "pay", {"url": receiver.url})
        assert letter["target"] == f"POST {receiver.url.rstrip('/')}"


async def test_held_calls_are_listed_by_pico_and_in_pages(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        await held(root)
        dead = root.engine.operations.dead
        page = dead.steps(pico=root.eci, limit=1)

        found = [len(dead.steps(**each)["letters"]) for each in ({"pico": "nobody"}, {"after": page["after"]})]

        assert (len(page["letters"]), found) == (1, [0, 0])


# --- decided ----------------------------------------------------------------------------------------------------


@pytest.mark.fault(9)
async def test_a_held_call_is_made_again_under_its_key_when_somebody_says_so(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        told = await root.engine.operations.dead.retry((await held(root))["name"])
        await root.accept("x", "other")

        assert await bought(root, "n2", "other") == ["n2", "other"]
        assert receiver.keys == [f"{told['eid']}/0"] * 2
        assert root.engine.operations.dead.steps()["letters"] == []


async def test_a_call_that_is_made_again_has_all_its_attempts(home, receiver, clock):
    """However long it took somebody to decide."""
    torn = await torn_while_it_pays(home, receiver)
    receiver.statuses.append(HANG_UP)

    async with torn.root() as root:
        letter = await held(root)
        clock.advance(7 * 24 * 3600)
        await root.engine.operations.dead.retry(letter["name"])
        await receiver.reached()
        async with asyncio.timeout(10):
            while not any(0 < until - clock.ms <= 2000 for until, each in clock.sleepers if not each.done()):
                await asyncio.sleep(0)
        clock.advance(2)

        assert await bought(root, "n3") == ["n3"]


@pytest.mark.fault(9)
async def test_a_crash_behind_the_word_asks_again(home, receiver):
    """Once more nobody knows."""
    torn = await torn_while_it_pays(home, receiver)
    async with torn.root() as root:
        receiver.close()
        await root.engine.operations.dead.retry((await held(root))["name"])
        await receiver.reached()
        torn_again = torn.torn_away()
        receiver.open()
        await bought(root, "n2")

    async with torn_again.root() as root:
        await held(root)
    assert len(receiver.keys) == 2


@pytest.mark.fault(9)
async def test_a_call_that_is_given_up_fails_its_rule_and_the_pico_goes_on(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        name = (await held(root))["name"]
        await root.accept("x", "other")
        await root.engine.operations.dead.drop(name)

        assert await bought(root, "other") == ["other"]
        report = root.engine.reports.event(name.partition(".")[0])
        assert (report["status"], report["failure"]["rule"]) == ("failed", "pay")
        assert "has no answer" in report["error"]
    assert (len(receiver.keys), torn.rows("step", "key")) == (1, [])


async def test_what_was_given_up_stays_so_after_a_crash(home, receiver, tmp_path):
    torn = await torn_while_it_pays(home, receiver)
    async with torn.root() as root:
        name = (await held(root))["name"]
        with torn.store.copied_after_each_write(tmp_path) as copies:
            await root.engine.operations.dead.drop(name)
            given_up = copies[-1]

    copy = Home(given_up, home.clock)
    copy.settings = home.settings
    async with copy.root() as root:
        assert await status(root, name.partition(".")[0], "failed") == "failed"
    assert len(receiver.keys) == 1


async def test_a_word_that_the_store_did_not_take_has_not_been_said(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        for decide in (root.engine.operations.dead.retry, root.engine.operations.dead.drop):
            name = (await held(root))["name"]
            torn.store.refuse(1)
            with pytest.raises(StoreUnavailable):
                await decide(name)

        await held(root)
    assert len(receiver.keys) == 1


async def test_two_words_about_one_call_are_one(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        dead, name = root.engine.operations.dead, (await held(root))["name"]

        outcomes = await asyncio.gather(dead.drop(name), dead.retry(name), return_exceptions=True)

        assert [type(each) for each in outcomes] == [type(None), Conflict]
        with pytest.raises(LetterNotFound):
            await dead.retry(name)
    assert len(receiver.keys) == 1


async def test_a_call_is_made_again_as_it_was(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        name = (await held(root))["name"]
        with pytest.raises(InvalidValue):
            await root.engine.operations.dead.retry(name, {"n": 2})

        await held(root)


async def test_whoever_tries_all_letters_again_makes_no_held_call(home, receiver):
    torn = await torn_while_it_pays(home, receiver)

    async with torn.root() as root:
        await held(root)

        assert await root.engine.operations.dead.retry_all() == {"retried": 0, "left": 0}
        await held(root)
    assert len(receiver.keys) == 1


async def test_under_retry_the_next_start_makes_the_call(home, receiver):
    torn = await torn_while_it_pays(home, receiver)
    async with torn.root() as root:
        await held(root)
    torn.settings = replace(torn.settings, on_lost_step="retry")

    async with torn.root() as root:
        assert await bought(root, "n2") == ["n2"]
    assert len(set(receiver.keys)) == 1


# --- what is not held -------------------------------------------------------------------------------------------


async def test_only_the_call_without_an_answer_is_held(home, receiver):
    async with home.root() as root:
        await root.install(BUYER)
        await root.accept("x", "twice", url=receiver.url)
        await receiver.reached()
        receiver.close()
        await receiver.reached()
        await put_aside(root, home.clock)

    receiver.open()
    async with home.root() as root:
        name = (await held(root))["name"]
        await root.engine.operations.dead.retry(name)

        assert await bought(root, "n1", "n3") == ["n1", "n3"]
    assert [key.rpartition("/")[2] for key in receiver.keys] == ["0", "1", "1"]


async def test_behind_a_decision_the_next_call_is_made_without_asking(home, receiver):
    torn = await torn_while_it_pays(home, receiver, "twice")

    async with torn.root() as root:
        await root.engine.operations.dead.retry((await held(root))["name"])

        assert len(await bought(root, "n3", "n4")) == 2


async def test_an_answer_that_is_on_disk_is_used_without_asking(home, receiver, tmp_path):
    async with home.root() as root:
        await root.install(BUYER)
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.send("x", "pay", url=receiver.url)
            before_the_outcome = copies[-2]

    copy = Home(before_the_outcome, home.clock)
    copy.settings = home.settings
    async with copy.root() as root:
        assert await bought(root, "n1") == ["n1"]
    assert len(receiver.keys) == 1


async def test_an_awaited_event_is_not_held_since_it_happens_once(home, tmp_path):
    async with home.root() as root:
        child = await root.child()
        for each in (root, child):
            await each.install(BUYER)
        with home.store.copied_after_each_write(tmp_path) as copies:
            await root.accept("x", "ask", of=child.eci)
            await bought(root, "other")
            copies = list(copies)

    for copy in copies[1:]:
        torn = Home(copy, home.clock)
        torn.settings = home.settings
        async with torn.engine() as engine:
            assert await bought(torn.again(root, engine), "other") == ["other"]


async def test_a_call_of_this_run_is_tried_again_without_asking(root, receiver, clock):
    """Also when its event was put aside meanwhile, and comes to it once more."""
    receiver.statuses.append(HANG_UP)
    await root.install(BUYER)
    buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
    await receiver.reached()

    async with asyncio.timeout(10):
        while len(receiver.keys) < 2:
            clock.advance(SHORT_PATIENCE_SECONDS)
            await asyncio.sleep(0)
    await buying

    assert await bought(root, "n2") == ["n2"]


async def test_an_event_that_is_put_aside_for_a_slow_call_waits_for_nobodys_word(root, receiver, clock):
    await root.install(BUYER)
    receiver.close()
    buying = asyncio.create_task(root.send("x", "pay", url=receiver.url))
    await receiver.reached()
    await put_aside(root, clock)

    assert root.engine.operations.dead.steps()["letters"] == []
    receiver.open()
    await buying


async def test_a_pico_that_is_deleted_is_not_waited_for(home, receiver):
    async with home.root() as root:
        child = await root.child()
        await child.install(BUYER)
        receiver.close()
        await child.accept("x", "pay", url=receiver.url)
        await receiver.reached()
        await put_aside(child, home.clock)

    async with home.root() as root:
        name = (await held(root))["name"]
        with home.store.held():
            deleting = asyncio.create_task(root.tell_ui("del", eci=child.ui))
            await home.store.reached()

            # What is decided from now on would be written behind the deletion, and outlive it.
            for decide in (root.engine.operations.dead.retry, root.engine.operations.dead.drop):
                with pytest.raises(LetterNotFound):
                    await decide(name)
        await deleting
        assert root.engine.operations.dead.steps()["letters"] == []
        receiver.open()
    assert (home.rows("step", "key"), len(receiver.keys)) == ([], 1)


# --- the real program, killed -----------------------------------------------------------------------------------


@pytest.mark.fault(9)
@pytest.mark.parametrize(("point", "calls"), [("T9a", 0), ("T9b", 1)])
async def test_a_process_that_dies_around_a_call_asks_before_it_makes_it_again(
    tmp_path, receiver, monkeypatch, point, calls
):
    """T9a: the intent is on disk, the call not made. T9b: the call was made, its answer is not on disk."""
    monkeypatch.setenv("PICO_ENGINE_ON_LOST_STEP", "ask")
    with EngineProcess(tmp_path / "home") as engine:
        async with Client(engine) as client:
            eci = await client.new_pico("buyer", BUYER)
            engine.stop()
            monkeypatch.setenv("PICO_ENGINE_CRASH_AT", point)
            engine.start()
            with suppress(httpx2.TransportError):
                await client.post(f"/c/{eci}/event-wait/x/pay", {"url": receiver.url})
            monkeypatch.delenv("PICO_ENGINE_CRASH_AT")
            engine.kill()
            await asyncio.to_thread(engine.start)
            [letter] = await held_by(client)
            made_before = len(receiver.keys)
            await client.post(f"/api/v1/dead/{letter['name']}", {})
            found = await eventually(lambda: client.query(eci, "buyer", "bought"), [f"n{calls + 1}"])

    assert (made_before, found) == (calls, [f"n{calls + 1}"])
    assert len(set(receiver.keys)) == 1
