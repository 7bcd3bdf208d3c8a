"""Deleting picos that are at work: what they were doing ends, who waits is told, nothing of them stays."""

from __future__ import annotations

import asyncio

import pytest

from engine import ChannelNotFound, RuleFailed
from tests.engine.conftest import eventually
from tests.engine.gate import open_gate
from tests.engine.homes import Home

WORKER = """ruleset worker {
  meta { shares seen, through }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    through = function(eci) { ctx:query(eci, "worker", "seen") }
  }
  rule wait { select when x wait
    http:get(event:attrs{"url"})
    fired { ent:seen := seen().append("waited") } }
  rule note { select when x note fired { ent:seen := seen().append(event:attrs{"n"}) } }
  rule wait_then_new { select when x wait_then_new
    every { http:get(event:attrs{"url"})
            ctx:newChannel(["late"]) } }
  rule late { select when x late fired { schedule x event "note" at event:attrs{"at"} attributes {"n": "late"} } }
  rule send { select when x send
    event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "note", "attrs": {"n": event:attrs{"n"}}}) }
  rule wait_then_send { select when x wait_then_send
    every { event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "note", "attrs": {"n": "sent"}})
            http:get(event:attrs{"url"}) } }
  rule ask { select when x ask pre { seen = ctx:query(event:attrs{"of"}, "worker", "seen") } noop() }
  rule send_then_delete { select when x send_then_delete
    every { event:send({"eci": event:attrs{"to"}, "domain": "x", "type": "note", "attrs": {"n": "last"}})
            ctx:delPico(ctx:children.head()) } }
  rule delete_slowly { select when x delete_slowly
    every { ctx:delPico(ctx:children.head())
            http:get(event:attrs{"url"}) } }
  rule delete_then_fail { select when x delete_then_fail
    ctx:delPico(ctx:children.head())
    fired { ent:n := 1 - "one" } }
}"""


@pytest.fixture
async def gate():
    async with open_gate() as gate:
        yield gate


@pytest.fixture
async def family(root):
    """A root, its child and its grandchild, all workers."""
    child = await root.child("child")
    grandchild = await child.child("grandchild")
    for each in (root, child, grandchild):
        await each.install(WORKER)
    return root, child, grandchild


def rows_of(store, pico):
    """Everything that the store has of a pico but its log."""
    rows = [row for row in store.inbox() if row.pico == pico]
    rows += [row for row in store.due_timers(1 << 60, limit=10_000) if row.pico == pico]
    return (
        [store.pico(pico)] * (store.pico(pico) is not None) + rows + store.channels(pico) + list(store.variables(pico))
    )


def id_of(pico):
    return pico.engine.reports.pico_row(pico.eci).id


async def test_the_callers_of_a_deleted_pico_are_told_that_it_is_gone(family, gate):
    root, child, _ = family
    running = asyncio.create_task(child.send("x", "wait", url=gate.url))
    await gate.reached()
    queued = asyncio.create_task(child.send("x", "note", n=1))
    asked = asyncio.create_task(child.query("worker", "seen"))
    await asyncio.sleep(0)

    await root.tell_ui("del", eci=child.ui)

    for waiting in (running, queued, asked):
        with pytest.raises(ChannelNotFound):
            await asyncio.wait_for(waiting, 5)


async def test_what_a_deleted_pico_was_doing_leaves_no_trace(family, gate):
    """In the Node engine it went on, wrote, and the next start failed."""
    root, child, _ = family
    pico = id_of(child)
    running = asyncio.create_task(child.send("x", "wait_then_new", url=gate.url))
    await gate.reached()
    await child.accept("x", "note", n=1)

    await root.tell_ui("del", eci=child.ui)
    gate.open()
    await asyncio.wait([running])
    await root.send("x", "nothing")

    assert rows_of(root.engine._store, pico) == []
    assert running.exception() is not None


