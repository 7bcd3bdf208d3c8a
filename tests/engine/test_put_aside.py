"""An event that waits long for the world is put aside: its pico answers queries, begins nothing else, loses nothing.

And reads that fail: an event that nobody waits for is evaluated again, later and later, and not for ever.
"""

from __future__ import annotations

import asyncio

import pytest

from engine import ChannelNotFound, Conflict, RuleFailed, Settings
from tests.engine.conftest import eventually
from tests.engine.homes import Home
from tests.engine.receiver import HANG_UP, open_receiver

PATIENCE = Settings().put_aside_seconds
READ_PAUSE = 2.0  # more than any pause between two attempts of a read

SHOP = """ruleset shop {
  meta { shares log, version, log_of }
  global {
    log = function() { ent:log.defaultsTo([]) }
    log_of = function(eci) { ctx:query(eci, "shop", "log") }
    version = function() { "old" }
  }
  rule note { select when x note fired { ent:log := log().append(event:attrs{"n"}) } }
  rule buy { select when x buy
    pre { id = random:uuid() }
    http:post(event:attrs{"url"}, json = {"id": id}) setting(answer)
    fired { ent:log := log().append("bought " + answer{"content"} + " by " + version()) } }
  rule both { select when x both
    every {
      http:post(event:attrs{"url"}, body = "first") setting(one)
      http:post(event:attrs{"url"}, body = "second") setting(two) }
    fired { ent:log := log().append(one{"content"} + two{"content"}) } }
  rule order { select when x order
    ctx:eventQuery(event:attrs{"of"}, "x", event:attrs{"type"}, event:attrs, "shop", "log") setting(found)
    fired { ent:log := log().append("found " + found.length()) } }
  rule ask_back { select when x ask_back
    every {
      http:post(event:attrs{"url"}, body = "x") setting(answer)
      ctx:eventQuery(event:attrs{"of"}, "x", "note", {"n": 1}, "shop", "log") setting(found) } }
  rule read { select when x read
    pre { answer = http:get(event:attrs{"url"}) }
    fired { ent:log := log().append("read " + answer{"content"}) } }
}"""


@pytest.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


@pytest.fixture
async def shop(pico):
    await pico.install(SHOP)
    return pico


async def log(pico, *expected):
    return await eventually(lambda: pico.query("shop", "log"), list(expected))


async def put_aside(pico, clock, receiver, *, via=None, type="buy"):
    """An event of the pico that waits for a closed receiver, and is put aside for that; its eid."""
    receiver.close()
    receipt = await (via or pico).accept("x", type, url=receiver.url)
    await receiver.reached()
    await wait_aside(pico, clock)
    return receipt.eid


async def wait_aside(pico, clock):
    """Return when the pico's event is put aside, which time alone brings about."""
    box = pico.engine._mailboxes.of(pico.engine.reports.pico_row(pico.eci).id)
    async with asyncio.timeout(10):
        while box.aside is None or box.running is not None:
            clock.advance(PATIENCE / 5)
            await asyncio.sleep(0.001)


async def moved(clock, seconds):
    """Let the time pass as soon as somebody sleeps for no longer than that."""
    async with asyncio.timeout(10):
        while not any(0 < until - clock.ms <= seconds * 1000 for until, each in clock.sleepers if not each.done()):
            await asyncio.sleep(0)
    clock.advance(seconds)


# --- put aside ----------------------------------------------------------------------------------------------


async def test_queries_are_answered_from_the_last_committed_state_and_say_how_far_behind(shop, clock, receiver):
    await shop.send("x", "note", n=1)
    await put_aside(shop, clock, receiver)
    await shop.accept("x", "note", n=2)

    reply = await shop.deliver("query", "shop", "log")

    assert (reply.value, reply.behind) == ([1], 2)


