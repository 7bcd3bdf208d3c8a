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
    if os.fspath(place) == MEMORY:
        from .memory import MemoryStore

        return MemoryStore()
    from .sqlite import SQLiteStore

    return SQLiteStore(store_file(place))


def store_file(place: str | os.PathLike[str]) -> Path:
    """The file of the store at `place`. Raises InvalidValue if it is not one in a file."""
    text = os.fspath(place)
    if text == MEMORY:
        raise InvalidValue("a store in memory has no file", kind="Error")
    if text.startswith(_SQLITE):
        text = unquote(text.removeprefix(_SQLITE))
    elif "://" in text:
        scheme = text.partition("://")[0]  # the rest may hold a password
        raise InvalidValue(f"no store for {scheme!r} URLs, expected {MEMORY!r}, '{_SQLITE}…' or a path", kind="Error")
    return Path(text).expanduser()
