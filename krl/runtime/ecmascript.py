"""Translate an ECMAScript regular expression into the syntax of the `regex` package.

In: source and flags as KRL has them. Out: a pattern and the flags to compile it with, the number of its groups and
their names. Nothing of the source is copied through: every literal comes out as a letter, a digit or a hexadecimal
escape, every class as a list of ranges, every group by its number. So whatever else the other dialect knows (fuzzy
matching, set operations, POSIX classes, inline flags, possessive quantifiers …) cannot slip in.

The flavour is the one without flag `u`, with its leniencies for the Web: a lone brace is a character, an escape of
an ordinary letter is that letter, `\\7` without such a group is octal.

Known differences, all rare: an astral character is one character here and two there, where a dot or a class meets
it; a group inside a repeated group keeps what an earlier round captured, and one that is repeated may match nothing in
its last round where there it would not have matched; a backreference under `i` folds ASCII letters only.

Source of the rules: ECMA-262, "Patterns" and annex B.1.2; operators, "Regular expressions".
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

import regex

from ..errors import KRLLimitError, KRLPatternError
from .charsets import SETS, SPACE, Ranges, any_case, class_text, escaped, is_set, other_cases, points

MAX_PATTERN = 10_000  # characters of a pattern with `x{3}` written out, which is how `regex` compiles it
MAX_GROUPS_DEEP = 100  # groups within groups: `regex` compiles nested repetition in cubic time

_LONG_CLASS = 32  # characters of a translated class that count as one of the pattern
_ENDLESS = 2**30  # repetitions; no subject is long enough to tell it from more

_LINE_END = r"[\n\r\u2028\u2029]"
_CONTROLS = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_BRACES = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_OCTAL = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?")
_HEX2 = re.compile(r"[0-9A-Fa-f]{2}")
_HEX4 = re.compile(r"[0-9A-Fa-f]{4}")
_CONTROL_LETTER = re.compile(r"[A-Za-z]")
_CONTROL_IN_CLASS = re.compile(r"[A-Za-z0-9_]")
_REFERENCE = re.compile(r"[1-9][0-9]*")
_NAME = re.compile(r"<([^>]*)>")
_OPENING = re.compile(r"\?(?::|<?[=!])|\?<([^>=!][^>]*)>|(?!\?)")
# What a look ahead for groups must step over, and the groups: escapes, classes, `(`, `(?<name>`.
_SURVEY = re.compile(r"\\.|\[(?:\\.|[^\]\\])*|(?P<group>\((?:(?!\?)|\?<(?![=!])(?P<name>[^>]*)>))", re.DOTALL)


class Translation(NamedTuple):
    """A pattern for `regex`, and the groups that the ECMAScript pattern has."""

    pattern: str
    flags: int  # for regex.compile
    groups: int  # that capture
    names: dict[str, int]  # of groups, with their numbers


def translate(source: str, flags: str) -> Translation:
    """The pattern for `regex` that matches as the source does in ECMAScript.

    Raises KRLPatternError for what is no pattern, KRLLimitError for one too long or nested too deeply.
    """
    _check_size(len(source))
    return _Translator(source, flags).translate()


def _check_size(size: int) -> None:
    if size > MAX_PATTERN:
        raise KRLLimitError(f"a regular expression is too long (limit: {MAX_PATTERN} characters, counts written out)")


class _Group(NamedTuple):
    number: int | None  # None if it captures nothing
    repeatable: bool


class _Translator:
    """One walk over the source, without recursion; `_at` is the place of the next character."""

    def __init__(self, source: str, flags: str) -> None:
        self._source = source
        self._ignore_case = "i" in flags
        self._multiline = "m" in flags
        self._at = 0
        self._out: list[str] = []
        self._repeatable = False  # whether a quantifier may follow
        self._half: str | None = None  # the high surrogate just written, which a low one would complete
        self._open: list[_Group] = []
        self._opened = 0  # capturing groups so far
        self._sizes = [0]  # of the groups that are open and of the whole, written out
        self._size = 0  # of what a quantifier would repeat
        self._groups, self._names = self._survey()

    def translate(self) -> Translation:
        while self._at < len(self._source):
            char = self._source[self._at]
            self._at += 1
            half, self._half = self._half, None
            match char:
                case "\\":
                    self._escape(half)
                case "[":
                    text = self._class()
                    self._atom(text, size=1 + len(text) // _LONG_CLASS)
                case "(":
                    self._begin_group()
                case ")":
                    self._end_group()
                case "*" | "+" | "?" | "{":
                    self._quantifier(char)
                case "|":
                    self._emit("|")
                case "^":
                    self._emit(f"(?:^|(?<={_LINE_END}))" if self._multiline else "^")
                case "$":
                    self._emit(rf"(?={_LINE_END}|\Z)" if self._multiline else r"\Z")
                case ".":
                    self._atom(r"[^\n\r\u2028\u2029]")
                case _:
                    self._literal(char, half)
        if self._open:
            self._fail("unterminated group")
        return Translation("".join(self._out), self._flags(), self._groups, self._names)

    def _flags(self) -> int:
        flags = regex.VERSION0 | regex.ASCII | regex.DOTALL
        return int(flags | regex.IGNORECASE if self._ignore_case else flags)

    def _survey(self) -> tuple[int, dict[str, int]]:
        """How many groups capture and which have names: an escape's meaning may depend on groups further on."""
        count = 0
        names: dict[str, int] = {}
        for found in _SURVEY.finditer(self._source):
            if found["group"]:
                count += 1
            if (name := found["name"]) is not None:
                if name in names or not name.replace("$", "_").isidentifier():
                    self._fail(f"invalid or repeated group name {name!r}")
                names[name] = count
        return count, names

    # --- groups and quantifiers ---

    def _begin_group(self) -> None:
        if len(self._open) >= MAX_GROUPS_DEEP:
            raise KRLLimitError(f"a regular expression with groups nested too deeply (limit: {MAX_GROUPS_DEEP})")
        opening = _OPENING.match(self._source, self._at)
        if opening is None:
            self._fail("invalid group")
        self._at = opening.end()
        self._sizes.append(0)
        if opening[0] and opening[1] is None:  # (?: (?= (?! (?<= (?<!
            self._open.append(_Group(None, repeatable="<" not in opening[0]))
            self._emit("(" + opening[0])
        else:
            self._opened += 1
            self._open.append(_Group(self._opened, repeatable=True))
            self._emit("(")

    def _end_group(self) -> None:
        if not self._open:
            self._fail("unmatched ')'")
        self._atom(")", size=self._sizes.pop())
        self._repeatable = self._open.pop().repeatable

    def _quantifier(self, char: str) -> None:
        if char == "{":
            braces = _BRACES.match(self._source, self._at - 1)
            if braces is None:
                self._literal(char, None)  # as `{` is wherever no count follows
                return
            self._at = braces.end()
            char = self._count(*braces.groups())
        if not self._repeatable:
            self._fail("nothing to repeat")
        self._emit(char + self._take("?"))

    def _count(self, low: str, comma: str | None, high: str | None) -> str:
        least = _bounded(low)
        self._grow(self._size * max(least - 1, 0))
        if not comma:
            return f"{{{least}}}"
        if not high:
            return f"{{{least},}}"
        most = _bounded(high)
        if most < least:
            self._fail("numbers out of order in quantifier")
        return f"{{{least},{most}}}"

    # --- characters and escapes ---

    def _escape(self, half: str | None) -> None:
        """What a backslash begins outside of classes."""
        char = self._source[self._at : self._at + 1]
        if char and char in "bB":
            self._at += 1
            self._emit("\\" + char)
        elif char and char in "dDwWsS":
            self._at += 1
            # Within `regex` the Python meaning of \d and \w is the right one, thanks to its flag ASCII.
            self._atom("\\" + char if char in "dDwW" else class_text(SPACE, negated=char == "S"))
        elif char == "k" and self._names:
            self._at += 1
            self._named_reference()
        elif (digits := _REFERENCE.match(self._source, self._at)) and _bounded(digits[0]) <= self._groups:
            self._at = digits.end()
            self._reference(int(digits[0]))
        else:
            self._literal(self._character(_CONTROL_LETTER), half)

    def _named_reference(self) -> None:
        name = _NAME.match(self._source, self._at)
        if name is None or name[1] not in self._names:
            self._fail("invalid named reference")
        self._at = name.end()
        self._reference(self._names[name[1]])

    def _reference(self, number: int) -> None:
        """A group that has not matched, or not yet, is matched by nothing at all; elsewhere that would fail."""
        still_open = any(group.number == number for group in self._open)
        self._atom("(?:)" if still_open else rf"(?({number})\{number})")

    def _character(self, control: re.Pattern[str]) -> str:
        """The character that an escape stands for whose backslash has been read, and move behind it."""
        if octal := self._take(_OCTAL):
            return chr(int(octal, 8))
        char = self._source[self._at : self._at + 1]
        if not char:
            self._fail("\\ at end of pattern")
        if char == "c" and not control.match(self._source, self._at + 1):
            return "\\"  # it stands for itself, and the c comes next
        self._at += 1
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "c":
            return chr(ord(self._take(control)) % 32)
        if char == "x" and (digits := self._take(_HEX2)):
            return chr(int(digits, 16))
        if char == "u" and (digits := self._take(_HEX4)):
            return chr(int(digits, 16))
        if char == "k" and self._names:
            self._fail("invalid escape")
        return char

    def _literal(self, char: str, half: str | None) -> None:
        if half and "\udc00" <= char <= "\udfff":
            # Two escapes for one character: in a Python string it is one.
            self._out.pop()
            char = (half + char).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        self._atom(any_case(char) if self._ignore_case else escaped(char))
        self._half = char if "\ud800" <= char <= "\udbff" else None

    # --- classes ---

    def _class(self) -> str:
        """A class whose bracket has been read."""
        negated = bool(self._take("^"))
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._class_atom()
            hyphen = self._source.startswith("-", self._at) and not self._source.startswith("-]", self._at)
            if hyphen:
                self._at += 1
                ranges += self._range(low, self._class_atom())
            else:
                ranges += low
        if self._ignore_case:
            ranges += other_cases(ranges)
        return class_text(ranges, negated)

    def _range(self, low: Ranges, high: Ranges) -> Ranges:
        if is_set(low) or is_set(high):
            return (*low, (0x2D, 0x2D), *high)  # beside \w and the like the hyphen is a character
        if low[0][0] > high[0][0]:
            self._fail("range out of order in character class")
        return ((low[0][0], high[0][0]),)

    def _class_atom(self) -> Ranges:
        """One character or one set of them within a class."""
        char = self._source[self._at : self._at + 1]
        if not char:
            self._fail("unterminated character class")
        self._at += 1
        if char != "\\":
            return points(char)
        following = self._source[self._at : self._at + 1]
        if following in SETS:
            self._at += 1
            return SETS[following]
        if following == "b":
            self._at += 1
            return points("\b")
        return points(self._character(_CONTROL_IN_CLASS))

    # --- the walk ---

    def _take(self, wanted: str | re.Pattern[str]) -> str:
        """What stands here if it is wanted, else nothing; moves behind it."""
        if isinstance(wanted, str):
            taken = wanted if self._source.startswith(wanted, self._at) else ""
        else:
            found = wanted.match(self._source, self._at)
            taken = found[0] if found else ""
        self._at += len(taken)
        return taken

    def _emit(self, text: str) -> None:
        """Write what cannot be repeated."""
        self._out.append(text)
        self._repeatable = False
        self._size = 0
        self._grow(1)

    def _atom(self, text: str, size: int = 1) -> None:
        """Write what may be repeated."""
        self._out.append(text)
        self._repeatable = True
        self._size = size
        self._grow(size)

    def _grow(self, size: int) -> None:
        self._sizes[-1] += size
        _check_size(self._sizes[-1])

    def _fail(self, reason: str) -> NoReturn:
        raise KRLPatternError(f"Invalid regular expression: /{self._source}/: {reason}")


def _bounded(digits: str) -> int:
    """The number, or a bound that stands for any greater one."""
    significant = digits.lstrip("0")
    return _ENDLESS if len(significant) > 9 else int(significant or "0")
