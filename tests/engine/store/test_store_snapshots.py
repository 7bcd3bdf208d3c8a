"""Snapshots in every store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.store.interface import SnapshotRow, Store, Writes
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import pico_row


def snapshot(seq: int, pico: str = "p", blob: bytes = b"{}") -> SnapshotRow:
    return SnapshotRow(pico, seq, b"hash", blob)


@pytest.mark.parametrize(("until", "found"), [(4, None), (5, 5), (9, 5), (10, 10), (1000, 10)])
def test_the_latest_snapshot_up_to_an_event_is_found(store: Store, until: int, found: int | None) -> None:
    store.write([Writes(snapshots=[snapshot(10), snapshot(5), snapshot(7, "other")])])

    row = store.snapshot("p", until)
    assert (row and row.seq) == found


def test_of_two_snapshots_at_one_event_the_later_counts(store: Store) -> None:
    store.write([Writes(snapshots=[snapshot(5, blob=b"1")])])
    store.write([Writes(snapshots=[snapshot(5, blob=b"2")])])

    assert store.snapshot("p", 5) == snapshot(5, blob=b"2")


def test_snapshots_outlive_their_pico(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row()}, snapshots=[snapshot(0)])])
    store.write([Writes(picos={"p": None})])

    assert store.snapshot("p", 0) == snapshot(0)


def test_a_copy_has_the_snapshots(store: Store, tmp_path: Path) -> None:
    store.write([Writes(snapshots=[snapshot(5), replace(snapshot(6), pico="q")])])
    store.backup(str(tmp_path / "copy.db"))

    copy = SQLiteStore(tmp_path / "copy.db")
    assert (copy.snapshot("p", 9), copy.snapshot("q", 9)) == (snapshot(5), snapshot(6, "q"))
    copy.close()
