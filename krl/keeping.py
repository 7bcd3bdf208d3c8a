"""Files that save work: what was made once, kept for the next run.

The name of such a file says all that its content depends on. A folder that cannot be read or written is no error, and
a damaged file counts for none: the work is done again. Nothing is ever written to the working folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

DIGEST_BYTES = 32  # in front of the content: marshal, which reads it, trusts that it is whole


def user_folder() -> Path | None:
    """Where this user's programs keep such files; None if that is not known."""
    given = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    # A relative path, like that of a user without a home, would lead into the working folder.
    return given / "picoengine" if given.is_absolute() else None


def read(folder: Path | None, name: str) -> bytes | None:
    """The file's content if it is there and whole."""
    if folder is None:
        return None
    try:
        found = (folder / name).read_bytes()
    except OSError:
        return None
    digest, content = found[:DIGEST_BYTES], found[DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def write(folder: Path | None, name: str, content: bytes) -> None:
    """Put the file there as a whole or not at all; a folder that does not take it is left alone."""
    if folder is None:
        return
    beside = folder / f"{name}.{os.getpid()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_bytes(hashlib.sha256(content).digest() + content)
        os.replace(beside, folder / name)