async def test_a_deleted_subtree_ends_with_all_its_work(family, gate):
    root, child, grandchild = family
    picos = [id_of(child), id_of(grandchild)]
    running = asyncio.create_task(grandchild.send("x", "wait_then_new", url=gate.url))
    await gate.reached()

    await root.tell_ui("del", eci=child.ui)

    with pytest.raises(ChannelNotFound):
        await asyncio.wait_for(running, 5)
    assert [rows_of(root.engine._store, pico) for pico in picos] == [[], []]


@pytest.mark.fault(48)
async def test_neither_the_id_nor_a_channel_of_a_deleted_pico_is_known(family):
    root, child, _ = family
    ecis = [id_of(child), child.ui, child.eci]
    before = [await root.engine.knows(eci) for eci in ecis]

    await root.tell_ui("del", eci=child.ui)

    assert (before, [await root.engine.knows(eci) for eci in ecis]) == ([True] * 3, [False] * 3)


async def test_the_timers_of_a_deleted_pico_never_fire(family, clock):
    root, child, _ = family
    await child.send("x", "late", at=clock.ms + 1000)
    pico = id_of(child)

    await root.tell_ui("del", eci=child.ui)
    clock.advance(2)
    await root.send("x", "late", at=clock.ms)

    assert await eventually(lambda: root.query("worker", "seen"), ["late"]) == ["late"]
    assert rows_of(root.engine._store, pico) == []


async def test_who_asks_a_pico_that_is_deleted_meanwhile_gets_an_error(family, gate):
    root, child, _ = family
    busy = asyncio.create_task(child.send("x", "wait", url=gate.url))
    await gate.reached()
    other = await root.child("other")
    await other.install(WORKER)
    asking = asyncio.create_task(other.send("x", "ask", of=child.eci))
    await eventually(lambda: _waiting(root, child), 1)

    await root.tell_ui("del", eci=child.ui)

    with pytest.raises(RuleFailed, match="ECI not found"):
        await asyncio.wait_for(asking, 5)
    await asyncio.wait([busy])


async def _waiting(root, pico):
    return root.engine.reports.pico(pico.eci)["waiting"]


