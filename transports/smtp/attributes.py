"""The attributes of the event that a mail is.

Names and shapes are those that rules for mail services know: `from`, `subject`, `text`, `attachments` … What the mail
itself brings can never take the place of one of them.

Source: docs/smtp.md, "Attributes".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from engine import Attachment, Mail, header_map

from .trust import authentication, is_automatic


def attributes(mail: Mail, envelope: Mapping[str, Any], tag: str | None) -> dict[str, Any]:
    """The attributes that every mail has; those it says nothing about are null or empty."""
    senders = mail.addresses("from")
    defects = list(mail.defects)
    return {
        "from": senders[0] if senders else None,
        "from_address": senders[0]["address"] if senders else None,
        "to": mail.addresses("to"),
        "cc": mail.addresses("cc"),
        "reply_to": mail.addresses("reply-to"),
        "subject": mail.header("subject"),
        "date": _date(mail, defects),
        "message_id": mail.header("message-id"),
        "in_reply_to": mail.header("in-reply-to"),
        "references": mail.header("references"),
        "text": mail.text,
        "plain": mail.text,
        "html": mail.html,
        "headers": header_map(mail.headers),
        "headers_list": [list(pair) for pair in mail.headers],
        "form": mail.form,
        "envelope": dict(envelope),
        "auth": authentication(mail),
        "auto": is_automatic(mail, envelope["mail_from"]),
        "tag": tag,
        "defects": defects,
    }


def _date(mail: Mail, defects: list[str]) -> str | None:
    """When it was written, as KRL writes times."""
    written = mail.header("date")
    if not written:
        return None
    try:
        date = parsedate_to_datetime(written)
        # Without a zone, or with the `-0000` of who does not tell his, the time is UTC.
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        defects.append(f"a date that cannot be read: {written[:40]!r}")
        return None
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def attachment_map(attachment: Attachment, inline_bytes: int) -> dict[str, Any]:
    """An attachment as rules see it; a large one is named by the `ref` under which it is kept."""
    facts = {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "disposition": attachment.disposition,
        "content_id": attachment.content_id,
        "size": len(attachment.content),
        "sha256": attachment.sha256,
    }
    if len(attachment.content) > inline_bytes:
        return {**facts, "ref": attachment.sha256}
    return {**facts, "encoding": "base64", "content": b64encode(attachment.content).decode()}


def classic_attributes(mail: Mail, raw: str, tag: str | None) -> dict[str, Any]:
    """What rulesets for the oldest mail endpoints look for."""
    return {"msg": raw, "unique_id": mail.header("message-id"), "label": tag}
