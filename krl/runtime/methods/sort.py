"""`.sort()`: by text, by number, or by a function that compares.

Python's own sort must not run KRL functions (it would take C stack for each sort within a sort) and asks another
question than KRL does; it serves where only keys are compared.

Source of the rules: operators, "sort"; there in "Peer quirks" Q2 and Q23.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..calls import callback, end_callbacks, is_function
from ..host import Host, Value
from ..limits import charge_items, pay_looks, spend
from ..numbers import number
from ..operators import compare
from ..text import text
from ..units import unit_order


def sort(h: Host, val: Value = None, sortBy: Value = None) -> Value:
    """A sorted copy; elements that compare as equal keep their order. What is no array is returned as it is."""
    if type(val) is not list:
        return val
    charge_items(h, len(val))
    pay_looks(h, len(val))
    if is_function(sortBy):
        return _by_function(h, val, sortBy)
    numeric = sortBy in ("numeric", "ciremun") if type(sortBy) is str else False
    backwards = sortBy in ("reverse", "ciremun") if type(sortBy) is str else False
    some = [each for each in val if each is not None]
    nulls = [None] * (len(val) - len(some))  # last, whatever the direction
    return (_by_number(h, some, backwards) if numeric else _by_text(some, backwards)) + nulls


def _by_text(array: list[Value], backwards: bool) -> list[Value]:
    texts = [text(each) for each in array]
    keys: Sequence[Any] = texts if all(each.isascii() for each in texts) else [unit_order(each) for each in texts]
    return _by_keys(array, keys, backwards)


def _by_number(h: Host, array: list[Value], backwards: bool) -> list[Value]:
    numbers = [number(each) for each in array]
    if None not in numbers:
        return _by_keys(array, numbers, backwards)
    # Numbers among words are compared by text, so there is no key, nor even an order.
    spend(h, _comparisons(array))
    return _merge_sorted(array, lambda a, b: (compare(b, a) if backwards else compare(a, b)) <= 0)


def _by_function(h: Host, array: list[Value], function: Value) -> list[Value]:
    """The first stays first if the result is 0 or less; so a function may answer -1, 0, 1 or a Boolean "is after"."""
    if len(array) < 2:
        return array
    order = callback(h, function, 2, _comparisons(array))

    def keeps(a: Value, b: Value) -> bool:
        result = number(order(a, b))
        return result is not None and result <= 0

    result = _merge_sorted(array, keeps)
    end_callbacks(h)
    return result


def _by_keys(array: list[Value], keys: Sequence[Any], backwards: bool) -> list[Value]:
    return [array[at] for at in sorted(range(len(array)), key=keys.__getitem__, reverse=backwards)]


def _merge_sorted(array: list[Value], keeps: Callable[[Value, Value], bool]) -> list[Value]:
    """Sorted such that `keeps(a, b)` for neighbours; it is asked with `a` from before `b`."""
    if len(array) < 2:
        return array
    middle = len(array) // 2
    left, right = _merge_sorted(array[:middle], keeps), _merge_sorted(array[middle:], keeps)
    result = []
    i = j = 0
    while i < len(left) and j < len(right):
        if keeps(left[i], right[j]):
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]


def _comparisons(array: list[Value]) -> int:
    """How many a merge sort needs at most."""
    return len(array) * (len(array) - 1).bit_length()


METHODS: Final[dict[str, Any]] = {"sort": sort}