async def test_an_event_that_is_sent_to_a_pico_and_the_pico_deleted_at_once_disturbs_nobody(tmp_path, clock):
    """A commit that is refused takes along whatever stands behind it."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        child = await root.child()
        await root.install(WORKER)

        await root.send("x", "send_then_delete", to=child.eci)
        await root.send("x", "note", n=1)

        assert (home.store.refused, home.store.inbox()) == (0, [])


@pytest.mark.fault(48)
async def test_a_deleted_pico_that_waits_for_anothers_answer_disturbs_nobody(tmp_path, clock, gate):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        child, other = await root.child("child"), await root.child("other")
        for each in (root, child, other):
            await each.install(WORKER)
        busy = asyncio.create_task(other.send("x", "wait", url=gate.url))
        await gate.reached()
        asking = asyncio.create_task(child.send("x", "ask", of=other.eci))
        await eventually(lambda: _waiting(root, other), 1)

        await root.tell_ui("del", eci=child.ui)
        gate.open()
        await asyncio.wait([busy, asking])
        await root.send("x", "note", n=1)

        assert (home.store.refused, home.store.inbox()) == (0, [])


@pytest.mark.fault(48)
async def test_a_channel_whose_deletion_is_on_its_way_to_disk_lets_no_pico_in(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        child, sender = await root.child("child"), await root.child("sender")
        for each in (child, sender):
            await each.install(WORKER)
        gone = await child.channel()

        with home.store.held():
            deleted = asyncio.create_task(child.tell_ui("del_channel", eci=gone))
            await home.store.reached()
            sent = asyncio.create_task(sender.send("x", "send", to=gone, n=1))
            await asyncio.sleep(0)  # it waits for its turn
            await eventually(lambda: _has_nothing_to_do(root.engine), True)
        await asyncio.gather(deleted, sent)

        assert await child.query("worker", "seen") == []


async def _has_nothing_to_do(engine):
    """But to let commits reach the disk."""
    return engine.waiting == 0 and not engine._mailboxes.under_way


async def test_an_event_that_is_sent_just_before_the_deletion_disturbs_nobody(tmp_path, clock):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        child, sender = await root.child("child"), await root.child("sender")
        for each in (root, sender):
            await each.install(WORKER)

        with home.store.held():
            sent = asyncio.create_task(sender.send("x", "send", to=child.eci, n=1))
            await home.store.reached()
            deleted = asyncio.create_task(root.tell_ui("del", eci=child.ui))
            await eventually(lambda: _inbox(root), [])
        await asyncio.gather(sent, deleted)
        await root.send("x", "note", n=1)

        assert (home.store.refused, home.store.inbox()) == (0, [])


async def test_a_send_to_a_pico_that_is_deleted_before_the_sender_has_ended_is_dropped(family, gate):
    root, child, _ = family
    sender = await root.child("sender")
    await sender.install(WORKER)
    sending = asyncio.create_task(sender.send("x", "wait_then_send", to=child.eci, url=gate.url))
    await gate.reached()

    await root.tell_ui("del", eci=child.ui)
    gate.open()
    await sending

    assert await eventually(lambda: _inbox(root), []) == []


async def _inbox(pico):
    return pico.engine._store.inbox()


async def test_descendants_that_are_born_while_the_deletion_is_under_way_are_deleted_too(family, gate):
    root, child, _ = family
    deleting = asyncio.create_task(root.send("x", "delete_slowly", url=gate.url))
    await gate.reached()
    born = await child.child("born")
    pico = id_of(born)

    gate.open()
    await deleting

    assert root.engine._store.pico(pico) is None
    with pytest.raises(ChannelNotFound):
        await born.send("x", "y")


async def test_a_deletion_that_fails_leaves_the_pico_at_work(family, gate):
    root, child, _ = family
    running = asyncio.create_task(child.send("x", "wait", url=gate.url))
    await gate.reached()

    with pytest.raises(RuleFailed):
        await root.send("x", "delete_then_fail")
    gate.open()
    await running

    assert await child.query("worker", "seen") == ["waited"]


async def test_a_deletion_whose_commit_is_lost_leaves_the_pico_and_its_stored_events(tmp_path, clock, gate):
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        child = await root.child()
        for each in (root, child):
            await each.install(WORKER)
        running = asyncio.create_task(child.send("x", "wait", url=gate.url))
        await gate.reached()
        await child.accept("x", "note", n=1)
        home.store.refuse(1)

        with pytest.raises(Exception, match="could not take the commit"):
            await root.tell_ui("del", eci=child.ui)
        gate.open()
        await asyncio.wait([running])

        assert await eventually(lambda: child.query("worker", "seen"), [1]) == [1]


async def test_an_engine_starts_with_rows_of_picos_that_are_missing(tmp_path, clock):
    """Orphans, as an older version or an accident may leave them, are dropped."""
    home = Home(tmp_path / "home.db", clock)
    async with home.root() as root:
        await root.install(WORKER)
        child = await root.child()
        await child.install(WORKER)
        await child.send("x", "late", at=clock.ms + 1000)
        channels = {row.eci: row for row in home.store.channels(id_of(child))}
        [timer] = home.store.due_timers(1 << 60)
        await root.tell_ui("del", eci=child.ui)
        home.store.plant(channels=channels, timers={timer.id: timer})

    clock.advance(2)
    async with home.root() as root:
        with pytest.raises(ChannelNotFound):
            await child.__class__(root.engine, child.ui, child.eci).send("x", "note", n=1)
        await root.send("x", "note", n=1)

        assert await root.query("worker", "seen") == [1]
        assert await eventually(lambda: _inbox(root), []) == []
