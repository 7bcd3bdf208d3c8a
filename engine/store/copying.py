"""Copies of a store's file: made while it is in use, whole or not there at all."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ..errors import StoreUnavailable
from .place import sync_folder
from .reading import READING, connect


def copy(source: Path, target: Path) -> None:
    """Copy the store in the file `source`, which other connections and processes may use meanwhile, to `target`.

    The copy is one moment's state. It gets its name when it is complete and on disk. Raises FileExistsError if
    something has this name, FileNotFoundError if there is no source, StoreUnavailable if it cannot be copied.
    """
    if not source.is_file():  # SQLite would make it
        raise FileNotFoundError(source)
    if os.path.lexists(target):
        raise FileExistsError(target)
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # of a copy that a crash has ended
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _copy_pages(source, unfinished)
        os.link(unfinished, target)  # not `replace`, which would take the place of another's file
        unfinished.unlink()
        sync_folder(target.resolve().parent)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise
        raise StoreUnavailable(f"cannot copy {str(source)!r} to {str(target)!r}: {error}") from error


def _copy_pages(source: Path, target: Path) -> None:
    # A connection of its own, since the whole copy is one statement and other reads would wait behind it. In several
    # steps it would begin anew whenever somebody writes.
    reading = connect(source, READING)
    try:
        writing = connect(target, ("PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON"))
        try:
            reading.backup(writing)
        finally:
            writing.close()
    finally:
        reading.close()
