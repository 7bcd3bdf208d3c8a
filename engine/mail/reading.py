"""Bytes of a mail become a Mail, whatever is wrong with them.

Broken MIME, unknown charsets and torn encodings are mended as well as can be, and told as defects. Only a message
without any header, or beyond the limits, is refused.

What is the text? The first `text/plain` that is no attachment, at any depth; of alternatives the last that has one,
since senders put the best last. The same for `text/html`. Nothing is lost: every other part is an attachment.

Source: docs/smtp.md, "Attributes"; RFC 5322, RFC 2045 to 2047, RFC 2231.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.parser import BytesFeedParser
from email.utils import getaddresses
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from ..errors import DeliveryTooLarge, Undecodable
from .message import PEOPLE, Attachment, Headers, Mail, MailLimits
from .part import Part
from .text import CONTROL, Defects, decoded, lines, unfolded, words

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 10_000
MAX_DEFECTS = 50  # that are told of one mail
MAX_LINES = 500_000  # each costs the library a text of its own: ten million bytes of empty lines would cost 500
MAX_HEADERS = 5_000
MAX_ADDRESS_CHARACTERS = 64 * 1024  # of all headers of one name: a list of a thousand and more
DEFAULT_LIMITS = MailLimits()

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PATH = re.compile(r".*[/\\]")


def read_mail(content: bytes, limits: MailLimits = DEFAULT_LIMITS) -> Mail:
    """The mail of these bytes. Raises Undecodable if no header can be read, DeliveryTooLarge beyond the limits."""
    end = _END_OF_HEADERS.search(content, 0, limits.max_header_bytes + 4)
    if end is None and len(content) > limits.max_header_bytes:
        raise DeliveryTooLarge(f"more than {limits.max_header_bytes} bytes of headers (max_header_bytes)")
    if content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n") > MAX_LINES:
        raise DeliveryTooLarge(f"more than {MAX_LINES} lines")
    return _Reading(limits).mail(content)


class _Reading:
    """One mail on its way from bytes to facts, and what was found wrong with it so far."""

    def __init__(self, limits: MailLimits) -> None:
        self._limits = limits
        self._defects: Defects = []
        self._count = 0
        self._contents: dict[int, bytes] = {}  # of parts that were asked for already

    def mail(self, content: bytes) -> Mail:
        message = self._parse(content)
        raw = tuple((str(name), unfolded(str(value), self._defects)) for name, value in message.raw_items())
        if not raw:
            raise Undecodable("no header can be read")
        if len(raw) > MAX_HEADERS:
            raise DeliveryTooLarge(f"more than {MAX_HEADERS} headers")
        headers = tuple((name, CONTROL.sub("", words(value, self._defects))) for name, value in raw)
        leaves = list(self._leaves(message))
        chosen = {kind: _chosen(message, kind) for kind in ("text/plain", "text/html")}
        texts = {kind: None if part is None else self._text(part) for kind, part in chosen.items()}
        rest = [leaf for leaf in leaves if all(leaf is not part for part in chosen.values())]
        forms = [leaf for leaf in rest if leaf.get_content_type() == FORM_TYPE and not _is_attachment(leaf)]
        attachments = [self._attachment(leaf) for leaf in rest if all(leaf is not form for form in forms)]
        parts = tuple((leaf.get_content_type(), self._shown(leaf)) for leaf in leaves)
        form = self._form(forms) if forms else None
        people = {name: self._addresses(raw, name) for name in PEOPLE}
        for part in message.walk():
            self._defects += (_told(defect) for defect in part.defects)
            self._defects += part.wrong if isinstance(part, Part) else ()
        return Mail(
            headers,
            people,
            texts["text/plain"],
            texts["text/html"],
            tuple(each for each in attachments if each.content or each.name),
            form,
            tuple(dict.fromkeys(self._defects))[:MAX_DEFECTS],
            parts,
        )

    # --- the tree -----------------------------------------------------------------------------------------

    def _parse(self, content: bytes) -> Part:
        """The tree of parts. The limit holds while it grows: it would be too late afterwards."""
        parser = BytesFeedParser(self._new_part, policy=policy.compat32)
        self._count = 0  # it has made one to try out whether it can
        parser.feed(content)
        whole = parser.close()
        assert isinstance(whole, Part)
        return whole

    def _new_part(self, policy: Any = policy.compat32) -> Part:
        self._count += 1
        if self._count > self._limits.max_parts:
            raise DeliveryTooLarge(f"more than {self._limits.max_parts} parts (max_parts)")
        # A mail within the mail is a level here, and none below, where only the parts of this one are counted.
        return Part(2 * self._limits.max_part_depth, policy)

    def _leaves(self, part: Part, depth: int = 1) -> Iterator[Part]:
        """The parts that have content of their own, in their order. A mail within the mail is one."""
        if depth > self._limits.max_part_depth:
            raise DeliveryTooLarge(f"parts nested deeper than {self._limits.max_part_depth} levels (max_part_depth)")
        if _holds_parts(part):
            for child in _children(part):
                yield from self._leaves(child, depth + 1)
        else:
            yield part

    # --- headers ------------------------------------------------------------------------------------------

    def _addresses(self, raw: Headers, name: str) -> list[tuple[str, str]]:
        """Name and address of everybody in the headers of this name."""
        values = [value for each, value in raw if each.lower() == name]
        written = ", ".join(values)
        if len(written) > MAX_ADDRESS_CHARACTERS:
            self._defects.append(f"more of {name} than is read")
            values = [written[:MAX_ADDRESS_CHARACTERS].rpartition(",")[0]]
        try:
            # Names are decoded after the list is taken apart: what they say may look like a part of it.
            found = getaddresses(values)
        except (RecursionError, ValueError, LookupError) as error:  # groups within groups, and what nobody foresaw
            self._defects.append(f"{name} cannot be read: {type(error).__name__}")
            return []
        return [(words(" ".join(shown.split()), []), address) for shown, address in found if address]

    # --- a part -------------------------------------------------------------------------------------------

    def _bytes(self, part: Part) -> bytes:
        """What the part holds, its transfer encoding undone."""
        known = self._contents.get(id(part))
        if known is None:
            known = self._contents[id(part)] = self._decoded(part)
        return known

    def _decoded(self, part: Part) -> bytes:
        if part.is_multipart():  # message/…: one mail, or blocks of fields
            return b"\n".join(self._written(child) for child in _children(part))
        try:
            payload = part.get_payload(decode=True)
        except (ValueError, LookupError, TypeError) as error:  # which encodings that are none come to
            self._defects.append(f"a part that cannot be decoded: {error}")
            return b""
        return payload if isinstance(payload, bytes) else b""

    def _written(self, message: Part) -> bytes:
        try:
            return message.as_bytes()
        except (
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
        ) as error:  # a generator meets what the parser let pass
            self._defects.append(f"a mail within the mail that cannot be written: {error}")
            return b""

    def _text(self, part: Part) -> str:
        return lines(decoded(self._bytes(part), part.get_content_charset(), self._defects))

    def _shown(self, part: Part) -> str | bytes:
        return self._text(part) if part.get_content_maintype() == "text" else self._bytes(part)

    def _form(self, parts: list[Part]) -> dict[str, Any]:
        """The pairs of the parts that are forms; a list of values where a name is repeated."""
        found: dict[str, Any] = {}
        for part in parts:
            text = "".join(self._text(part).split("\n"))
            try:
                pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FORM_FIELDS)
            except ValueError:
                raise DeliveryTooLarge(f"more than {MAX_FORM_FIELDS} fields of a form") from None
            for name, value in pairs:
                if name not in found:
                    found[name] = value
                elif isinstance(found[name], list):
                    found[name].append(value)
                else:
                    found[name] = [found[name], value]
        return found

    def _attachment(self, part: Part) -> Attachment:
        content_id = part.get("content-id")
        return Attachment(
            self._name(part),
            part.get_content_type(),
            part.get_content_disposition(),
            None if content_id is None else unfolded(str(content_id), []).strip("<> "),
            content := self._bytes(part),
            sha256(content).hexdigest(),
        )

    def _name(self, part: Part) -> str | None:
        """The file's name without the folders that some programs put in front of it."""
        written = part.get_filename()
        if written is None:
            return None
        name = CONTROL.sub("", words(unfolded(written, self._defects), self._defects))
        return _PATH.sub("", name) or None


def _holds_parts(part: Part) -> bool:
    return part.is_multipart() and part.get_content_maintype() == "multipart"


def _children(part: Part) -> list[Part]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []


def _chosen(part: Part, kind: str) -> Part | None:
    """The part of this type that is the text of the mail."""
    if _is_attachment(part):
        return None
    if _holds_parts(part):
        children = _children(part)
        if part.get_content_subtype() == "alternative":
            children.reverse()
        return next((found for child in children if (found := _chosen(child, kind)) is not None), None)
    if part.get_content_maintype() == "multipart" and not part.is_multipart():
        return part if kind == "text/plain" else None  # it says that it has parts, and has none
    return part if part.get_content_type() == kind else None


def _is_attachment(part: Part) -> bool:
    return part.get_content_disposition() == "attachment"


def _told(defect: object) -> str:
    """`StartBoundaryNotFoundDefect` as `start boundary not found`."""
    return _HUMP.sub(" ", type(defect).__name__.removesuffix("Defect")).lower()
