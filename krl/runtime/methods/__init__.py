"""The methods: `x.map(f)`, `map(x, f)` and `map` as a value are one plain function `map(h, val, iter)`.

`METHODS` has them by their KRL names; the parameters bear their KRL names, too, for calls with named arguments.
"""

from __future__ import annotations

from typing import Any, Final

from . import array, collection, map, number, replace, sets, sort, string, universal

METHODS: Final[dict[str, Any]] = {
    **array.METHODS,
    **collection.METHODS,
    **map.METHODS,
    **number.METHODS,
    **replace.METHODS,
    **sets.METHODS,
    **sort.METHODS,
    **string.METHODS,
    **universal.METHODS,
}

__all__ = ["METHODS"]
