"""Large parts of mails: they belong to a pico, go with it, and do not stay for ever."""

from __future__ import annotations

from engine.store.interface import AttachmentRow, Store, Writes
from tests.engine.store.rows import pico_row


def row(pico: str = "p", ref: str = "r", at: int = 10, data: bytes = b"much") -> AttachmentRow:
    return AttachmentRow(pico, ref, at, data)


def test_an_attachment_is_found_by_its_pico_and_ref(store: Store) -> None:
    store.write([Writes(attachments=[row(), row("q", "s", data=b"other")])])

    assert (store.attachment("p", "r"), store.attachment("q", "s")) == (b"much", b"other")
    assert (store.attachment("q", "r"), store.attachment("p", "s")) == (None, None)


def test_one_that_comes_again_is_as_old_as_the_newest(store: Store) -> None:
    store.write([Writes(attachments=[row(at=10)])])
    store.write([Writes(attachments=[row(at=20)])])

    assert store.trim_attachments(15, 10) == 0
    assert store.attachment("p", "r") == b"much"


def test_the_oldest_go_first(store: Store) -> None:
    store.write([Writes(attachments=[row(ref="b", at=2), row(ref="a", at=1), row(ref="c", at=3)])])

    assert (store.trim_attachments(3, 1), store.attachment("p", "a")) == (1, None)
    assert (store.trim_attachments(3, 10), store.attachment("p", "b")) == (1, None)
    assert store.attachment("p", "c") == b"much"


def test_an_attachment_goes_with_its_pico(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row("p")}, attachments=[row(), row("q")])])

    store.write([Writes(picos={"p": None})])

    assert (store.attachment("p", "r"), store.attachment("q", "r")) == (None, b"much")


def test_one_that_comes_with_the_end_of_its_pico_does_not_stay(store: Store) -> None:
    store.write([Writes(picos={"p": pico_row("p")})])

    store.write([Writes(attachments=[row()]), Writes(picos={"p": None})])

    assert store.attachment("p", "r") is None


def test_an_attachment_of_nobody_is_an_orphan(store: Store) -> None:
    store.write([Writes(attachments=[row("gone")])])

    assert ("attachment", "gone") in store.orphans()
    assert store.drop_orphans() == 1
    assert store.attachment("gone", "r") is None
