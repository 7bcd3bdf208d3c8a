"""A mail that a rule writes: checked words in, the bytes that a mail server takes out.

Nothing that a rule says can add a header: values are one line, addresses are addresses. The same rule in the same event
writes the same bytes, boundaries and all, so that an event that is evaluated again sends the same mail.

Source: docs/modules.md, "email"; RFC 5322, RFC 3834 (automatic mail).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from hashlib import sha256
from typing import Any

LOOP_HEADER = "X-Pico-Loop"
GENERATED, REPLIED = "auto-generated", "auto-replied"
MAX_RECIPIENTS = 100

_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_IN_NO_ADDRESS = frozenset('<>()[],;:\\"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")

# What makes a mail a mail, and an automatic one: no rule writes it by hand.
OURS = frozenset(
    {
        *(
            "from",
            "sender",
            "to",
            "cc",
            "bcc",
            "reply-to",
            "subject",
            "date",
            "message-id",
            "in-reply-to",
            "references",
        ),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
        *("auto-submitted", "received", "return-path", LOOP_HEADER.lower()),
    }
)


class Unwritable(ValueError):
    """Words that cannot stand in a mail."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a rule has to say, checked."""

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, Any]] = ()
    in_reply_to: str | None = None
    references: str | None = None
    answers: bool = False  # it is a reply

    @property
    def recipients(self) -> list[str]:
        """Whom the server is to bring it to, each once."""
        return list(dict.fromkeys(each.addr_spec for each in (*self.to, *self.cc, *self.bcc)))


def written(letter: Letter, message_id: str, now: int, loop: str) -> bytes:
    """The letter as it is sent. `now` in milliseconds since 1970; `loop` marks whose it is."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))  # whatever server is on the way, it takes this
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    message["Message-ID"] = message_id
    message["From"] = letter.sender
    for name, addresses in (("To", letter.to), ("Cc", letter.cc), ("Reply-To", letter.reply_to)):
        if addresses:
            message[name] = addresses
    message["Subject"] = letter.subject
    if letter.in_reply_to:
        message["In-Reply-To"] = letter.in_reply_to
    if letter.references:
        message["References"] = letter.references
    message["Auto-Submitted"] = REPLIED if letter.answers else GENERATED
    message[LOOP_HEADER] = loop
    for name, value in letter.headers.items():
        message[name] = value
    _write_body(message, letter)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{sha256(f'{message_id}/{number}'.encode()).hexdigest()[:40]}")
    return message.as_bytes()


def _write_body(message: EmailMessage, letter: Letter) -> None:
    if letter.text is not None or letter.html is None:
        message.set_content(letter.text or "")
    if letter.html is not None:
        if letter.text is None:
            message.set_content(letter.html, subtype="html")
        else:
            message.add_alternative(letter.html, subtype="html")
    for each in letter.attachments:
        maintype, _, subtype = each["content_type"].partition("/")
        message.add_attachment(each["content"], maintype=maintype, subtype=subtype, filename=each["name"])


def one_line(value: Any, what: str) -> str:
    """The text, which has no line end and nothing else that is not to be seen. Raises Unwritable."""
    if not isinstance(value, str):
        raise Unwritable(f"expected a text for {what}")
    if _CONTROL.search(value):
        raise Unwritable(f"{what} must be one line, found {value[:60]!r}")
    return value


def addresses(value: Any, what: str) -> tuple[Address, ...]:
    """Addresses of a text (`a@b`, `Ann <a@b>, c@d`), a map `{name, address}`, or a list of these. Raises Unwritable."""
    match value:
        case None:
            return ()
        case str():
            pairs = getaddresses([one_line(value, what)])
            return tuple(_address(name, address, what) for name, address in pairs) if value.strip() else ()
        case {"address": address, **rest}:
            return (_address(rest.get("name") or "", address, what),)
        case list():
            return tuple(each for item in value for each in addresses(item, what))
        case _:
            raise Unwritable(f"expected an address for {what}")


def _address(name: Any, address: Any, what: str) -> Address:
    spelled = one_line(address, what).strip()
    if not _ADDRESS.fullmatch(spelled) or spelled.count("@") != 1 or not _IN_NO_ADDRESS.isdisjoint(spelled):
        raise Unwritable(f"expected an address for {what}, found {spelled[:60]!r}")
    local, _, domain = spelled.partition("@")
    return Address(one_line(name, what).strip(), local, domain)


def own_headers(value: Any) -> dict[str, str]:
    """Further headers of a map. Raises Unwritable for a name that is ours, or is none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unwritable("expected a map for headers")
    for name in value:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in OURS:
            raise Unwritable(f"a rule cannot set the header {name[:60]!r}")
    return {name: one_line(each, f"the header {name!r}") for name, each in value.items()}


def enclosures(value: Any) -> list[dict[str, Any]]:
    """Attachments of a list of maps `{name, content_type, content}`, the content in base64. Raises Unwritable."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unwritable("expected a list for attachments")
    return [_enclosure(each) for each in value]


def _enclosure(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get("content"), str):
        raise Unwritable("expected a map with content for each attachment")
    kind = one_line(value.get("content_type") or "application/octet-stream", "content_type").lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        raise Unwritable(f"an attachment cannot have the type {kind[:60]!r}")
    try:
        content = b64decode(value["content"], validate=True)
    except (NotBase64, ValueError):
        raise Unwritable("the content of an attachment is no base64") from None
    return {"name": one_line(value.get("name") or "attachment", "name"), "content_type": kind, "content": content}


def loop_mark(eci: str) -> str:
    """What a mail from this channel bears, by which it is known when it comes back.

    Not the ECI: that would hand the channel to everyone who gets a mail.
    """
    return sha256(b"pico-loop " + eci.encode("utf-8", "replace")).hexdigest()[:32]


def message_id(key: str, host: str) -> str:
    """The Message-ID of the effect with this key: the same at each attempt."""
    return f"<{re.sub(r'[^A-Za-z0-9-]', '.', key)}@{host}>"
