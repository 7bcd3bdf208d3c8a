"""The place where a database file lives: one process at a time, a real disk, and folders that remember.

A file that was just made is only sure to be there after a crash when its folder, too, was synced.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ..errors import StoreUnavailable

# File systems whose locks or syncs do not hold what SQLite's write-ahead log needs.
_NETWORK = frozenset(
    [
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.ceph",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    ]
)
_MOUNTS = Path("/proc/self/mounts")


def prepare(path: Path) -> None:
    """Make the file and its folder if they are missing, readable for their owner only, and sync the folder.

    The file holds ECIs, and whoever knows an ECI may use it. Raises StoreUnavailable if the place is a network's or
    cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_network(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)
    except OSError as error:
        raise StoreUnavailable(f"cannot use {str(path)!r}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in the folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_network(path: Path) -> None:
    """Raise StoreUnavailable if the path is known to lie on a network file system."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return  # a system that does not tell
    kind = filesystem(path.resolve(), mounts)
    if kind in _NETWORK:
        raise StoreUnavailable(f"{str(path)!r} lies on a network file system ({kind}), where locks cannot be trusted")


def filesystem(path: Path, mounts: str) -> str | None:
    """The type of the file system that holds the absolute path, by the lines of a mount table; None if unknown."""
    longest, kind = -1, None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Blanks, tabs, line ends and backslashes stand as octal numbers there.
        folder = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        # A later mount on the same folder hides the earlier one.
        if path.is_relative_to(folder) and len(folder) >= longest:
            longest, kind = len(folder), fields[2]
    return kind


class Lock:
    """The right to be the only process at a database, held until it is released or the process ends."""

    def __init__(self, database: Path) -> None:
        """Raises StoreUnavailable, naming the process that holds it."""
        path = database.with_name(database.name + ".lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"cannot use {str(path)!r}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            who = f"process {holder}" if holder else "another process"
            raise StoreUnavailable(f"{who} already uses {str(database)!r}") from error
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process have it. The file stays: who deleted it could delete a lock that was taken meanwhile."""
        os.close(self._descriptor)
