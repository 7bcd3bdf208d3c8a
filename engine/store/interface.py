"""The store: rows in, rows out, and the promises that both stores keep.

Reading is synchronous and happens on the event loop's own thread, since a point read is cheaper than a thread hop.
Writing takes a batch of Writes: all of it happens or nothing does. The loop's thread stages it, a second one waits for
the disk.

Values are bytes of JSON where the engine stores KRL data; the store does not look into them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import Protocol

from krl import fact, record

DEAD = frozenset({"failed", "dead"})  # how events end that become dead letters
PARKED = frozenset({"dead", "held"})  # states of effects that leave only when somebody says so


@fact
class PicoRow:
    """A pico: its place in the family, its rulesets, and where its log ends."""

    id: str
    parent: str | None  # pico id of the parent
    child_no: int  # order among the parent's children
    parent_eci: str | None  # the ECI by which this pico reaches its parent
    family_eci: str | None  # the ECI by which the parent reaches this pico
    code: str  # hash of the set of installed rulesets
    head_seq: int  # events in its log
    head_hash: bytes


@fact
class ChannelRow:
    """A channel; its policies are blobs, since many channels share a few of them."""

    eci: str
    pico: str
    tags: str  # JSON list
    event_policy: str  # hash of the policy's blob
    query_policy: str
    family_pico: str | None  # the only pico that may use it


@fact
class RegistryRow:
    """What is known of a ruleset's URL: the text that it had when it was last fetched."""

    url: str
    hash: str
    rid: str
    flushed: int  # milliseconds since 1970
    warnings: bytes  # JSON


@fact
class InboxRow:
    """An event that is accepted and not finished: it is evaluated, whatever happens to the process."""

    id: int  # arrival number, ascending
    pico: str
    eid: str
    eci: str
    source: str  # who made it: "http", "timer", "pico:<id>" …
    body: bytes  # the decoded event
    received_at: int  # milliseconds since 1970
    attempts: int = 0
    key: str | None = None  # its idempotency key, whose row is finished with it
    state: str = "ready"  # "running": its cycle has made a step, so nothing of its pico may come before it
    reads: int = 0  # how often it was given up because a read had failed


@fact
class DedupRow:
    """What became of a delivery with an idempotency key, for whoever sends it again."""

    eci: str
    key: str
    pico: str
    eid: str
    body_hash: bytes
    response: bytes | None  # None while the event is not finished
    expires_at: int  # milliseconds since 1970


@fact
class LogRow:
    """One finished event of a pico: what it was, what it changed, what it answered."""

    pico: str
    seq: int
    eid: str
    eci: str
    code: str
    event: bytes
    io: bytes
    changes: bytes
    effects: bytes
    response: bytes
    trace: bytes
    status: str  # "ok", "failed", "dead", "cancelled"
    t_in: int
    t_commit: int
    prev_hash: bytes
    hash: bytes


@fact
class DeadRow:
    """A finished event that failed, until somebody tries it again, drops it, or it is too old."""

    id: int  # ascending in the order of failing
    pico: str
    seq: int
    eid: str
    at: int  # milliseconds since 1970


@fact
class SnapshotRow:
    """The whole state of a pico behind one event of its log."""

    pico: str
    seq: int
    hash: bytes  # of the blob
    blob: bytes  # JSON


@fact
class TimerRow:
    """An event promised for later, or again and again: its next firing."""

    id: str
    pico: str
    rid: str
    kind: str  # "at" or "repeat"
    spec: bytes  # JSON: as KRL shows it
    due_at: int  # milliseconds since 1970
    fire_no: int
    body: bytes  # JSON: the event map


@fact
class OutboxRow:
    """An effect of a finished event that is to leave the engine, and how far it has come."""

    id: int
    pico: str
    seq: int
    n: int
    lane: str
    kind: str
    target: str
    payload: bytes
    ikey: str
    attempts: int
    next_at: int
    state: str  # "ready", "done", "dead"; "held": it leaves when somebody says so
    last_error: str | None
    since: int = 0  # when it was made, or made ready again; milliseconds since 1970