async def test_queries_wait_their_turn_while_a_step_is_young(shop, receiver):
    receiver.close()
    await shop.accept("x", "buy", url=receiver.url)
    await receiver.reached()
    asked = asyncio.create_task(shop.deliver("query", "shop", "log"))
    await asyncio.sleep(0.05)
    waits = not asked.done()
    receiver.open()

    reply = await asked

    assert (waits, reply.value, reply.behind) == (True, ["bought n1 by old"], 0)


async def test_the_event_ends_before_those_behind_it_and_calls_once(shop, clock, receiver):
    await put_aside(shop, clock, receiver)
    await shop.accept("x", "note", n=2)

    receiver.open()

    assert await log(shop, "bought n1 by old", 2) == ["bought n1 by old", 2]
    assert len(receiver.keys) == 1


@pytest.mark.fault(9)
async def test_it_is_taken_up_when_the_answer_is_on_disk_and_calls_once(home, clock, receiver):
    async with home.root() as root:
        await root.install(SHOP)
        await put_aside(root, clock, receiver)

        with home.store.held():
            receiver.open()
            await home.store.reached()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(receiver.reached(), 0.2)

        assert await log(root, "bought n1 by old") == ["bought n1 by old"]


async def test_each_of_two_steps_may_put_the_event_aside(shop, clock, receiver):
    await put_aside(shop, clock, receiver, type="both")
    receiver.open()
    receiver.close()
    await receiver.reached()
    await wait_aside(shop, clock)

    receiver.open()

    assert await log(shop, "n1n2") == ["n1n2"]
    assert receiver.bodies == ["first", "second"]


async def test_a_caller_who_waits_is_told_the_end(shop, clock, receiver):
    receiver.close()
    sending = asyncio.create_task(shop.send("x", "buy", url=receiver.url))
    await receiver.reached()
    await wait_aside(shop, clock)
    receiver.open()

    reply = await sending

    assert (reply.pending, await shop.query("shop", "log")) == (False, ["bought n1 by old"])


async def test_the_trace_says_that_it_was_put_aside(shop, clock, receiver):
    eid = await put_aside(shop, clock, receiver)
    receiver.open()
    await log(shop, "bought n1 by old")

    did = shop.engine.reports.event(eid)["trace"]["events"][0]["rulesets"][0]["rules"][0]["rounds"][0]["did"]

    assert [each["put_aside"] for each in did if "step" in each] == [True]


async def test_another_pico_asks_without_waiting(root, clock, receiver):
    one, other = [await root.child(name) for name in ("one", "other")]
    for each in (one, other):
        await each.install(SHOP)
    await put_aside(one, clock, receiver)
    await one.accept("x", "note", n=2)

    assert await other.query("shop", "log_of", eci=one.eci) == []


async def test_an_event_put_aside_ends_with_the_code_it_began_with(home, clock, receiver, tmp_path):
    (tmp_path / "krl").mkdir()
    text = tmp_path / "krl" / "shop.krl"
    text.write_text(SHOP)
    home = Home(tmp_path / "flushed.db", clock, file_folders=(str(text.parent),))
    async with home.root() as root:
        await root.tell_ui("install", url=text.as_uri())
        await put_aside(root, clock, receiver)
        text.write_text(SHOP.replace('"old"', '"new"'))
        await root.engine.flush(text.as_uri())
        during = await root.query("shop", "version")
        receiver.open()

        assert await log(root, "bought n1 by old") == ["bought n1 by old"]
        assert (during, await root.query("shop", "version")) == ("old", "new")


async def test_an_event_put_aside_survives_a_crash(home, clock, receiver):
    async with home.root() as root:
        await root.install(SHOP)
        await put_aside(root, clock, receiver)
        await root.accept("x", "note", n=2)
        torn = home.torn_away()
        receiver.open()
        await log(root, "bought n1 by old", 2)

    async with torn.root() as root:
        assert await log(root, "bought n2 by old", 2) == ["bought n2 by old", 2]
        assert len(set(receiver.keys)) == 1
        assert len(set(receiver.bodies)) == 1


