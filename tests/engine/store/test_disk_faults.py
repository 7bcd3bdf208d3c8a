"""Disks that fail: power that is lost in the middle of a write, space that ends, reads that break, bits that flip.

Each test names the invariants that it proves: ACK (what was acknowledged is there), ONCE, ORD, STATE (the log leads to
the state), CHAIN (the hashes hold), LIVE (nothing is stuck).
"""

from __future__ import annotations

import asyncio
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from engine import EngineError, StoreUnavailable, open_engine
from engine.care.doctor import verify
from engine.document import loads
from engine.past.snapshots import capture
from engine.past.state import past
from engine.store.choose import open_store
from tests.engine.conftest import TestPico, eventually
from tests.engine.homes import Home
from tests.engine.process import Client
from tests.examples.engine_process import EngineProcess

LEDGER = """ruleset ledger {
  meta { shares entries, size }
  global { entries = function() { ent:entries.defaultsTo([]) }  size = function() { ent:bulk.length() } }
  rule enter { select when ledger enter
    always { ent:entries := entries().append(event:attrs{"n"}); ent:bulk := event:attrs{"bulk"} } }
}"""
SECTOR = 512
EVENTS = 12
BULK = "x" * 200_000
PATIENCE_SECONDS = 30.0


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


# --- power --------------------------------------------------------------------------------------------------------


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


async def written(home: Home) -> tuple[Path, list[int]]:
    """A copy of the files of a running engine, and how long its write-ahead log was at each acknowledgement."""
    async with home.root() as root:
        await root.install(LEDGER)
        lengths = [log_of(home.path).stat().st_size]
        for n in range(EVENTS):
            # One is evaluated before it is acknowledged, the next is only stored.
            await (root.send("ledger", "enter", n=n) if n % 2 else root.accept("ledger", "enter", n=n))
            lengths.append(log_of(home.path).stat().st_size)
        copy = home.path.with_name("copy.db")
        shutil.copy(home.path, copy)
        shutil.copy(log_of(home.path), log_of(copy))
    return copy, lengths


def cut(log: bytearray, kept: int, random: Random) -> None:
    """The end of the file was never written."""
    del log[random.randrange(kept, len(log) + 1) :]


def zero(log: bytearray, kept: int, random: Random) -> None:
    """Some sectors were never written, though later ones were."""
    for at in sectors(log, kept):
        if random.random() < 0.3:
            log[at : at + SECTOR] = bytes(SECTOR)


def swap(log: bytearray, kept: int, random: Random) -> None:
    """What was to be in one sector is in another."""
    places = list(sectors(log, kept))
    for at in places:
        other = random.choice(places)
        log[at : at + SECTOR], log[other : other + SECTOR] = log[other : other + SECTOR], log[at : at + SECTOR]


