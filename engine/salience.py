"""Which rules of a pico may care about an event.

The salience graph maps (domain, type) to the rules to be offered such an event, ruleset by ruleset in order of
installation, rules in source order. A rule whose expression is `select where` cares about everything. The graph
depends on the installed programs alone, so picos with the same code set share it.

Source: Picolabs docs, "Event Loop Introduction".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from krl import Program

Salient = tuple[tuple[str, tuple[int, ...]], ...]
"""For each ruleset that has any: its rid and the numbers of its salient rules."""


@dataclass(frozen=True, slots=True)
class Salience:
    """The graph of one code set."""

    by_event: dict[tuple[str, str], Salient]
    by_any: Salient  # for events that no primitive names

    def rules_for(self, domain: str, type: str) -> Salient:
        """The rules that may care about such an event, in the order in which they are asked."""
        return self.by_event.get((domain, type), self.by_any)


def salience_of(programs: Iterable[Program]) -> Salience:
    """The graph of these programs, which stand in order of installation."""
    programs = list(programs)
    named = {pair for program in programs for _, pairs in program.subscriptions if pairs is not None for pair in pairs}
    return Salience({pair: _salient(programs, pair) for pair in named}, _salient(programs, None))


def _salient(programs: list[Program], pair: tuple[str, str] | None) -> Salient:
    salient = []
    for program in programs:
        numbers = tuple(n for n, (_, pairs) in enumerate(program.subscriptions) if pairs is None or pair in pairs)
        if numbers:
            salient.append((program.rid, numbers))
    return tuple(salient)
