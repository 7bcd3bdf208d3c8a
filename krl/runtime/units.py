"""Strings as sequences of UTF-16 code units, which is how KRL counts positions.

Python counts code points, so the two differ where a string has characters beyond U+FFFF: such a character is two
units, a pair of surrogates. A lone surrogate is a legal KRL string; halves that meet are one character again.
"""

from __future__ import annotations

import re

from ..source import utf16_length

_BROKEN_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def rejoined(text: str) -> str:
    """The text with each high surrogate that stands before a low one made into the character they mean."""
    if text.isascii() or not _BROKEN_PAIR.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def code_units(text: str) -> list[str]:
    """The units one by one; an astral character gives two lone surrogates."""
    if len(text) == utf16_length(text):
        return list(text)
    data = text.encode("utf-16-le", "surrogatepass")
    return [chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2)]


def unit_slice(text: str, start: int, end: int) -> str:
    """The units from `start` up to `end`, both within 0 and the length in units."""
    if text.isascii() or len(text) == utf16_length(text):
        return text[start:end]
    data = text.encode("utf-16-le", "surrogatepass")
    return data[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def unit_order(text: str) -> bytes:
    """A key that sorts texts by code unit."""
    return text.encode("utf-16-be", "surrogatepass")
