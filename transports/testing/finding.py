"""Which files are tests of rulesets: those that are named, and all `*.test.toml` below the folders that are named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .problems import FormatError

ENDING = ".test.toml"


def find_files(places: Iterable[Path]) -> list[Path]:
    """The files, each once, those of a folder in alphabetical order. Raises FormatError if there are none."""
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            inside = sorted(place.rglob(f"*{ENDING}"))
            if not inside:
                raise FormatError(str(place), "", f"there is no file *{ENDING} in this folder")
            found |= dict.fromkeys(inside)
        elif place.name.endswith(ENDING):
            found[place] = None
        else:
            raise FormatError(str(place), "", f"expected a folder or a file *{ENDING}")
    return list(found)
