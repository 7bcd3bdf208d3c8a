"""Any value as a number: what `-`, ordering and every number parameter make of it.

Source of the rules: operators, "Conversion table" and "Text to number".
"""

from __future__ import annotations

import re
from math import isfinite

from .host import Value
from .text import WHITESPACE
from .values import normal

# Python's own float() and int() accept more: underscores, other scripts' digits, `inf`, `nan`, signed hexadecimals.
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PREFIXED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def number(value: Value) -> int | float | None:
    """The number that a value counts as, None if it counts as none. A collection counts as its size."""
    kind = type(value)
    if kind is int:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return value if isfinite(value) else None
    if kind is str:
        return text_number(value)
    if value is None:
        return 0
    if kind is bool:
        return 1 if value else 0
    if kind is list or kind is dict:
        return len(value)
    return None


def text_number(written: str) -> int | float | None:
    """The number that a text writes, None if it writes none or one beyond the doubles; blank text writes 0."""
    digits = written.strip(WHITESPACE)
    if not digits:
        return 0
    if digits[0] > "9":
        return None  # most words; digits, signs and the point all stand before
    if len(digits) < 16 and digits.isascii() and digits.isdigit():
        return int(digits)
    if _DECIMAL.fullmatch(digits):
        return _finite(float(digits))
    if _PREFIXED.fullmatch(digits):
        return _finite(int(digits, 0))
    return None


def signed32(number: int | float) -> int:
    """The number cut to an integer and wrapped into 32 bits with sign, as bit operations want it."""
    low = int(number) & 0xFFFFFFFF
    return low - 0x100000000 if low & 0x80000000 else low


def hexadecimal(number: int | float) -> str:
    """The number to base 16, without a prefix, exact: a double's fraction always ends in base 16."""
    numerator, denominator = abs(number).as_integer_ratio()
    places = -(-(denominator.bit_length() - 1) // 4)
    digits = f"{numerator * 16**places // denominator:x}".rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def _finite(number: int | float) -> int | float | None:
    result = normal(number)
    return result if result is not None and isfinite(result) else None