async def test_a_stop_leaves_an_event_put_aside_for_the_next_start(home, clock, receiver):
    async with home.root() as root:
        await root.install(SHOP)
        await put_aside(root, clock, receiver)
    receiver.open()

    async with home.root() as root:
        assert await log(root, "bought n2 by old") == ["bought n2 by old"]


async def test_deleting_the_pico_cancels_it(root, clock, receiver):
    child = await root.child("child")
    await child.install(SHOP)
    receiver.close()
    sending = asyncio.create_task(child.send("x", "buy", url=receiver.url))
    await receiver.reached()
    await wait_aside(child, clock)

    [eci] = (await root.ask_ui("box"))["children"]
    await root.tell_ui("del", eci=eci)

    with pytest.raises(ChannelNotFound):
        await sending
    receiver.open()
    with pytest.raises(TimeoutError):  # whatever the call answers, nobody writes it down
        await asyncio.wait_for(eventually(lambda: _orphans(root), [("step", "*")]), 0.3)
    assert (root.engine._store.orphans(), root.engine._store.unanswered_steps()) == ([], [])
    assert root.engine.reports.queues()["unfinished"] == 0


@pytest.mark.fault(48)
async def test_deleting_the_pico_then_disturbs_no_other(home, clock, receiver):
    """A commit that is refused takes along whatever stands behind it."""
    async with home.root() as root:
        child = await root.child("child")
        await child.install(SHOP)
        await put_aside(child, clock, receiver)

        await root.tell_ui("del", eci=child.ui)
        await root.send("x", "note", n=1)

        assert (home.store.refused, home.store.inbox()) == (0, [])


@pytest.mark.fault(48)
async def test_it_has_begun_and_ends_as_if_nobody_had_tried_to_cancel_it(shop, clock, receiver):
    eid = await put_aside(shop, clock, receiver)

    with pytest.raises(Conflict, match="has begun"):
        await shop.engine.operations.cancel_event(eid)
    receiver.open()

    assert await log(shop, "bought n1 by old") == ["bought n1 by old"]


async def _orphans(pico):
    return pico.engine._store.orphans()


async def test_a_paused_pico_holds_it(shop, clock, receiver):
    await put_aside(shop, clock, receiver)
    await shop.engine.operations.pause(shop.eci)
    receiver.open()
    await shop.engine.operations.resume(shop.eci)

    assert await log(shop, "bought n1 by old") == ["bought n1 by old"]


async def test_a_commit_that_fails_meanwhile_takes_nothing_away(home, clock, receiver):
    async with home.root() as root:
        await root.install(SHOP)
        await put_aside(root, clock, receiver)
        home.store.refuse(1)
        with pytest.raises(Exception, match="could not take the commit"):
            await root.accept("x", "note", n=2)
        receiver.open()

        assert await eventually(lambda: _length(root), 1) == 1
        assert len(set(receiver.keys)) == 1


async def _length(pico):
    return len(await pico.query("shop", "log"))


async def test_an_awaited_event_of_another_pico_can_take_its_time(root, clock, receiver):
    one, other = [await root.child(name) for name in ("one", "other")]
    for each in (one, other):
        await each.install(SHOP)
    receiver.close()
    ordering = asyncio.create_task(one.send("x", "order", of=other.eci, type="buy", url=receiver.url))
    await receiver.reached()
    await wait_aside(one, clock)

    behind = (await one.deliver("query", "shop", "log")).behind
    receiver.open()
    await ordering

    assert behind == 1
    assert (await log(one, "found 1"), await log(other, "bought n1 by old")) == (["found 1"], ["bought n1 by old"])
    assert len(receiver.keys) == 1


