"""Methods of any value: conversion, type, logging, defaults; and the operators that double as methods.

Source of the rules: operators, "Universal operators" and "Names".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ...errors import KRLTypeError
from .. import operators
from ..conversions import as_boolean, as_hex, as_regexp
from ..host import Here, Host, Value
from ..limits import charge_text
from ..numbers import number
from ..text import text
from ..units import rejoined
from ..values import MISSING, Action, is_number, typeof

# In a template: a placeholder, or a backslash that protects one or itself.
_PLACEHOLDER = re.compile(r"\\(%[ds]|\\)|%[ds]")

_CONVERSIONS: Final[dict[str, Callable[[Host, Value], Value]]] = {
    "String": lambda h, val: text(val),
    "Number": lambda h, val: number(val),
    "Boolean": lambda h, val: as_boolean(val),
    "Hex": lambda h, val: as_hex(val),
    "RegExp": as_regexp,
}


def as_(h: Host, val: Value = None, type: Value = MISSING) -> Value:
    """The value as another type. Raises KRLTypeError for a type there is no way to, KRLPatternError."""
    if type is MISSING or type == typeof(val):
        return val
    name = text(type)
    convert = _CONVERSIONS.get(name)
    if convert is None:
        raise KRLTypeError(f'Cannot use the .as("{name}") operator with {text(val)} (type {typeof(val)})')
    return convert(h, val)


def isnull(h: Host, val: Value = None) -> Value:
    """Whether the value is null."""
    return val is None


def typeof_(h: Host, val: Value = None) -> Value:
    """The name of the value's type."""
    return typeof(val)


def klog(h: Host, val: Value = None, message: Value = None) -> Value:
    """The value, after a log line that shows it."""
    h.log(None, "klog", "klog" if message is None else text(message), {"val": val})
    return val


def defaults_to(h: Host, val: Value = None, defaultVal: Value = None, message: Value = None) -> Value:
    """The value, or the default for a null; the message is logged when the default is used."""
    if val is not None:
        return val
    if message is not None:
        h.log(None, "debug", f"[DEFAULTSTO] {text(message)}")
    return defaultVal


def sprintf(h: Host, val: Value = None, template: Value = None) -> Value:
    """The template with each `%d` (for a Number) or `%s` (for a string) replaced by the value."""
    if template is None:
        return ""
    pattern = text(template)
    if type(val) is not str and not is_number(val):
        return pattern
    placeholder, shown = ("%s", val) if type(val) is str else ("%d", text(val))
    charge_text(h, len(pattern) + pattern.count(placeholder) * len(shown))
    return rejoined(
        _PLACEHOLDER.sub(lambda found: found[1] or (shown if found[0] == placeholder else found[0]), pattern)
    )


def cmp(h: Host, left: Value = None, right: Value = None) -> Value:
    """-1, 0 or 1: the order of the texts of both."""
    return operators.text_compare(left, right)


def like(h: Host, left: Value = None, right: Value = None) -> Value:
    """Whether the pattern, a regular expression or its text, is found in the text."""
    return operators.like(h, left, right)


def _noop(h: Host) -> Value:
    """Do nothing."""
    return None


def _send_directive(h: Host, name: Value = None, options: Value = None) -> Value:
    """Append a directive of the running rule to the response, and return it.

    Compiled code that names `send_directive` tells the host its own ruleset; this is for the action as a value.
    """
    return h.send_directive(Here(h.rid or ""), name, {} if options is None else options)


METHODS: Final[dict[str, Any]] = {
    "as": as_,
    "cmp": cmp,
    "defaultsTo": defaults_to,
    "isnull": isnull,
    "klog": klog,
    "like": like,
    "noop": Action(_noop, "ActionFunction"),
    "send_directive": Action(_send_directive),
    "sprintf": sprintf,
    "typeof": typeof_,
}
