from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StoreUnavailable
from engine.store import place

MOUNTS = """\
/dev/vda / ext4 rw 0 0
nas:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
//nas/x /mnt/with\\040blank cifs rw 0 0
tmpfs /tmp tmpfs rw 0 0
nas:/tmp /tmp nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/x.db", "ext4"),
        ("/home/ann/x.db", "nfs4"),
        ("/homestead/x.db", "ext4"),
        ("/home/local/x.db", "ext4"),
        ("/mnt/with blank/x.db", "cifs"),
        ("/tmp/x.db", "nfs"),
    ],
)
def test_the_innermost_and_latest_mount_tells_the_file_system(path: str, kind: str) -> None:
    assert place.filesystem(Path(path), MOUNTS) == kind


@pytest.mark.fault(17)
def test_a_database_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nas:/x {tmp_path.resolve()} nfs4 rw 0 0\n")
    monkeypatch.setattr(place, "_MOUNTS", mounts)

    with pytest.raises(StoreUnavailable, match=r"network file system \(nfs4\)"):
        place.prepare(tmp_path / "x.db")


def test_a_system_that_tells_no_mounts_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_MOUNTS", tmp_path / "nothing here")

    place.prepare(tmp_path / "x.db")

    assert (tmp_path / "x.db").exists()


def test_a_released_lock_can_be_taken(tmp_path: Path) -> None:
    first = place.Lock(tmp_path / "x.db")
    with pytest.raises(StoreUnavailable):
        place.Lock(tmp_path / "x.db")
    first.release()

    place.Lock(tmp_path / "x.db").release()
