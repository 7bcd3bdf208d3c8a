"""Methods of strings, but for `.replace()`. The operand is taken as text, whatever it is.

Source of the rules: operators, "String operators" and "Regular expressions".
"""

from __future__ import annotations

from typing import Any, Final

from ...source import utf16_length
from ..conversions import regexp_of
from ..host import Host, Value
from ..json_text import decode
from ..limits import charge_items, check_items, pay_json, pay_text, spend
from ..numbers import number
from ..regexp import RegExp
from ..text import WHITESPACE, text
from ..units import code_units, unit_slice
from ..values import MISSING


def capitalize(h: Host, val: Value = None) -> Value:
    """With the first code unit in upper case; half a character has none."""
    string = _operand(h, val)
    return string[:1].upper() + string[1:] if string[:1] <= "\uffff" else string


def lc(h: Host, val: Value = None) -> Value:
    """The text in small letters."""
    return _operand(h, val).lower()


def uc(h: Host, val: Value = None) -> Value:
    """The text in capitals."""
    return _operand(h, val).upper()


def ord_(h: Host, val: Value = None) -> Value:
    """The number of the first code unit; null for the empty string."""
    string = _operand(h, val)
    return ord(code_units(string[0])[0]) if string else None


def decode_(h: Host, val: Value = None) -> Value:
    """The value of a JSON text; what is no JSON, or no string, as it is."""
    if type(val) is not str:
        return val
    pay_json(h, len(val))
    return decode(_operand(h, val))


def trim(h: Host, val: Value = None) -> Value:
    """The text without white space at its ends."""
    return _operand(h, val).strip(WHITESPACE)


def trim_leading(h: Host, val: Value = None) -> Value:
    """The text without white space in front."""
    return _operand(h, val).lstrip(WHITESPACE)


def trim_trailing(h: Host, val: Value = None) -> Value:
    """The text without white space at its end."""
    return _operand(h, val).rstrip(WHITESPACE)


def starts_with(h: Host, val: Value = None, target: Value = None) -> Value:
    """Whether the text begins with the other."""
    return _operand(h, val).startswith(text(target))


def ends_with(h: Host, val: Value = None, target: Value = None) -> Value:
    """Whether the text ends with the other."""
    return _operand(h, val).endswith(text(target))


def contains(h: Host, val: Value = None, target: Value = None) -> Value:
    """Whether the other occurs in the text."""
    return text(target) in _operand(h, val)


def substr(h: Host, val: Value = None, start: Value = None, len: Value = None) -> Value:
    """The code units from `start` on: `len` of them, or up to `len` before the end if that is not positive.

    What is out of order or out of bounds is put right, not refused.
    """
    string = _operand(h, val)
    units = utf16_length(string)
    first, count = number(start), number(len)
    if first is None:
        return string
    if first > units:
        return ""
    last = units if count is None else first + count if count > 0 else units + count
    low, high = sorted(min(max(int(bound), 0), units) for bound in (first, last))
    return unit_slice(string, low, high)


def match(h: Host, val: Value = None, regex: Value = None) -> Value:
    """Whether the pattern is found; false for what is neither a regexp nor a string. Raises KRLPatternError."""
    if type(regex) is not RegExp and type(regex) is not str:
        return False
    return regexp_of(h, regex).search(h, _operand(h, val)) is not None


def extract(h: Host, val: Value = None, regex: Value = MISSING) -> Value:
    """The groups of the first match, or with flag `g` all matches; nothing without a match. Raises KRLPatternError."""
    if regex is MISSING:
        return []
    regexp, string = regexp_of(h, regex), _operand(h, val)
    if regexp.all_matches:
        return _whole_matches(h, regexp, string)
    found = regexp.search(h, string)
    return list(found.groups()) if found else []


def split(h: Host, val: Value = None, splitOn: Value = None) -> Value:
    """The parts between the separators; the empty one splits into code units."""
    string = _operand(h, val)
    if type(splitOn) is RegExp:
        return _split_by_regexp(h, string, splitOn)
    separator = text(splitOn)
    if not separator:
        charge_items(h, utf16_length(string))
        return code_units(string)
    charge_items(h, string.count(separator) + 1)
    return string.split(separator)


def _operand(h: Host, val: Value) -> str:
    string = text(val)
    pay_text(h, len(string))
    return string


def _whole_matches(h: Host, regexp: RegExp, string: str) -> list[Value]:
    found: list[Value] = []
    for each in regexp.matches(h, string):
        found.append(each[0])
        check_items(h, len(found))
    return found


def _split_by_regexp(h: Host, string: str, separator: RegExp) -> list[Value]:
    """The parts between the matches, with the groups of each match after the part before it.

    An empty match separates only where both sides have something; the end of the string is no place for a match.
    """
    if not string:
        return [] if separator.search(h, string) else [string]
    parts: list[Value] = []
    begin = at = 0
    while at < len(string) and (found := separator.search(h, string, at)) and found.start() < len(string):
        if found.end() == begin:
            at = begin + 1
            continue
        parts += [string[begin : found.start()], *found.groups()]
        spend(h, 1)
        check_items(h, len(parts))
        begin = at = found.end()
    return [*parts, string[begin:]]


METHODS: Final[dict[str, Any]] = {
    "capitalize": capitalize,
    "contains": contains,
    "decode": decode_,
    "endsWith": ends_with,
    "extract": extract,
    "lc": lc,
    "match": match,
    "ord": ord_,
    "split": split,
    "startsWith": starts_with,
    "substr": substr,
    "trim": trim,
    "trimLeading": trim_leading,
    "trimTrailing": trim_trailing,
    "uc": uc,
}
