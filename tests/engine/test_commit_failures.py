"""Commits that fail: nobody is told of what did not happen, nothing accepted is lost, the pico's state is whole."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from itertools import groupby

import pytest

from engine import StoreUnavailable
from tests.engine.conftest import eventually
from tests.engine.gate import open_gate
from tests.engine.homes import Home

COUNTER = """ruleset counter {
  meta { shares seen, double }
  global { seen = function() { ent:seen.defaultsTo([]) } double = function() { ent:double.defaultsTo([]) } }
  rule note { select when x note
    fired { ent:seen := seen().append(event:attrs{"n"}); raise x event "noted" attributes event:attrs } }
  rule noted { select when x noted fired { ent:double := double().append(event:attrs{"n"}) } }
  rule send { select when x send
    event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "note", "attrs": {"n": event:attrs{"n"}}}) }
  rule wait { select when x wait http:get(event:attrs{"url"}) fired { ent:seen := seen().append("waited") } }
  rule post { select when x post http:post(event:attrs{"url"}, json = {}) }
  rule told { select when x told http:post(event:attrs{"url"}, json = {},
    autosend = {"eci": meta:eci, "domain": "x", "type": "note", "attrs": {"n": "told"}}) }
  rule ask { select when x ask
    ctx:eventQuery(event:attrs{"eci"}, event:attrs{"domain"}, "a", {}, "counter", "seen") setting(answer)
    fired { ent:seen := seen().append([answer]) } }
  rule half { select when x one then x two send_directive("both") }
}"""

ASKER = """ruleset asker { meta { shares seen_of }
  global { seen_of = function(eci) { ctx:query(eci, "counter", "seen") } } }"""


@pytest.fixture
async def gate():
    async with open_gate() as gate:
        yield gate


@pytest.fixture
async def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


@pytest.fixture
async def root(home):
    async with home.root() as root:
        await root.install(COUNTER)
        yield root


async def seen(pico, *expected):
    return await eventually(lambda: pico.query("counter", "seen"), list(expected))


async def test_a_caller_whose_event_could_not_be_committed_is_told_and_nothing_has_happened(home, root):
    home.store.refuse(1)

    with pytest.raises(StoreUnavailable, match="could not take the commit"):
        await root.send("x", "note", n=1)

    assert await root.query("counter", "seen") == []


async def test_an_event_decided_on_another_state_than_that_on_disk_is_refused_and_the_pico_goes_on_from_the_disk(
    home, root
):
    """As if somebody else had written in between, whom the lock on the store keeps out."""
    await root.send("x", "note", n=1)
    pico = root.engine.reports.pico_row(root.eci)
    home.store.plant(
        head=(pico.id, pico.head_seq, pico.head_seq + 5, b"another"),
        variables={(pico.id, "counter", "seen"): b'["another"]'},
    )

    with pytest.raises(StoreUnavailable, match="could not take the commit"):
        await root.send("x", "note", n=2)

    assert home.store.pico(pico.id).head_seq == pico.head_seq + 5
    assert await seen(root, "another") == ["another"]
    await root.send("x", "note", n=3)
    assert (home.store.pico(pico.id).head_seq, await seen(root, "another", 3)) == (pico.head_seq + 6, ["another", 3])


async def test_an_event_whose_acceptance_could_not_be_committed_is_not_acknowledged(home, root):
    home.store.refuse(1)

    with pytest.raises(StoreUnavailable):
        await root.accept("x", "note", n=1)

    assert await root.query("counter", "seen") == []


async def test_an_acceptance_that_fails_behind_a_busy_pico_leaves_nothing_that_waits(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    home.store.refuse(1)

    with pytest.raises(StoreUnavailable):
        await root.accept("x", "note", key="k", n=1)
    await asyncio.wait([waiting])

    assert root.engine.reports.queues()["unfinished"] == 0


async def test_a_repeat_of_a_lost_acceptance_is_a_new_event(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    home.store.refuse(1)
    with pytest.raises(StoreUnavailable):
        await root.accept("x", "note", key="k", n=1)
    await asyncio.wait([waiting])

    receipt = await eventually(lambda: _try_again(root), False)

    assert receipt is False
    assert await seen(root, 1) == [1]


async def _try_again(root):
    """Whether the repeat was taken for one of an event that is known; None while the store takes nothing."""
    try:
        return (await root.accept("x", "note", key="k", n=1)).duplicate
    except StoreUnavailable:
        return None


async def test_a_repeat_that_comes_before_the_acceptance_fails_is_not_acknowledged_either(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    home.store.refuse(1)

    with home.store.held():
        both = [asyncio.create_task(root.accept("x", "note", key="k", n=1)) for _ in range(2)]
        await home.store.reached()

    for accepting in both:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(accepting, 5)
    await asyncio.wait([waiting])


async def test_an_accepted_event_whose_outcome_could_not_be_committed_is_evaluated_again(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    await root.accept("x", "note", n=1)
    home.store.refuse(1)

    gate.open()
    with pytest.raises(StoreUnavailable):
        await waiting

    assert await seen(root, 1) == [1]


async def test_accepted_events_keep_their_order_when_they_are_taken_again(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    for n in range(10):
        await root.accept("x", "note", n=n)
    home.store.refuse(2)

    gate.open()
    await asyncio.wait([waiting])

    assert await seen(root, *range(10)) == list(range(10))


async def test_an_event_that_waits_when_a_commit_fails_is_given_up_and_taken_again(home, root, gate):
    """Its pico's state, as it saw it, may be among what was lost."""
    other = await root.child()
    await root.accept("x", "wait", url=gate.url)
    await gate.reached()
    home.store.refuse(1)

    with pytest.raises(StoreUnavailable):
        await other.send("y", "z")
    await gate.reached()
    gate.open()

    assert await seen(root, "waited") == ["waited"]


