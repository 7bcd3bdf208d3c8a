"""The infix and prefix operators, but for `&&`, `||` and the conditional, which compiled code spells out.

Those that may write to the log or meet a limit take the host first. Compiled code has its own short cuts for small
integers and strings and comes here for everything else; the short cuts here serve the library.

Source of the rules: operators, "Infix and prefix operators"; messages are the ones tests and logs quote.
"""

from __future__ import annotations

from math import fmod

from ..errors import KRLTypeError
from .conversions import regexp_of
from .host import Host, Value
from .limits import CHARACTERS_A_STEP, charge_text, pay_text
from .numbers import number
from .text import text
from .units import rejoined, unit_order
from .values import LARGEST, is_number, normal, truth

__all__ = [
    "add",
    "compare",
    "divide",
    "equal",
    "greater",
    "greater_equal",
    "has_element",
    "less",
    "less_equal",
    "like",
    "modulo",
    "multiply",
    "negate",
    "subtract",
    "text_compare",
    "truth",
    "unequal",
]


def add(h: Host, a: Value, b: Value) -> Value:
    """`a + b`: the sum of two Numbers, of anything else the texts joined. Raises KRLLimitError for a huge text."""
    if is_number(a) and is_number(b):
        total = a + b
        return total if type(total) is int and -LARGEST <= total <= LARGEST else normal(total)
    left, right = text(a), text(b)
    length = len(left) + len(right)
    if length >= CHARACTERS_A_STEP:
        charge_text(h, length)
    if left and right and "\ud800" <= left[-1] <= "\udbff":
        return rejoined(left + right)
    return left + right


def subtract(a: Value, b: Value) -> Value:
    """`a - b`. Raises KRLTypeError for what is no number."""
    left, right = number(a), number(b)
    if left is None or right is None:
        raise KRLTypeError(f"{text(b)} cannot be subtracted from {text(a)}")
    return normal(left - right)


def multiply(a: Value, b: Value) -> Value:
    """`a * b`. Raises KRLTypeError for what is no number."""
    left, right = number(a), number(b)
    if left is None or right is None:
        raise KRLTypeError(f"{text(a)} cannot be multiplied by {text(b)}")
    return normal(left * right)


def divide(h: Host, a: Value, b: Value) -> Value:
    """`a / b`; a zero divisor gives 0 and a line in the log. Raises KRLTypeError for what is no number."""
    left, right = number(a), number(b)
    if left is None or right is None:
        raise KRLTypeError(f"{text(a)} cannot be divided by {text(b)}")
    if right == 0:
        h.log(None, "debug", f"[DIVISION BY ZERO] {text(a)} / {text(b)}")
        return 0
    try:
        return normal(left / right)
    except OverflowError:  # unlike other doubles, Python's do not overflow to infinity here
        return float("inf") if (left < 0) == (right < 0) else float("-inf")


def modulo(h: Host, a: Value, b: Value) -> Value:
    """`a % b`, with the sign of `a`; a zero divisor gives 0. Raises KRLTypeError for what is no number."""
    left, right = number(a), number(b)
    if left is None or right is None:
        raise KRLTypeError(f"Cannot calculate {text(a)} modulo {text(b)}")
    return normal(fmod(left, right)) if right != 0 else 0


def negate(a: Value) -> Value:
    """`-a`. Raises KRLTypeError for what is no number."""
    value = number(a)
    if value is None:
        raise KRLTypeError(f"Cannot negate {text(a)}")
    return normal(-value)


def equal(a: Value, b: Value) -> bool:
    """`a == b`: the same type and the same content; of maps in any order, of callables identity."""
    if a is b:
        return True
    kind = type(a)
    if kind is list or kind is dict:
        return kind is type(b) and _equal_collections(a, b)
    # Python would have True equal to 1; among the types of numbers it is right.
    return (kind is type(b) or (is_number(a) and is_number(b))) and bool(a == b)


def unequal(a: Value, b: Value) -> bool:
    """`a != b`."""
    return not equal(a, b)


def compare(a: Value, b: Value) -> int:
    """`a <=> b`: -1, 0 or 1, by number if both sides have one, else by text."""
    left, right = number(a), number(b)
    if left is None or right is None:
        return text_compare(a, b)
    return (left > right) - (left < right)


def less(a: Value, b: Value) -> bool:
    """`a < b`."""
    return compare(a, b) < 0


def less_equal(a: Value, b: Value) -> bool:
    """`a <= b`."""
    return compare(a, b) <= 0


def greater(a: Value, b: Value) -> bool:
    """`a > b`."""
    return compare(a, b) > 0


def greater_equal(a: Value, b: Value) -> bool:
    """`a >= b`."""
    return compare(a, b) >= 0


def text_compare(a: Value, b: Value) -> int:
    """`a cmp b`: -1, 0 or 1, by the code units of the texts."""
    left, right = text(a), text(b)
    if left == right:
        return 0
    if left.isascii() and right.isascii():
        return -1 if left < right else 1
    return -1 if unit_order(left) < unit_order(right) else 1


def like(h: Host, a: Value, b: Value) -> bool:
    """`a like b`: whether the regular expression is found in the text of `a`; what is none is compiled from its text.

    Raises KRLPatternError for a bad pattern, KRLLimitError for a search that takes too long.
    """
    subject = text(a)
    pay_text(h, len(subject))
    return regexp_of(h, b).search(h, subject) is not None


def has_element(a: Value, b: Value) -> bool:
    """`a >< b`: an array with an equal element, a map with the text as a key."""
    if type(a) is list:
        return any(equal(each, b) for each in a)
    return type(a) is dict and text(b) in a


def _equal_collections(a: Value, b: Value) -> bool:
    """Whether two arrays or two maps are equal.

    Without recursion, since values may nest deeper than any stack; and each pair once, since a value that holds one
    part many times over would otherwise take time exponential in its depth.
    """
    pending = [(a, b)]
    met = set()
    while pending:
        a, b = pending.pop()
        if len(a) != len(b) or (type(a) is dict and a.keys() != b.keys()):
            return False
        for key in a if type(a) is dict else range(len(a)):
            left, right = a[key], b[key]
            if left is right:
                continue
            kind = type(left)
            if kind is not list and kind is not dict:
                if not equal(left, right):
                    return False
            elif kind is not type(right):
                return False
            elif (id(left), id(right)) not in met:
                met.add((id(left), id(right)))
                pending.append((left, right))
    return True
