"""Literals: the value that a token's text stands for.

Source: docs/language.md, "Strings and regexes" and "Chevrons and beestings".
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import KRLLimitError, KRLPatternError

MAX_INTEGER = 2**53  # beyond, not every integer has a double

_STRING_ESCAPE = re.compile(r'\\(["\\])')
_CHEVRON_ESCAPE = re.compile(r"\\(>|#\{|\\)")


def number(text: str) -> int | float:
    """The double that the digits are nearest to, as an int where it is one."""
    # Not int(text): it refuses thousands of digits, and KRL has no integers of its own.
    value = float(text)
    return int(value) if value.is_integer() and value <= MAX_INTEGER else value


def count(text: str) -> int:
    """The number of an event group. One beyond all counting is cut: nothing will ever be counted so far."""
    return int(min(number(text), MAX_INTEGER))


def string(text: str) -> str:
    """The value of `"…"`: only the quote and the backslash are escaped, `\\n` stays what it is."""
    return _STRING_ESCAPE.sub(r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def chevron_text(text: str) -> str:
    """The value of a stretch of chevron text."""
    return _CHEVRON_ESCAPE.sub(r"\1", text)


def regex(text: str) -> tuple[str, str]:
    """Pattern and flags of `re#pattern#flags`."""
    end = text.rindex("#")
    return text[3:end].replace("\\#", "#"), text[end + 1 :]


@lru_cache(maxsize=1024)
def regex_fault(pattern: str, flags: str) -> str | None:
    """Why this is no regular expression; None if it is one."""
    # Imported late: the package behind it takes longer to load than a small ruleset to parse.
    from ..runtime.ecmascript import translate

    if len(set(flags)) < len(flags):
        return "a flag of the regular expression is given twice"
    try:
        translate(pattern, flags)
    except (KRLPatternError, KRLLimitError) as error:
        return error.message[:1].lower() + error.message[1:]
    return None
