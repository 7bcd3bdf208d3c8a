"""SQL over many rows at once, each text made once.

A batch is written by a handful of long statements (`VALUES (?, ?), (?, ?), …`) instead of by `executemany`, since
sqlite3 gives Python's lock away at every row. On the loop's thread that costs nothing; a batch that goes to the
writer's would queue for it behind a busy loop each time: measured with one that never rests, five times as many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain
from operator import attrgetter
from sqlite3 import Connection
from typing import Any, Generic, TypeVar

from ..trigger import reached
from .interface import (
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

# Rows of one statement: powers of two up to this, so that few texts serve every number of rows. The widest table has
# 16 columns, and SQLite takes 32,766 values.
MAX_ROWS = 128

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose middle is a list of rows."""

    start: str
    width: int  # values of a row
    end: str = ""

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute it over all rows, in order; how many rows of the table it touched."""
        touched = at = 0
        while at < len(rows):
            size = _size(len(rows) - at)
            values = tuple(chain.from_iterable(rows[at : at + size]))
            touched += connection.execute(_text(self, size), values).rowcount
            reached("T5.2")
            at += size
        return touched


def _size(left: int) -> int:
    """The largest power of two that fits."""
    return MAX_ROWS if left >= MAX_ROWS else 1 << (left.bit_length() - 1)


@cache
def _text(statement: Statement, size: int) -> str:
    row = f"({', '.join('?' * statement.width)})"
    return f"{statement.start} {', '.join([row] * size)} {statement.end}"


class Table(Generic[Row]):
    """A table whose columns are the fields of a row class, in their order."""

    def __init__(self, name: str, row: type[Row], *key: str) -> None:
        columns = tuple(each.name for each in fields(row))  # type: ignore[arg-type]
        self.name = name
        self.row = row
        self.values: Callable[[Row], tuple[Any, ...]] = attrgetter(*columns)
        self.select = f"SELECT {', '.join(columns)} FROM {name}"
        self.insert = insert(name, columns)
        self.upsert = upsert(name, columns, key)
        self.update = update(name, columns, key)


def insert(table: str, columns: Sequence[str], end: str = "") -> Statement:
    """New rows; SQLite refuses one that is there."""
    return Statement(f"INSERT INTO {table} ({', '.join(columns)}) VALUES", len(columns), end)


def keep(table: str, columns: Sequence[str]) -> Statement:
    """New rows; one that is there stays as it is."""
    return insert(table, columns, "ON CONFLICT DO NOTHING")


def upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> Statement:
    """New rows; one that is there takes the new values and keeps its place in the order of creation."""
    news = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return insert(table, columns, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}")


def update(table: str, columns: Sequence[str], key: Sequence[str]) -> Statement:
    """New values, key included, for rows that are there; one that is not is passed over."""
    places = {column: f"new.column{place}" for place, column in enumerate(columns, 1)}
    news = ", ".join(f"{column} = {place}" for column, place in places.items() if column not in key)
    same = " AND ".join(f"{table}.{column} = {places[column]}" for column in key)
    return Statement(f"UPDATE {table} SET {news} FROM (VALUES", len(columns), f") AS new WHERE {same}")


def delete(table: str, column: str) -> Statement:
    """Every row with one of these values in the column."""
    return Statement(f"DELETE FROM {table} WHERE {column} IN (VALUES", 1, ")")


PICO = Table("pico", PicoRow, "id")
CHANNEL = Table("channel", ChannelRow, "eci")
REGISTRY = Table("registry", RegistryRow, "url")
INBOX = Table("inbox", InboxRow, "id")
DEDUP = Table("dedup", DedupRow, "eci", "key")
LOG = Table("evlog", LogRow, "pico", "seq")
SNAPSHOT = Table("snapshot", SnapshotRow, "pico", "seq")
DEAD = Table("dead", DeadRow, "id")
TIMER = Table("timer", TimerRow, "id")
OUTBOX = Table("outbox", OutboxRow, "id")
STEP = Table("step", StepRow, "pico", "eid", "n")
CALLBACK = Table("callback", CallbackRow, "id")
ATTACHMENT = Table("attachment", AttachmentRow, "pico", "ref")

KEEP_BLOB = keep("blob", ("hash", "data"))
KEEP_RULESET = keep("ruleset", ("hash", "rid", "source"))
SET_VARIABLE = upsert("ent", ("pico", "rid", "name", "value"), ("pico", "rid", "name"))
SET_MEMORY = upsert("rstate", ("pico", "rid", "rule", "expression", "state"), ("pico", "rid", "rule"))
SET_FACT = upsert("meta", ("name", "value"), ("name",))

# Rows of (pico, seq before, seq after, hash after): the fence. A pico that is not at `before` is not touched.
MOVE_HEAD = Statement(
    "UPDATE pico SET head_seq = move.column3, head_hash = move.column4 FROM (VALUES",
    4,
    ") AS move WHERE pico.id = move.column1 AND pico.head_seq = move.column2",
)
SET_CODE = update("pico", ("id", "code"), ("id",))
SET_RESPONSE = update("dedup", ("eci", "key", "response"), ("eci", "key"))
RAISE_MARK = insert("mark", ("name", "value"), "ON CONFLICT DO UPDATE SET value = max(value, excluded.value)")
ADD_DEAD = insert("dead", ("pico", "seq", "eid", "at"))
SET_CUT = upsert("cut", ("pico", "seq", "hash"), ("pico",))
SET_PAUSED = upsert("paused", ("pico", "since"), ("pico",))
DELETE_PAUSED = delete("paused", "pico")
DELETE_DEAD = delete("dead", "eid")
DELETE_INBOX = delete("inbox", "id")
DELETE_OUTBOX = delete("outbox", "id")
DELETE_TIMER = delete("timer", "id")
DELETE_CALLBACK = delete("callback", "id")
DELETE_CHANNEL = delete("channel", "eci")
DELETE_KEYS = delete("dedup", "eci")
# Tables whose rows belong to a pico that must be there.
OWNED = ("attachment", "callback", "channel", "ent", "inbox", "paused", "rstate", "step", "timer")


def orphans(table: str) -> str:
    """The picos that rows of the table belong to, and that are not there."""
    return f"SELECT DISTINCT pico FROM {table} WHERE pico NOT IN (SELECT id FROM pico) ORDER BY pico"


# All of a pico but its past (log, snapshots) and its outbox. Keys are scoped to channels; its id is an ECI, too: the
# self channel's.
DELETE_PICO = (
    delete("dedup", "eci"),
    Statement("DELETE FROM dedup WHERE eci IN (SELECT eci FROM channel WHERE pico IN (VALUES", 1, "))"),
    *(delete(table, "pico") for table in OWNED),
    delete("pico", "id"),
)