@fact
class StepRow:
    """One call of an event that is not finished, whose answer the event uses."""

    pico: str  # whose event it is
    eid: str
    n: int  # which of the event's calls, from 0
    key: str  # what the receiver knows it by: the same at each attempt
    kind: str  # "http" or "event"
    target: str  # whom it is made to, as it may be shown
    digest: str  # of what is asked
    code: str  # hash of the set of rulesets that asks
    io: bytes  # the inputs of the cycle since the call before
    since: int  # when it was decided; milliseconds since 1970
    attempts: int = 0  # that ended without an answer
    result: bytes | None = None  # JSON; None: there is none yet


@fact
class CallbackRow:
    """An event that somebody outside may send once, by a token that only he knows."""

    id: str  # hash of the token
    pico: str
    rid: str  # the ruleset that made it
    domain: str
    type: str
    attrs: bytes  # JSON
    state: str  # "open", "used", "expired"
    expires_at: int | None  # when it ends, None: never; when it is forgotten, if it has ended


@fact
class AttachmentRow:
    """A large part of an event that came from outside: nothing can be learned of it but through its pico."""

    pico: str
    ref: str  # hash of the data
    at: int  # when it last came; milliseconds since 1970
    data: bytes


@record
class Writes:
    """The rows of one acceptance, one cycle or one administrative act; applied as a whole or not at all.

    Within a batch, Writes apply in order; of several writes to one key the last wins.
    """

    inbox_add: list[InboxRow] = field(default_factory=list)
    inbox_set: list[InboxRow] = field(default_factory=list)  # rows that are there, as they are from now on
    inbox_done: list[int] = field(default_factory=list)
    dedup_add: list[DedupRow] = field(default_factory=list)
    dedup_done: list[tuple[str, str, bytes]] = field(default_factory=list)  # eci, key, response
    head: tuple[str, int, int, bytes] | None = None  # pico, seq before, seq after, hash after
    log: list[LogRow] = field(default_factory=list)
    """A row whose status is one of DEAD becomes a dead letter."""
    dead_done: list[str] = field(default_factory=list)  # eids of dead letters that are none any more
    snapshots: list[SnapshotRow] = field(default_factory=list)
    variables: dict[tuple[str, str, str], bytes | None] = field(default_factory=dict)  # (pico, rid, name) → JSON
    forget_variables: list[tuple[str, str]] = field(default_factory=list)  # (pico, rid): all of them, applied first
    memory: dict[tuple[str, str, str], tuple[str, bytes] | None] = field(default_factory=dict)
    """(pico, rid, rule) → (expression hash, JSON), None to delete."""
    forget_memory: list[tuple[str, str]] = field(default_factory=list)  # (pico, rid): applied first
    picos: dict[str, PicoRow | None] = field(default_factory=dict)
    """New and changed picos; None deletes the pico, last of all, with its rows.

    What remains of it is its past (log and snapshots), and its outbox.
    """
    pico_codes: dict[str, str] = field(default_factory=dict)  # pico → its new code set
    channels: dict[str, ChannelRow | None] = field(default_factory=dict)
    """None deletes the channel, and with it its idempotency keys."""
    blobs: dict[str, bytes] = field(default_factory=dict)  # hash → policies, code sets, large parts; kept if known
    rulesets: dict[str, tuple[str, str]] = field(default_factory=dict)  # hash → (rid, source); kept if known
    registry: dict[str, RegistryRow] = field(default_factory=dict)
    timers: dict[str, TimerRow | None] = field(default_factory=dict)
    callbacks: dict[str, CallbackRow | None] = field(default_factory=dict)
    steps: list[StepRow] = field(default_factory=list)  # new ones, and as they are from now on
    steps_done: list[tuple[str, str]] = field(default_factory=list)  # (pico, eid): all steps of this event go, first
    attachments: list[AttachmentRow] = field(default_factory=list)  # one that is there is as old as the newest
    outbox_add: list[OutboxRow] = field(default_factory=list)
    outbox_set: list[OutboxRow] = field(default_factory=list)
    """Rows that are there, as they are from now on; one whose state is "done" goes."""
    cuts: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # pico → what `cut` answers from now on
    paused: dict[str, int | None] = field(default_factory=dict)  # pico → since when; None: it goes on
    facts: dict[str, str] = field(default_factory=dict)  # rows of `meta`


class CommitRefused(Exception):
    """The batch did not fit the store's state (a head moved, an inbox row was gone) or a statement failed.

    Nothing of the batch was written.
    """


