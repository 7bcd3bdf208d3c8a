"""What must hold after whatever has happened: each promise as a function from the record to its violations.

They are pure, so each is tried on records in which exactly it is violated. None asks how the engine works.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .record import ENTRIES, LIST_OF, LISTS, TIMED, TOLD, Logged, Record, Sent

Invariant = Callable[[Record], Iterator[str]]

ENDED = ("ok", "failed", "dead")  # an acknowledged event may end like this; nobody cancels one here


def acknowledged(record: Record) -> Iterator[str]:
    """What was acknowledged is in the log under the eid that was told, and in the list if it went well."""
    logged = {(pico, row.type, row.id): row for pico, rows in record.log.items() for row in rows}
    entries = {(pico, id) for (pico, name), ids in record.lists.items() if name == ENTRIES for id in ids}
    for sent in record.sent:
        if sent.acked_at is None:
            continue
        row = logged.get((sent.pico, sent.type, sent.id))
        if row is None:
            yield f"{sent.id} of {sent.client} was acknowledged and is not in the log of {sent.pico}"
        elif row.status not in ENDED:
            yield f"{sent.id} of {sent.client} was acknowledged and ended as {row.status}"
        elif sent.eids and row.eid not in sent.eids:
            yield f"{sent.id} of {sent.client} was told the eid {sent.eids[0]}, the log has {row.eid}"
        elif _joins(row, ENTRIES) and (sent.pico, sent.id) not in entries:
            yield f"{sent.id} of {sent.client} was acknowledged and is not in the list of {sent.pico}"


def once(record: Record) -> Iterator[str]:
    """Nothing is there twice, nothing that nobody sent, and what an event brings about happens once."""
    for (pico, name), ids in record.lists.items():
        for id in _repeated(ids):
            yield f"{id} is twice in the list {name!r} of {pico}"
    for pico, rows in record.log.items():
        for type, id in _repeated((row.type, row.id) for row in rows):
            yield f"{type} {id} is twice in the log of {pico}"
    for sent in record.sent:
        if len(set(sent.eids)) > 1:
            yield f"{sent.id} of {sent.client} was given several eids: {', '.join(sorted(set(sent.eids)))}"
    invented = {(pico, row.id) for pico, rows in record.log.items() for row in rows if row.type in ("enter", "fail")}
    for pico, id in sorted(invented - {(sent.pico, sent.id) for sent in record.sent}):
        yield f"{pico} has {id}, which nobody sent"
    yield from _consequences(record)


def _consequences(record: Record) -> Iterator[str]:
    """An event that one pico tells another, or promises itself, is there exactly if its cause is."""
    caused: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for pico, row in _joined(record, ENTRIES):
        if row.to is not None:
            caused[row.to, TOLD][row.id] += 1
        if row.later:
            caused[pico, TIMED][row.id] += 1
    for pico in record.log:
        for name in (TOLD, TIMED):
            found = Counter(row.id for row in record.log[pico] if LIST_OF.get(row.type) == name)
            for id in caused[pico, name] - found:
                yield f"{id} should have come to the list {name!r} of {pico}"
            for id in found - caused[pico, name]:
                yield f"{id} came to the list {name!r} of {pico} without a cause"


def in_the_order_of_the_log(record: Record) -> Iterator[str]:
    """A list is what the log says, in the order of the log, and the log has no gap."""
    for pico, rows in record.log.items():
        if any(later.seq <= earlier.seq for earlier, later in pairwise(rows)):
            yield f"the log of {pico} is not in the order of its numbers"
        for name in LISTS:
            logged = [row.id for row in rows if _joins(row, name)]
            if place := _first_difference(record.lists.get((pico, name), ()), logged):
                yield f"the list {name!r} of {pico} differs from its log: {place}"


def first_in_first_out(record: Record) -> Iterator[str]:
    """What one sender sends to one pico arrives in the order in which it was sent."""
    numbers = {(sent.pico, sent.id): (sent.client, sent.number) for sent in record.sent}
    for (pico, name), ids in record.lists.items():
        if name == ENTRIES:
            yield from _out_of_order(pico, ids, {id: each for (at, id), each in numbers.items() if at == pico})
    told = {
        (row.to, row.id): (pico, row.seq) for pico, row in _joined(record, ENTRIES) if row.to is not None
    }  # a pico is a sender, too
    for (pico, name), ids in record.lists.items():
        if name == TOLD:
            yield from _out_of_order(pico, ids, {id: each for (at, id), each in told.items() if at == pico})


def _out_of_order(pico: str, ids: Iterable[str], numbers: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    latest: dict[str, tuple[int, str]] = {}
    for id in ids:
        if id not in numbers:
            continue
        sender, number = numbers[id]
        before = latest.get(sender, (-1, ""))
        if number < before[0]:
            yield f"{pico} has {before[1]} before {id}, which {sender} sent earlier"
        latest[sender] = max(before, (number, id))


def real_time(record: Record) -> Iterator[str]:
    """What was acknowledged before something else was asked for stands before it: the list is linearizable."""
    by_place = {(sent.pico, sent.id): sent for sent in record.sent}
    for (pico, name), ids in record.lists.items():
        latest: Sent | None = None  # of those before, the one that was asked for last
        for id in ids if name == ENTRIES else ():
            sent = by_place.get((pico, id))
            if sent is None:
                continue
            if latest is not None and sent.acked_at is not None and sent.acked_at < latest.asked_at:
                yield f"{pico} has {latest.id} before {id}, which was acknowledged before {latest.id} was asked for"
            if latest is None or sent.asked_at > latest.asked_at:
                latest = sent


def effects(record: Record) -> Iterator[str]:
    """What arrives outside is what committed events have sent, each at least once."""
    committed = {key for rows in record.log.values() for row in rows for key in row.keys}
    for key in sorted(committed - set(record.arrived)):
        yield f"the effect {key} never arrived"
    for key in sorted(set(record.arrived) - committed):
        yield f"the effect {key} arrived, and no event in the log has sent it"
    for pico, rows in record.log.items():
        for row in rows:
            if row.keys and row.status != "ok":
                yield f"an event of {pico} that ended as {row.status} has an effect: {row.keys[0]}"


def replayed(record: Record) -> Iterator[str]:
    """The changes in the log, replayed, lead to the state that is stored."""
    yield from record.differences


def chained(record: Record) -> Iterator[str]:
    """The chains of hashes are whole, and the tables fit together."""
    yield from record.breaks


def nothing_is_stuck(record: Record) -> Iterator[str]:
    """Nothing is left that is neither done, nor dead in the log."""
    yield from record.left


def drained(record: Record) -> Iterator[str]:
    """Once the engine is left in peace, what waits is done within the time that is granted."""
    if record.drained_seconds is None:
        yield f"after {record.patience_seconds:g} s in peace not everything was done"
    elif record.drained_seconds > record.patience_seconds:
        yield f"it took {record.drained_seconds:g} s, not {record.patience_seconds:g}, until everything was done"


def unsurprising(record: Record) -> Iterator[str]:
    """The engine ends when it is made to, never by itself, and answers as it should."""
    yield from record.surprises


INVARIANTS: Mapping[str, Invariant] = {
    "acknowledged": acknowledged,
    "once": once,
    "order": in_the_order_of_the_log,
    "fifo": first_in_first_out,
    "real-time": real_time,
    "effects": effects,
    "replay": replayed,
    "chain": chained,
    "stuck": nothing_is_stuck,
    "drained": drained,
    "surprises": unsurprising,
}


def violations(record: Record) -> dict[str, list[str]]:
    """What is violated, by the name of the invariant; every invariant is there."""
    return {name: list(invariant(record)) for name, invariant in INVARIANTS.items()}


# --- reading the record -------------------------------------------------------------------------------------------


def _joins(row: Logged, name: str) -> bool:
    """Whether the event is one that has put its id into the list."""
    return row.status == "ok" and LIST_OF.get(row.type) == name


def _joined(record: Record, name: str) -> Iterator[tuple[str, Logged]]:
    return ((pico, row) for pico, rows in record.log.items() for row in rows if _joins(row, name))


def _repeated(things: Iterable[Hashable]) -> list[Any]:
    return [thing for thing, times in Counter(things).items() if times > 1]


def _first_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    """Empty if there is none."""
    for place, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            return f"place {place} has {one}, not {other}"
    if len(found) == len(expected):
        return ""
    longer, who = (found, "list") if len(found) > len(expected) else (expected, "log")
    return f"only the {who} has {longer[min(len(found), len(expected))]}"
