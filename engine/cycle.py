"""What a cycle is made of: the parts of the engine that it uses, and what the hosts of its picos share.

The cycle itself is run by engine/loop/cycle.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from krl import Instance, Module, record

from .changes import Changes
from .clock import Chance
from .directory import Directory
from .effects.steps import Journalled, Steps
from .effects.web import WebAnswer, WebRequest
from .event import Event, Query
from .recorder import Inputs, Recording
from .registry.loading import Loader
from .registry.registry import Registry
from .salience import Salience
from .settings import Settings
from .store.interface import LogRow, SnapshotRow, Store, TimerRow
from .witness.journal import Journal

SomeHost = Any
"""A host (engine/host.py). It is made of what is here, so here it has no name: the arrow between them runs one way."""


class Neighbours(Protocol):
    """How a running cycle reaches other picos; `loop.ask` does it."""

    def query(self, host: SomeHost, pico: str, query: Query) -> Any:
        """The answer of the pico; waits if it must, never for ever. Raises what the query raises."""
        ...

    def event_query(self, host: SomeHost, pico: str, event: Event, query: Query) -> Any:
        """Let the pico evaluate the event, then ask it; the answer."""
        ...


class Timetable(Protocol):
    """How a rule promises events for later; `engine.timers.timetable` does it."""

    def promise(self, host: SomeHost, rid: str, event: dict[str, Any], timing: str, when: Any) -> dict[str, Any]:
        """Write the timer into the cycle's changes; the job as KRL sees it. Raises KRLTypeError for a bad time."""
        ...

    def jobs(self, host: SomeHost, rid: str) -> list[dict[str, Any]]:
        """The jobs of one ruleset of the pico, in order of creation, as KRL sees them."""
        ...

    def remove(self, host: SomeHost, rid: str, id: str | None) -> None:
        """Remove one job of the ruleset, or all; an unknown id is no error."""
        ...

    def decide(self, number: int, timers: Mapping[str, TimerRow | None]) -> None:
        """Rows that commit `number` will write: from now on true for all but the disk."""
        ...


@dataclass(slots=True)
class Parts:
    """What an engine is made of, as far as a cycle needs it."""

    settings: Settings
    store: Store
    directory: Directory
    registry: Registry
    loader: Loader
    chance: Chance
    journal: Journal
    modules: Mapping[str, Module]
    fetch: Callable[[WebRequest], Awaitable[WebAnswer]]
    timetable: Timetable
    sends: frozenset[str] = frozenset()  # kinds of effects that a transport takes
    neighbours: Neighbours = field(init=False)  # joined last, as are the steps: they need the others
    steps: Steps = field(init=False)


@record
class Raised:
    """An event that a rule raised, and the rulesets that were installed at that moment."""

    event: Event
    instances: Mapping[str, Instance]
    salience: Salience


@record
class Cycle:
    """What the hosts of one cycle share: its changes, and the picos that it makes."""

    eid: str
    changes: Changes = field(default_factory=Changes)
    inputs: Inputs = field(default_factory=Recording)
    journal: Journalled | None = None  # of its steps; None: it is one that makes none
    births: list[SnapshotRow] = field(default_factory=list)  # the first states of picos made in this cycle
    blobs: dict[str, bytes] = field(default_factory=dict)  # what log rows of such picos name by its hash
    newborns: dict[str, SomeHost] = field(default_factory=dict)  # picos made in this cycle
    nested: list[LogRow] = field(default_factory=list)  # events that newborns have evaluated in it
    deleted: dict[str, None] = field(default_factory=dict)  # picos that it deletes, the lowest first
    raises: int = 0
    waits_for: str | None = None  # the pico that this cycle waits for
    asked_by: Cycle | None = None  # the cycle whose query this one answers
    depth: int = 0  # of queries within queries
    attachments: tuple[tuple[str, bytes], ...] = ()  # of its event, which may not be on disk yet
    saw_others: bool = False  # the state of other picos, which may not be on disk yet

    @property
    def origin(self) -> Cycle:
        """The cycle at the beginning of a chain of queries; itself if nobody of this engine asked."""
        cycle = self
        while cycle.asked_by is not None:
            cycle = cycle.asked_by
        return cycle