async def test_what_a_lost_event_sent_has_not_been_sent(home, root):
    other = await root.child()
    await other.install(COUNTER)
    home.store.refuse(1)

    with pytest.raises(StoreUnavailable):
        await root.send("x", "send", to=other.eci, n="lost")
    await eventually(lambda: _sent(root, other), True)

    assert await seen(other, "kept") == ["kept"]


async def _sent(root, other):
    try:
        return bool(await root.send("x", "send", to=other.eci, n="kept"))
    except StoreUnavailable:
        return False


async def test_an_expression_is_not_half_matched_by_a_lost_event(home, root):
    home.store.refuse(1)
    with pytest.raises(StoreUnavailable):
        await root.send("x", "one")

    names = await eventually(lambda: _directives(root, "two"), [])

    assert names == []


async def _directives(root, type):
    try:
        return await root.directives("x", type)
    except StoreUnavailable:
        return None


async def test_a_child_is_made_completely_or_not_at_all_whichever_commit_fails(home, root):
    for number in range(12):
        home.store.refuse(1, after=number)
        try:
            await root.tell_ui("new", name=f"child {number}")
        except StoreUnavailable:
            continue
    home.store.refuse(0)

    families = await eventually(lambda: _equipment(root), True)

    assert families is True


async def _equipment(root):
    """Whether all children of the root have their name and all five rulesets."""
    try:
        for eci in (await root.ask_ui("box"))["children"]:
            child = type(root)(root.engine, eci)
            if not (await child.ask_ui("box"))["name"].startswith("child "):
                return False
            if len((await child.ask_ui("pico"))["rulesets"]) != 5:
                return False
    except StoreUnavailable:
        return False
    return True


async def test_whichever_commits_fail_accepted_events_happen_once_and_all_of_each(home, root):
    accepted = []
    for n in range(60):
        if n % 6 == 0:
            home.store.refuse(1, after=n // 6 % 3)
        try:
            await root.accept("x", "note", n=n)
            accepted.append(n)
        except StoreUnavailable:
            continue
    home.store.refuse(0)

    assert await seen(root, *accepted) == accepted
    assert await root.query("counter", "double") == accepted


@pytest.mark.fault(39)
async def test_an_event_whose_outcome_the_store_refuses_is_dead_and_keeps_nobody_from_going_on(home, root, gate):
    """Its state is larger than a row can be; tried for ever, it would take all others' commits along."""
    other = await root.child()
    await other.install(COUNTER)
    home.store._write.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)
    await root.accept("x", "wait", url=gate.url)
    await gate.reached()
    receipt = await root.accept("x", "note", n="large" * 12_000)

    gate.open()
    async with asyncio.timeout(20):
        for n in range(3):
            await eventually(lambda n=n: _noted_once(other, n), True)

    assert await seen(other, 0, 1, 2) == [0, 1, 2]
    assert await eventually(lambda: _dead(home), [receipt.eid]) == [receipt.eid]
    assert await seen(root, "waited") == ["waited"]


@pytest.mark.fault(14)
async def test_a_full_disk_is_never_blamed_on_an_event(home, root, gate):
    waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
    await gate.reached()
    await root.accept("x", "note", n=1)
    home.store.refuse(4)

    gate.open()
    with pytest.raises(StoreUnavailable):
        await waiting

    assert await seen(root, 1) == [1]


@pytest.mark.fault(38)
@pytest.mark.parametrize("url", ["http://h\ud83d/", "http://localhost:1/\ud83d"])
async def test_half_a_character_in_an_address_keeps_no_commit_from_the_disk(home, root, url):
    await root.send("x", "post", url=url)

    assert await eventually(lambda: _tried(home), True)
    await root.send("x", "note", n=1)
    assert await root.query("counter", "seen") == [1]


async def _tried(home):
    """Whether the one effect has met its first failure."""
    return [row.attempts for row in home.store.outbox(1 << 60)] == [1]


@pytest.mark.fault(38)
async def test_half_a_character_in_the_name_of_an_event_that_is_asked_for_is_no_harm(root):
    other = await root.child()
    await other.install(COUNTER)

    await root.send("x", "ask", eci=other.eci, domain="\ud83d")

    assert await root.query("counter", "seen") == [[]]


async def _noted_once(pico, n):
    await pico.deliver("event", "x", "note", key=f"key {n}", n=n)
    return True