async def test_events_that_wait_for_each_other_are_found_also_when_one_is_put_aside(root, clock, receiver):
    one, other = [await root.child(name) for name in ("one", "other")]
    for each in (one, other):
        await each.install(SHOP)
    receiver.close()
    asking_back = asyncio.create_task(other.send("x", "ask_back", url=receiver.url, of=one.eci))
    await receiver.reached()
    ordering = asyncio.create_task(one.send("x", "order", of=other.eci, type="note", n=3))
    await wait_aside(one, clock)
    receiver.open()

    with pytest.raises(RuleFailed, match="events that wait for each other"):
        await asking_back
    await ordering
    assert (await log(one, "found 1"), await log(other, 3)) == (["found 1"], [3])


# --- reads that fail ----------------------------------------------------------------------------------------


async def test_a_read_that_fails_fails_the_event_at_once_if_somebody_waits(shop, receiver):
    receiver.statuses.append(HANG_UP)

    with pytest.raises(RuleFailed, match=r"request to .* failed"):
        await shop.send("x", "read", url=receiver.url)

    assert len(receiver.keys) == 1


async def test_a_read_that_fails_is_tried_again_if_nobody_waits(shop, clock, receiver):
    receiver.statuses.extend([HANG_UP, HANG_UP])
    await shop.accept("x", "read", url=receiver.url)
    await shop.accept("x", "note", n=2)

    for _ in range(2):
        await receiver.reached()
        await moved(clock, READ_PAUSE)

    assert await log(shop, "read n3", 2) == ["read n3", 2]


async def test_between_two_attempts_queries_are_answered(shop, clock, receiver):
    receiver.statuses.append(HANG_UP)
    await shop.accept("x", "read", url=receiver.url)
    await receiver.reached()

    async def behind():
        return (await shop.deliver("query", "shop", "log")).behind

    assert await eventually(behind, 1) == 1


async def test_an_event_whose_reads_fail_each_time_is_dead(shop, clock, receiver):
    receiver.statuses.extend([HANG_UP] * 5)
    eid = (await shop.accept("x", "read", url=receiver.url)).eid
    await shop.accept("x", "note", n=2)

    for _ in range(4):
        await receiver.reached()
        await moved(clock, READ_PAUSE)

    assert await log(shop, 2) == [2]
    told = shop.engine.reports.event(eid)
    assert (told["status"], told["error"].endswith("(given up after 5 attempts)")) == ("dead", True)


async def test_attempts_of_a_read_are_counted_across_a_crash(home, clock, receiver):
    receiver.statuses.extend([HANG_UP] * 5)
    async with home.root() as root:
        await root.install(SHOP)
        eid = (await root.accept("x", "read", url=receiver.url)).eid
        for _ in range(3):
            await receiver.reached()
            await moved(clock, READ_PAUSE)
        await receiver.reached()
        await eventually(lambda: _reads(root), [4])
        torn = home.torn_away()

    async with torn.engine() as engine:
        await receiver.reached()

        assert await eventually(lambda: _status(engine, eid), "dead") == "dead"


async def _reads(pico):
    return [row.reads for row in pico.engine._store.inbox()]


async def _status(engine, eid):
    return engine.reports.event(eid)["status"]


async def test_a_pico_can_be_paused_instead_and_goes_on_when_it_may(tmp_path, clock, receiver):
    receiver.statuses.extend([HANG_UP] * 5)
    home = Home(tmp_path / "home.db", clock, on_poison="pause")
    async with home.root() as root:
        child = await root.child()
        await child.install(SHOP)
        await child.accept("x", "read", url=receiver.url)
        for _ in range(4):
            await receiver.reached()
            await moved(clock, READ_PAUSE)
        await receiver.reached()
        id = root.engine.reports.pico(child.eci)["id"]
        paused = await eventually(lambda: _paused(root), [id])
        await root.engine.operations.resume(child.eci)

        assert (paused, await log(child, "read n6")) == ([id], ["read n6"])


async def _paused(pico):
    return list(pico.engine.operations.paused()["picos"])
