"""Whether what a pico has stored is what its log leads to: entity variables, and what event expressions remember.

The log is gone through row by row with nothing in mind but these, which costs little more than to read it; that is
what `verify` does with every pico. To see both sides of a difference, replay the pico.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..document import dumps, loads
from ..store.interface import LogRow, Reading
from .divergence import differences
from .snapshots import TRIES, State

Key = tuple[str, str]
"""A ruleset, and the name of a variable or of a rule."""

UNCHANGED = b"{}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables have of a pico that stands behind the event of this number; all values as they are stored."""

    seq: int
    variables: Mapping[Key, bytes]
    memory: Mapping[Key, tuple[str, bytes]]


def stored(reading: Reading, pico: str) -> Stored | None:
    """What is stored of a pico at one moment; None if it is gone, or so busy that it is never seen at rest."""
    for _ in range(TRIES):
        row = reading.pico(pico)
        if row is None:
            return None
        variables = {(rid, name): value for rid, name, value in reading.variables(pico)}
        memory = {(rid, rule): (expression, known) for rid, rule, expression, known in reading.memory(pico)}
        if reading.pico(pico) == row:
            return Stored(row.head_seq, variables, memory)
    return None


class Kept:
    """What a pico should have stored, behind one event of its log after the other."""

    def __init__(self, state: State) -> None:
        self._variables: dict[Key, Any] = {(rid, name): value for rid, name, value in state.get("ent", ())}
        self._memory: dict[Key, tuple[str, Any]] = {
            (rid, rule): (expression, known) for rid, rule, expression, known in state.get("memory", ())
        }

    def apply(self, row: LogRow) -> None:
        """Go the step that the row tells of."""
        if row.changes == UNCHANGED:
            return
        told: dict[str, Any] = loads(row.changes)
        for rid in told.get("forgotten", ()):
            for kept in (self._variables, self._memory):
                for key in [key for key in kept if key[0] == rid]:
                    del kept[key]
        for rid, name, value in told.get("ent", ()):
            if value is None:
                self._variables.pop((rid, name), None)
            else:
                self._variables[rid, name] = value
        for rid, rule, expression, known in told.get("memory", ()):
            if known is None:
                self._memory.pop((rid, rule), None)
            else:
                self._memory[rid, rule] = (expression, known)

    def against(self, found: Stored) -> Iterator[str]:
        """What differs, in words that name it; not the values, which may be secret."""
        variables = {key: _same(value, found.variables.get(key)) for key, value in self._variables.items()}
        for (rid, name), words in _told(variables, found.variables):
            yield f"ent:{name} of {rid} {words}"
        memory = {key: _same_memory(known, found.memory.get(key)) for key, known in self._memory.items()}
        for (rid, rule), words in _told(memory, found.memory):
            yield f"what rule {rule} of {rid} remembers {words}"


def _same(value: Any, found: bytes | None) -> bool | None:
    """Whether that is what is stored; None if nothing is."""
    if found is None:
        return None
    if dumps(value) == found:
        return True
    try:
        return next(differences(value, loads(found)), None) is None
    except ValueError:  # no JSON any more
        return False


def _same_memory(known: tuple[str, Any], found: tuple[str, bytes] | None) -> bool | None:
    if found is None:
        return None
    return known[0] == found[0] and _same(known[1], found[1])


def _told(same: Mapping[Key, bool | None], found: Mapping[Key, object]) -> Iterator[tuple[Key, str]]:
    for key, each in sorted(same.items()):
        if each is None:
            yield key, "is missing; its log leads to a value"
        elif not each:
            yield key, "is not what its log leads to"
    for key in sorted(found.keys() - same.keys()):
        yield key, "is stored, and its log leads to none"