async def _dead(home):
    return [row.eid for row in home.store.dead_events()]


async def test_an_effect_whose_end_could_not_be_committed_leaves_again_under_its_key(home, root, gate):
    await root.send("x", "post", url=gate.url)
    await gate.reached()
    home.store.refuse(1)

    gate.open()
    await gate.reached()

    assert await eventually(lambda: _effects(home), []) == []
    assert len(gate.keys) == 2
    assert len(set(gate.keys)) == 1


@pytest.mark.fault(8)
async def test_the_end_of_an_effect_and_the_event_that_tells_of_it_are_one_commit(home, root, gate, tmp_path):
    gate.open()
    with home.store.copied_after_each_write(tmp_path) as copies:
        await root.send("x", "told", url=gate.url)
        await seen(root, "told")

    assert [stage for stage, _ in groupby(map(_effects_and_notes, copies))] == [(0, 0), (1, 0), (0, 1)]


def _effects_and_notes(copy):
    """How many effects wait in a copy of the store, and how many events `x:note` are known."""
    with contextlib.closing(sqlite3.connect(copy)) as store:
        [effects] = store.execute("SELECT count(*) FROM outbox").fetchone()
        events = store.execute("SELECT body FROM inbox UNION ALL SELECT event FROM evlog").fetchall()
    return effects, sum(b'"type":"note"' in body for (body,) in events)


async def test_an_arrival_and_its_outcome_in_one_turn_are_one_commit(home, root):
    before = home.store.written
    await root.accept("x", "half")

    assert home.store.written == before + 1
    assert home.store.inbox() == []


async def _effects(home):
    return home.store.outbox(1 << 60)


async def test_while_the_store_takes_nothing_the_engine_does_not_spin(home, root, clock):
    """A timer is due, and no commit succeeds: one attempt a retry, not as many as the processor can make."""
    await root.install("""ruleset ticking { rule r { select when x tick
        fired { schedule x event "note" at event:attrs{"at"} attributes {"n": "due"} } } }""")
    await root.send("x", "tick", at=clock.ms + 1000)
    home.store.refuse(3)

    clock.advance(1)
    assert await seen(root, "due") == ["due"]

    assert home.store.refused == 3


@pytest.mark.fault(15)
async def test_events_whose_state_cannot_be_read_are_taken_again_in_their_order(home, root):
    await root.accept("x", "note", n=0)
    await seen(root, 0)
    child = await root.child()
    await child.install(COUNTER)
    home.store.break_reads("variable", 1)

    for n in (1, 2, 3):
        await child.accept("x", "note", n=n)

    assert await seen(child, 1, 2, 3) == [1, 2, 3]


@pytest.mark.fault(15)
async def test_a_caller_whose_state_cannot_be_read_is_told(home, root):
    child = await root.child()
    await child.install(COUNTER)
    home.store.break_reads("variable", 1)

    with pytest.raises(StoreUnavailable):
        await child.send("x", "note", n=1)

    assert await child.query("counter", "seen") == []


async def test_an_engine_that_could_commit_nothing_loses_nothing_acknowledged(home, tmp_path):
    async with home.root() as root:
        await root.install(COUNTER)
        async with open_gate() as gate:
            waiting = asyncio.create_task(root.send("x", "wait", url=gate.url))
            await gate.reached()
            for n in range(3):
                await root.accept("x", "note", n=n)
            home.store.refuse(1000)
            gate.open()
            with pytest.raises(StoreUnavailable):
                await waiting

    async with home.root() as root:
        assert await seen(root, 0, 1, 2) == [0, 1, 2]


@pytest.mark.parametrize("read", ["registry", "inbox"])
async def test_the_engine_goes_on_after_a_failed_commit_behind_which_the_store_could_not_be_read(home, root, read):
    home.store.refuse(1)
    home.store.break_reads(read, 1)
    with pytest.raises(StoreUnavailable):
        await root.send("x", "note", n=1)

    assert await eventually(lambda: _noted(root), True)

    assert home.store.broken_reads == {}


async def _noted(root):
    await root.send("x", "note", n=2)
    return True


async def test_deliveries_that_come_while_the_store_takes_nothing_do_not_retry_each_for_itself(home, root):
    """Two that retry one after the other could take one stored event twice."""
    retries = home.store.counted("registry")
    home.store.refuse(1)

    for n in range(10):
        with pytest.raises(StoreUnavailable):
            await root.accept("x", "note", n=n)
    await eventually(lambda: _noted(root), True)

    assert retries() == 1


async def test_an_answer_waits_for_the_commits_of_all_picos_that_it_was_asked_of(home, root):
    """Had it left before, and had the commit failed, somebody would know of what never happened."""
    other = await root.child()
    for each in (root, other):
        await each.install(COUNTER)
        await each.install(ASKER)

    with home.store.held():
        noting = asyncio.create_task(other.send("x", "note", n=1))
        await home.store.reached()
        asking = asyncio.create_task(root.query("asker", "seen_of", eci=other.eci))
        answered, _ = await asyncio.wait([asking], timeout=0.2)

    assert not answered
    assert await asking == [1]
    await noting
