"""`email`: what is in a mail, and mail to people.

The functions read the text of a whole mail (`msg`), or, without one, the attributes of the event that a mail was. What
`send` and `reply` write leaves after the commit, by the mail server that the engine is told of; where there is none
they leave directives, as they always did, for the program that brought the mail.

Source: docs/modules.md, "email".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from krl import Here, KRLTypeError, KRLValueError, Member, Module, plain, text

from ..effect import Effect, effect_key
from ..errors import EngineError
from ..host import Host
from ..mail.message import Headers, Mail, header_map
from ..mail.reading import read_mail
from ..mail.writing import (
    MAX_RECIPIENTS,
    Letter,
    Unwritable,
    addresses,
    enclosures,
    loop_mark,
    message_id,
    one_line,
    own_headers,
)
from ..mail.writing import written as letter_bytes

KIND = "smtp"  # of the effects
MAX_REFERENCES = 20  # of a reply: the first, and the latest

# --- what is in a mail ------------------------------------------------------------------------------------------------


def header(h: Host, here: Here, msg: Any = None, name: Any = None) -> Any:
    """The names of the headers; the value of one; of a list of names, a map of the values. Null for what is missing."""
    found = _headers(h, msg)
    if name is None:
        return list(found)
    values = {each.lower(): value for each, value in found.items()}
    if isinstance(name, list):
        return {text(each): values.get(text(each).lower()) for each in name}
    return values.get(text(name).lower())


def _headers(h: Host, msg: Any) -> Mapping[str, Any]:
    if isinstance(msg, str):
        return header_map(_read(msg).headers)
    headers = _attributes(h, msg).get("headers")
    return headers if isinstance(headers, dict) else {}


def parts(h: Host, here: Here, msg: Any = None, type: Any = None) -> list[dict[str, Any]]:
    """The parts, each a map of its type to its content: a text, or base64 of anything else; those of one type."""
    if isinstance(msg, str):
        found = [(kind, _content(content)) for kind, content in _read(msg).parts]
    else:
        attrs = _attributes(h, msg)
        shown = (("text/plain", attrs.get("text")), ("text/html", attrs.get("html")))
        found = [(kind, content) for kind, content in shown if content is not None]
        attachments = attrs.get("attachments")
        for each in attachments if isinstance(attachments, list) else ():
            found.append((text(each.get("content_type")), each.get("content")))
    wanted = None if type is None else text(type).lower()
    return [{kind: content} for kind, content in found if wanted in (None, kind.lower())]


def _content(content: str | bytes) -> str:
    return content if isinstance(content, str) else b64encode(content).decode()


def body(h: Host, here: Here, msg: Any = None) -> str | None:
    """The text; the HTML of a mail that has no other."""
    if isinstance(msg, str):
        mail = _read(msg)
        return mail.html if mail.text is None else mail.text
    attrs = _attributes(h, msg)
    found = attrs.get("html") if attrs.get("text") is None else attrs["text"]
    return None if found is None else text(found)


def attachment(h: Host, here: Here, ref: Any = None) -> str | None:
    """The content of a large attachment, in base64; null if this pico has none of this `ref`, or no longer."""
    wanted = text(ref)

    def live() -> str | None:
        # That of the event being handled may not be on disk yet.
        found = dict(h.cycle.attachments).get(wanted) or h.parts.store.attachment(h.pico.id, wanted)
        return None if found is None else b64encode(found).decode()

    content: str | None = h.inputs.take("attachment", wanted, live)
    return content


def _read(msg: str) -> Mail:
    try:
        return read_mail(msg.encode("utf-8", "replace"))
    except EngineError as error:
        raise KRLValueError(f"no mail: {error.message}") from error


def _attributes(h: Host, msg: Any) -> Mapping[str, Any]:
    """The attributes of a mail: the map that is given, or those of the event being handled."""
    if isinstance(msg, dict):
        return msg
    if msg is not None:
        raise KRLTypeError(f"expected a mail, found {text(msg)[:60]!r}")
    return {} if h.event is None else h.event.attrs


# --- mail to people ---------------------------------------------------------------------------------------------------


def send(
    h: Host,
    here: Here,
    to: Any = None,
    subject: Any = None,
    text: Any = None,
    html: Any = None,
    cc: Any = None,
    bcc: Any = None,
    sender: Any = None,
    reply_to: Any = None,
    headers: Any = None,
    attachments: Any = None,
) -> str | None:
    """Send a mail after the commit; its Message-ID. Raises KRLValueError for what cannot stand in a mail."""
    options = {
        "to": to,
        "subject": subject,
        "text": text,
        "html": html,
        "cc": cc,
        "bcc": bcc,
        "from": sender,
        "reply_to": reply_to,
        "headers": headers,
        "attachments": attachments,
    }
    return _leave(h, here, "send", options)


def reply(
    h: Host,
    here: Here,
    text: Any = None,
    html: Any = None,
    subject: Any = None,
    msg: Any = None,
    sender: Any = None,
    headers: Any = None,
    attachments: Any = None,
) -> str | None:
    """Answer the mail that the event is, or that is given; its Message-ID, null if it must not be answered.

    Mail that a program has written (`auto`) is not: two programs could go on for ever.
    """
    mail = _answered(h, msg)
    if mail["auto"] or not mail["to"]:
        h.log(here, "info", "this mail is not answered", {"why": "it is automatic" if mail["auto"] else "no address"})
        return None
    options = {
        "to": mail["to"],
        "subject": _reply_subject(mail["subject"]) if subject is None else subject,
        "text": text,
        "html": html,
        "from": sender,
        "headers": headers,
        "attachments": attachments,
        "in_reply_to": mail["message_id"],
        "references": mail["references"],
    }
    return _leave(h, here, "reply", options)


def _answered(h: Host, msg: Any) -> dict[str, Any]:
    """What a reply needs to know of the mail that it answers."""
    if isinstance(msg, str):
        mail = _read(msg)
        to = mail.addresses("reply-to") or mail.addresses("from")
        automatic = _is_automatic(mail.headers)
        id, references, subject = (mail.header(name) for name in ("message-id", "references", "subject"))
    else:
        attrs = _attributes(h, msg)
        to = attrs.get("reply_to") or attrs.get("from") or attrs.get("from_address") or []
        automatic = attrs.get("auto") is True
        id, references, subject = (attrs.get(name) for name in ("message_id", "references", "subject"))
    before = [word for word in _words(references) if word != id]
    thread = [*before, *([id] if isinstance(id, str) and id else [])]
    if len(thread) > MAX_REFERENCES:
        thread = [thread[0], *thread[1 - MAX_REFERENCES :]]
    first = (to[:1] or None) if isinstance(to, list) else to
    return {
        "to": first,
        "auto": automatic,
        "message_id": _words(id)[0] if _words(id) else None,
        "references": " ".join(word for each in thread for word in _words(each)) or None,
        "subject": subject if isinstance(subject, str) else "",
    }


def _words(value: Any) -> list[str]:
    """Message ids: words without anything that could end a header."""
    return value.split() if isinstance(value, str) else []


def _is_automatic(headers: Headers) -> bool:
    values = {name.lower(): value.strip().lower() for name, value in headers}
    return (
        values.get("auto-submitted", "no").partition(";")[0].strip() != "no"
        or values.get("precedence") in ("bulk", "junk", "list")
        or "list-id" in values
        or values.get("return-path") == "<>"
    )


def _reply_subject(subject: str) -> str:
    line = " ".join(subject.split())
    return line if line[:3].lower() == "re:" else f"Re: {line}".strip()


def _leave(h: Host, here: Here, name: str, options: dict[str, Any]) -> str | None:
    """The mail joins the effects of the event; without a mail server it is a directive."""
    said = {key: value for key, value in options.items() if value is not None}
    ours: str | None = h.inputs.take("mail_from", None, lambda: _mail_from(h))
    if ours is None:
        h.send_directive(here, name, said)
        return None
    effects = h.cycle.changes.effects
    try:
        letter = _letter(said, ours, answers=name == "reply")
        # The same in every evaluation of the event, whatever else it does.
        id = message_id(effect_key(h.cycle.eid, len(effects)), letter.sender.domain)
        eci = h.event.eci if h.event is not None else h.pico.id
        content = letter_bytes(letter, id, h.now(), loop_mark(eci))
    except Unwritable as error:
        raise KRLValueError(f"email:{name}: {error}") from error
    # A reply comes from nobody, so that what is said of its delivery ends here (RFC 3834).
    mail_from = "" if letter.answers else letter.sender.addr_spec
    for each in letter.recipients:
        # One effect for each: what one of them refuses must not bring the mail to the others again.
        effects.append(Effect(KIND, "mail", f"{KIND}:{each}", {"mail-from": mail_from, "rcpt-to": each}, content))
    return id


def _mail_from(h: Host) -> str | None:
    return h.parts.settings.mail_from if KIND in h.parts.sends else None


def _letter(said: Mapping[str, Any], ours: str, *, answers: bool) -> Letter:
    senders = addresses(plain(said.get("from", ours)), "from")
    if len(senders) != 1:
        raise Unwritable("expected one address for from")
    letter = Letter(
        sender=senders[0],
        to=addresses(plain(said.get("to")), "to"),
        cc=addresses(plain(said.get("cc")), "cc"),
        bcc=addresses(plain(said.get("bcc")), "bcc"),
        reply_to=addresses(plain(said.get("reply_to")), "reply_to"),
        subject=one_line(text(said.get("subject", "")), "subject"),
        text=None if "text" not in said else text(said["text"]),
        html=None if "html" not in said else text(said["html"]),
        headers=own_headers(plain(said.get("headers"))),
        attachments=enclosures(plain(said.get("attachments"))),
        in_reply_to=None if "in_reply_to" not in said else one_line(said["in_reply_to"], "in_reply_to"),
        references=None if "references" not in said else one_line(said["references"], "references"),
        answers=answers,
    )
    if not letter.recipients:
        raise Unwritable("expected an address for to")
    if len(letter.recipients) > MAX_RECIPIENTS:
        raise Unwritable(f"more than {MAX_RECIPIENTS} recipients")
    return letter


WRITING = ("to", "subject", "text", "html", "cc", "bcc", "from", "reply_to", "headers", "attachments")
ANSWERING = ("text", "html", "subject", "msg", "from", "headers", "attachments")

MODULE: Module = {
    "header": Member("function", header, ("msg", "name")),
    "parts": Member("function", parts, ("msg", "type")),
    "body": Member("function", body, ("msg",)),
    "attachment": Member("function", attachment, ("ref",)),
    "send": Member("action", send, WRITING),
    "reply": Member("action", reply, ANSWERING),
}
