"""A mail that was read: facts, and the shapes in which rules see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = tuple[tuple[str, str], ...]
PEOPLE = ("from", "to", "cc", "reply-to")  # headers that are lists of addresses


@dataclass(frozen=True, slots=True)
class MailLimits:
    """How much of a mail is read."""

    max_header_bytes: int = 1024 * 1024
    max_parts: int = 200
    max_part_depth: int = 20


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a mail that is not its text."""

    name: str | None
    content_type: str
    disposition: str | None
    content_id: str | None
    content: bytes
    sha256: str  # of the content, in hexadecimal


@dataclass(frozen=True, slots=True)
class Mail:
    """What is in a mail."""

    headers: Headers  # in their order, as people read them
    people: Mapping[str, Sequence[tuple[str, str]]]  # name and address of everybody, by header
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    form: dict[str, Any] | None
    defects: tuple[str, ...]
    parts: tuple[tuple[str, str | bytes], ...] = field(repr=False)  # type and content of every leaf, in their order

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """The headers of this name, from the top."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def addresses(self, name: str) -> list[dict[str, str]]:
        """The addresses in the headers of this name, one of PEOPLE: `{"name", "address"}` each."""
        return [{"name": shown, "address": address} for shown, address in self.people[name]]


def header_map(headers: Headers) -> dict[str, str | list[str]]:
    """The headers by name, as first spelled; a list of values where one is repeated."""
    spelled: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
