"""The hash chain of a pico's log: each row's hash covers the row before it, so nothing can be changed unseen.

What a hash covers is what makes the pico's state: which event, by which rulesets, what it changed and what left. The
trace and the response are outside, since retention may drop the one, and the other follows from the changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from .store.interface import LogRow


def link(before: bytes, seq: int, eid: str, code: str, changes: bytes, effects: bytes) -> bytes:
    """The hash of a row that stands behind the row with the hash `before`; b"" stands before the first."""
    return sha256(b"\0".join((before, str(seq).encode(), eid.encode(), code.encode(), changes, effects))).digest()


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a log is not what was written: the number of the row, and what is wrong there."""

    seq: int
    what: str


def breaks(rows: Iterable[LogRow], seq: int, hash: bytes) -> Iterator[Break]:
    """Where the rows that should follow number `seq` with this hash do not; after each place the check goes on."""
    for row in rows:
        if row.seq != seq + 1:
            yield Break(seq + 1, f"the log goes on with {row.seq}")
        elif row.prev_hash != hash:
            yield Break(row.seq, "it does not follow from the row before it")
        if link(row.prev_hash, row.seq, row.eid, row.code, row.changes, row.effects) != row.hash:
            yield Break(row.seq, "it is not what was written")
        seq, hash = row.seq, row.hash
