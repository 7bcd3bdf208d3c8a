"""What `.as(type)` converts to, beside text and number.

Source of the rules: operators, "Universal operators" and "Regular expressions".
"""

from __future__ import annotations

import re

from .host import Host, Value
from .limits import spend
from .numbers import hexadecimal
from .regexp import RegExp
from .text import text
from .values import is_number, truth

_TYPE_TEXT = re.compile(r"\[[A-Za-z]+\]")


def regexp_of(h: Host, value: Value) -> RegExp:
    """A regexp as it is, anything else compiled from its text, without flags. Raises KRLPatternError if that fails."""
    if type(value) is RegExp:
        return value
    result = RegExp(text(value))
    spend(h, len(result.source))  # translation is slow, and whether it happens is up to a cache
    result.compiled()
    return result


def as_regexp(h: Host, value: Value) -> RegExp:
    """As `regexp_of`, but that the text of an array or a map matches that text: its brackets form no class."""
    source = text(value)
    if type(value) is not RegExp and type(value) is not str and _TYPE_TEXT.fullmatch(source):
        return regexp_of(h, rf"\{source[:-1]}\]")
    return regexp_of(h, value)


def as_boolean(value: Value) -> bool:
    """The value's truth, but that the text `false` is false."""
    return value != "false" and truth(value)


def as_hex(value: Value) -> str | None:
    """A Number to base 16 without prefix, the text of strings and Booleans, null for anything else."""
    if is_number(value):
        return hexadecimal(value)
    return text(value) if isinstance(value, str | bool) else None
