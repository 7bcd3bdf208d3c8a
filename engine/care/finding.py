"""What the sweep and the doctor find: something that should not be so, and what can be done about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: str  # "stranded event", "broken chain" …
    subject: str  # what it is about: a pico's id, an eid …
    what: str
    help: str = ""  # what somebody can do about it
    mended: bool = False
    mendable: bool = False  # `doctor --fix` mends it

    def as_map(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
