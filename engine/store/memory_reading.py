"""Reading a store in memory: its dictionaries, and one lock for whoever reads or writes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from threading import Lock
from typing import TypeVar

from .interface import (
    PARKED,
    AttachmentRow,
    CallbackRow,
    ChannelRow,
    DeadRow,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    RegistryRow,
    SnapshotRow,
    StepRow,
    TimerRow,
)

Row = TypeVar("Row")


class MemoryReading:
    """What can be read of a store in memory. Rows are immutable and shared, never copied."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._picos: dict[str, PicoRow] = {}
        self._children: defaultdict[str | None, set[str]] = defaultdict(set)
        self._channels: dict[str, ChannelRow] = {}
        self._ecis: defaultdict[str, set[str]] = defaultdict(set)  # by pico
        self._ordinary: defaultdict[str, set[str]] = defaultdict(set)  # ECIs of channels that are no family's, by pico
        self._blobs: dict[str, bytes] = {}
        self._rulesets: dict[str, tuple[str, str]] = {}
        self._registry: dict[str, RegistryRow] = {}
        self._variables: defaultdict[str, dict[tuple[str, str], bytes]] = defaultdict(dict)  # by pico
        self._memory: defaultdict[str, dict[tuple[str, str], tuple[str, bytes]]] = defaultdict(dict)  # by pico
        self._timers: dict[str, TimerRow] = {}  # in order of creation
        self._callbacks: dict[str, CallbackRow] = {}
        self._attachments: dict[tuple[str, str], AttachmentRow] = {}  # in order of coming
        self._steps: dict[tuple[str, str, int], StepRow] = {}
        self._inbox: dict[int, InboxRow] = {}
        self._dedup: defaultdict[str, dict[str, DedupRow]] = defaultdict(dict)  # by channel
        self._log: defaultdict[str, dict[int, LogRow]] = defaultdict(dict)  # by pico and seq
        self._log_by_eid: dict[str, LogRow] = {}
        self._snapshots: defaultdict[str, dict[int, SnapshotRow]] = defaultdict(dict)  # by pico and seq
        self._dead: dict[int, DeadRow] = {}
        self._cuts: dict[str, tuple[int, bytes]] = {}
        self._paused: dict[str, int] = {}
        self._outbox: dict[int, OutboxRow] = {}
        self._facts: dict[str, str] = {}
        self._last_inbox_id = 0
        self._last_outbox_id = 0
        self._last_dead_id = 0

    def pico(self, id: str) -> PicoRow | None:
        with self._lock:
            return self._picos.get(id)

    def children(self, id: str) -> list[PicoRow]:
        return self._children_of(id)

    def next_child_no(self, id: str) -> int:
        return max((row.child_no + 1 for row in self._children_of(id)), default=0)

    def roots(self) -> list[PicoRow]:
        return self._children_of(None)

    def _children_of(self, parent: str | None) -> list[PicoRow]:
        with self._lock:
            rows = [self._picos[id] for id in self._children.get(parent, ())]
        return sorted(rows, key=attrgetter("child_no", "id"))

    def pico_ids(self) -> Iterator[str]:
        with self._lock:
            return iter(sorted(self._picos))

    def channel(self, eci: str) -> ChannelRow | None:
        with self._lock:
            return self._channels.get(eci)

    def channels(self, pico: str) -> list[ChannelRow]:
        with self._lock:
            return [self._channels[eci] for eci in sorted(self._ecis.get(pico, ()))]

    def ordinary_channels(self, pico: str) -> list[ChannelRow]:
        with self._lock:
            return [self._channels[eci] for eci in sorted(self._ordinary.get(pico, ()))]

    def blob(self, hash: str) -> bytes | None:
        with self._lock:
            return self._blobs.get(hash)

    def attachment(self, pico: str, ref: str) -> bytes | None:
        with self._lock:
            row = self._attachments.get((pico, ref))
            return None if row is None else row.data

    def variable(self, pico: str, rid: str, name: str) -> bytes | None:
        with self._lock:
            return self._variables.get(pico, {}).get((rid, name))

    def variables(self, pico: str, rid: str | None = None) -> Iterator[tuple[str, str, bytes]]:
        with self._lock:
            known = sorted(self._variables.get(pico, {}).items())
        return ((owner, name, value) for (owner, name), value in known if rid is None or owner == rid)

    def memory(self, pico: str) -> list[tuple[str, str, str, bytes]]:
        with self._lock:
            return [(*rule, *state) for rule, state in sorted(self._memory.get(pico, {}).items())]

    def ruleset(self, hash: str) -> tuple[str, str] | None:
        with self._lock:
            return self._rulesets.get(hash)

    def registered(self, url: str) -> RegistryRow | None:
        with self._lock:
            return self._registry.get(url)

    def registry(self) -> list[RegistryRow]:
        with self._lock:
            return [row for _, row in sorted(self._registry.items())]

    def dedup(self, eci: str, key: str) -> DedupRow | None:
        with self._lock:
            return self._dedup.get(eci, {}).get(key)

    def inbox(self, after: int = 0, limit: int = 1000) -> list[InboxRow]:
        with self._lock:
            return _page(self._inbox, lambda row: row.id > after, limit)

    def running(self) -> list[InboxRow]:
        with self._lock:
            return [row for _, row in sorted(self._inbox.items()) if row.state == "running"]

    def last_inbox_id(self) -> int:
        with self._lock:
            return self._last_inbox_id

    def log(self, pico: str, after: int = 0, limit: int = 100) -> list[LogRow]:
        with self._lock:
            return _page(self._log.get(pico, {}), lambda row: row.seq > after, limit)

    def logged_at(self, pico: str, seq: int) -> int | None:
        with self._lock:
            row = self._log.get(pico, {}).get(seq)
            return None if row is None else row.t_commit

    def snapshot(self, pico: str, until: int) -> SnapshotRow | None:
        with self._lock:
            known = self._snapshots.get(pico, {})
            return known.get(max((seq for seq in known if seq <= until), default=-1))

    def log_by_eid(self, eid: str) -> LogRow | None:
        with self._lock:
            return self._log_by_eid.get(eid)

    def timers(self, pico: str, rid: str) -> list[TimerRow]:
        with self._lock:
            return [row for row in self._timers.values() if row.pico == pico and row.rid == rid]

    def timer(self, id: str) -> TimerRow | None:
        with self._lock:
            return self._timers.get(id)

    def due_timers(self, until: int, limit: int = 100) -> list[TimerRow]:
        with self._lock:
            due = [row for row in self._timers.values() if row.due_at <= until]
        return sorted(due, key=attrgetter("due_at"))[:limit]

    def next_due(self) -> int | None:
        with self._lock:
            return min((row.due_at for row in self._timers.values()), default=None)

    def steps(self, pico: str, eid: str) -> list[StepRow]:
        with self._lock:
            return [row for key, row in sorted(self._steps.items()) if key[:2] == (pico, eid)]

    def unanswered_steps(self, limit: int = 100) -> list[StepRow]:
        with self._lock:
            left = [row for row in self._steps.values() if row.result is None]
        return sorted(left, key=attrgetter("since", "pico", "eid", "n"))[:limit]

    def callback(self, id: str) -> CallbackRow | None:
        with self._lock:
            return self._callbacks.get(id)

    def ended_callbacks(self, now: int, limit: int = 100) -> list[CallbackRow]:
        with self._lock:
            ended = [(end, id) for end, id in self._open_callbacks() if end <= now]
            return [self._callbacks[id] for _, id in sorted(ended)[:limit]]

    def next_callback_end(self) -> int | None:
        with self._lock:
            return min((end for end, _ in self._open_callbacks()), default=None)

    def _open_callbacks(self) -> Iterator[tuple[int, str]]:
        """Those whose time will be over: when, and the id."""
        for id, row in self._callbacks.items():
            if row.state == "open" and row.expires_at is not None:
                yield row.expires_at, id

    def outbox(self, until: int, limit: int = 100) -> list[OutboxRow]:
        with self._lock:
            return _page(self._outbox, lambda row: row.state == "ready" and row.next_at <= until, limit)

    def last_outbox_id(self) -> int:
        with self._lock:
            return self._last_outbox_id

    def parked_effects(self, after: int = 0, limit: int = 100) -> list[OutboxRow]:
        with self._lock:
            return _page(self._outbox, lambda row: row.state in PARKED and row.id > after, limit)

    def parked_effect(self, ikey: str) -> OutboxRow | None:
        with self._lock:
            return next((row for row in self._outbox.values() if row.ikey == ikey and row.state in PARKED), None)

    def dead_events(self, after: int = 0, limit: int = 100) -> list[DeadRow]:
        with self._lock:
            return _page(self._dead, lambda row: row.id > after, limit)

    def dead_event(self, eid: str) -> DeadRow | None:
        with self._lock:
            return next((row for row in self._dead.values() if row.eid == eid), None)

    def paused(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._paused.items(), key=lambda each: (each[1], each[0])))

    def cut(self, pico: str) -> tuple[int, bytes]:
        with self._lock:
            return self._cuts.get(pico, (0, b""))

    def orphans(self) -> list[tuple[str, str]]:
        with self._lock:
            owned = self._owned()
            return sorted(
                {(table, pico) for table, picos in owned.items() for pico in picos if pico not in self._picos}
            )

    def expired(self, now: int) -> int:
        with self._lock:
            return sum(row.expires_at <= now for rows in self._dedup.values() for row in rows.values())

    def damage(self) -> list[str]:
        return []

    def fact(self, name: str) -> str | None:
        with self._lock:
            return self._facts.get(name)

    def _owned(self) -> dict[str, list[str]]:
        """The picos that rows belong to, a name for each row, by table."""
        return {
            "attachment": [pico for pico, _ in self._attachments],
            "callback": [row.pico for row in self._callbacks.values()],
            "channel": [row.pico for row in self._channels.values()],
            "ent": [pico for pico, rows in self._variables.items() for _ in rows],
            "inbox": [row.pico for row in self._inbox.values()],
            "paused": list(self._paused),
            "rstate": [pico for pico, rows in self._memory.items() for _ in rows],
            "step": [row.pico for row in self._steps.values()],
            "timer": [row.pico for row in self._timers.values()],
        }


def _page(rows: Mapping[int, Row], hit: Callable[[Row], bool], limit: int) -> list[Row]:
    """The first rows by number that hit."""
    return [row for _, row in sorted(rows.items()) if hit(row)][:limit]
