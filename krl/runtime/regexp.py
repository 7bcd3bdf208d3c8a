"""KRL's regular expressions as values, and how they search.

A pattern is translated and compiled when it is first used and then kept, whichever value it came from. Every search
has a time-out, the only limit here that is timed: backtracking cannot be counted from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import regex

from ..errors import KRLLimitError, KRLPatternError
from .ecmascript import translate
from .host import Host
from .limits import spend

MAX_SUBJECT: Final = 4 * 1024 * 1024  # characters; a search may keep about 30 bytes for each
FLAGS: Final = "gim"  # all there are, in the order in which they are shown

Match = Any  # of the `regex` package: m[0], m[1] … m.start(), m.end(), m.groups()


class Compiled(NamedTuple):
    """A regular expression that can be searched for."""

    pattern: Any  # of the `regex` package
    names: dict[str, int]  # of groups, with their numbers


@dataclass(frozen=True, slots=True)
class RegExp:
    """A regular expression as written. It may still turn out to be none: `compiled` tells.

    Equal if source and flags are. It has no memory: flag `g` means "all matches" where an operator can use it.
    """

    source: str
    flags: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "flags", "".join(flag for flag in FLAGS if flag in self.flags))

    @property
    def all_matches(self) -> bool:
        """Whether it has the flag `g`."""
        return "g" in self.flags

    def compiled(self) -> Compiled:
        """Raises KRLPatternError if the source is no pattern, KRLLimitError if it is too long."""
        return _compiled(self.source, self.flags)

    def search(self, h: Host, subject: str, pos: int = 0) -> Match | None:
        """The first match that begins at `pos` or later (as Python counts), None if there is none.

        Raises KRLLimitError if the search takes too long or the subject is too large.
        """
        if len(subject) > MAX_SUBJECT:
            raise KRLLimitError(
                f"a text of {len(subject)} characters is too long to search for {self} (limit: {MAX_SUBJECT})"
            )
        seconds = h.limits.regex_seconds
        try:
            if h.known_slow is not None and h.known_slow(str(self), subject, pos):
                raise TimeoutError
            return self.compiled().pattern.search(subject, pos, timeout=seconds)
        except TimeoutError:
            h.too_slow(str(self), subject, pos)
            raise KRLLimitError(
                f"the regular expression {self} takes too long on this text (limit regex_seconds: {seconds})"
            ) from None

    def matches(self, h: Host, subject: str) -> Iterator[Match]:
        """All matches from left to right, each a step; after an empty one the next is sought a character further on."""
        at = 0
        while at <= len(subject) and (found := self.search(h, subject, at)):
            spend(h, 1)
            yield found
            at = found.end() if found.end() > found.start() else found.end() + 1

    def __str__(self) -> str:
        return f"re#{self.source}#{self.flags}"


@lru_cache(maxsize=256)
def _compiled(source: str, flags: str) -> Compiled:
    translation = translate(source, flags)
    try:
        return Compiled(regex.compile(translation.pattern, translation.flags, cache_pattern=False), translation.names)
    except regex.error as error:
        raise KRLPatternError(f"Invalid regular expression: /{source}/: {error.msg}") from error
