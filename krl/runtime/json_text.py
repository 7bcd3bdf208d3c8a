"""JSON text in and out, as `.decode()` and `.encode()` have it.

Encoding shows what JSON cannot hold by its KRL text; the engine's storage does otherwise (see `plain`). Numbers and
the order of keys are KRL's. Python's own encoder and decoder would, on deep nesting, run out of C stack and end the
process; so the one is not used, and the other only after a look at the depth.

Source of the rules: operators, "JSON in and out".
"""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder
from json.encoder import encode_basestring
from typing import NoReturn

from ..errors import KRLLimitError
from .host import Value
from .text import text
from .values import normal, ordered_map

MAX_NESTING = 1_000
MAX_LENGTH = 16 * 1024 * 1024  # characters, where the caller names no other limit

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)
_ESCAPE_OR_SURROGATE = re.compile("\\\\.|[\ud800-\udfff]", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(written: str) -> Value:
    """The value of a JSON text; the text itself if it is none. Raises KRLLimitError if it nests too deeply."""
    if _nesting(written) > MAX_NESTING:
        raise KRLLimitError(f"JSON nested too deeply (limit: {MAX_NESTING})")
    if not written.isascii() and _SURROGATE.search(written):
        # Written as escapes, the halves of a character are joined by the decoder.
        written_out = _ESCAPE_OR_SURROGATE.sub(lambda found: _spelled(found[0]), written)
    else:
        written_out = written
    try:
        return _DECODER.decode(written_out)
    except (JSONDecodeError, _NotJSON):
        return written


def encode(value: Value, indent: int = 0, max_length: int = MAX_LENGTH) -> str:
    """The value as JSON text: compact, or with `indent` blanks a level, one item a line.

    Raises KRLLimitError if the text would be longer than `max_length` or nest too deeply.
    """
    writer = _Writer(" " * indent, max_length)
    writer.write(value, "\n")
    written = "".join(writer.parts)
    if written.isascii():
        return written
    return _SURROGATE.sub(lambda found: _spelled(found[0]), written)


class _Writer:
    """Collects the text piece by piece, and counts while it does: a small value may hold one part many times over."""

    def __init__(self, indent: str, max_length: int) -> None:
        self.parts: list[str] = []
        self._indent = indent
        self._colon = ": " if indent else ":"
        self._room = max_length
        self._levels = MAX_NESTING

    def write(self, value: Value, line: str) -> None:
        """`line` is what begins a line at the value's own level: a line end and its indentation."""
        kind = type(value)
        if kind is str:
            self._put(encode_basestring(value))
        elif kind is list and value:
            self._collection("[", value, line, "]")
        elif kind is dict and value:
            self._collection("{", value, line, "}")
        elif kind is list or kind is dict:
            self._put("[]" if kind is list else "{}")
        elif value is None or kind is bool or kind is int:
            self._put(text(value))
        else:
            shown = text(value)
            self._put(shown if kind is float and shown != "[JSObject]" else encode_basestring(shown))

    def _collection(self, opening: str, value: Value, line: str, closing: str) -> None:
        self._levels -= 1
        if self._levels < 0:
            raise KRLLimitError(f"a value nested too deeply for JSON (limit: {MAX_NESTING})")
        inner = line + self._indent
        separator = opening
        for each in value:
            self._put(separator + inner if self._indent else separator)
            if opening == "{":
                self._put(encode_basestring(each) + self._colon)
                self.write(value[each], inner)
            else:
                self.write(each, inner)
            separator = ","
        self._put(line + closing if self._indent else closing)
        self._levels += 1

    def _put(self, part: str) -> None:
        self._room -= len(part)
        if self._room < 0:
            raise KRLLimitError("a value whose JSON is too long (limit max_text_units)")
        self.parts.append(part)


class _NotJSON(Exception):
    """One of the words that Python's decoder knows and JSON does not."""


def _refuse(word: str) -> NoReturn:
    raise _NotJSON(word)


def _number(written: str) -> int | float | None:
    return int(written) if len(written) < 16 else normal(float(written))


_DECODER = JSONDecoder(
    object_pairs_hook=ordered_map,
    parse_int=_number,
    parse_float=lambda written: normal(float(written)),
    parse_constant=_refuse,
)


def _nesting(written: str) -> int:
    """How many brackets of the text are open at once at the most; the text need not be JSON."""
    if written.count("[") + written.count("{") <= MAX_NESTING:
        return 0  # at least not too many
    deepest = depth = 0
    for found in _STRING_OR_BRACKET.finditer(written):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def _spelled(part: str) -> str:
    return part if part.startswith("\\") else f"\\u{ord(part):04x}"
