"""Give a name a new name, so that everything goes on to mean what it meant.

Whether it does is not argued but tried: the new text is analysed, and each place must mean the same thing as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..source import Source
from ..tokens import OPERATOR_WORDS, RESERVED
from ..tree import Span
from .symbols import Analysis, Symbol, analyse


class RenameRefused(ValueError):
    """The new name cannot be given; says why."""


def renamed(found: Analysis, symbol: Symbol, name: str) -> str:
    """The text with a new name for a symbol, and the same meaning.

    Raises RenameRefused if the name is none, or if anything would mean something else afterwards: a name that is taken,
    or hidden by another one, or that hides another one.
    """
    if name in RESERVED or name in OPERATOR_WORDS or not _is_name(name):
        raise RenameRefused(f"{name!r} is no name that can be given")
    text, shifted = _replaced(found.source.text, symbol.places, name)
    again = analyse(Source(text, found.source.name), dialect=found.dialect)
    if again.tree is None:
        raise RenameRefused(f"{name!r} is a keyword in one of the places")
    if _errors(again) > _errors(found) or _meaning(again, lambda place: place) != _meaning(found, shifted):
        raise RenameRefused(f"{name!r} means something else in one of the places, or would hide it")
    return text


def _errors(found: Analysis) -> int:
    return sum(each.severity == "error" for each in found.diagnostics)


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("$", "_").isidentifier()


def _replaced(text: str, places: Iterable[Span], name: str) -> tuple[str, _Shift]:
    parts: list[str] = []
    end = 0
    for place in places:
        parts += [text[end : place.start], name]
        end = place.end
    return "".join([*parts, text[end:]]), _Shift(tuple(places), len(name))


@dataclass(frozen=True, slots=True)
class _Shift:
    """Where places of the old text are in the new one."""

    places: tuple[Span, ...]
    length: int

    def __call__(self, place: Span) -> Span:
        before = [each for each in self.places if each.end <= place.start]
        moved = sum(self.length - (each.end - each.start) for each in before)
        length = self.length if place in self.places else place.end - place.start
        return Span(place.start + moved, place.start + moved + length)


def _meaning(found: Analysis, moved: Callable[[Span], Span]) -> set[tuple[str, str, tuple[Span, ...]]]:
    """Which places mean the same; of the library's operators also which."""
    return {
        (each.kind, each.name if each.kind == "operator" else "", tuple(moved(place) for place in each.places))
        for each in found.symbols
    }
