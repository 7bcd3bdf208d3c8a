"""The doctor: what in a store does not fit together, told one by one.

It only reads, so it may look at the store of a running engine; what it can mend, it mends in a store that nobody else
uses. All checks go pico by pico in the order of ids, each by a handful of short reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ..chain import breaks
from ..clock import instant, now_ms
from ..errors import LogBroken, NotFound, PastUnknown, PicoNotFound
from ..past.kept import Kept, stored
from ..past.state import nearest
from ..registry.code import EMPTY, code_set_from_json
from ..store.choose import open_store, store_file
from ..store.interface import LogRow, PicoRow, Reading, Store
from .finding import Finding

READ_AT_ONCE = 200
FLUSH_IT = "flush its URL, if that still has it"
ASK_AGAIN = "a running engine sees to it"
LATE_MS = 60_000  # what is younger may be just under way
RESTORE_IT = "restore the store from a backup"
REPLAY_IT = "`picoengine replay` with the pico's id shows both"


def examine(store: Reading, now: int, *, file: bool = True) -> Iterator[Finding]:
    """Everything but the hash chains, which `verify` checks; with the `file` itself, all of which is read, or not."""
    for what in store.damage() if file else ():
        yield Finding("damaged file", "store", what, RESTORE_IT)
    for table, pico in store.orphans():
        yield Finding("orphan", pico, f"no such pico, but rows in {table!r}", mendable=True)
    whole = {EMPTY.hash}
    for id in store.pico_ids():
        row = store.pico(id)
        if row is not None:
            yield from _code(store, row, whole)
            yield from _policies(store, row, whole)
            yield from _head(store, row)
    yield from _late(store, now)
    expired = store.expired(now)
    if expired:
        yield Finding("expired keys", str(expired), "idempotency keys that could be forgotten", mendable=True)


def _late(store: Reading, now: int) -> Iterator[Finding]:
    """What waits for an engine that runs, or for the world."""
    for step in store.unanswered_steps(READ_AT_ONCE):
        if now - step.since >= LATE_MS:
            what = f"{step.target} has not answered since {instant(step.since)} ({step.attempts} attempts)"
            yield Finding("unanswered step", step.key, what, ASK_AGAIN)
    for row in store.ended_callbacks(now - LATE_MS, READ_AT_ONCE):
        yield Finding("forgotten callback", row.id[:16], f"pico {row.pico} was not told that it is over", ASK_AGAIN)


def verify(store: Reading, pico: str | None = None) -> Iterator[Finding]:
    """Where the log of one pico, or of any, is not the chain that was written, or does not lead to what is stored.

    Raises PicoNotFound.
    """
    for id in store.pico_ids() if pico is None else (pico,):
        row = store.pico(id)
        if row is not None:
            yield from _log(store, row)
        elif pico is not None:
            raise PicoNotFound(f"no pico has the id {pico!r}")


def examine_file(store: str, *, chains: bool = False) -> list[Finding]:
    """What `examine` finds in the store at this place, and `verify` if `chains`; an engine may be using it.

    Raises NotFound if there is none, InvalidValue if it is not in a file, StoreUnavailable.
    """
    with _view(store) as opened:
        found = list(examine(opened, now_ms()))
        return [*found, *verify(opened)] if chains else found


def verify_file(store: str, pico: str | None = None) -> list[Finding]:
    """What `verify` finds in the store at this place. Raises as `examine_file`, and PicoNotFound."""
    with _view(store) as opened:
        return list(verify(opened, pico))


def mend_file(store: str) -> int:
    """Mend what `examine_file` calls mendable; how many rows that took.

    Raises as `examine_file`; StoreUnavailable if an engine uses the store.
    """
    opened = open_store(_file(store))
    try:
        return mend(opened, now_ms())
    finally:
        opened.close()


def _view(store: str) -> AbstractContextManager[Reading]:
    from ..store.reading import view  # here, since only a store in a file needs it

    return view(_file(store))


def _file(store: str) -> Path:
    path = store_file(store)
    if not path.is_file():
        raise NotFound(f"there is no store at {str(path)!r}")
    return path


def mend(store: Store, now: int) -> int:
    """Mend what `examine` calls mendable, in a store that no engine uses; how many rows that took."""
    return store.drop_orphans() + store.prune(now)


def _code(store: Reading, row: PicoRow, whole: set[str]) -> Iterator[Finding]:
    """The pico's rulesets; code sets that are `whole` need no second look."""
    if row.code in whole:
        return
    body = store.blob(row.code)
    if body is None:
        yield Finding("missing code set", row.id, f"its set of rulesets {row.code} is not stored", RESTORE_IT)
        return
    missing = [each for each in code_set_from_json(body) if store.ruleset(each.hash) is None]
    for each in missing:
        yield Finding("missing ruleset", row.id, f"the text {each.hash} of {each.rid} is not stored", FLUSH_IT)
    if not missing:
        whole.add(row.code)


