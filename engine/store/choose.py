"""From a setting to a store."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from ..errors import InvalidValue
from .interface import Store

MEMORY = "memory:"
_SQLITE = "sqlite:///"


def open_store(place: str | os.PathLike[str]) -> Store:
    """Open the store at `place`: `memory:`, `sqlite:///home.db` (relative), `sqlite:////var/home.db`, or a path.

    Raises InvalidValue for any other URL, and StoreUnavailable if the store cannot be opened.
    """
    text = os.fspath(place)
    if text == MEMORY:
        from .memory import MemoryStore

        return MemoryStore()
    if text.startswith(_SQLITE):
        text = unquote(text.removeprefix(_SQLITE))
    elif "://" in text:
        scheme = text.partition("://")[0]  # the rest may hold a password
        raise InvalidValue(f"no store for {scheme!r} URLs, expected {MEMORY!r}, '{_SQLITE}…' or a path", kind="Error")
    from .sqlite import SQLiteStore

    return SQLiteStore(Path(text).expanduser())
