"""`.replace()`: a text or a pattern, once or everywhere, by a text with `$` forms or by a function's results.

Source of the rules: operators, "replace"; there in "Peer quirks" Q3 to Q6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ...source import utf16_length
from ..calls import callback, end_callbacks, is_function
from ..conversions import regexp_of
from ..host import Host, Value
from ..limits import charge_text, check_text, pay_text
from ..regexp import Match, RegExp
from ..text import text
from ..units import rejoined
from ..values import MISSING

_FORM = r"\$(?:(?P<sign>[$&`'])|(?P<digits>[0-9]{1,2})%s)"
_FORMS = re.compile(_FORM % "")
_FORMS_AND_NAMES = re.compile(_FORM % "|<(?P<name>[^>]*)>")


class _Found(NamedTuple):
    """Where something was found, by text or by pattern."""

    start: int
    end: int
    groups: Sequence[str | None] = ()


def replace(h: Host, val: Value = None, regex: Value = MISSING, replacement: Value = None) -> Value:
    """The text with the first match replaced, or with flag `g` every one; a null replacement deletes.

    A string is sought as it is, but together with a function it is a pattern. Raises KRLPatternError.
    """
    if regex is MISSING:
        return val
    string = text(val)
    pay_text(h, len(string))
    pattern = regex if type(regex) is RegExp else text(regex)
    if is_function(replacement):
        return _by_function(h, string, regexp_of(h, pattern), replacement)
    template = "" if replacement is None else text(replacement)
    if type(pattern) is RegExp:
        found = (_Found(each.start(), each.end(), each.groups()) for each in _matches(h, pattern, string))
        return _by_template(h, string, found, template, pattern.compiled().names)
    return _by_template(h, string, _first(string, text(pattern)), template, {})


class _Result:
    """The text that becomes of `string`, piece by piece, and never longer than it may be."""

    def __init__(self, h: Host, string: str) -> None:
        self._h = h
        self._string = string
        self._parts: list[str] = []
        self._length = 0
        self._done = 0

    def keep_until(self, start: int) -> None:
        self.add(self._string[self._done : start])

    def skip_until(self, end: int) -> None:
        self._done = end

    def add(self, part: str) -> None:
        self._length += len(part)
        check_text(self._h, self._length)
        self._parts.append(part)

    def finish(self) -> str:
        self.keep_until(len(self._string))
        charge_text(self._h, self._length)
        return rejoined("".join(self._parts))


def _first(string: str, part: str) -> list[_Found]:
    start = string.find(part)
    return [_Found(start, start + len(part))] if start >= 0 else []


def _matches(h: Host, regexp: RegExp, string: str) -> Iterable[Match]:
    if regexp.all_matches:
        return regexp.matches(h, string)
    first = regexp.search(h, string)
    return [first] if first else []


def _by_function(h: Host, string: str, regexp: RegExp, function: Value) -> str:
    """Called with the match, its groups, its offset in code units and the whole; the result is taken as text."""
    substitute = callback(h, function, regexp.compiled().pattern.groups + 3, rounds=0)  # each match is a step already
    result = _Result(h, string)
    offset = measured = 0
    for found in _matches(h, regexp, string):
        offset += utf16_length(string[measured : found.start()])
        measured = found.start()
        result.keep_until(found.start())
        result.add(text(substitute(found[0], *found.groups(), offset, string)))
        result.skip_until(found.end())
    end_callbacks(h)
    return result.finish()


def _by_template(h: Host, string: str, places: Iterable[_Found], template: str, names: Mapping[str, int]) -> str:
    forms = _FORMS_AND_NAMES if names else _FORMS
    result = _Result(h, string)
    for found in places:
        result.keep_until(found.start)
        done = 0
        for form in forms.finditer(template):
            result.add(template[done : form.start()])
            result.add(_expanded(form.groupdict(), string, found, names))
            done = form.end()
        result.add(template[done:])
        result.skip_until(found.end)
    return result.finish()


def _expanded(form: Mapping[str, str | None], string: str, found: _Found, names: Mapping[str, int]) -> str:
    """What a `$` form stands for at this place."""
    match form["sign"]:
        case "$":
            return "$"
        case "&":
            return string[found.start : found.end]
        case "`":
            return string[: found.start]
        case "'":
            return string[found.end :]
    if digits := form["digits"]:
        return _numbered(digits, found.groups)
    number = names.get(form["name"] or "")
    return (found.groups[number - 1] or "") if number else ""


def _numbered(digits: str, groups: Sequence[str | None]) -> str:
    """The group that one or two digits name; the second may be text after the first; both, where no group is meant."""
    for size in (2, 1):
        if len(digits) >= size and 1 <= int(digits[:size]) <= len(groups):
            return (groups[int(digits[:size]) - 1] or "") + digits[size:]
    return "$" + digits


METHODS: Final[dict[str, Any]] = {"replace": replace}