def _policies(store: Reading, row: PicoRow, whole: set[str]) -> Iterator[Finding]:
    for channel in store.channels(row.id):
        for policy in {channel.event_policy, channel.query_policy} - whole:
            if store.blob(policy) is None:
                yield Finding("missing policy", channel.eci, f"a channel of {row.id} has no policy", RESTORE_IT)
            else:
                whole.add(policy)


def _head(store: Reading, row: PicoRow) -> Iterator[Finding]:
    """The row says where the log ends; rows of the log that come while we look are none of our business."""
    last = _row(store, row.id, row.head_seq)
    if row.head_seq > 0 and last is None and store.cut(row.id) != (row.head_seq, row.head_hash):
        yield Finding("head without a log", row.id, f"its log has no event {row.head_seq}", RESTORE_IT)
    elif last is not None and last.hash != row.head_hash:
        yield Finding("head of another log", row.id, f"event {last.seq} has another hash", RESTORE_IT)
    further = _row(store, row.id, row.head_seq + 1)
    now = store.pico(row.id)
    if further is not None and now is not None and now.head_seq < further.seq:
        yield Finding("log beyond its head", row.id, f"event {further.seq} is not the pico's", RESTORE_IT)


def _row(store: Reading, pico: str, seq: int) -> LogRow | None:
    rows = store.log(pico, seq - 1, 1)
    return rows[0] if rows and rows[0].seq == seq else None


def _log(store: Reading, row: PicoRow) -> Iterator[Finding]:
    """The whole log, once: whether it is whole, and then whether it leads to what is stored."""
    seq, hash = store.cut(row.id)
    kept: Kept | None = None
    try:
        kept = Kept(nearest(store, row.id, seq))
    except (LogBroken, PastUnknown) as error:
        yield Finding("broken snapshot", row.id, error.message, RESTORE_IT)
    while seq < row.head_seq:
        rows = store.log(row.id, seq, min(READ_AT_ONCE, row.head_seq - seq))
        if not rows:
            yield Finding("broken chain", row.id, f"the log ends behind event {seq}, not {row.head_seq}", RESTORE_IT)
            return
        for each in breaks(rows, seq, hash):
            yield Finding("broken chain", row.id, f"event {each.seq}: {each.what}", RESTORE_IT)
            kept = None  # who knows what it would lead to
        if kept is not None:
            _apply(kept, rows)
        seq, hash = rows[-1].seq, rows[-1].hash
    if row.head_seq > 0 and hash != row.head_hash:
        yield Finding("broken chain", row.id, f"the pico is not where event {row.head_seq} left it", RESTORE_IT)
    elif kept is not None:
        yield from _state(store, row.id, seq, kept)


def _apply(kept: Kept, rows: list[LogRow]) -> None:
    for each in rows:
        kept.apply(each)


def _state(store: Reading, pico: str, seq: int, kept: Kept) -> Iterator[Finding]:
    """Variables and expressions of a pico, which may have gone on since; one that never rests is left alone."""
    found = stored(store, pico)
    if found is None:
        return
    while seq < found.seq:
        rows = store.log(pico, seq, min(READ_AT_ONCE, found.seq - seq))
        if not rows:
            return  # its beginning was cut off meanwhile
        _apply(kept, rows)
        seq = rows[-1].seq
    for what in kept.against(found):
        yield Finding("altered state", pico, what, REPLAY_IT)