class Reading(Protocol):
    """What can be read of a store; each call sees what was committed when it began. All raise StoreUnavailable."""

    def pico(self, id: str) -> PicoRow | None: ...

    def children(self, id: str) -> list[PicoRow]:
        """In order of creation."""
        ...

    def next_child_no(self, id: str) -> int:
        """One more than the highest number a child of this pico has, or 0; one indexed look-up."""
        ...

    def roots(self) -> list[PicoRow]:
        """Picos without a parent, in order of creation."""
        ...

    def channel(self, eci: str) -> ChannelRow | None: ...

    def channels(self, pico: str) -> list[ChannelRow]:
        """Sorted by ECI."""
        ...

    def ordinary_channels(self, pico: str) -> list[ChannelRow]:
        """Those that are no family's, sorted by ECI; however large the family is, it costs nothing here."""
        ...

    def blob(self, hash: str) -> bytes | None: ...

    def attachment(self, pico: str, ref: str) -> bytes | None:
        """The bytes that an event of the pico has brought under this reference."""
        ...

    def variable(self, pico: str, rid: str, name: str) -> bytes | None:
        """An entity variable's value as JSON; None when unset."""
        ...

    def variables(self, pico: str, rid: str | None = None) -> Iterator[tuple[str, str, bytes]]:
        """(rid, name, JSON) of one ruleset or of all, sorted."""
        ...

    def memory(self, pico: str) -> list[tuple[str, str, str, bytes]]:
        """(rid, rule, expression hash, JSON) of the pico's half-matched event expressions."""
        ...

    def ruleset(self, hash: str) -> tuple[str, str] | None:
        """(rid, source)."""
        ...

    def registered(self, url: str) -> RegistryRow | None:
        """What is known of a normal URL."""
        ...

    def registry(self) -> list[RegistryRow]:
        """All that is known of URLs, sorted by URL."""
        ...

    def dedup(self, eci: str, key: str) -> DedupRow | None:
        """What became of a delivery with this key to this channel, even if it has expired."""
        ...

    def inbox(self, after: int = 0, limit: int = 1000) -> list[InboxRow]:
        """Unconsumed events with an arrival number above `after`, ascending."""
        ...

    def running(self) -> list[InboxRow]:
        """Unconsumed events that have made a step, by arrival number; a pico has one at most."""
        ...

    def last_inbox_id(self) -> int:
        """The highest arrival number ever given out; it must not be given again."""
        ...

    def log(self, pico: str, after: int = 0, limit: int = 100) -> list[LogRow]:
        """Finished events with a number above `after`, ascending."""
        ...

    def logged_at(self, pico: str, seq: int) -> int | None:
        """When this event of the pico was finished, in milliseconds since 1970; None if its row is not there."""
        ...

    def snapshot(self, pico: str, until: int) -> SnapshotRow | None:
        """The latest snapshot of the pico behind its event number `until` or an earlier one."""
        ...

    def log_by_eid(self, eid: str) -> LogRow | None:
        """The first row with this eid: events of children made in it have it, too, and stand behind."""
        ...

    def timers(self, pico: str, rid: str) -> list[TimerRow]:
        """In order of creation."""
        ...

    def timer(self, id: str) -> TimerRow | None: ...

    def due_timers(self, until: int, limit: int = 100) -> list[TimerRow]:
        """Timers due at or before `until`, earliest first."""
        ...

    def next_due(self) -> int | None:
        """When the earliest timer is due."""
        ...

    def steps(self, pico: str, eid: str) -> list[StepRow]:
        """The calls of an event that is not finished, in order."""
        ...

    def unanswered_steps(self, limit: int = 100) -> list[StepRow]:
        """Calls that have no answer yet, the oldest first."""
        ...

    def callback(self, id: str) -> CallbackRow | None: ...

    def ended_callbacks(self, now: int, limit: int = 100) -> list[CallbackRow]:
        """Open ones whose time was over at `now`, earliest first."""
        ...

    def next_callback_end(self) -> int | None:
        """When the time of the earliest open one is over; None if that of none ever is."""
        ...

    def outbox(self, until: int, limit: int = 100) -> list[OutboxRow]:
        """Ready rows whose next attempt is due at or before `until`, by id."""
        ...

    def last_outbox_id(self) -> int:
        """The highest id of an effect ever given out; it must not be given again."""
        ...

    def parked_effects(self, after: int = 0, limit: int = 100) -> list[OutboxRow]:
        """Outbox rows with an id above `after` that are dead or held, by id."""
        ...

    def parked_effect(self, ikey: str) -> OutboxRow | None:
        """The dead or held row of this key."""
        ...

    def dead_events(self, after: int = 0, limit: int = 100) -> list[DeadRow]:
        """Dead letters with an id above `after`, by id."""
        ...

    def dead_event(self, eid: str) -> DeadRow | None:
        """The dead letter of this event."""
        ...

    def paused(self) -> dict[str, int]:
        """The picos that are paused, each with the time since when, in milliseconds since 1970."""
        ...

    def cut(self, pico: str) -> tuple[int, bytes]:
        """Number and hash of the last row that was cut off the beginning of the pico's log; (0, b"") if none was."""
        ...

    def orphans(self) -> list[tuple[str, str]]:
        """(table, pico) of rows that belong to picos which are not there; sorted. Reads whole indexes."""
        ...

    def expired(self, now: int) -> int:
        """How many dedup rows have expired."""
        ...

    def damage(self) -> list[str]:
        """What is wrong with the file itself, as far as its database can tell; reads all of it."""
        ...

    def fact(self, name: str) -> str | None:
        """A word about the store as a whole, e.g. its id; None if it was never said."""
        ...

    def pico_ids(self) -> Iterable[str]:
        """Every pico, for checks and counts; pages internally."""
        ...


