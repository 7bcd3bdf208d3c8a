"""The decoder "smtp": a mail for one recipient becomes an event.

The session has read the mail already, for all of its recipients at once, and hands it on as `understood`, with its
bytes as they may be seen; where it is missing, the decoder reads the bytes itself. What the dialogue said stands in the
delivery's headers.

Source: docs/smtp.md, "Attributes".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine import Decoder, Delivery, Event, Mail, MailLimits, Request, Undecodable, read_mail, request_of

from .attributes import attachment_map, attributes, classic_attributes
from .profile import Addresses
from .settings import SmtpSettings
from .trust import without_lies

DECODER = "smtp"


def mail_limits(settings: SmtpSettings) -> MailLimits:
    """How much of a mail is read."""
    return MailLimits(settings.max_header_bytes, settings.max_parts, settings.max_part_depth)


def decoder(settings: SmtpSettings, addresses: Addresses) -> Decoder:
    """The decoder of an engine with these settings."""

    def decode(delivery: Delivery, eid: str, time: int) -> Request:
        """The event; raises Undecodable, or DeliveryTooLarge for too much of anything."""
        content, known = delivery.body, delivery.understood
        if isinstance(known, Mail):
            mail = known
        else:
            content = without_lies(content, settings.authserv_id)
            mail = read_mail(content, mail_limits(settings))
        said = delivery.headers
        tag = said.get("tag")
        attrs: dict[str, Any] = attributes(mail, _envelope(delivery), tag)
        attrs["attachments"] = [attachment_map(each, settings.inline_bytes) for each in mail.attachments]
        if addresses.profile(said.get("profile", "")).classic:
            raw = content.decode("utf-8", "replace")
            attrs = {**(mail.form or {}), **attrs, **classic_attributes(mail, raw, tag)}
        request = request_of(delivery.eci, delivery.words, attrs, eid, time)
        if not isinstance(request, Event):
            raise Undecodable("a mail can only be an event")
        large = {each.sha256: each.content for each in mail.attachments if len(each.content) > settings.inline_bytes}
        return replace(request, attachments=tuple(large.items())) if large else request

    return decode


def _envelope(delivery: Delivery) -> dict[str, Any]:
    """What the dialogue said; of the recipients this one only, since nobody may learn of the others."""
    said = delivery.headers
    return {
        "mail_from": said.get("mail-from", ""),
        "rcpt_to": said.get("rcpt-to", ""),
        "helo": said.get("helo", ""),
        "peer": delivery.peer,
        "tls": delivery.tls,
        "smtp_utf8": said.get("smtp-utf8") == "yes",
        "auth_user": delivery.principal,
    }
