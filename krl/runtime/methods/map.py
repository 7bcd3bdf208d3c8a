"""Methods of maps, most of which work on arrays, too: look-ups, changed copies, keys and values, JSON text.

Source of the rules: operators, "Map operators" and "JSON in and out".
"""

from __future__ import annotations

import re
from typing import Any, Final

from .. import access
from ..host import Host, Value
from ..json_text import encode
from ..limits import charge_items, charge_text, pay_json
from ..text import WHITESPACE, text
from ..values import MISSING

_LEADING_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_MAX_INDENT = 10


def get(h: Host, obj: Value = None, path: Value = None) -> Value:
    """The value at the path, null if there is none."""
    return access.get(obj, path)


def set_(h: Host, obj: Value = None, path: Value = None, val: Value = None) -> Value:
    """The collection with the value at the path; missing levels become arrays where the key is an index, else maps."""
    return access.set_path(h, obj, path, val)


def put(h: Host, val: Value = None, path: Value = MISSING, toSet: Value = MISSING) -> Value:
    """With two arguments what is put is merged into the value, with three it is set at the path."""
    if path is MISSING:
        return val
    if toSet is MISSING:
        return access.put_path(h, val, [], path)
    return access.put_path(h, val, path, toSet)


def delete(h: Host, val: Value = None, path: Value = None) -> Value:
    """The collection without what is at the path."""
    level = val
    for key in path if type(path) is list else [path]:
        if type(level) is dict or type(level) is list:
            charge_items(h, len(level))
        level = access.item(level, key)
    return access.delete_path(val, path)


def keys(h: Host, val: Value = None, path: Value = None) -> Value:
    """The keys of the collection, or of the one at the path, as text; none of anything else."""
    found = val if path is None else access.get(val, path)
    if type(found) is dict:
        charge_items(h, len(found))
        return list(found)
    if type(found) is list:
        charge_items(h, len(found))
        return [str(index) for index in range(len(found))]
    return []


def values(h: Host, val: Value = None, path: Value = None) -> Value:
    """The values of the collection, or of the one at the path; none of anything else."""
    found = val if path is None else access.get(val, path)
    if type(found) is dict:
        charge_items(h, len(found))
        return list(found.values())
    return found if type(found) is list else []


def encode_(h: Host, val: Value = None, indent: Value = None) -> Value:
    """The value as JSON text, with up to ten blanks of indentation. Raises KRLLimitError."""
    written = encode(val, min(max(_leading_integer(indent), 0), _MAX_INDENT), h.limits.max_text_units)
    charge_text(h, len(written))
    pay_json(h, len(written))
    return written


def _leading_integer(value: Value) -> int:
    """The integer that the value's text begins with, 0 if with none; of an array its first element counts."""
    while type(value) is list and value:
        value = value[0]
    found = _LEADING_INTEGER.match(text(value).lstrip(WHITESPACE))
    return int(found[0]) if found else 0


METHODS: Final[dict[str, Any]] = {
    "delete": delete,
    "encode": encode_,
    "get": get,
    "keys": keys,
    "put": put,
    "set": set_,
    "values": values,
}
