"""Random histories: SQLite and memory never differ, and a batch is the same as its Writes one by one."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.store.interface import CommitRefused, InboxRow, OutboxRow, Store, Writes
from engine.store.memory import MemoryStore
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import (
    channel_row,
    dedup_row,
    inbox_row,
    log_row,
    outbox_row,
    pico_row,
    timer_row,
)

PICOS = ("p", "q")
ECIS = ("p", "q", "p1", "p2", "q1")  # the first letter is the pico; its id is an ECI, too
NUMBERS = st.integers(1, 4)
BYTES = st.sampled_from([b"0", b"1", b"2"])
NAMES = st.tuples(st.sampled_from(PICOS), st.sampled_from(["r", "s"]), st.sampled_from(["a", "b"]))
RULESETS = st.lists(st.tuples(st.sampled_from(PICOS), st.sampled_from(["r", "s"])), max_size=1)
STATES = st.none() | st.tuples(st.sampled_from(["x", "y"]), BYTES)


@st.composite
def writes(draw: st.DrawFn) -> Writes:
    """Any Writes over a few names, some fields at a time; many contradict what is there."""
    kind = draw(st.sampled_from(["picos", "channels", "state", "streams", "keys"]))
    found = Writes()
    if kind == "picos":
        pico = draw(st.sampled_from(PICOS))
        head = draw(st.integers(0, 2))
        row = st.none() | st.builds(
            pico_row, st.just(pico), head_seq=st.integers(0, 2), parent=st.sampled_from([None, "p"])
        )
        found.picos = draw(st.just({}) | st.builds(lambda row: {pico: row}, row))
        found.head = draw(st.none() | st.just((pico, head, head + 1, b"h%d" % head)))
        found.pico_codes = draw(st.just({}) | st.just({pico: "c1"}))
    elif kind == "channels":
        for eci in draw(st.lists(st.sampled_from(ECIS[2:]), max_size=2)):
            found.channels[eci] = draw(st.none() | st.just(channel_row(eci, eci[0])))
    elif kind == "state":
        found.variables = draw(st.dictionaries(NAMES, st.none() | BYTES, max_size=3))
        found.memory = draw(st.dictionaries(NAMES, STATES, max_size=2))
        found.forget_variables, found.forget_memory = draw(RULESETS), draw(RULESETS)
        for id in draw(st.lists(st.sampled_from(["p1", "q1", "q2"]), max_size=2)):
            due = draw(NUMBERS)
            found.timers[id] = draw(st.none() | st.just(timer_row(id, id[0], due_at=due)))
    elif kind == "streams":
        found.inbox_add = draw(st.lists(st.builds(inbox_row, NUMBERS, st.sampled_from(PICOS)), max_size=2))
        found.inbox_done = draw(st.lists(NUMBERS, max_size=1))
        found.log = draw(st.lists(st.builds(log_row, st.sampled_from(PICOS), NUMBERS), max_size=2))
        states = st.sampled_from(["ready", "done", "dead"])
        found.outbox_add = draw(st.lists(st.builds(outbox_row, NUMBERS, state=st.just("ready")), max_size=1))
        found.outbox_set = draw(st.lists(st.builds(outbox_row, NUMBERS, state=states, next_at=NUMBERS), max_size=1))
    else:
        for eci in draw(st.lists(st.sampled_from(ECIS), max_size=2)):
            found.dedup_add.append(dedup_row(eci, draw(st.sampled_from("kl")), pico=eci[0], expires_at=draw(NUMBERS)))
        if draw(st.booleans()):
            found.dedup_done.append((draw(st.sampled_from(ECIS)), draw(st.sampled_from("kl")), draw(BYTES)))
    return found


class Stores(RuleBasedStateMachine):
    """Three stores with one history; the third gets every Writes as a batch of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sqlite = SQLiteStore(Path(self.folder.name) / "store.db")
        self.sqlite._write.execute("PRAGMA synchronous = OFF")  # histories, not crashes
        self.memory = MemoryStore()
        self.single: MemoryStore | None = MemoryStore()
        self.outbox_id = self.inbox_id = 0

    @rule(batch=st.lists(writes(), min_size=1, max_size=4))
    def write(self, batch: list[Writes]) -> None:
        deleted = {eci for each in batch for eci, row in each.channels.items() if row is None}
        for each in batch:
            each.outbox_add = [self._numbered(row) for row in each.outbox_add]
            each.inbox_add = [self._arrived(row) for row in each.inbox_add]
            each.inbox_done = [self.inbox_id + 1 - ago for ago in each.inbox_done]
            each.dedup_add = [row for row in each.dedup_add if self._has_channel(row.eci, deleted)]
        outcome = _outcome(self.sqlite, batch)
        assert _outcome(self.memory, batch) == outcome
        if outcome == "written" and self.single is not None:
            self._write_singly(self.single, batch)

    def _write_singly(self, store: Store, batch: list[Writes]) -> None:
        outcomes = [_outcome(store, [each]) for each in batch]
        if "refused" in outcomes:
            # The one case where a batch is kinder: an event that a deleted pico had in its inbox may be done.
            assert any(None in each.picos.values() for each in batch)
            assert any(each.inbox_done for each in batch)
            self.single = None

    def _has_channel(self, eci: str, deleted: set[str]) -> bool:
        """The door takes keys for channels that are there."""
        return eci in PICOS or (eci not in deleted and self.memory.channel(eci) is not None)

    def _numbered(self, row: OutboxRow) -> OutboxRow:
        """Numbers are given once."""
        self.outbox_id += 1
        return replace(row, id=self.outbox_id, n=self.outbox_id)

    def _arrived(self, row: InboxRow) -> InboxRow:
        """So are these."""
        self.inbox_id += 1
        return replace(row, id=self.inbox_id)

    @rule(now=NUMBERS)
    def prune(self, now: int) -> None:
        assert len({store.prune(now) for store in (self.sqlite, self.memory, self.single) if store is not None}) == 1

    @rule()
    def open_again(self) -> None:
        self.sqlite.close()
        self.sqlite = SQLiteStore(self.sqlite.path)
        self.sqlite._write.execute("PRAGMA synchronous = OFF")

    @invariant()
    def all_tell_the_same(self) -> None:
        assert _everything(self.sqlite) == _everything(self.memory)
        assert self.single is None or _everything(self.memory) == _everything(self.single)

    def teardown(self) -> None:
        self.sqlite.close()
        self.folder.cleanup()


def _outcome(store: Store, batch: list[Writes]) -> str:
    try:
        store.write(batch)
    except CommitRefused:
        return "refused"
    return "written"


def _everything(store: Store) -> dict[str, Any]:
    return {
        "ids": list(store.pico_ids()),
        "roots": store.roots(),
        "children": [store.children(pico) for pico in PICOS],
        "picos": [store.pico(pico) for pico in PICOS],
        "channels": [store.channels(pico) for pico in PICOS],
        "variables": [list(store.variables(pico)) for pico in PICOS],
        "memory": [store.memory(pico) for pico in PICOS],
        "timers": [store.timers(pico, "r") for pico in PICOS],
        "due": store.due_timers(3),
        "inbox": (store.inbox(), store.last_inbox_id()),
        "dedup": [store.dedup(eci, key) for eci in ECIS for key in "kl"],
        "log": [store.log(pico) for pico in PICOS],
        "outbox": (store.outbox(3), store.last_outbox_id()),
    }


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
