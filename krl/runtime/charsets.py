"""Sets of characters in regular expressions: ranges of code points, and the classes that `regex` reads for them.

Source of the rules: ECMA-262, "CharacterClassEscape" and "Canonicalize"; operators, "Whitespace".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

Ranges = tuple[tuple[int, int], ...]  # of code points, both ends included

_LAST = 0x10FFFF


def complement(ranges: Ranges) -> Ranges:
    """All other code points; the ranges must be ascending and apart."""
    starts = [0, *(high + 1 for _, high in ranges)]
    ends = [*(low - 1 for low, _ in ranges), _LAST]
    return tuple((start, end) for start, end in zip(starts, ends, strict=True) if start <= end)


DIGIT: Final[Ranges] = ((0x30, 0x39),)
WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final[Ranges] = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
SETS: Final = {
    "d": DIGIT,
    "D": complement(DIGIT),
    "w": WORD,
    "W": complement(WORD),
    "s": SPACE,
    "S": complement(SPACE),
}
"""What the class escapes stand for, by letter."""


def points(chars: str) -> Ranges:
    """Each character as a range of its own."""
    return tuple((ord(char), ord(char)) for char in chars)


def is_set(ranges: Ranges) -> bool:
    """Whether the ranges have more than one character."""
    return len(ranges) > 1 or ranges[0][0] != ranges[0][1]


def class_text(ranges: Iterable[tuple[int, int]], negated: bool = False) -> str:
    """The class of the ranges, in any order; one without any matches nothing, or negated anything."""
    merged = _merged(ranges)
    if not merged:
        return "." if negated else "(?!)"
    inside = "".join(
        escaped(chr(low)) if low == high else f"{escaped(chr(low))}-{escaped(chr(high))}" for low, high in merged
    )
    return f"[^{inside}]" if negated else f"[{inside}]"


def escaped(char: str) -> str:
    """The character such that it means itself anywhere in a pattern."""
    if char.isascii() and char.isalnum():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def any_case(char: str) -> str:
    """What matches the character under flag `i`."""
    variants = _case_variants().get(char) if char > "\x7f" else None
    return class_text(points(variants)) if variants else escaped(char)


def other_cases(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The characters beyond ASCII that flag `i` adds to a class of the ranges."""
    variants = _case_variants() if any(high > 0x7F for _, high in ranges) else {}
    found: set[str] = set()
    for low, high in _merged(ranges):
        first, last = chr(low), chr(high)
        # Whichever is shorter to walk: the range, or the letters that there are.
        letters = map(chr, range(low, high + 1)) if high - low < len(variants) else variants
        for char in letters:
            alike = variants.get(char, char)
            if first <= char <= last and not (first <= alike[0] and alike[-1] <= last):
                found.update(alike)
    return list(points("".join(found)))


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


@cache
def _case_variants() -> dict[str, str]:
    """For each non-ASCII letter that `i` does not tell from others: all of them, in ascending order.

    Two are the same if their upper cases are, unless that is several letters or ASCII. (ASCII letters among
    themselves are left to `regex`, which under its flag ASCII folds no others.)
    """
    same: dict[str, list[str]] = defaultdict(list)
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x10000)):
        upper = chr(code).upper()
        same[upper if len(upper) == 1 and upper > "\x7f" else chr(code)].append(chr(code))
    return {char: "".join(chars) for chars in same.values() if len(chars) > 1 for char in chars}
