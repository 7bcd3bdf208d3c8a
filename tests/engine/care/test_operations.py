"""Nothing is stuck without saying so: dead letters, pausing, cancelling, the sweep, and what kills the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import (
    Conflict,
    Engine,
    EventCancelled,
    EventNotFound,
    InvalidValue,
    LetterNotFound,
    Overloaded,
    PicoNotFound,
    RuleFailed,
    Settings,
    TimerNotFound,
)
from engine.care.black_box import BlackBox
from engine.store.interface import Writes
from tests.engine.conftest import Clock, eventually
from tests.engine.gate import Gate, open_gate
from tests.engine.homes import Home
from tests.engine.store.rows import inbox_row, outbox_row

if TYPE_CHECKING:
    from tests.engine.conftest import TestPico

COUNTER = """ruleset counter { meta { shares seen }
    global { seen = function() { ent:seen.defaultsTo([]) } }
    rule counts { select when n add
      pre { m = event:attrs{"n"} + 0; fails = m < 0 => 1 - "one" | 0 }
      fired { ent:seen := ent:seen.defaultsTo([]).append(m) } } }"""

LATER = """ruleset later { meta { shares jobs } global { jobs = function() { schedule:list() } }
    rule r { select when do later fired { schedule n event "add" at time:add(time:now(), {"seconds": 5})
      attributes {"n": 1} } } }"""


@pytest.fixture
async def counter(pico: TestPico) -> TestPico:
    await pico.install(COUNTER)
    return pico


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with open_gate() as gate:
        yield gate


async def fail(counter: TestPico, n: int = -1) -> str:
    """The eid of an event that fails."""
    with pytest.raises(RuleFailed) as caught:
        await counter.send("n", "add", n=n)
    return str(caught.value.eid)


async def seen(counter: TestPico) -> Any:
    return await counter.query("counter", "seen")


async def keep_busy(pico: TestPico, gate: Gate) -> asyncio.Task[Any]:
    """Let the pico wait in a rule until the gate is opened."""
    await pico.install(f"""ruleset busy {{ rule waits {{ select when stay busy
        pre {{ answer = http:get("{gate.url}") }} }} }}""")
    task = asyncio.create_task(pico.send("stay", "busy"))
    await gate.reached()
    return task


# --- dead letters -----------------------------------------------------------------------------------------


async def test_an_event_that_failed_is_a_dead_letter_that_says_why(counter: TestPico) -> None:
    eid = await fail(counter)

    [letter] = counter.engine.operations.dead.events()["letters"]

    assert (letter["name"], letter["status"], letter["domain"], letter["type"]) == (eid, "failed", "n", "add")
    assert "subtracted" in letter["error"]
    assert counter.engine.operations.dead.show(eid)["failure"]["rule"] == "counts"


async def test_dead_letters_can_be_asked_for_by_pico(counter: TestPico, root: TestPico) -> None:
    await fail(counter)
    dead = counter.engine.operations.dead

    found = [len(dead.events(pico=eci)["letters"]) for eci in (counter.eci, root.eci, "nobody")]

    assert found == [1, 0, 0]


async def test_a_letter_is_tried_again_as_a_new_event_that_names_the_old_one(counter: TestPico) -> None:
    eid = await fail(counter)

    new = (await counter.engine.operations.dead.retry(eid, {"n": 7}))["eid"]

    assert await seen(counter) == [7]
    report = counter.engine.reports.event(new)
    assert (new != eid, report["trace"]["source"]) == (True, f"retry:{eid}")
    assert counter.engine.operations.dead.events()["letters"] == []


async def test_changes_are_laid_over_the_attributes_and_null_takes_one_away(counter: TestPico) -> None:
    with pytest.raises(RuleFailed) as caught:
        await counter.send("n", "add", n=-1, a="kept", b="gone")

    new = (await counter.engine.operations.dead.retry(str(caught.value.eid), {"n": 1, "b": None}))["eid"]

    await seen(counter)
    assert counter.engine.reports.event(new)["attrs"] == {"n": 1, "a": "kept"}


async def test_a_letter_that_fails_again_is_another_letter(counter: TestPico) -> None:
    eid = await fail(counter)

    new = (await counter.engine.operations.dead.retry(eid))["eid"]
    await seen(counter)

    assert [each["name"] for each in counter.engine.operations.dead.events()["letters"]] == [new]


async def test_two_who_retry_one_letter_make_one_event(counter: TestPico) -> None:
    eid = await fail(counter)
    dead = counter.engine.operations.dead

    outcomes = await asyncio.gather(
        dead.retry(eid, {"n": 1}), dead.retry(eid, {"n": 2}), dead.drop(eid), return_exceptions=True
    )

    assert await seen(counter) == [1]
    assert [type(each) for each in outcomes] == [dict, Conflict, Conflict]


async def test_all_letters_are_tried_again_at_once(counter: TestPico) -> None:
    for _ in range(3):
        await fail(counter)
    await counter.install(COUNTER.replace("m < 0 =>", "false =>"))

    told = await counter.engine.operations.dead.retry_all(counter.eci)

    assert (told, await seen(counter)) == ({"retried": 3, "left": 0}, [-1, -1, -1])


async def test_a_dropped_letter_is_none_but_the_log_tells_of_its_event(counter: TestPico) -> None:
    eid = await fail(counter)

    await counter.engine.operations.dead.drop(eid)

    assert counter.engine.operations.dead.events()["letters"] == []
    assert counter.engine.reports.event(eid)["status"] == "failed"
    with pytest.raises(LetterNotFound):
        await counter.engine.operations.dead.retry(eid)


async def test_the_letter_of_a_pico_that_is_gone_cannot_be_tried_again(root: TestPico) -> None:
    child = await root.child("child")
    await child.install(COUNTER)
    eid = await fail(child)
    await root.tell_ui("del", eci=child.ui)

    with pytest.raises(Conflict):
        await root.engine.operations.dead.retry(eid)
    assert await root.engine.operations.dead.retry_all() == {"retried": 0, "left": 1}


# --- effects that did not leave ---------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Home:
    return Home(tmp_path / "store.db", clock)


def parked(gate: Gate, clock: Clock, **facts: Any) -> Any:
    """An effect that was given up long ago."""
    payload = (
        b'{"method":"POST","url":"%b","headers":{"authorization":"Bearer x"},"body":"eyJhIjoxfQ==",'
        b'"follow":true,"autosend":null,"parse_json":false}' % gate.url.encode()
    )
    return outbox_row(1, ikey="eid/0", state="dead", payload=payload, next_at=0, last_error="410", **facts)


async def test_an_effect_is_tried_again_under_its_old_key(home: Home, gate: Gate, clock: Clock) -> None:
    gate.open()
    async with home.root() as root:
        assert home.store is not None
        home.store.write([Writes(outbox_add=[parked(gate, clock)])])
        dead = root.engine.operations.dead

        shown = dead.show("eid.0")
        await dead.retry("eid/0")
        await gate.reached()

        assert (shown["error"], shown["request"]["headers"]) == ("410", {"authorization": "***"})
        assert gate.keys == ["eid/0"]
        assert dead.effects()["letters"] == []


async def test_an_effect_whose_words_are_changed_gets_a_new_key(home: Home, gate: Gate, clock: Clock) -> None:
    gate.open()
    async with home.root() as root:
        assert home.store is not None
        home.store.write([Writes(outbox_add=[parked(gate, clock)])])

        told = await root.engine.operations.dead.retry("eid.0", {"a": 2})
        await gate.reached()

        assert gate.keys == [f"{told['eid']}/0"] != ["eid/0"]


async def test_members_of_what_is_no_map_cannot_be_changed(home: Home, gate: Gate, clock: Clock) -> None:
    async with home.root() as root:
        assert home.store is not None
        row = parked(gate, clock)
        home.store.write([Writes(outbox_add=[replace(row, payload=row.payload.replace(b"eyJhIjoxfQ==", b"WzFd"))])])

        with pytest.raises(InvalidValue):
            await root.engine.operations.dead.retry("eid.0", {"a": 2})


async def test_an_effect_can_be_dropped(home: Home, gate: Gate, clock: Clock) -> None:
    async with home.root() as root:
        assert home.store is not None
        home.store.write([Writes(outbox_add=[parked(gate, clock)])])

        await root.engine.operations.dead.drop("eid.0")

        assert (root.engine.operations.dead.effects()["letters"], home.store.outbox(1 << 62)) == ([], [])


# --- pausing ----------------------------------------------------------------------------------------------


async def test_a_paused_pico_takes_events_and_answers_queries_and_evaluates_nothing(counter: TestPico) -> None:
    operations = counter.engine.operations
    await operations.pause(counter.eci)

    await counter.engine.accept(counter.delivery("event", "n", "add", n=1))
    assert await seen(counter) == []

    await operations.resume(counter.eci)
    assert await seen(counter) == [1]


async def test_other_picos_go_on_while_one_is_paused(counter: TestPico, root: TestPico) -> None:
    await root.install(COUNTER)
    await counter.engine.operations.pause(counter.eci)

    await root.send("n", "add", n=1)

    assert await seen(root) == [1]


async def test_all_picos_can_be_paused_and_those_paused_alone_stay_so(counter: TestPico, root: TestPico) -> None:
    operations = counter.engine.operations
    await root.install(COUNTER)
    await operations.pause(counter.eci)
    await operations.pause()
    for pico in (counter, root):
        await pico.engine.accept(pico.delivery("event", "n", "add", n=1))

    during = [await seen(counter), await seen(root)]
    await operations.resume()

    assert (during, [await seen(counter), await seen(root)]) == ([[], []], [[], [1]])
    assert (operations.paused()["all"], len(operations.paused()["picos"])) == (None, 1)


async def test_events_of_a_paused_pico_keep_their_order(counter: TestPico) -> None:
    await counter.engine.operations.pause(counter.eci)
    for n in range(5):
        await counter.engine.accept(counter.delivery("event", "n", "add", n=n))
        await seen(counter)

    await counter.engine.operations.resume(counter.eci)

    assert await seen(counter) == [0, 1, 2, 3, 4]


async def test_an_event_under_way_is_told_when_its_pico_is_paused(counter: TestPico, gate: Gate) -> None:
    task = await keep_busy(counter, gate)

    told = await counter.engine.operations.pause(counter.eci)
    gate.open()

    assert told["running"] == (await task).eid


async def test_a_pause_outlives_the_engine_and_so_does_what_waits(home: Home) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        await root.engine.operations.pause(root.eci)
        await root.engine.accept(root.delivery("event", "n", "add", n=1))

    async with home.engine() as engine:
        again = home.again(root, engine)
        assert await seen(again) == []
        await engine.operations.resume(root.eci)
        assert await seen(again) == [1]


async def test_an_engine_that_is_paused_as_a_whole_starts(home: Home) -> None:
    async with home.root() as root:
        await root.engine.operations.pause()

    async with home.engine() as engine:
        assert (engine.ready, engine.operations.paused()["all"] is not None) == (True, True)


async def test_a_pico_that_is_not_there_cannot_be_paused(engine: Engine) -> None:
    with pytest.raises(PicoNotFound):
        await engine.operations.pause("nobody")


# --- cancelling -------------------------------------------------------------------------------------------


async def test_a_waiting_event_is_cancelled_in_the_log_and_never_evaluated(counter: TestPico) -> None:
    operations = counter.engine.operations
    await operations.pause(counter.eci)
    first, second = [(await counter.engine.accept(counter.delivery("event", "n", "add", n=n))).eid for n in (1, 2)]

    async with asyncio.timeout(10):
        await operations.cancel_event(first)
    await operations.resume(counter.eci)

    assert await seen(counter) == [2]
    assert [counter.engine.reports.event(eid)["status"] for eid in (first, second)] == ["cancelled", "ok"]


async def test_who_waits_for_a_cancelled_event_is_told(counter: TestPico) -> None:
    await counter.engine.operations.pause(counter.eci)
    waiting = asyncio.create_task(counter.send("n", "add", n=1))
    while not (queues := counter.engine.reports.queues())["unfinished"]:
        await asyncio.sleep(0)
    [eid] = counter.engine._in_flight

    await counter.engine.operations.cancel_event(eid)

    with pytest.raises(EventCancelled):
        await waiting
    assert queues["waiting"] == 1
    with pytest.raises(RuleFailed) as caught:
        await counter.engine.reply_to(counter.eci, eid)
    assert isinstance(caught.value.cause, Conflict)


async def test_a_cancelled_event_stays_cancelled_after_a_restart(home: Home) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        await root.engine.operations.pause(root.eci)
        eid = (await root.engine.accept(root.delivery("event", "n", "add", n=1))).eid
        await root.engine.operations.cancel_event(eid)
        torn = home.torn_away()

    async with torn.engine() as engine:
        await engine.operations.resume(root.eci)
        assert await seen(home.again(root, engine)) == []


async def test_what_has_begun_or_ended_cannot_be_cancelled(counter: TestPico, gate: Gate) -> None:
    ended = (await counter.send("n", "add", n=1)).eid
    task = await keep_busy(counter, gate)
    [begun] = counter.engine._in_flight

    for eid, error in ((ended, Conflict), (begun, Conflict), ("nobody", EventNotFound)):
        with pytest.raises(error):
            await counter.engine.operations.cancel_event(eid)
    gate.open()
    await task


async def test_a_cancelled_timer_does_not_fire(counter: TestPico, clock: Clock) -> None:
    await counter.install(LATER)
    await counter.send("do", "later")
    [job] = await counter.query("later", "jobs")

    await counter.engine.operations.cancel_timer(job["id"])
    clock.advance(10)

    assert (await counter.query("later", "jobs"), await seen(counter)) == ([], [])
    with pytest.raises(TimerNotFound):
        await counter.engine.operations.cancel_timer(job["id"])


@pytest.mark.fault(48)
async def test_a_timer_that_is_just_firing_cannot_be_cancelled(home: Home, clock: Clock) -> None:
    async with home.root() as root:
        assert home.store is not None
        for text in (COUNTER, LATER):
            await root.install(text)
        await root.send("do", "later")
        [job] = await root.query("later", "jobs")

        with home.store.held():
            clock.advance(10)
            await home.store.reached()
            with pytest.raises(Conflict):
                await root.engine.operations.cancel_timer(job["id"])

        assert await eventually(lambda: seen(root), [1]) == [1]


# --- the sweep --------------------------------------------------------------------------------------------


def stray(pico: TestPico) -> Any:
    """A stored event that the engine was not told of."""
    id = pico.engine._store.channel(pico.eci).pico  # type: ignore[union-attr]
    body = b'{"eci":"%b","domain":"n","type":"add","attrs":{"n":1},"time":0}' % pico.eci.encode()
    return inbox_row(900, id, eid="stray", eci=pico.eci, body=body)


async def test_a_stored_event_in_no_mailbox_is_taken_up_and_told_of(counter: TestPico) -> None:
    sweep = counter.engine._sweep
    counter.engine._store.write([Writes(inbox_add=[stray(counter)])])

    found = [sweep.look(), sweep.look()]

    assert [[each.kind for each in each_round] for each_round in found] == [[], ["stranded event"]]
    assert await seen(counter) == [1]
    assert [each.subject for each in await counter.engine.operations.examine()] == ["stray"]


async def test_an_event_on_its_way_is_no_stray(counter: TestPico) -> None:
    """It may be on disk before the loop is told so."""
    sweep = counter.engine._sweep
    await counter.engine.operations.pause(counter.eci)
    await counter.engine.accept(counter.delivery("event", "n", "add", n=1))

    assert [sweep.look(), sweep.look(), sweep.look()] == [[], [], []]


async def test_a_suspect_is_not_taken_up_before_what_was_decided_then_is_settled(counter: TestPico) -> None:
    engine = counter.engine
    engine._store.write([Writes(inbox_add=[stray(counter)])])
    under_way = asyncio.create_task(counter.send("n", "add", n=2))
    while engine._committer.quiet:
        await asyncio.sleep(0)

    before = [engine._sweep.look(), engine._sweep.look()]
    await under_way

    assert (before, len(engine._sweep.look())) == ([[], []], 1)


async def test_an_effect_that_nobody_sends_is_taken_up(home: Home, gate: Gate, clock: Clock) -> None:
    gate.open()
    async with home.root() as root:
        assert home.store is not None
        home.store.write([Writes(outbox_add=[replace(parked(gate, clock), state="ready")])])

        root.engine._sweep.look()
        found = root.engine._sweep.look()
        await gate.reached()

        assert ([each.kind for each in found], gate.keys) == (["stranded effect"], ["eid/0"])


async def test_the_sweep_goes_round_by_itself(counter: TestPico, clock: Clock) -> None:
    counter.engine._store.write([Writes(inbox_add=[stray(counter)])])

    while await seen(counter) == []:
        clock.advance(20)

    assert await seen(counter) == [1]


# --- events that end the process --------------------------------------------------------------------------


async def test_an_event_in_which_the_process_ended_is_counted_and_given_up_at_the_third_time(home: Home) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        await root.engine.operations.pause(root.eci)
        poison, good = [(await root.engine.accept(root.delivery("event", "n", "add", n=n))).eid for n in (1, 2)]
        assert home.store is not None
        row = home.store.inbox()[0]

    for _ in range(3):
        _end_in(home, row.id)
        async with home.engine() as engine:
            again = home.again(root, engine)
            assert await seen(again) == []

    async with home.engine() as engine:
        again = home.again(root, engine)
        await engine.operations.resume(root.eci)
        assert await seen(again) == [2]
        assert [engine.reports.event(eid)["status"] for eid in (poison, good)] == ["dead", "ok"]
        assert [each["name"] for each in engine.operations.dead.events()["letters"]] == [poison]


async def test_an_event_that_ends_well_at_last_leaves_no_letter(home: Home) -> None:
    async with home.root() as root:
        await root.install(COUNTER)
        await root.engine.operations.pause(root.eci)
        await root.engine.accept(root.delivery("event", "n", "add", n=1))
        assert home.store is not None
        row = home.store.inbox()[0]
    for _ in range(2):
        _end_in(home, row.id)
        async with home.engine():
            pass

    async with home.engine() as engine:
        await engine.operations.resume(root.eci)
        assert await seen(home.again(root, engine)) == [1]


def _end_in(home: Home, inbox_id: int) -> None:
    """What a crash in the middle of this event leaves."""
    BlackBox(home.path.with_name(f"{home.path.name}.running")).note(inbox_id)


def test_the_box_tells_the_event_that_had_its_turn_and_forgets_it(tmp_path: Path) -> None:
    BlackBox(tmp_path / "box").note(7)

    assert [BlackBox(tmp_path / "box").left, BlackBox(tmp_path / "box").left] == [7, None]


def test_an_event_that_had_its_turn_when_the_machine_went_down_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BlackBox(tmp_path / "box").note(7)
    monkeypatch.setattr("engine.care.black_box._boot_id", lambda: b"another".ljust(40))

    assert BlackBox(tmp_path / "box").left is None


async def test_the_box_names_what_has_its_turn_and_nothing_while_that_waits(
    counter: TestPico, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []
    monkeypatch.setattr(BlackBox, "note", lambda self, number: noted.append(number))
    await counter.install(f"""ruleset busy {{ rule waits {{ select when stay busy
        pre {{ answer = http:get("{gate.url}") }} }} }}""")
    counter.engine._suspender._pool.clear()
    counter.engine._suspender._note = noted.append

    await counter.engine.accept(counter.delivery("event", "stay", "busy"))
    await gate.reached()
    while_it_waits = noted[-1]
    gate.open()
    await seen(counter)

    number = max(noted)
    assert (while_it_waits, noted[-1], noted.count(number)) == (0, 0, 2)


# --- back-pressure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [Settings(pico_inbox_limit=3)])
async def test_a_pico_with_a_full_inbox_takes_no_more_until_it_has_room(counter: TestPico) -> None:
    await counter.engine.operations.pause(counter.eci)
    for n in range(3):
        await counter.engine.accept(counter.delivery("event", "n", "add", n=n))

    with pytest.raises(Overloaded) as caught:
        await counter.engine.accept(counter.delivery("event", "n", "add", n=3))
    assert (caught.value.retry_after, "pico_inbox_limit" in str(caught.value)) == (1, True)

    assert await seen(counter) == []  # queries do not stand behind what waits
    await counter.engine.operations.resume(counter.eci)
    while counter.engine.reports.queues()["waiting"]:
        await asyncio.sleep(0)
    await counter.send("n", "add", n=4)
    assert await seen(counter) == [0, 1, 2, 4]


@pytest.mark.parametrize("settings", [Settings(inbox_limit=3)])
async def test_an_engine_with_a_full_inbox_takes_no_more(counter: TestPico, root: TestPico) -> None:
    await counter.engine.operations.pause(counter.eci)
    for n in range(3):
        await counter.engine.accept(counter.delivery("event", "n", "add", n=n))

    with pytest.raises(Overloaded, match="inbox_limit"):
        await root.send("n", "add", n=3)
