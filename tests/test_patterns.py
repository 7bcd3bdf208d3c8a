"""Regular expressions that every Python from 3.11 on understands alike."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [path for room in ("krl", "engine", "transports") for path in sorted((ROOT / room).rglob("*.py"))]

# Of a possessive group, Python before 3.11.5 keeps what an alternative has taken that fails (python/cpython#106052).
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")


def test_no_group_is_repeated_possessively() -> None:
    found = [(path.name, each) for path in SOURCES for each in _patterns(path.read_text())]

    assert len(found) > 100
    assert [each for each in found if POSSESSIVE_GROUP.search(each[1])] == []


def _patterns(source: str) -> list[str]:
    return re.findall(r"""\br[fb]?(?:"[^"\n]*"|'[^'\n]*')""", source)


def test_one_would_be_found() -> None:
    assert POSSESSIVE_GROUP.search(r"(?:a|b)*+")
    assert not POSSESSIVE_GROUP.search(r"[ab]*+\)*")