def sectors(log: bytearray, kept: int) -> Iterator[int]:
    """Where whole sectors begin that no acknowledgement has vouched for."""
    return iter(range(-(-kept // SECTOR) * SECTOR, len(log) - SECTOR + 1, SECTOR))


@pytest.mark.fault(13)
@pytest.mark.parametrize("harm", [cut, zero, swap])
async def test_what_was_acknowledged_survives_the_loss_of_power(
    home: Home, tmp_path: Path, harm: Callable[[bytearray, int, Random], None]
) -> None:
    """ACK STATE CHAIN: a log that was written up to the last acknowledgement leads to all that was acknowledged."""
    copy, lengths = await written(home)
    whole = log_of(copy).read_bytes()
    for acknowledged, kept in enumerate(lengths):
        torn = tmp_path / f"torn-{harm.__name__}-{acknowledged}.db"
        log = bytearray(whole)
        harm(log, kept, Random(acknowledged))
        shutil.copy(copy, torn)
        log_of(torn).write_bytes(log)

        store = open_store(torn)
        try:
            found = known(store)
            assert found == list(range(len(found)))
            assert len(found) >= acknowledged
            assert (store.damage(), list(verify(store))) == ([], [])
            root = store.roots()[0].id
            assert past(store, root).state() == capture(store, root)
        finally:
            store.close()


def known(store: Any) -> list[int]:
    """The numbers that were entered, and those that wait for it, in order."""
    root = store.roots()[0].id
    entries = store.variable(root, "ledger", "entries")
    waiting = [loads(row.body)["attrs"]["n"] for row in store.inbox()]
    return [*(loads(entries) if entries else []), *waiting]


# --- space --------------------------------------------------------------------------------------------------------


@pytest.mark.fault(14)
async def test_an_engine_whose_disk_is_full_says_so_answers_queries_and_goes_on_when_there_is_space(home: Home) -> None:
    """ACK ONCE LIVE."""
    async with home.root() as root, asyncio.timeout(PATIENCE_SECONDS):
        await root.install(LEDGER)
        await root.send("ledger", "enter", n=0, bulk=BULK)
        writing = home.store._write  # the store's own connection
        pages = writing.execute("PRAGMA page_count").fetchone()[0]
        writing.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StoreUnavailable):
            await root.send("ledger", "enter", n="lost", bulk=BULK * 4)
        with pytest.raises(StoreUnavailable):
            await root.accept("ledger", "enter", n="lost, too", bulk=BULK * 4)
        during = await eventually(lambda: root.query("ledger", "entries"), [0])
        writing.execute("PRAGMA max_page_count = 1000000")
        after = await eventually(lambda: _entered(root), [0, 1])

    assert (during, after) == ([0], [0, 1])


async def _entered(root: TestPico) -> Any:
    """The entries, when an event that is repeated under its key has got through."""
    await root.deliver("event", "ledger", "enter", key="one", n=1, bulk=BULK)
    return await root.query("ledger", "entries")


@pytest.mark.fault(14)
async def test_a_process_that_may_write_no_further_answers_503_and_goes_on_when_it_may(tmp_path: Path) -> None:
    """ACK ONCE LIVE: the kernel refuses writes in the middle of the file (EFBIG), as a failing disk does."""
    with EngineProcess(tmp_path / "home") as engine:
        async with asyncio.timeout(PATIENCE_SECONDS), Client(engine) as client:
            eci = await client.new_pico("ledger", LEDGER)
            await client.post(f"/c/{eci}/event-wait/ledger/enter", {"n": 0, "bulk": BULK})
            process = engine._process.pid  # type: ignore[union-attr]
            limit = log_of(tmp_path / "home" / "picoengine.db").stat().st_size + 1000
            resource.prlimit(process, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

            with pytest.raises(httpx2.HTTPStatusError, match="503"):
                await client.post(f"/c/{eci}/event-wait/ledger/enter", {"n": "lost", "bulk": BULK})
            during = await _answered(client, eci)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await client.post_until_acknowledged(f"/c/{eci}/event-wait/ledger/enter", {"n": 1, "bulk": BULK}, "one")
            after = await client.query(eci, "ledger", "entries")

    assert (during, after) == ([0], [0, 1])


async def _answered(client: Client, eci: str) -> Any:
    """The entries, as soon as the engine has gone back to what is on disk."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await client.query(eci, "ledger", "entries")
            except httpx2.HTTPStatusError as error:
                if error.response.status_code != 503:
                    raise


# --- reads --------------------------------------------------------------------------------------------------------

COUNTER = """ruleset counter { meta { shares n }
  global { n = function() { ent:n } }
  rule count { select when counter count always { ent:n := ent:n.isnull() => 1000000 | ent:n + 1 } } }"""


class BrokenAt:
    """A store whose k-th read fails."""

    def __init__(self, inner: Any, k: int) -> None:
        self._inner, self._left = inner, k
        self.broke = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name in ("write", "close", "beside", "view"):
            return found
        self._left -= 1
        if self._left == 0:
            self.broke = True
            return self._unreadable
        return found

    @staticmethod
    def _unreadable(*_: Any) -> Any:
        raise StoreUnavailable("input/output error")


@pytest.mark.fault(15)
async def test_whichever_read_fails_a_variable_is_never_taken_for_unset(home: Home) -> None:
    """STATE ONCE: an event that could not read its state has not happened."""
    async with home.root() as root:
        await root.install(COUNTER)
        await root.send("counter", "count")
    before, k, reads_fail = 1_000_000, 0, True
    while reads_fail:
        k += 1
        store = BrokenAt(open_store(home.path), 0)
        async with open_engine(home.settings, store=store) as engine:
            pico = TestPico(engine, engine.ui_context()["eci"], root.eci)
            store._left = k
            try:
                await pico.send("counter", "count")
                before += 1
            except EngineError as error:
                assert isinstance(error, StoreUnavailable), f"read {k}"
            reads_fail, store._left = store.broke, 0

            assert await pico.query("counter", "n") == before, f"read {k}"
    assert k > 3


# --- bits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def two(home: Home) -> tuple[TestPico, TestPico]:
    """Two picos with entries, between two engines."""
    async with home.root() as root:
        pair = []
        for name in ("sound", "hit"):
            pico = await root.child(name)
            await pico.install(LEDGER)
            for n in range(3):
                await pico.send("ledger", "enter", n=n)
            pair.append(pico)
    return pair[0], pair[1]


@pytest.mark.fault(16)
@pytest.mark.parametrize("value", ["CAST(X'5B302C31' AS BLOB)", "CAST(X'00FF' AS BLOB)"])
async def test_a_damaged_variable_stops_its_pico_and_no_other(
    home: Home, two: tuple[TestPico, TestPico], value: str
) -> None:
    """LIVE STATE: what cannot be read is not taken for unset, and nothing is written over it."""
    id = hit_id(home, two[1])
    with home.database() as database:
        database.execute(f"UPDATE ent SET value = {value} WHERE name = 'entries' AND pico = ?", (id,))
    with capture_logs():  # which tell of it at length
        async with home.engine() as engine:
            sound, hit = (home.again(pico, engine) for pico in two)

            with pytest.raises(EngineError):
                await hit.send("ledger", "enter", n=3)
            await sound.send("ledger", "enter", n=3)

            assert await sound.query("ledger", "entries") == [0, 1, 2, 3]
    assert home.rows("ent", "length(value)", where=f"name = 'entries' AND pico = '{id}'") != [(7,)]


@pytest.mark.fault(16)
async def test_a_flipped_bit_in_the_log_is_named_and_its_pico_goes_on(
    home: Home, two: tuple[TestPico, TestPico]
) -> None:
    """CHAIN LIVE: the past of one pico is wrong; its present, and everybody else's, is not."""
    id = hit_id(home, two[1])
    [(seq, changes)] = home.rows("evlog", "seq", "changes", where=f"pico = '{id}' ORDER BY seq DESC LIMIT 1")
    flipped = bytes([changes[0], changes[1] ^ 1, *changes[2:]])
    with home.database() as database:
        database.execute("UPDATE evlog SET changes = ? WHERE pico = ? AND seq = ?", (flipped, id, seq))
    async with home.engine() as engine:
        sound, hit = (home.again(pico, engine) for pico in two)
        for pico in (sound, hit):
            await pico.send("ledger", "enter", n=3)

        assert [await pico.query("ledger", "entries") for pico in (sound, hit)] == [[0, 1, 2, 3]] * 2
        found = [(each.subject, each.what) for each in verify(home.store) if each.kind == "broken chain"]
    assert found == [(id, f"event {seq}: it is not what was written")]


def hit_id(home: Home, pico: TestPico) -> str:
    [(id,)] = home.rows("channel", "pico", where=f"eci = '{pico.eci}'")
    return str(id)


# --- the log of a long reader -------------------------------------------------------------------------------------


@pytest.mark.fault(18)
async def test_a_long_reader_stops_no_writer_and_the_log_shrinks_behind_it(home: Home) -> None:
    """LIVE: a reader that holds an old moment of the store makes the log grow, and nobody fail."""
    async with home.root() as root:
        await root.install(LEDGER)
        with home.database() as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM evlog").fetchall()
            for n in range(120):
                await root.send("ledger", "enter", n=n, bulk=BULK)
            held = log_of(home.path).stat().st_size
            reader.execute("COMMIT")
        for n in range(120, 160):
            await root.send("ledger", "enter", n=n, bulk=BULK)
        entries = await root.query("ledger", "entries")

        assert entries == list(range(160))
        assert log_of(home.path).stat().st_size <= max(64 * 1024 * 1024, held)
