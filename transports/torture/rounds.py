"""Rounds of torture until the time is up, and the verdict on all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from shutil import rmtree
from time import monotonic
from typing import Any

from .invariants import INVARIANTS, violations
from .nemesis import BLOWS, plan
from .record import Record
from .round import Shape, run_round

SHOWN = 10  # violations of one invariant that a report names


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be done. The same seed chooses the same events and the same blows."""

    seed: str
    minutes: float = 5.0
    rounds: int | None = None  # so many, however long it takes
    blows: int = 8  # of a round
    only: tuple[str, ...] = tuple(BLOWS)
    connections: int = 64


@dataclass(slots=True)
class Report:
    """What came of it so far."""

    seed: str
    rounds: int = 0
    blows: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    acknowledged: int = 0
    finished: int = 0  # events of the workload in the logs, those that events have brought about included
    effects: int = 0  # with a key of their own
    repeated: int = 0  # arrivals of effects beyond the first of each
    slowest_seconds: float = 0.0  # from healing to the end of the last event
    violations: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in INVARIANTS})
    kept: list[str] = field(default_factory=list)  # home folders of rounds that went wrong

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.violations.values())

    def add(self, record: Record) -> bool:
        """Count a round; whether it kept every promise."""
        self.rounds += 1
        self.sent += len(record.sent)
        self.acknowledged += sum(sent.acked_at is not None for sent in record.sent)
        self.finished += sum(map(len, record.log.values()))
        self.effects += len(record.arrived)
        self.repeated += sum(record.arrived.values()) - len(record.arrived)
        self.slowest_seconds = max(self.slowest_seconds, record.drained_seconds or record.patience_seconds)
        found = violations(record)
        for name, texts in found.items():
            self.violations[name] += [f"round {self.rounds}: {text}" for text in texts]
        return not any(found.values())

    def as_json(self) -> dict[str, Any]:
        """All of it, as a program reads it."""
        return {
            "seed": self.seed,
            "holds": self.holds,
            "rounds": self.rounds,
            "blows": dict(sorted(self.blows.items())),
            "sent": self.sent,
            "acknowledged": self.acknowledged,
            "finished": self.finished,
            "effects": self.effects,
            "repeated": self.repeated,
            "slowest_seconds": round(self.slowest_seconds, 1),
            "violations": {name: [len(texts), texts[:SHOWN]] for name, texts in self.violations.items()},
            "kept": self.kept,
        }


async def torture(orders: Orders, folder: Path, tell: Callable[[str], None], shape: Shape | None = None) -> Report:
    """Torture engines in the folder; `tell` is told how it goes. The homes of rounds that went wrong stay there."""
    report = Report(orders.seed)
    shape = shape or Shape(orders.connections)
    end = monotonic() + 60 * orders.minutes
    while report.rounds < orders.rounds if orders.rounds is not None else not report.rounds or monotonic() < end:
        number = report.rounds + 1
        seed = f"{orders.seed}/{number}"
        home = folder / f"round-{number}"
        blows = plan(Random(seed), orders.blows, orders.only)
        try:
            record = await run_round(home, folder / "cache", seed, blows, shape, partial(_tell_of, tell, number))
        except (RuntimeError, OSError) as error:  # an engine that does not start any more, or refuses what it must not
            record = Record((), {}, {}, {}, surprises=(f"the round could not be ended: {error}",))
        report.blows.update(blow.name for blow in blows)
        if report.add(record):
            rmtree(home)
        else:
            report.kept.append(str(home))
        _tell_of(tell, number, "PROMISES BROKEN" if home.exists() else "every promise kept")
    return report


def _tell_of(tell: Callable[[str], None], number: int, text: str) -> None:
    tell(f"round {number}: {text}")
