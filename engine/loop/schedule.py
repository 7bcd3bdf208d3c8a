"""Phase 3, schedule: which rules are to be offered which event, in which order.

An event is scheduled for each ruleset that has salient rules, in order of installation. A raised event joins the
end of this same schedule, so all rulesets finish an event before any of them sees what it raised.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from krl import Instance, Rule, fact

from ..cycle import Raised
from ..event import Event
from ..salience import Salience


@fact
class Entry:
    """One ruleset's turn with one event: the rules that may care, in source order."""

    rid: str
    rules: tuple[Rule, ...]
    event: Event


class Schedule:
    """The rules that wait to be evaluated in this cycle."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()

    @classmethod
    def for_event(cls, event: Event, instances: Mapping[str, Instance], salience: Salience) -> Schedule:
        """The schedule of an event that has just come in."""
        schedule = cls()
        schedule.add(event, instances, salience)
        return schedule

    def add(self, event: Event, instances: Mapping[str, Instance], salience: Salience) -> None:
        """Schedule an event for every ruleset that is installed now and has rules for it."""
        for rid, numbers in salience.rules_for(event.domain, event.type):
            if event.for_rid is not None and event.for_rid != rid:
                continue
            instance = instances.get(rid)
            if instance is not None:
                rules = instance.rules
                self._entries.append(Entry(rid, tuple([rules[n] for n in numbers]), event))

    def extend(self, raised: Iterable[Raised]) -> None:
        """Schedule what an entry's rules have raised, in the order of raising."""
        for each in raised:
            self.add(each.event, each.instances, each.salience)

    def clear(self) -> None:
        """Forget all that was still to come."""
        self._entries.clear()

    def next(self) -> Entry | None:
        """The next entry, None at the end."""
        return self._entries.popleft() if self._entries else None
