"""Decide whether a regular expression can match some text in exponentially many ways.

A matcher that backtracks tries all of these ways before it gives up, so `^(a+)+$` needs a lifetime for forty letters
and an exclamation mark. The number of ways grows exponentially exactly if the pattern's automaton can go from some
state back to the same state on one text by two paths. So: build the automaton (Glushkov's: one state for each
character that the pattern mentions, no empty moves, each move with the number of ways to make it), let two copies
of it read the same text, and look for a loop in which they part and meet again.

Over-simplified on purpose: a backreference reads any one character, a look-around is judged by itself, counts up to
MANY are taken for "once", other counts for "endlessly". A pattern that is too large to be judged counts as harmless.

Source: Weber and Seidl, "On the degree of ambiguity of finite automata" (1991), criterion EDA.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

MAX_STATES = 80
MAX_STEPS = 100_000  # of the search through pairs of states
MAX_GROUPS_DEEP = 100
MANY = 10

_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{\d+,?\d*\})")
_COUNT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_OPENING = re.compile(r"\?(?:<?[=!]|:|<[^>]*>)")
_REFERENCE = re.compile(r"[1-9]\d*|k<[^>]*>")
_CODE = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|c([A-Za-z])")


def can_explode(pattern: str, *, ignore_case: bool = False) -> bool:
    """True if some text matches a part of the (valid) pattern in exponentially many ways."""
    if not _REPEATED_GROUP.search(pattern):
        return False  # only a loop around several loops or branches has two ways
    try:
        automaton = _Reader(pattern, ignore_case).read()
    except _TooLarge:
        return False
    return automaton.ambiguous()


class _TooLarge(Exception):
    """The pattern is beyond what this is worth."""


# --- sets of characters: bits of an integer, one for each ASCII character, the others share a few -----------

_SHARED = 32
_ALL = (1 << (128 + _SHARED)) - 1
_BEYOND = _ALL & ~((1 << 128) - 1)


def _one(char: str) -> int:
    code = ord(char)
    return 1 << (code if code < 128 else 128 + code % _SHARED)


def _range(low: str, high: str) -> int:
    """All ASCII characters from one to another."""
    return sum(1 << code for code in range(ord(low), ord(high) + 1))


def _chars(chars: str) -> int:
    return sum({_one(char) for char in chars})


_DIGITS = _range("0", "9")
_WORDS = _DIGITS | _range("a", "z") | _range("A", "Z") | _one("_")
_BLANKS = _chars("\t\n\v\f\r ")
_SETS = {
    "d": _DIGITS,
    "D": _ALL & ~_DIGITS,
    "w": _WORDS,
    "W": _ALL & ~_WORDS,
    "s": _BLANKS | _BEYOND,
    "S": _ALL & ~_BLANKS,
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f", "0": "\0"}


def _any_case(chars: int) -> int:
    letters = ((1 << 26) - 1) << ord("a")
    lower, upper = chars & letters, chars & letters >> 32
    return chars | lower >> 32 | upper << 32


# --- the automaton ------------------------------------------------------------------------------------------

Ways = dict[int, int]  # state → in how many ways (1, or 2 for "several")


@dataclass(slots=True)
class _Part:
    """A piece of the pattern: the states it can begin and end with, and in how many ways it matches nothing."""

    empty: int
    first: Ways = field(default_factory=dict)
    last: Ways = field(default_factory=dict)


class _Automaton:
    def __init__(self) -> None:
        self.reads: list[int] = []  # by state: the characters that lead into it
        self.moves: dict[int, Ways] = defaultdict(dict)
        self._steps = 0

    def state(self, chars: int) -> _Part:
        if len(self.reads) >= MAX_STATES:
            raise _TooLarge
        self.reads.append(chars)
        number = len(self.reads) - 1
        return _Part(0, {number: 1}, {number: 1})

    def join(self, left: _Part, right: _Part) -> _Part:
        """`left` followed by `right`."""
        self._connect(left, right)
        return _Part(
            min(left.empty * right.empty, 2),
            _sum(left.first, right.first, left.empty),
            _sum(right.last, left.last, right.empty),
        )

    def repeat(self, part: _Part, *, least: int) -> _Part:
        """`part*` or `part+`; a round that matches nothing ends the loop, so it adds no way."""
        self._connect(part, part)
        return _Part(1 if least == 0 else part.empty, part.first, part.last)

    def _connect(self, left: _Part, right: _Part) -> None:
        for source, ways in left.last.items():
            self.moves[source] = _sum(self.moves[source], right.first, ways)

    def ambiguous(self) -> bool:
        """Two paths on one text from some state back to it?"""
        try:
            return any(self._parts_and_meets(state) for state in range(len(self.reads)))
        except _TooLarge:
            return False

    def _parts_and_meets(self, state: int) -> bool:
        """True if two copies, both in `state`, can read one text by different paths and be back, both."""
        # A pair is (state of one copy, state of the other, have they taken different ways so far?).
        start, goal = (state, state, False), (state, state, True)
        seen, waiting = {start}, [start]
        while waiting:
            one, other, parted = waiting.pop()
            for pair in self._next_pairs(one, other, parted):
                if pair == goal:
                    return True
                if pair not in seen:
                    seen.add(pair)
                    waiting.append(pair)
        return False

    def _next_pairs(self, one: int, other: int, parted: bool) -> list[tuple[int, int, bool]]:
        pairs = []
        for target, ways in self.moves[one].items():
            for target_of_other in self.moves[other]:
                self._steps += 1
                if self.reads[target] & self.reads[target_of_other]:
                    pairs.append((target, target_of_other, parted or target != target_of_other or ways > 1))
        if self._steps > MAX_STEPS:
            raise _TooLarge
        return pairs


def _sum(ways: Ways, more: Ways, factor: int) -> Ways:
    total = dict(ways)
    if factor:
        for state, count in more.items():
            total[state] = min(total.get(state, 0) + count * factor, 2)
    return total


def _either(left: _Part, right: _Part) -> _Part:
    return _Part(min(left.empty + right.empty, 2), _sum(left.first, right.first, 1), _sum(left.last, right.last, 1))


# --- reading the pattern ------------------------------------------------------------------------------------


class _Reader:
    """Reads a pattern that is known to be valid, by recursive descent."""

    def __init__(self, pattern: str, ignore_case: bool) -> None:
        self._pattern = pattern
        self._ignore_case = ignore_case
        self._at = 0
        self._depth = 0
        self._automaton = _Automaton()

    def read(self) -> _Automaton:
        self._alternatives()
        return self._automaton

    def _alternatives(self) -> _Part:
        part = self._sequence()
        while self._take("|"):
            part = _either(part, self._sequence())
        return part

    def _sequence(self) -> _Part:
        part = _Part(1)
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part = self._automaton.join(part, self._quantified())
        return part

    def _quantified(self) -> _Part:
        part = self._atom()
        least, most = self._quantifier()
        if most is None or most > MANY:
            return self._automaton.repeat(part, least=least)
        if least == 0:
            part = _Part(1, part.first, part.last)
        return part

    def _quantifier(self) -> tuple[int, int | None]:
        """How often the last atom may come, None for endlessly; moves behind it."""
        bounds: tuple[int, int | None] = (1, 1)
        if self._take("*"):
            bounds = (0, None)
        elif self._take("+"):
            bounds = (1, None)
        elif self._take("?"):
            bounds = (0, 1)
        elif count := _COUNT.match(self._pattern, self._at):
            self._at = count.end()
            least, comma, most = count.groups()
            # Longer numbers than this are all "many"; int() of thousands of digits is refused by Python.
            low = int(least[:4])
            bounds = (low, low) if not comma else (low, int(most[:4]) if most else None)
        else:
            return bounds
        self._take("?")
        return bounds

    def _atom(self) -> _Part:
        char = self._pattern[self._at]
        self._at += 1
        match char:
            case "(":
                return self._group()
            case "[":
                return self._state(self._class())
            case "\\":
                return self._escape()
            case "^" | "$":
                return _Part(1)
            case ".":
                return self._state(_ALL & ~_chars("\n\r"))
            case _:
                return self._state(_one(char))

    def _group(self) -> _Part:
        self._depth += 1
        if self._depth > MAX_GROUPS_DEEP:
            raise _TooLarge
        opening = _OPENING.match(self._pattern, self._at)
        if opening:
            self._at = opening.end()
        part = self._alternatives()
        self._take(")")
        self._depth -= 1
        looks_around = opening is not None and opening[0][-1] in "=!"
        return _Part(1) if looks_around else part

    def _escape(self) -> _Part:
        if self._pattern.startswith(("b", "B"), self._at):
            self._at += 1
            return _Part(1)
        if reference := _REFERENCE.match(self._pattern, self._at):
            self._at = reference.end()
            return self._state(_ALL)
        return self._state(self._escaped())

    def _class(self) -> int:
        negated = self._take("^")
        chars = 0
        while self._at < len(self._pattern) and not self._take("]"):
            low = self._class_atom()
            if self._pattern.startswith("-", self._at) and not self._pattern.startswith("-]", self._at):
                self._at += 1
                chars |= _between(low, self._class_atom())
            else:
                chars |= low
        if self._ignore_case:
            chars = _any_case(chars)
        return _ALL & ~chars if negated else chars

    def _class_atom(self) -> int:
        char = self._pattern[self._at : self._at + 1]
        self._at += 1
        return self._escaped() if char == "\\" else _one(char) if char else 0

    def _escaped(self) -> int:
        """The characters that an escape stands for whose backslash has been read."""
        if code := _CODE.match(self._pattern, self._at):
            self._at = code.end()
            hexadecimal = code[1] or code[2]
            return _one(chr(int(hexadecimal, 16)) if hexadecimal else chr(ord(code[3]) % 32))
        char = self._pattern[self._at : self._at + 1]
        self._at += 1
        if char in _SETS:
            return _SETS[char]
        return _one(_CONTROLS.get(char, char)) if char else 0

    def _state(self, chars: int) -> _Part:
        return self._automaton.state(_any_case(chars) if self._ignore_case else chars)

    def _take(self, wanted: str) -> bool:
        if self._pattern.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False


def _between(low: int, high: int) -> int:
    """All characters from one to another; beside a set such as `\\w` the hyphen is a character."""
    if low.bit_count() != 1 or high.bit_count() != 1:
        return low | high | _one("-")
    first, last = low.bit_length() - 1, high.bit_length() - 1
    if first > last:
        return low | high  # beyond ASCII the order of the shared bits means nothing
    return sum(1 << bit for bit in range(first, last + 1)) | (_BEYOND if last > 127 else 0)
