"""The writer thread: order, batches, and what a failure takes along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Stopping, StoreUnavailable
from engine.store.interface import CommitRefused, Writes
from engine.store.memory import MemoryStore
from engine.store.sqlite import SQLiteStore
from engine.store.writer import MAX_BATCH, Ticket, Writer


class GatedStore(MemoryStore):
    """Notes every batch; while `gate` is held, commits wait for it; `fault` fails the next ones."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Lock()
        self.begun = threading.Semaphore(0)
        self.fault: Callable[[list[str]], Exception | None] = lambda names: None
        self.batches: list[list[str]] = []

    def write(self, batch: Sequence[Writes]) -> None:
        names = [name for writes in batch for name in writes.facts]
        self.begun.release()
        with self.gate:
            error = self.fault(names)
            if error is not None:
                raise error
            self.batches.append(names)
            super().write(batch)


@pytest.fixture
def store() -> Iterator[GatedStore]:
    opened = GatedStore()
    yield opened
    opened.close()


@pytest.fixture
async def writer(store: GatedStore) -> AsyncIterator[Writer]:
    opened = Writer(store, asyncio.get_running_loop())
    yield opened
    opened.close()


def named(name: object) -> Writes:
    return Writes(facts={str(name): ""})


async def test_a_ticket_is_done_when_its_writes_are_committed(store: GatedStore, writer: Writer) -> None:
    with store.gate:
        ticket = writer.submit(named("a"))
        before = (ticket.done, store.fact("a"))
    await writer.drain()

    assert before == (False, None)
    assert (ticket.done, ticket.error, store.fact("a")) == (True, None, "")


async def test_callbacks_come_in_order_of_submission_on_the_loops_thread(writer: Writer) -> None:
    told: list[object] = []
    for n in range(100):
        ticket = writer.submit(named(n), lambda _, n=n: told.append((n, threading.current_thread())))  # type: ignore[misc]
        ticket.then(lambda _, n=n: told.append((n, "then")))  # type: ignore[misc]
    await writer.drain()

    assert told == [(n, who) for n in range(100) for who in (threading.main_thread(), "then")]


async def test_no_callback_comes_during_submit(writer: Writer) -> None:
    told: list[object] = []
    writer.submit(named("a"), told.append)
    during = list(told)
    await writer.drain()

    assert (during, told) == ([], [None])


async def test_a_callback_given_to_a_ticket_that_is_done_is_told_at_once(writer: Writer) -> None:
    ticket = writer.submit(named("a"))
    await writer.drain()
    told: list[object] = []

    ticket.then(told.append)

    assert told == [None]


async def test_what_gathers_during_a_commit_shares_the_next_one(store: GatedStore, writer: Writer) -> None:
    with store.gate:
        writer.submit(named("first"))
        await asyncio.to_thread(store.begun.acquire)
        for n in range(5):
            writer.submit(named(n))
    await writer.drain()

    assert store.batches == [["first"], ["0", "1", "2", "3", "4"]]


async def test_a_batch_is_bounded(store: GatedStore, writer: Writer) -> None:
    with store.gate:
        writer.submit(named("first"))
        await asyncio.to_thread(store.begun.acquire)
        for n in range(MAX_BATCH + 1):
            writer.submit(named(n))
    await writer.drain()

    assert [len(batch) for batch in store.batches] == [1, MAX_BATCH, 1]


async def test_a_callback_that_fails_does_not_silence_the_next(writer: Writer) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    told: list[object] = []
    writer.submit(named("a"), lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    writer.submit(named("b"), told.append)
    await writer.drain()

    assert told == [None]
    assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]


async def test_draining_waits_for_what_callbacks_submit(store: GatedStore, writer: Writer) -> None:
    writer.submit(named("a"), lambda _: writer.submit(named("b")) and None)
    await writer.drain()

    assert store.fact("b") == ""


# --- failures ---------------------------------------------------------------------------------------------


async def test_a_failed_batch_takes_along_all_that_is_queued_behind_it(store: GatedStore) -> None:
    told: list[tuple[list[Ticket], Exception]] = []
    writer = Writer(store, asyncio.get_running_loop(), lambda tickets, error: told.append((tickets, error)))
    error = StoreUnavailable("no disk")
    stuck, go_on = threading.Event(), threading.Event()
    store.fault = lambda names: (stuck.set(), go_on.wait(), error)[-1] if "bad" in names else None
    good = writer.submit(named("good"))
    await writer.drain()
    bad = writer.submit(named("bad"))
    await asyncio.to_thread(stuck.wait)
    behind = writer.submit(named("behind"))
    go_on.set()
    await writer.drain()

    assert (good.error, bad.error, behind.error) == (None, error, error)
    assert told == [([bad, behind], error)]
    assert store.fact("behind") is None
    writer.close()


