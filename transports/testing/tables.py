"""A table of a test file, read key by key: each error says where it stands, and what it could have been."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NoReturn

from .problems import FormatError
from .values import BadValue, milliseconds, span, value_of

KINDS = {
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "an array",
    dict: "a table",
    datetime: "a time",
    date: "a time",
}


class Table:
    """One table; its keys are asked for, and those that nobody asked for are told by `end`."""

    def __init__(self, file: str, place: str, content: dict[str, Any]) -> None:
        self.file = file
        self.place = place
        self._content = content
        self._asked: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def fail(self, message: str) -> NoReturn:
        """Raise FormatError for this table."""
        raise FormatError(self.file, self.place, message)

    def end(self) -> None:
        """Every key has been asked for. Raises FormatError for one that nobody knows."""
        for key in self._content:
            if key not in self._asked:
                self.fail(f"unknown key {key!r}{suggestion(key, self._asked)}")

    def get(self, key: str, *kinds: type) -> Any:
        """The value of one of these types; None if there is none. Raises FormatError for another type."""
        self._asked[key] = None
        value = self._content.get(key)
        if value is None:
            return None
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            wanted = " or ".join(dict.fromkeys(KINDS[kind] for kind in kinds))
            self.fail(f"{key!r} must be {wanted}, found {value!r}")
        return value

    def text(self, key: str) -> str | None:
        """A text."""
        text: str | None = self.get(key, str)
        return text

    def needed(self, key: str) -> str:
        """A text that must be there and not blank."""
        text = self.text(key)
        if text is None or not text.strip():
            self.fail(f"{key!r} is missing")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of texts."""
        found = self.get(key, list) or []
        for each in found:
            if not isinstance(each, str):
                self.fail(f"{key!r} must be an array of texts, found {each!r}")
        return tuple(found)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.get(key, bool)
        return default if value is None else bool(value)

    def value(self, key: str, *, expected: bool = False) -> Any:
        """A KRL value, under `key` or as JSON under `key:=`; None if there is none. See `values.py`."""
        self._asked |= {key: None, f"{key}:=": None}
        written = {name: self._content[name] for name in (key, f"{key}:=") if name in self._content}
        return self._checked(key, lambda: value_of(written, expected=expected)).get(key)

    def has_value(self, key: str) -> bool:
        """Whether `value` has something to read, were it null."""
        return key in self._content or f"{key}:=" in self._content

    def map(self, key: str, *, expected: bool = False) -> dict[str, Any]:
        """A map of KRL values; empty if there is none."""
        written = self.get(key, dict) or {}
        found: dict[str, Any] = self._checked(key, lambda: value_of(written, expected=expected))
        return found

    def _checked(self, key: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except BadValue as error:
            self.fail(f"{key!r}: {error}")

    def time(self, key: str) -> int | None:
        """An instant, as a date of TOML or as text, in milliseconds since 1970."""
        value = self.get(key, str, datetime, date)
        if value is None:
            return None
        try:
            return milliseconds(value if isinstance(value, str) else value.isoformat())
        except ValueError as error:
            self.fail(f"{key!r}: {error}")

    def span(self, key: str) -> int:
        """A length of time in milliseconds; 0 if there is none."""
        text = self.text(key)
        try:
            return 0 if text is None else span(text)
        except ValueError as error:
            self.fail(f"{key!r}: {error}")

    def table(self, key: str) -> Table:
        """A table in this one; an empty one if there is none."""
        return Table(self.file, f"{self.place}, {key}" if self.place else key, self.get(key, dict) or {})

    def tables(self, key: str, *, short: str | None = None) -> Iterator[Table]:
        """An array of tables; where a text stands in the place of one, it is the table's key `short`."""
        for number, each in enumerate(self.get(key, list) or [], 1):
            if short is not None and isinstance(each, str):
                each = {short: each}
            if not isinstance(each, dict):
                self.fail(f"{key!r} must be an array of tables{' or texts' if short else ''}, found {each!r}")
            place = f"{key} {number}"
            yield Table(self.file, f"{self.place}, {place}" if self.place else place, each)


def suggestion(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or what there is if it is little, or nothing."""
    names = sorted(known)
    near = get_close_matches(word, names, 1)
    if near:
        return f" (did you mean {near[0]!r}?)"
    return f" (known: {', '.join(names)})" if 0 < len(names) <= 30 else ""
