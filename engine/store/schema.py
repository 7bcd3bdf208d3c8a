"""The tables of the SQLite store, as numbered steps that lead from nothing to the present.

A step that was released is never edited: a change is a further step, so a database made today and one brought up from
the first release are alike. A database that knows steps which we do not was written by a newer release and is left
alone.

Shapes: rows found by their own name lie in WITHOUT ROWID tables, where the key is the table; rows that come in a
stream (log, inbox, outbox) or may be large have a rowid, so that they are appended and not sorted in. No foreign
keys: every one would be a look-up in each commit, and what belongs together is written and deleted in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlite_utils import Database, Migrations

from ..errors import StoreUnavailable
from ..trigger import reached

_FIRST = (
    """CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    # The highest number ever given out, which its table forgets when the row is consumed.
    """CREATE TABLE mark (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE pico (
        id TEXT PRIMARY KEY,
        parent TEXT,
        child_no INTEGER NOT NULL,
        parent_eci TEXT,
        family_eci TEXT,
        code TEXT NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX pico_children ON pico (parent, child_no)",
    """CREATE TABLE channel (
        eci TEXT PRIMARY KEY,
        pico TEXT NOT NULL,
        tags TEXT NOT NULL,
        event_policy TEXT NOT NULL,
        query_policy TEXT NOT NULL,
        family_pico TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX channel_pico ON channel (pico, family_pico)",
    """CREATE TABLE blob (
        hash TEXT PRIMARY KEY,
        data BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE ruleset (
        hash TEXT PRIMARY KEY,
        rid TEXT NOT NULL,
        source TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE registry (
        url TEXT PRIMARY KEY,
        hash TEXT NOT NULL,
        rid TEXT NOT NULL,
        flushed INTEGER NOT NULL,
        warnings BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE ent (
        pico TEXT,
        rid TEXT,
        name TEXT,
        value BLOB NOT NULL,
        PRIMARY KEY (pico, rid, name)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE rstate (
        pico TEXT,
        rid TEXT,
        rule TEXT,
        expression TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (pico, rid, rule)
    ) STRICT, WITHOUT ROWID""",
    # Without an index by pico: it would cost more in each commit than the rare deletion of a pico costs in scanning.
    """CREATE TABLE inbox (
        id INTEGER PRIMARY KEY,
        pico TEXT NOT NULL,
        eid TEXT NOT NULL,
        eci TEXT NOT NULL,
        source TEXT NOT NULL,
        body BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        key TEXT
    ) STRICT""",
    """CREATE TABLE dedup (
        eci TEXT,
        key TEXT,
        pico TEXT NOT NULL,
        eid TEXT NOT NULL,
        body_hash BLOB NOT NULL,
        response BLOB,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (eci, key)
    ) STRICT""",
    "CREATE INDEX dedup_expiry ON dedup (expires_at)",
    """CREATE TABLE evlog (
        id INTEGER PRIMARY KEY,
        pico TEXT NOT NULL,
        seq INTEGER NOT NULL,
        eid TEXT NOT NULL,
        eci TEXT NOT NULL,
        code TEXT NOT NULL,
        event BLOB NOT NULL,
        io BLOB NOT NULL,
        changes BLOB NOT NULL,
        effects BLOB NOT NULL,
        response BLOB NOT NULL,
        trace BLOB NOT NULL,
        status TEXT NOT NULL,
        t_in INTEGER NOT NULL,
        t_commit INTEGER NOT NULL,
        prev_hash BLOB NOT NULL,
        hash BLOB NOT NULL,
        UNIQUE (pico, seq)
    ) STRICT""",
    "CREATE INDEX evlog_eid ON evlog (eid)",
    """CREATE TABLE dead (
        id INTEGER PRIMARY KEY,
        pico TEXT NOT NULL,
        seq INTEGER NOT NULL,
        eid TEXT NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (pico, seq)
    ) STRICT""",
    "CREATE INDEX dead_eid ON dead (eid)",
    # Where the beginning of a log was cut off: the hash from which the rest of the chain goes on.
    """CREATE TABLE cut (
        pico TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE snapshot (
        pico TEXT NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        blob BLOB NOT NULL,
        PRIMARY KEY (pico, seq)
    ) STRICT""",
    """CREATE TABLE paused (
        pico TEXT PRIMARY KEY,
        since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE timer (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        pico TEXT NOT NULL,
        rid TEXT NOT NULL,
        kind TEXT NOT NULL,
        spec BLOB NOT NULL,
        due_at INTEGER NOT NULL,
        fire_no INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX timer_ruleset ON timer (pico, rid)",
    "CREATE INDEX timer_due ON timer (due_at)",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        pico TEXT NOT NULL,
        seq INTEGER NOT NULL,
        n INTEGER NOT NULL,
        lane TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        payload BLOB NOT NULL,
        ikey TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        last_error TEXT,
        since INTEGER NOT NULL,
        UNIQUE (pico, seq, n)
    ) STRICT""",
    "CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'ready'",
    "CREATE INDEX outbox_parked ON outbox (id) WHERE state IN ('dead', 'held')",
)

