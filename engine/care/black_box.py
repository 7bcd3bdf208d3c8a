"""Which event was being evaluated when the process died: a few bytes in a small mapped file beside the store.

They are written before every turn of rule code and are never synced: the kernel keeps them when the process is
killed, and a crash of the whole machine, which is no event's fault, is told apart by the machine's boot id.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from ..errors import StoreUnavailable

_NUMBER = struct.Struct("<q")  # of an inbox row; 0: no stored event has its turn
_BOOT = slice(8, 48)
_SIZE = 64
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class BlackBox:
    """Notes down the stored event that has its turn; `left` is the one in which the last process ended."""

    def __init__(self, path: Path | None) -> None:
        """None: nothing outlives the process. Raises StoreUnavailable if the file cannot be used."""
        self._map = mmap.mmap(-1, _SIZE) if path is None else _mapped(path)
        boot = _boot_id()
        noted: int = _NUMBER.unpack_from(self._map)[0]
        self.left: int | None = noted if noted > 0 and self._map[_BOOT] == boot else None
        self.note(0)
        self._map[_BOOT] = boot

    def note(self, inbox_id: int) -> None:
        """This stored event has its turn from now on; 0: none."""
        _NUMBER.pack_into(self._map, 0, inbox_id)

    def close(self) -> None:
        """Nothing is noted any more."""
        self.note(0)
        self._map.close()


def _mapped(path: Path) -> mmap.mmap:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, _SIZE)
            return mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreUnavailable(f"cannot use {str(path)!r}: {error.strerror}") from error


def _boot_id() -> bytes:
    """Names this run of the machine; blank where the system does not tell."""
    try:
        text = _BOOT_ID.read_bytes().strip()
    except OSError:
        text = b""
    width: int = _BOOT.stop - _BOOT.start
    return text[:width].ljust(width)
