"""Evaluate a pico's log again: the same events, on the state of then, with the inputs of then. What comes out?

By the rulesets of then it must be what the log has; whatever is not is a divergence, and a fault of the engine or of
the store. By another version of a ruleset the divergences are what that version would have done otherwise: a test
on what really happened. Nothing is written and nothing leaves: the past lies in a store of its own, and every input
comes from the log.

After a divergence a replay goes on from the state that the log has, so that each is told once. A back-test goes on
from its own state, as if the other version had been there all along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from krl import Program

from ..document import loads
from ..errors import RulesetNotFound
from ..loop.respond import write_changes
from ..recorder import ACT, NOTHING, WITHIN
from ..settings import Settings
from ..store.interface import LogRow, Reading, Writes
from .divergence import Divergence, by_name, differences
from .rerun import Rerun, Rules
from .snapshots import capture
from .state import beginning

NOT_RUN = frozenset({"dead", "cancelled"})  # how events end whose rules were not asked


@dataclass(slots=True)
class Tally:
    """How far a replay is."""

    seq: int = 0
    evaluated: int = 0
    applied: int = 0  # events without rules of their own: acts of the engine, first events of newborn picos
    divergences: int = 0


class Replay:
    """One run through the log of one pico, from its beginning."""

    def __init__(self, present: Reading, settings: Settings, pico: str, instead: Program | None = None) -> None:
        """`instead` takes the place of every version of the ruleset with its rid.

        Raises PicoNotFound, LogBroken, and PastUnknown if the log begins behind what any snapshot tells.
        """
        self.tally = Tally()
        self._present = present
        self._past = beginning(present, pico)
        self._instead = instead
        self._rules = Rules(self._past, settings, instead)

    def run(self, to: int | None = None) -> Iterator[Divergence | None]:
        """Every divergence up to this event, and None after each event.

        After the whole log the state that it leads to is compared with the stored one. Raises LogBroken where the log
        is not what was written, RulesetNotFound if the pico has never had the ruleset that is to be tested.
        """
        for row in self._past.rows(to):
            yield from self._told(self._step(row))
            self.tally.seq = row.seq
            yield None
        if self._instead is None:
            yield from () if to is not None else self._told(self._against_the_tables())
        elif self._instead.rid not in self._rules.rids:
            raise RulesetNotFound(self._instead.rid)

    def report(self) -> dict[str, Any]:
        """How far it has come, and how much it has found."""
        return {"pico": self._past.pico, **asdict(self.tally)}

    def _told(self, found: Iterator[Divergence]) -> Iterator[Divergence]:
        for divergence in found:
            self.tally.divergences += 1
            yield divergence

    def _step(self, row: LogRow) -> Iterator[Divergence]:
        if row.status in NOT_RUN or _first_note(row) in (ACT, WITHIN):
            self.tally.applied += 1
            self._past.apply(row)
            return
        self.tally.evaluated += 1
        rerun = self._rules.evaluate(row)
        yield from rerun.divergences
        if self._instead is None:
            self._past.apply(row)
        else:
            self._past.store.write([_own_writes(row, rerun)])

    def _against_the_tables(self) -> Iterator[Divergence]:
        """The state that the log leads to, and the one that is stored, if the pico stands still there.

        Timers are left out: one may end by an operator's hand, or have fired while its event waits; no event tells.
        """
        stored = capture(self._present, self._past.pico)
        if stored is None or stored["seq"] != self._past.row.head_seq:
            return
        told, kept = (by_name({**state, "timers": []}) for state in (self._past.state(), stored))
        for place, expected, actual in differences(told, kept, "stored"):
            yield Divergence(stored["seq"], "", "", "/".join(place), expected, actual)


def _first_note(row: LogRow) -> str | None:
    return None if row.io == NOTHING else loads(row.io)[0][0]


def _own_writes(row: LogRow, rerun: Rerun) -> Writes:
    writes = Writes(head=(row.pico, row.seq - 1, row.seq, row.hash))
    write_changes(writes, rerun.changes)
    return writes
