"""Count what a program spends, so that none runs or grows without end.

Everything is counted, nothing timed: a replay meets the same limit at the same place. Work on something large
spends steps too, or else a loop of few rounds could go on for hours.
"""

from __future__ import annotations

from ..errors import KRLLimitError
from .host import Host

ITEMS_A_STEP = 64  # copying so many items takes about as long as calling a function; fewer are free
LOOKS_A_STEP = 4  # looking at so many items one by one does
CHARACTERS_A_STEP = 1024  # likewise; shorter texts are free, and their length is not looked at
JSON_A_STEP = 16  # writing or reading so many characters of JSON does


def spend(h: Host, steps: int) -> None:
    """Count the steps. Raises KRLLimitError when the cycle has none left."""
    h.steps -= steps
    if h.steps < 0:
        raise KRLLimitError(f"too many function calls and loop rounds (limit max_steps: {h.limits.max_steps})")


def check_items(h: Host, count: int) -> None:
    """Raises KRLLimitError if no list or map may be as large."""
    if count > h.limits.max_items:
        raise KRLLimitError(f"a collection of {count} items is too large (limit max_items: {h.limits.max_items})")


def charge_items(h: Host, count: int) -> None:
    """A list or map of so many items is about to be built. Raises KRLLimitError if it may not be."""
    if count >= ITEMS_A_STEP:
        check_items(h, count)
        spend(h, count // ITEMS_A_STEP)


def pay_looks(h: Host, count: int) -> None:
    """So many items are about to be looked at, one by one."""
    if count >= LOOKS_A_STEP:
        spend(h, count // LOOKS_A_STEP)


def pay_json(h: Host, length: int) -> None:
    """So many characters of JSON are written or read."""
    spend(h, 1 + length // JSON_A_STEP)


def check_text(h: Host, length: int) -> None:
    """Raises KRLLimitError if no text may be as long."""
    if length > h.limits.max_text_units:
        limit = h.limits.max_text_units
        raise KRLLimitError(f"a text of {length} characters is too long (limit max_text_units: {limit})")


def pay_text(h: Host, length: int) -> None:
    """A text of so many characters is about to be gone through."""
    if length >= CHARACTERS_A_STEP:
        spend(h, length // CHARACTERS_A_STEP)


def charge_text(h: Host, length: int) -> None:
    """A text of so many characters is about to be built. Raises KRLLimitError if it may not be."""
    if length >= CHARACTERS_A_STEP:
        check_text(h, length)
        spend(h, length // CHARACTERS_A_STEP)
