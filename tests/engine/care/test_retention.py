"""What is kept for how long: docs/operations.md, "What is kept"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from engine import Chance, RuleFailed, Settings
from engine.care.doctor import verify
from engine.care.retention import SLICE_ROWS, Retention, last_to_cut
from engine.chain import breaks, link
from engine.store.choose import open_store
from engine.store.interface import SnapshotRow, Store, Writes
from tests.engine.conftest import Clock, eventually
from tests.engine.homes import Home
from tests.engine.store.rows import dedup_row, log_row, pico_row
from tests.engine.want import no_thread_starts

DAY = 24 * 3600.0


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store("memory:" if request.param == "memory" else tmp_path / "store.db")
    yield opened
    opened.close()


def retention(store: Store, clock: Clock, **settings: Any) -> Retention:
    return Retention(store, Settings(**settings), Chance(now=clock, sleep=clock.sleep))


def chained(pico: str, times: list[int]) -> Writes:
    """A pico whose log has an event at each of these times."""
    rows, hash = [], b""
    for seq, at in enumerate(times, 1):
        after = link(hash, seq, f"{pico}{seq}", "c0", b"{}", b"[]")
        rows.append(log_row(pico, seq, eid=f"{pico}{seq}", changes=b"{}", t_commit=at, prev_hash=hash, hash=after))
        hash = after
    return Writes(picos={pico: pico_row(pico, head_seq=len(times), head_hash=hash)}, log=rows)


async def test_traces_go_after_a_week_and_events_stay(store: Store, clock: Clock) -> None:
    store.write([Writes(log=[log_row(seq=n, t_commit=clock.ms - int((10 - n) * DAY * 1000)) for n in range(1, 10)])])

    await retention(store, clock).round()

    assert [row.seq for row in store.log("p") if row.trace] == [3, 4, 5, 6, 7, 8, 9]
    assert len(store.log("p")) == 9


async def test_the_oldest_traces_go_when_there_are_too_many(store: Store, clock: Clock) -> None:
    rows = [log_row(seq=n, t_commit=clock.ms + n, trace=b"x" * 100) for n in range(1, 3 * SLICE_ROWS)]
    store.write([Writes(log=rows)])

    await retention(store, clock, trace_bytes=1000).round()

    assert [row.seq for row in store.log("p", limit=1000) if row.trace] == list(
        range(3 * SLICE_ROWS - 10, 3 * SLICE_ROWS)
    )


async def test_failures_and_their_traces_are_kept_for_a_month(store: Store, clock: Clock) -> None:
    ages = (40, 20)
    rows = [log_row(seq=n, t_commit=clock.ms - int(age * DAY * 1000), status="failed") for n, age in enumerate(ages, 1)]
    store.write([Writes(log=rows)])

    for _ in range(2):
        await retention(store, clock).round()

    assert [row.seq for row in store.dead_events()] == [2]
    assert [row.seq for row in store.log("p") if row.trace] == [2]


async def test_keys_that_have_expired_go(store: Store, clock: Clock) -> None:
    store.write(
        [Writes(dedup_add=[dedup_row(key="a", expires_at=clock.ms - 1), dedup_row(key="b", expires_at=1 << 50)])]
    )

    await retention(store, clock).round()

    assert (store.dedup("ch", "a"), store.dedup("ch", "b") is not None) == (None, True)


async def test_the_log_is_kept_for_ever_unless_a_setting_says_otherwise(store: Store, clock: Clock) -> None:
    store.write([chained("p", [1, 2, 3]), Writes(snapshots=[SnapshotRow("p", 3, b"", b"{}")])])

    await retention(store, clock).round()

    assert len(store.log("p")) == 3


async def test_a_log_is_cut_behind_a_snapshot_that_is_old_enough_and_can_still_be_verified(
    store: Store, clock: Clock
) -> None:
    times = [clock.ms - int(days * DAY * 1000) for days in (9, 8, 7, 6, 2, 1)]
    digest = sha256(b"{}").digest()
    store.write([chained("p", times), Writes(snapshots=[SnapshotRow("p", seq, digest, b"{}") for seq in (0, 1, 3, 5)])])

    await retention(store, clock, log_seconds=5 * DAY).round()

    assert [row.seq for row in store.log("p")] == [4, 5, 6]
    assert list(verify(store)) == []
    assert list(breaks(store.log("p"), *store.cut("p"))) == []


async def test_a_log_without_a_snapshot_is_not_cut(store: Store, clock: Clock) -> None:
    store.write([chained("p", [1, 2, 3])])

    await retention(store, clock, log_seconds=DAY).round()

    assert len(store.log("p")) == 3


def test_a_log_that_was_cut_is_cut_again_further_on(store: Store) -> None:
    store.write([chained("p", list(range(1, 10))), Writes(snapshots=[SnapshotRow("p", s, b"", b"{}") for s in (2, 6)])])

    first = last_to_cut(store, "p", before=5)
    store.cut_log("p", first, 100)

    assert (first, last_to_cut(store, "p", before=5), last_to_cut(store, "p", before=8)) == (2, 2, 6)


async def test_it_goes_round_while_the_engine_runs(tmp_path: Path, clock: Clock) -> None:
    home = Home(tmp_path / "store.db", clock)
    async with home.root() as root:
        assert home.store is not None
        await root.install('ruleset a { rule r { select when x y fired { ent:n := 1 - "a" } } }')
        with pytest.raises(RuleFailed) as caught:
            await root.send("x", "y")

        for _ in range(200):
            clock.advance(DAY)
            await asyncio.sleep(0.01)
            if home.store.dead_event(str(caught.value.eid)) is None:
                break

        assert home.store.dead_events() == []


@pytest.mark.fault(53)
async def test_it_goes_on_after_a_round_that_there_was_no_thread_for(store: Store, clock: Clock) -> None:
    store.write([Writes(dedup_add=[dedup_row(expires_at=1)])])
    work = retention(store, clock)
    work.start()

    async def after_a_round(done: Callable[[], bool]) -> bool:
        clock.advance(61)
        return done()

    with no_thread_starts() as wanted:
        assert await eventually(lambda: after_a_round(lambda: bool(wanted)), True)
    assert await eventually(lambda: after_a_round(lambda: store.expired(2) == 0), True)

    await work.stop()


async def test_a_slice_under_way_is_waited_for_when_the_engine_stops(tmp_path: Path, clock: Clock) -> None:
    store = open_store(tmp_path / "store.db")
    store.write([Writes(log=[log_row(seq=n, t_commit=1) for n in range(1, 5000)])])
    work = retention(store, clock)
    work.start()
    await asyncio.sleep(0)
    clock.advance(61)
    await asyncio.sleep(0.01)

    await work.stop()

    store.close()  # while a thread used it, this would fail
