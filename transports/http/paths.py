"""Find the route of a raw path, and its parameters.

Segments are cut before they are decoded, so that `%2F` is no slash. What is found is kept: programs send the same few
paths again and again.

Source: docs/http.md.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from engine import Undecodable

from .table import PICO_OPERATIONS, Operation

MAX_KEPT_PATH = 256  # bytes; longer paths are looked up each time
MAX_KEPT_PATHS = 4096

# What JavaScript's trim() takes away, which is not what str.strip() does.
BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Match(NamedTuple):
    """A route and the values of its parameters in order: decoded, trimmed, none blank."""

    operation: Operation
    words: tuple[str, ...]


class _Shape(NamedTuple):
    operation: Operation
    fixed: tuple[tuple[int, bytes], ...]  # position and lower-case word
    labels: tuple[tuple[int, str], ...]  # position and label of a parameter


def find(raw_path: bytes) -> Match | None:
    """The route, None if there is none; raises Undecodable for a parameter that is blank or cannot be decoded."""
    return _find_kept(raw_path) if len(raw_path) <= MAX_KEPT_PATH else _find(raw_path)


def _find(raw_path: bytes) -> Match | None:
    segments = raw_path.split(b"/")
    if len(segments) > 2 and not segments[-1]:
        segments.pop()  # one slash at the end is allowed
    for operation, fixed, labels in _SHAPES.get(len(segments), ()):
        if all(segments[at].lower() == word for at, word in fixed) and all(segments[at] for at, _ in labels):
            return Match(operation, tuple(_word(segments[at], label) for at, label in labels))
    return None


_find_kept = lru_cache(MAX_KEPT_PATHS)(_find)


def _word(segment: bytes, label: str) -> str:
    try:
        if _BAD_PERCENT.search(segment):
            raise ValueError(segment)
        word = unquote_to_bytes(segment).decode().strip(BLANKS)
    except ValueError as error:
        raise Undecodable(f"Failed to decode param {segment.decode('latin-1')!r}", "URIError") from error
    return filled(word, label)


def filled(word: str, label: str) -> str:
    """The word; raises Undecodable for an empty one."""
    if not word:
        raise Undecodable(f"missing {label}")
    return word


def _shapes(operations: tuple[Operation, ...]) -> dict[int, list[_Shape]]:
    """Operations by the number of their segments, the empty one before the first slash included."""
    shapes: dict[int, list[_Shape]] = {}
    for operation in operations:
        segments = operation.path.split("/")
        fixed = tuple((at, each.encode()) for at, each in enumerate(segments) if not each.startswith("{"))
        labels = tuple((at, each[1:-1]) for at, each in enumerate(segments) if each.startswith("{"))
        shapes.setdefault(len(segments), []).append(_Shape(operation, fixed, labels))
    return shapes


_SHAPES = _shapes(PICO_OPERATIONS)
