"""Wait until a ruleset or a test changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from .finding import ENDING

SETTLING_MS = 200  # an editor's several writes are one change
LOOK_MS = 1000  # an interrupt is noticed within it


def can_watch() -> bool:
    """Whether the package that watches is installed."""
    return find_spec("watchfiles") is not None


def changes(places: Sequence[Path]) -> Iterator[set[Path]]:
    """The files that have changed, each time that some have, for ever; it is watched from the first `next` on.

    Of a file its whole folder is watched, since the ruleset that it tests is most likely beside it.
    """
    from watchfiles import watch

    folders = {place if place.is_dir() else place.parent for place in places}
    for found in watch(
        *folders, debounce=SETTLING_MS, step=SETTLING_MS // 4, rust_timeout=LOOK_MS, yield_on_timeout=True
    ):
        changed = {Path(path) for _, path in found if path.endswith((".krl", ENDING))}
        if changed:
            yield changed