_SECOND = (
    "ALTER TABLE inbox ADD COLUMN state TEXT NOT NULL DEFAULT 'ready'",
    "ALTER TABLE inbox ADD COLUMN reads INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX inbox_running ON inbox (id) WHERE state = 'running'",
    """CREATE TABLE step (
        pico TEXT NOT NULL,
        eid TEXT NOT NULL,
        n INTEGER NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        digest TEXT NOT NULL,
        code TEXT NOT NULL,
        io BLOB NOT NULL,
        since INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        result BLOB,
        PRIMARY KEY (pico, eid, n)
    ) STRICT""",
    "CREATE INDEX step_unanswered ON step (since) WHERE result IS NULL",
    """CREATE TABLE callback (
        id TEXT PRIMARY KEY,
        pico TEXT NOT NULL,
        rid TEXT NOT NULL,
        domain TEXT NOT NULL,
        type TEXT NOT NULL,
        attrs BLOB NOT NULL,
        state TEXT NOT NULL,
        expires_at INTEGER
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX callback_pico ON callback (pico)",
    "CREATE INDEX callback_end ON callback (expires_at) WHERE state = 'open'",
    "CREATE INDEX callback_ended ON callback (expires_at) WHERE state <> 'open'",
)

_THIRD = (
    """CREATE TABLE attachment (
        pico TEXT NOT NULL,
        ref TEXT NOT NULL,
        at INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (pico, ref)
    ) STRICT""",
    "CREATE INDEX attachment_age ON attachment (at)",
)


def _first(database: Database) -> None:
    for statement in _FIRST:
        database.conn.execute(statement)


def _second(database: Database) -> None:
    """Calls whose answers are used, reads that fail, callbacks."""
    for statement in _SECOND:
        database.conn.execute(statement)


def _third(database: Database) -> None:
    """Large parts of mails."""
    for statement in _THIRD:
        database.conn.execute(statement)


STEPS: dict[str, Callable[[Database], None]] = {"0001": _first, "0002": _second, "0003": _third}


def migrations(steps: Mapping[str, Callable[[Database], None]] = STEPS) -> Migrations:
    """The steps in the form that applies each once, in order, and keeps account in the database."""
    found = Migrations("picoengine")
    for name, step in steps.items():
        found(name=name)(step)
    return found


def missing(database: Database, steps: Mapping[str, Callable[[Database], None]] = STEPS) -> list[str]:
    """The names of the steps that the database lacks, in order."""
    return [step.name for step in migrations(steps).pending(database)]


def migrate(database: Database, steps: Mapping[str, Callable[[Database], None]] = STEPS) -> None:
    """Bring the database to the present schema, as a whole or not at all.

    Its connection must leave transactions to us (`isolation_level=None`). Raises StoreUnavailable if the database is
    from a newer release.
    """
    pending = migrations(steps)
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        unknown = sorted({step.name for step in pending.applied(database)} - set(steps))
        if unknown:
            raise StoreUnavailable(f"the database was written by a newer release (schema step {unknown[-1]!r})")
        pending.apply(database)  # each step nests as a savepoint
        reached("T11.1")
    except BaseException:
        database.conn.execute("ROLLBACK")
        raise
    database.conn.execute("COMMIT")