async def test_the_failure_is_told_before_its_tickets_are(store: GatedStore) -> None:
    told: list[object] = []
    writer = Writer(store, asyncio.get_running_loop(), lambda tickets, error: told.append("all"))
    store.fault = lambda names: CommitRefused("no")
    writer.submit(named("a"), lambda _: told.append("ticket"))
    await writer.drain()

    assert told == ["all", "ticket"]
    writer.close()


async def test_until_it_is_reopened_everything_fails_and_nothing_is_tried(store: GatedStore, writer: Writer) -> None:
    error = CommitRefused("no")
    store.fault = lambda names: error
    writer.submit(named("a"))
    await writer.drain()
    store.fault = lambda names: None

    told: list[object] = []
    writer.submit(named("b"), told.append)
    during = list(told)
    await asyncio.sleep(0)

    assert (during, told, store.batches) == ([], [error], [])


async def test_reopening_tells_first_what_was_refused_meanwhile(store: GatedStore, writer: Writer) -> None:
    store.fault = lambda names: CommitRefused("no")
    writer.submit(named("a"))
    await writer.drain()
    store.fault = lambda names: None
    refused = writer.submit(named("b"))

    writer.reopen()
    welcome = writer.submit(named("c"))

    assert isinstance(refused.error, CommitRefused)
    await writer.drain()
    assert (refused.done, welcome.error, store.batches) == (True, None, [["c"]])


async def test_who_is_told_of_the_failure_may_reopen_and_try_again_at_once(store: GatedStore) -> None:
    def again(tickets: list[Ticket], error: Exception) -> None:
        store.fault = lambda names: None
        writer.reopen()
        writer.submit(named("again"))

    writer = Writer(store, asyncio.get_running_loop(), again)
    store.fault = lambda names: CommitRefused("no")
    first = writer.submit(named("first"))
    await writer.drain()

    assert isinstance(first.error, CommitRefused)
    assert store.batches == [["again"]]
    writer.close()


async def test_after_a_failure_as_many_go_one_by_one(store: GatedStore, writer: Writer) -> None:
    store.fault = lambda names: CommitRefused("no") if len(names) > 1 else None
    with store.gate:
        writer.submit(named("first"))
        await asyncio.to_thread(store.begun.acquire)
        for n in range(3):
            writer.submit(named(n))
    await writer.drain()
    store.fault = lambda names: None
    writer.reopen()
    with store.gate:
        for n in range(5):
            writer.submit(named(n))
    await writer.drain()

    assert store.batches == [["first"], ["0"], ["1"], ["2"], ["3", "4"]]


async def test_a_full_disk_fails_what_is_submitted_and_heals(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    writer = Writer(store, asyncio.get_running_loop())
    store._write.execute("PRAGMA max_page_count = 1")
    large = Writes(variables={("p", "r", "a"): b"x" * 200_000})
    full = writer.submit(large)
    await writer.drain()

    store._write.execute("PRAGMA max_page_count = 100000")
    writer.reopen()
    healed = writer.submit(large)
    await writer.drain()

    assert isinstance(full.error, StoreUnavailable)
    assert healed.error is None
    writer.close()
    store.close()


# --- the end ----------------------------------------------------------------------------------------------


async def test_closing_commits_what_is_queued(store: GatedStore, writer: Writer) -> None:
    with store.gate:
        tickets = [writer.submit(named(n)) for n in range(3)]
    writer.close()
    await writer.drain()

    assert [ticket.error for ticket in tickets] == [None] * 3
    assert store.fact("2") == ""


async def test_what_is_submitted_after_closing_fails(writer: Writer) -> None:
    writer.close()
    ticket = writer.submit(named("a"))
    await asyncio.sleep(0)

    assert ticket.done
    assert isinstance(ticket.error, Stopping)


async def test_closing_during_a_failure_ends_and_tries_nothing_more(store: GatedStore, writer: Writer) -> None:
    store.fault = lambda names: CommitRefused("no")
    with store.gate:
        first = writer.submit(named("first"))
        await asyncio.to_thread(store.begun.acquire)
        second = writer.submit(named("second"))
    writer.close()
    store.fault = lambda names: None
    await writer.drain()

    assert (type(first.error), type(second.error)) == (CommitRefused, CommitRefused)
    assert store.batches == []


async def test_closing_twice_is_no_harm(writer: Writer) -> None:
    writer.close()
    writer.close()
