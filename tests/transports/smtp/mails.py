"""Mails as programs really write them, each with the attributes that it must have.

Both are made of the same facts, the mail by encoders written here, so that the reader is not asked about itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

INLINE_BYTES = 64 * 1024
CHARSETS = ("utf-8", "iso-8859-1", "windows-1252", "iso-8859-15", "koi8-r", "shift_jis", "gb2312", "iso-2022-jp")
WORDS: dict[str, list[str]] = {
    "utf-8": ["Grüße", "日本語", "naïve", "Ω", "plain", "🎉"],
    "iso-8859-1": ["café", "Straße", "señor", "plain"],
    "windows-1252": ["“quoted”", "naïve", "10 €", "plain"],
    "iso-8859-15": ["10 €", "œuvre", "plain"],
    "koi8-r": ["привет", "мир", "plain"],
    "shift_jis": ["日本", "こんにちは", "plain"],
    "gb2312": ["中文", "你好", "plain"],
    "iso-2022-jp": ["日本語", "テスト", "plain"],
}


@dataclass
class Case:
    """A mail and what it must be to a rule."""

    kind: str
    content: bytes
    expected: dict[str, Any]
    attachments: list[dict[str, Any]] = field(default_factory=list)


def b_word(text: str, charset: str) -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def q_word(text: str, charset: str) -> str:
    encoded = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else "_" if byte == 32 else f"={byte:02X}"
        for byte in text.encode(charset)
    )
    return f"=?{charset}?Q?{encoded}?="


def folded(text: str, charset: str, random: Random) -> str:
    """The text as encoded words on several lines, each of whole characters."""
    cut = random.randint(1, max(1, len(text) - 1))
    word = random.choice([b_word, q_word])
    return "\r\n ".join(word(part, charset) for part in (text[:cut], text[cut:]) if part)


def body(text: str, charset: str, random: Random) -> tuple[list[str], bytes]:
    """Headers and bytes of a text part."""
    data = text.replace("\n", "\r\n").encode(charset)
    kind = random.choice(["base64", "quoted-printable", "8bit"] if charset != "iso-2022-jp" else ["base64", "7bit"])
    headers = [f"Content-Transfer-Encoding: {kind}"]
    if kind == "base64":
        return headers, in_base64(data)
    if kind == "quoted-printable":
        return headers, binascii.b2a_qp(data.replace(b"\r\n", b"\n"), istext=True).replace(b"\n", b"\r\n")
    return headers, data


def in_base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def part(headers: list[str], content: bytes) -> bytes:
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + content


def multipart(kind: str, parts: list[bytes], boundary: str, extra: str = "") -> tuple[str, bytes]:
    """Content-Type and content."""
    lines = b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts)
    content_type = f'Content-Type: multipart/{kind}; boundary="{boundary}"{extra}'
    return content_type, b"This is a message in several parts.\r\n" + lines + b"--" + boundary.encode() + b"--\r\n"


class Writer:
    """Writes one mail of a kind."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.charset = random.choice(CHARSETS)
        self.number = random.randrange(10**9)

    def words(self, count: int) -> str:
        return " ".join(self.random.choice(WORDS[self.charset]) for _ in range(count))

    def lines(self) -> str:
        """Ends without a line end: those before a boundary belong to the boundary."""
        return "\n".join(self.words(self.random.randint(1, 6)) for _ in range(self.random.randint(1, 8)))

    def text_part(self, subtype: str, text: str) -> bytes:
        headers, content = body(text, self.charset, self.random)
        quoted = self.random.choice(['"{}"', "{}"]).format(self.charset)
        return part([f"Content-Type: text/{subtype}; charset={quoted}", *headers], content)

    def file(self, size: int) -> tuple[bytes, dict[str, Any]]:
        content = self.random.randbytes(size)
        name = f"{self.words(1).replace(' ', '')}-{self.random.randrange(100)}.bin".replace("“", "").replace("”", "")
        disposition = self.random.choice(["attachment", "inline"])
        id = self.random.choice([None, f"part{self.random.randrange(99)}@x"])
        headers = [
            "Content-Type: application/octet-stream",
            f"Content-Disposition: {disposition}; {self.filename(name)}",
            "Content-Transfer-Encoding: base64",
            *([f"Content-ID: <{id}>"] if id else []),
        ]
        expected = {"name": name, "content_type": "application/octet-stream", "disposition": disposition}
        return part(headers, in_base64(content)), {**expected, "content_id": id, **kept(content)}

    def filename(self, name: str) -> str:
        if name.isascii():
            return f'filename="{name}"'
        quoted = "".join(f"%{byte:02X}" for byte in name.encode())
        cut = len(quoted) // 2 - (len(quoted) // 2) % 3
        return self.random.choice(
            [
                f"filename*=utf-8''{quoted}",
                f"filename*0*=utf-8''{quoted[:cut]};\r\n filename*1*={quoted[cut:]}",
                f'filename="{b_word(name, "utf-8")}"',
            ]
        )

    def case(self, kind: str) -> Case:
        random = self.random
        subject, name = self.words(3), self.words(2).replace("“", "").replace("”", "")
        address = f"user{self.number}@example.com"
        content_type, content, told = getattr(self, f"write_{kind}")()
        zone = random.choice([("+0000", 0), ("+0200", -2), ("-0500", 5), ("GMT", 0)])
        hour = random.randint(5, 20)
        headers = [
            "Received: from a (a [192.0.2.1]) by b with ESMTP;\r\n\tFri, 1 Mar 2024 12:00:01 +0000",
            f"From: {folded(name, self.charset, random)} <{address}>",
            f'To: "Doe, Jane" <jane@example.org>,\r\n\t{q_word(name, self.charset)} <to{self.number}@example.org>',
            "Cc: group: a@x.org, b@x.org;" if random.random() < 0.3 else "Cc: c@example.org",
            f"Subject: {folded(subject, self.charset, random)}",
            f"Date: Fri, 01 Mar 2024 {hour:02}:30:00 {zone[0]}",
            f"Message-ID: <{self.number}@example.com>",
            "X-Twice: one",
            "x-twice: two",
            "MIME-Version: 1.0",
        ]
        content_headers = content_type if isinstance(content_type, list) else [content_type]
        whole = "\r\n".join([*headers, *content_headers]).encode() + b"\r\n\r\n" + content
        group = headers[3].startswith("Cc: group")
        expected = {
            "from": {"name": name, "address": address},
            "from_address": address,
            "to": [
                {"name": "Doe, Jane", "address": "jane@example.org"},
                {"name": name, "address": f"to{self.number}@example.org"},
            ],
            "cc": [{"name": "", "address": each} for each in (("a@x.org", "b@x.org") if group else ("c@example.org",))],
            "reply_to": [],
            "subject": subject,
            "date": f"2024-03-01T{hour + zone[1]:02}:30:00.000Z"
            if hour + zone[1] < 24
            else f"2024-03-02T{hour + zone[1] - 24:02}:30:00.000Z",
            "message_id": f"<{self.number}@example.com>",
            "text": None,
            "html": None,
            "form": None,
            **told,
        }
        attachments = expected.pop("attachments", [])
        return Case(kind, whole, {**expected, "plain": expected["text"]}, attachments)

    # --- kinds --------------------------------------------------------------------------------------------

    def write_plain(self) -> Any:
        text = self.lines() + "\n"
        headers, content = body(text, self.charset, self.random)
        return [f"Content-Type: text/plain; charset={self.charset}; format=flowed", *headers], content, {"text": text}

    def write_html(self) -> Any:
        html = f"<p>{self.lines()}</p>\n"
        headers, content = body(html, self.charset, self.random)
        return [f"Content-Type: text/html; charset={self.charset}", *headers], content, {"html": html}

    def alternative(self, boundary: str) -> tuple[str, bytes, dict[str, Any]]:
        text, html = self.lines(), f"<b>{self.lines()}</b>"
        parts = [self.text_part("plain", text), self.text_part("html", html)]
        return (*multipart("alternative", parts, boundary), {"text": text, "html": html})

    def write_alternative(self) -> Any:
        return self.alternative("alt_1")

    def write_mixed(self) -> Any:
        inner_type, inner, told = self.alternative("in=ner")
        file, facts = self.file(self.random.randint(1, 2000))
        content_type, content = multipart("mixed", [part([inner_type], inner), file], "outer")
        return content_type, content, {**told, "attachments": [facts]}

    def write_related(self) -> Any:
        """alternative in mixed, with the HTML and its image in related."""
        text, html = self.lines(), f"<i>{self.lines()}</i>"
        image, image_facts = self.file(300)
        related_type, related = multipart("related", [self.text_part("html", html), image], "rel")
        alternative_type, alternative = multipart(
            "alternative", [self.text_part("plain", text), part([related_type], related)], "alt"
        )
        file, facts = self.file(500)
        content_type, content = multipart("mixed", [part([alternative_type], alternative), file], "mix")
        return content_type, content, {"text": text, "html": html, "attachments": [image_facts, facts]}

    def write_large(self) -> Any:
        file, facts = self.file(INLINE_BYTES + self.random.randint(1, 5000))
        text = self.lines()
        content_type, content = multipart("mixed", [self.text_part("plain", text), file], "big")
        return content_type, content, {"text": text, "attachments": [facts]}

    def write_forwarded(self) -> Any:
        inner = b"From: old@example.com\nSubject: old\n\nthe old text"
        forwarded = part(["Content-Type: message/rfc822"], inner.replace(b"\n", b"\r\n"))
        text = self.lines()
        content_type, content = multipart("mixed", [self.text_part("plain", text), forwarded], "fwd")
        facts = {"name": None, "content_type": "message/rfc822", "disposition": None, "content_id": None}
        return content_type, content, {"text": text, "attachments": [{**facts, "starts": b"From: old@example.com\n"}]}

    def write_calendar(self) -> Any:
        text, html = self.lines(), f"<b>{self.lines()}</b>"
        event = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR"
        calendar = part(["Content-Type: text/calendar; charset=utf-8; method=REQUEST"], event)
        parts = [self.text_part("plain", text), self.text_part("html", html), calendar]
        facts = {"name": None, "content_type": "text/calendar", "disposition": None, "content_id": None, **kept(event)}
        return (*multipart("alternative", parts, "cal"), {"text": text, "html": html, "attachments": [facts]})

    def write_signed(self) -> Any:
        text = self.lines()
        signature = self.random.randbytes(200)
        headers = ['Content-Type: application/pkcs7-signature; name="smime.p7s"', "Content-Transfer-Encoding: base64"]
        parts = [self.text_part("plain", text), part(headers, in_base64(signature))]
        extra = '; protocol="application/pkcs7-signature"; micalg=sha-256'
        facts = {"name": "smime.p7s", "content_type": "application/pkcs7-signature", "disposition": None}
        return (
            *multipart("signed", parts, "sig", extra),
            {"text": text, "attachments": [{**facts, "content_id": None, **kept(signature)}]},
        )

    def write_bounce(self) -> Any:
        text = self.lines()
        status = part(
            ["Content-Type: message/delivery-status"],
            b"Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; a@x\r\nStatus: 5.1.1",
        )
        parts = [self.text_part("plain", text), status]
        facts = {"name": None, "content_type": "message/delivery-status", "disposition": None, "content_id": None}
        return (
            *multipart("report", parts, "rep", "; report-type=delivery-status"),
            {"text": text, "attachments": [{**facts, "starts": b"Reporting-MTA: dns; mx.example.com"}]},
        )

    def write_form(self) -> Any:
        content = b"a=1&b=two+words&c=%C3%A4&d=&a=2"
        form = {"a": ["1", "2"], "b": "two words", "c": "ä", "d": ""}
        return "Content-Type: application/x-www-form-urlencoded", content, {"form": form}

    def write_two_texts(self) -> Any:
        """A mailing list's footer is no part of the text, and not lost."""
        text, footer = self.lines(), "You are on a list."
        parts = [self.text_part("plain", text), part(["Content-Type: text/plain"], footer.encode())]
        facts = {"name": None, "content_type": "text/plain", "disposition": None, "content_id": None}
        return (
            *multipart("mixed", parts, "two"),
            {"text": text, "attachments": [{**facts, **kept(footer.encode())}]},
        )

    def write_attached_text(self) -> Any:
        """A text that is attached is not the text."""
        attached = part(
            ["Content-Type: text/plain", "Content-Disposition: attachment; filename=notes.txt"], b"just notes"
        )
        text = self.lines()
        facts = {"name": "notes.txt", "content_type": "text/plain", "disposition": "attachment", "content_id": None}
        return (
            *multipart("mixed", [attached, self.text_part("plain", text)], "att"),
            {"text": text, "attachments": [{**facts, **kept(b"just notes")}]},
        )

    def write_unended(self) -> Any:
        """The last boundary is missing, as in mail that was cut off."""
        text = self.lines()
        content_type, content = multipart("mixed", [self.text_part("plain", text)], "cut")
        return content_type, content.replace(b"\r\n--cut--\r\n", b""), {"text": text}


def kept(content: bytes) -> dict[str, Any]:
    """How an attachment's content is told."""
    hash = hashlib.sha256(content).hexdigest()
    facts: dict[str, Any] = {"size": len(content), "sha256": hash}
    if len(content) > INLINE_BYTES:
        return {**facts, "ref": hash}
    return {**facts, "encoding": "base64", "content": base64.b64encode(content).decode()}


KINDS = tuple(name.removeprefix("write_") for name in vars(Writer) if name.startswith("write_"))


def case(seed: int) -> Case:
    """One of endless mails, of each kind in turn."""
    return Writer(Random(seed)).case(KINDS[seed % len(KINDS)])


Attributes = Callable[[bytes], dict[str, Any]]
