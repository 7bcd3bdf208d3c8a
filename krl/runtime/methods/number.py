"""Methods of numbers: characters by code, ranges, bit operations.

Source of the rules: operators, "Number operators".
"""

from __future__ import annotations

from math import ceil
from typing import Any, Final

from ...errors import KRLTypeError
from ..host import Host, Value
from ..limits import charge_items
from ..numbers import number, signed32
from ..text import text
from ..values import LARGEST, MISSING, normal


def chr_(h: Host, val: Value = None) -> Value:
    """The code unit of that number; null for what is no number."""
    code = number(val)
    return None if code is None else chr(int(code) % 0x10000)


def range_(h: Host, val: Value = None, end: Value = MISSING) -> Value:
    """The numbers from the value on, in steps of one, to the end; a last partial step goes beyond it."""
    start, last = number(val), None if end is MISSING else number(end)
    if start is None or last is None:
        return []
    step = 1 if last >= start else -1
    stop = last + step
    count = max(ceil((stop - start) / step), 0)
    charge_items(h, count)
    behind = start + count * step
    if type(start) is int and type(behind) is int and -LARGEST <= behind <= LARGEST:
        return list(range(start, behind, step))
    result: list[Value] = []
    # By repeated addition, not multiplication: doubles drift, and the peer's do so in this way.
    for _ in range(count):
        result.append(normal(start))
        start += step
    return result


def band(h: Host, left: Value = None, right: Value = None) -> Value:
    """The bits that both numbers have, of 32."""
    a, b = _bits(left, right, "bitwise anded")
    return signed32(a & b)


def bor(h: Host, left: Value = None, right: Value = None) -> Value:
    """The bits that one of the numbers has, of 32."""
    a, b = _bits(left, right, "bitwise anded")  # the peer's word, here and below
    return signed32(a | b)


def bxor(h: Host, left: Value = None, right: Value = None) -> Value:
    """The bits that only one of the numbers has, of 32."""
    a, b = _bits(left, right, "bitwise anded")
    return signed32(a ^ b)


def bnot(h: Host, left: Value = None) -> Value:
    """The bits turned over, of 32."""
    bits = number(left)
    if bits is None:
        raise KRLTypeError(f"{text(left)} cannot be inverted ")
    return ~signed32(bits)


def shift_left(h: Host, left: Value = None, right: Value = None) -> Value:
    """The bits moved up by the count modulo 32, within 32 bits."""
    bits, count = _bits(left, right, "shifted by")
    return signed32(bits << count % 32)


def shift_right(h: Host, left: Value = None, right: Value = None) -> Value:
    """The bits moved down by the count modulo 32; the sign stays."""
    bits, count = _bits(left, right, "shifted by")
    return bits >> count % 32


def _bits(left: Value, right: Value, verb: str) -> tuple[int, int]:
    a, b = number(left), number(right)
    if a is None or b is None:
        raise KRLTypeError(f"{text(left)} cannot be {verb} {text(right)}")
    return signed32(a), signed32(b)


METHODS: Final[dict[str, Any]] = {
    "band": band,
    "bnot": bnot,
    "bor": bor,
    "bxor": bxor,
    "chr": chr_,
    "range": range_,
    "shiftLeft": shift_left,
    "shiftRight": shift_right,
}
