"""Copies of a store, and engines made from copies.

An engine that is made from a copy has an id of its own, and the effects that the copy had not sent wait for a word:
the engine that was copied may have sent them since, or may still be there to send them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..clock import new_id
from ..errors import NotFound, StoreUnavailable
from ..store.choose import store_file
from ..store.interface import Writes

STORE_ID = "store_id"  # the fact that names one store among all copies
HELD_UNTIL = "held_until"  # the fact: effects of stored events up to this number do not leave by themselves


def back_up(store: str, target: str) -> None:
    """Copy the store, whether an engine uses it or not, to the file `target`.

    Raises FileExistsError, NotFound if there is no store, InvalidValue if it is none in a file, StoreUnavailable.
    """
    from ..store.copying import copy

    source = store_file(store)
    try:
        copy(source, Path(target))
    except FileNotFoundError as error:
        raise NotFound(f"there is no store at {str(source)!r}") from error


def restore(backup: str, store: str, *, resend_effects: bool = False) -> int:
    """Make the store from a copy; how many effects wait for a word because of that.

    Raises as `back_up`, FileExistsError if there is a store already; then nothing is changed.
    """
    from ..store.copying import copy

    target = store_file(store)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.restored")
    try:
        for left in (target, target.with_name(f"{target.name}-wal")):
            if os.path.lexists(left):
                raise FileExistsError(left)  # a write-ahead log without its file would be taken for the new one's
        unfinished.unlink(missing_ok=True)
        copy(Path(backup), unfinished)
        held = _make_new(unfinished, resend_effects=resend_effects)
        os.link(unfinished, target)
    except FileNotFoundError as error:
        raise NotFound(f"there is no backup at {backup!r}") from error
    finally:
        for path in target.parent.glob(f"{unfinished.name}*"):
            path.unlink()
    return held


def _make_new(path: Path, *, resend_effects: bool) -> int:
    from ..store.sqlite import SQLiteStore

    opened = SQLiteStore(path)
    try:
        damage = opened.damage()
        if damage:
            raise StoreUnavailable(f"the backup is damaged: {damage[0]}")
        writes = Writes(facts={STORE_ID: new_id(), HELD_UNTIL: "0"})
        if not resend_effects:
            writes.facts[HELD_UNTIL] = str(opened.last_inbox_id())
            ready = opened.outbox(until=1 << 62, limit=1 << 31)
            writes.outbox_set = [replace(row, state="held") for row in ready]
        opened.write([writes])
        return len(writes.outbox_set)
    finally:
        opened.close()
