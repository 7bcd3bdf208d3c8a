"""A part of a mail as the library's parser builds it, kept within limits while it grows.

The library believes what it reads: the parameters of a header cost it the square of their number, each level of parts
is asked about every line, names of charsets become modules that it looks for. So what a stranger may choose without
limit is limited here, before the library sees it.

Source: RFC 2045 (parameters), RFC 2231 (their encoding and continuation).
"""

from __future__ import annotations

from email import policy
from email.message import Message
from typing import Any

from ..errors import DeliveryTooLarge
from .text import Defects, decoded

MAX_PARAMETER_CHARACTERS = 4096  # of one header: a name of 255 characters in its longest spelling, and as much again
MAX_PARAMETERS = 128
WITH_PARAMETERS = frozenset({"content-type", "content-disposition"})
TOO_MANY = "more parameters of a header than are read"


class Part(Message):
    """A part, and how deep it is."""

    def __init__(self, levels_below: int = 0, of: Any = policy.compat32) -> None:
        """`levels_below`: how many levels of parts it may hold; `of`: the parser's policy."""
        super().__init__(of)
        self.levels_below = levels_below
        self.wrong: Defects = []  # found when it was asked for something

    def attach(self, payload: Any) -> None:
        """Take in a part. Raises DeliveryTooLarge if it is too deep."""
        if self.levels_below == 0:
            raise DeliveryTooLarge("parts and mails nested too deep (max_part_depth)")
        payload.levels_below = self.levels_below - 1
        super().attach(payload)

    def get(self, name: str, failobj: Any = None) -> Any:
        """A header; of one with parameters not more than anybody needs."""
        value = super().get(name, failobj)
        if value is failobj or name.lower() not in WITH_PARAMETERS:
            return value
        written = str(value)
        kept = ";".join(written[:MAX_PARAMETER_CHARACTERS].split(";", MAX_PARAMETERS)[:MAX_PARAMETERS])
        if len(kept) < len(written):
            self.wrong.append(TOO_MANY)
        return kept

    def parameter(self, name: str, header: str = "content-type") -> str | None:
        """A parameter as text; None if there is none, or none that can be read."""
        try:
            found = self.get_param(name, None, header)
        except (ValueError, LookupError, TypeError) as error:  # what no parser has foreseen
            self.wrong.append(f"the parameter {name} cannot be read: {error}")
            return None
        if isinstance(found, tuple):  # charset, language, text
            charset, _, written = found
            # Each character is a byte: a percent code is, and bytes beyond ASCII are kept as surrogates.
            return decoded(bytes(ord(each) & 0xFF for each in written), charset, self.wrong)
        return None if found is None else str(found)

    # What the library would read in its own way.

    def get_boundary(self, failobj: Any = None) -> Any:
        """What stands between the parts."""
        found = self.parameter("boundary")
        return failobj if found is None else found.rstrip()

    def get_filename(self, failobj: Any = None) -> Any:
        """The name of the file that it holds."""
        for header, name in (("content-disposition", "filename"), ("content-type", "name")):
            if (found := self.parameter(name, header)) is not None:
                return found.strip()
        return failobj

    def get_content_charset(self, failobj: Any = None) -> Any:
        """The charset that its text claims to be in."""
        found = self.parameter("charset")
        return failobj if found is None or not found.isascii() else found.lower()