class Store(Reading, Protocol):
    """Promises: what `write` returned from is on disk and is seen by every later read; a batch is all or nothing."""

    def write(self, batch: Sequence[Writes]) -> None:
        """Commit all of the batch in one transaction, durably; may be called on any thread.

        Raises CommitRefused if a pico's head or an inbox row is not as expected or a statement is refused;
        StoreUnavailable if the disk or the database fails. In both cases nothing was written.
        """
        ...

    def stage(self, batch: Sequence[Writes]) -> Callable[[], None]:
        """Begin to `write` on the loop's thread what need not wait there; what is returned does the rest, elsewhere.

        That must be called, once, before anything else is staged. Either may raise what `write` raises: then nothing
        was written.
        """
        ...

    def view(self) -> AbstractContextManager[Reading]:
        """The same store for reading on another thread, until the end of the block."""
        ...

    def beside(self, name: str) -> Path | None:
        """The file of this name that belongs to the store; None if the store has no place on a disk."""
        ...

    # What follows may be called on any thread. Each call is one short transaction that commits wait for.

    def prune(self, now: int) -> int:
        """Delete dedup rows and ended callbacks that have expired; how many. Commits wait for a part of it only."""
        ...

    def trim_attachments(self, before: int, rows: int) -> int:
        """Delete attachments that last came before that time, at most so many, the oldest first; how many."""
        ...

    def trim_failures(self, before: int, rows: int) -> int:
        """Forget dead letters from before that time, at most so many, the oldest first; how many.

        Their traces go, too, if those of their neighbours in the log have gone.
        """
        ...

    def trim_traces(self, before: int, bytes: int, rows: int) -> int:
        """Drop traces from before that time, and the oldest beyond so many bytes in all; those of dead letters stay.

        Looks at so many rows of the log at most; how many it looked at, 0 when there is nothing to do for now.
        """
        ...

    def cut_log(self, pico: str, seq: int, rows: int) -> int:
        """Delete rows of the pico's log up to this number, at most so many, from its beginning; how many.

        `cut` tells of the last of them, so that what remains can still be verified.
        """
        ...

    def drop_orphans(self) -> int:
        """Delete the rows that `orphans` tells of; how many."""
        ...

    def shrink(self, pages: int, spare: int) -> int:
        """Give at most so many unused pages back to the disk, but keep some to spare; how many were given back."""
        ...

    def backup(self, path: str) -> None:
        """A consistent copy of the store as a SQLite file, made while it is in use; may be called on any thread.

        Raises FileExistsError if something is at `path` already.
        """
        ...

    def close(self) -> None:
        """End all use of it and leave nothing behind that the next one must wait for. Again is no error."""
        ...
