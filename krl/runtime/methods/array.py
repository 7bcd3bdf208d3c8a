"""Methods of arrays.

Source of the rules: operators, "Array and collection operators".
"""

from __future__ import annotations

from typing import Any, Final

from ...errors import KRLTypeError, KRLValueError
from ..calls import begin_callbacks, callback, end_callbacks, is_function
from ..host import Host, Value
from ..limits import ITEMS_A_STEP, charge_items, charge_text, spend
from ..numbers import number
from ..operators import equal
from ..text import text
from ..units import rejoined
from ..values import MISSING


def append(
    h: Host,
    val: Value = None,
    a: Value = MISSING,
    b: Value = MISSING,
    c: Value = MISSING,
    d: Value = MISSING,
    e: Value = MISSING,
) -> Value:
    """An array of the operand and the arguments, those that are arrays opened."""
    result: list[Value] = []
    for part in (val, a, b, c, d, e):
        if part is not MISSING:
            result += part if type(part) is list else [part]
            charge_items(h, len(result))
    return result


def head(h: Host, val: Value = None) -> Value:
    """The first element, null if there is none; what is no array is its own head."""
    if type(val) is list:
        return val[0] if val else None
    return val


def tail(h: Host, val: Value = None) -> Value:
    """All elements but the first; what is no array has none."""
    if type(val) is not list:
        return []
    charge_items(h, len(val))
    return val[1:]


def index(h: Host, val: Value = None, elm: Value = None) -> Value:
    """Where the first element equal to `elm` stands, -1 if there is none."""
    array = _array(val)
    spend(h, len(array) // ITEMS_A_STEP)
    return next((at for at, each in enumerate(array) if equal(each, elm)), -1)


def join(h: Host, val: Value = None, str: Value = None) -> Value:
    """The texts of the elements with the separator between them, `,` if it is null."""
    if type(val) is not list:
        return text(val)
    separator = "," if str is None else text(str)
    parts = [text(each) for each in val]
    spend(h, len(parts) // ITEMS_A_STEP)
    charge_text(h, sum([len(part) for part in parts]) + len(separator) * len(parts))
    return rejoined(separator.join(parts))


def pairwise(h: Host, val: Value = None, iter: Value = None) -> Value:
    """The callback's results for each row, the elements being columns; short columns are filled up with nulls."""
    if type(val) is not list:
        raise KRLTypeError(f"The .pairwise() operator cannot be called on {text(val)}")
    if len(val) < 2:
        raise KRLTypeError("The .pairwise() operator needs a longer array")
    if not is_function(iter):
        raise KRLTypeError(f"The .pairwise() operator cannot use {text(iter)} as a function")
    columns = [each if type(each) is list else [each] for each in val]
    rows = max([len(column) for column in columns])
    spend(h, rows * len(columns) // ITEMS_A_STEP)
    combine = callback(h, iter, len(columns), rows)
    results = [combine(*[column[row] if row < len(column) else None for column in columns]) for row in range(rows)]
    end_callbacks(h)
    return results


def reduce(h: Host, val: Value = None, iter: Value = None, dflt: Value = MISSING) -> Value:
    """The callback's last result; each call gets the one before, the first `dflt` or else the first element.

    Without anything to begin with it is 0, with a single element and no `dflt` that element.
    """
    array = _array(val)
    if not array:
        return 0 if dflt is MISSING else dflt
    if not is_function(iter) and (len(array) > 1 or dflt is MISSING):
        raise KRLValueError(f"The .reduce() operator cannot use {text(iter)} as a function")
    result, first = (array[0], 1) if dflt is MISSING else (dflt, 0)
    function = begin_callbacks(h, iter, len(array))
    match function.__code__.co_argcount - 1:
        case 0:
            result = function(h) if first < len(array) else result
        case 1:
            for _ in range(first, len(array)):
                result = function(h, result)
        case 2:
            for at in range(first, len(array)):
                result = function(h, result, array[at])
        case 3:
            for at in range(first, len(array)):
                result = function(h, result, array[at], at)
        case _:
            for at in range(first, len(array)):
                result = function(h, result, array[at], at, array)
    end_callbacks(h)
    return result


def reverse(h: Host, val: Value = None) -> Value:
    """The elements from the last to the first."""
    array = _array(val)
    charge_items(h, len(array))
    return array[::-1]


def slice_(h: Host, val: Value = None, start: Value = MISSING, end: Value = MISSING) -> Value:
    """The elements from the first up to `start`, or between both, whichever is smaller; bounds included.

    Bounds beyond the array are not cut: the result is empty.
    """
    array = _array(val)
    if not array or start is MISSING:
        return array
    charge_items(h, len(array))
    first = _index(start, "The .slice() operator cannot use {} as an index")
    if end is MISSING:
        return [] if first > len(array) else array[: int(first + 1)]
    last = _index(end, "The .slice() operator cannot use {} as the other index")
    low, high = min(first, last), max(first, last)
    return array[int(low) : int(high + 1)] if low >= 0 and high < len(array) else []


def splice(h: Host, val: Value = None, start: Value = None, nElements: Value = None, value: Value = MISSING) -> Value:
    """A copy without `nElements` elements from `start` on, the value in their place; an array is opened."""
    array = _array(val)
    if not array:
        return array
    # The messages lack a blank, as the peer's do.
    first = _index(start, "The .splice() operator cannot use {}as an index")
    count = _index(nElements, "The .splice() operator cannot use {}as a number of elements")
    first = min(max(first, 0), len(array) - 1)
    behind = len(array) if count < 0 or first + count > len(array) else first + count
    middle = [] if value is MISSING else value if type(value) is list else [value]
    charge_items(h, len(array) + len(middle))
    return array[: int(first)] + middle + array[int(behind) :]


def _array(value: Value) -> list[Value]:
    if type(value) is not list:
        raise KRLTypeError("only works on Arrays")
    return value


def _index(value: Value, complaint: str) -> int | float:
    position = number(value)
    if position is None:
        raise KRLTypeError(complaint.format(text(value)))
    return position


METHODS: Final[dict[str, Any]] = {
    "append": append,
    "head": head,
    "index": index,
    "join": join,
    "pairwise": pairwise,
    "reduce": reduce,
    "reverse": reverse,
    "slice": slice_,
    "splice": splice,
    "tail": tail,
}
