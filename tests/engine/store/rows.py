"""Rows for the store's tests, with whatever a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from engine.store.interface import (
    ChannelRow,
    DedupRow,
    InboxRow,
    LogRow,
    OutboxRow,
    PicoRow,
    RegistryRow,
    TimerRow,
)


def pico_row(id: str = "p", **facts: Any) -> PicoRow:
    given = {"parent": None, "child_no": 0, "parent_eci": None, "family_eci": None}
    return PicoRow(id=id, **{**given, "code": "c0", "head_seq": 0, "head_hash": b"", **facts})


def channel_row(eci: str = "ch", pico: str = "p", **facts: Any) -> ChannelRow:
    given = {"tags": "[]", "event_policy": "e0", "query_policy": "q0", "family_pico": None}
    return ChannelRow(eci=eci, pico=pico, **{**given, **facts})


def inbox_row(id: int, pico: str = "p", **facts: Any) -> InboxRow:
    given = {"eid": f"eid{id}", "eci": "ch", "source": "http", "body": b"{}", "received_at": 5}
    return InboxRow(id=id, pico=pico, **{**given, **facts})


def dedup_row(eci: str = "ch", key: str = "k", **facts: Any) -> DedupRow:
    given = {"pico": "p", "eid": "eid1", "body_hash": b"h", "response": None, "expires_at": 100}
    return DedupRow(eci=eci, key=key, **{**given, **facts})


def log_row(pico: str = "p", seq: int = 1, **facts: Any) -> LogRow:
    texts = {"eid": f"eid{seq}", "eci": "ch", "code": "c0", "status": "ok"}
    blobs = dict.fromkeys(("event", "io", "changes", "effects", "response", "trace", "prev_hash", "hash"), b"[]")
    return LogRow(pico=pico, seq=seq, **{**texts, **blobs, "t_in": 1, "t_commit": 2, **facts})


def timer_row(id: str = "t", pico: str = "p", rid: str = "r", **facts: Any) -> TimerRow:
    given = {"kind": "at", "spec": b"{}", "due_at": 10, "fire_no": 0, "body": b"{}"}
    return TimerRow(id=id, pico=pico, rid=rid, **{**given, **facts})


def outbox_row(id: int, pico: str = "p", **facts: Any) -> OutboxRow:
    given = {"seq": 1, "n": id, "lane": "host", "kind": "http", "target": "http://h/", "payload": b"{}"}
    state = {"ikey": f"k{id}", "attempts": 0, "next_at": 10, "state": "ready", "last_error": None}
    return OutboxRow(id=id, pico=pico, **{**given, **state, **facts})


def registry_row(url: str = "http://h/a.krl", **facts: Any) -> RegistryRow:
    return RegistryRow(url=url, **{"hash": "h0", "rid": "a", "flushed": 3, "warnings": b"[]", **facts})
