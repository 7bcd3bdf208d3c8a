"""The recovery sweep: now and then, for ever, look for what is stored, is due, and has nobody who sees to it.

Nothing of the kind should exist. What the sweep finds is taken up again and said aloud, so that a fault in the engine
makes something late and not lost.

What is on disk may be ahead of what the loop was told: an event may have been finished, an effect sent, and the commit
that says so may not have been reported yet. So a suspect is taken up only if it still is one when every commit that
was under way at first sight has been settled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import structlog

from ..admission import Admission
from ..callbacks import Callbacks
from ..clock import Chance
from ..effects.outbox import Outbox
from ..effects.steps import Steps
from ..errors import StoreUnavailable
from ..loop.commit import Committer
from ..loop.respond import item_from
from ..loop.wait import Mailboxes
from ..store.interface import CallbackRow, InboxRow, OutboxRow, StepRow, Store, TimerRow
from ..timers.timetable import Timetable
from .finding import Finding

SECONDS = 15.0
JITTER = 0.2  # of the time between two rounds, up or down, so that many engines do not keep step
ROWS = 1000  # of the inbox that one round looks at
LATE_MS = 5000  # a timer that has been due so long has been forgotten

Row = TypeVar("Row", CallbackRow, InboxRow, OutboxRow, StepRow, TimerRow)

_log = structlog.get_logger("picoengine")


class Sweep:
    """Looks again and again."""

    def __init__(
        self,
        store: Store,
        committer: Committer,
        admission: Admission,
        timetable: Timetable,
        outbox: Outbox,
        steps: Steps,
        callbacks: Callbacks,
        mailboxes: Mailboxes,
        chance: Chance,
    ) -> None:
        self._store = store
        self._committer = committer
        self._in_flight = admission.in_flight
        self._enter = admission.enter
        self._timetable = timetable
        self._outbox = outbox
        self._steps = steps
        self._callbacks = callbacks
        self._mailboxes = mailboxes
        self._chance = chance
        self._after = 0  # the inbox row where the next round begins
        self._suspects: dict[tuple[str, int | str], int] = {}  # with the latest commit when each was first seen
        self._task: asyncio.Task[None] | None = None
        self.findings: list[Finding] = []  # of the latest round

    def start(self) -> None:
        """Look for ever."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._chance.sleep(SECONDS * (1 + JITTER * (2 * self._chance.random() - 1)))
            try:
                self.look()
            except StoreUnavailable as error:
                _log.error("the sweep cannot read the store", error=error.text)

    def look(self) -> list[Finding]:
        """One round: what was found, and has been taken up. Raises StoreUnavailable."""
        found = [*self._events(), *self._timers(), *self._effects(), *self._calls(), *self._ends()]
        for finding in found:
            _log.error(f"found a {finding.kind} and took it up", subject=finding.subject, what=finding.what)
        self.findings = found
        return found

    def without_sender(self) -> list[Finding]:
        """Effects that cannot leave this process; not the sweep's to mend."""
        return [
            Finding("effect without a transport", kind, f"{number} wait for it", f"start the engine with {kind}")
            for kind, number in sorted(self._outbox.stranded.items())
        ]

    def _events(self) -> Iterable[Finding]:
        rows = self._store.inbox(self._after, ROWS)
        self._after = rows[-1].id if len(rows) == ROWS else 0
        for row in self._confirmed("event", [row for row in rows if row.eid not in self._in_flight]):
            self._enter(item_from(row))
            yield Finding("stranded event", row.eid, f"stored for pico {row.pico}, in no mailbox", mended=True)

    def _timers(self) -> Iterable[Finding]:
        rows = self._store.due_timers(self._chance.now() - LATE_MS)
        late = self._confirmed("timer", [row for row in rows if not self._timetable.is_firing(row.id)])
        if late:
            self._timetable.poke()
        for row in late:
            yield Finding("forgotten timer", row.id, f"of pico {row.pico}, due and not fired", mended=True)

    def _effects(self) -> Iterable[Finding]:
        rows = self._store.outbox(self._chance.now(), ROWS)
        for row in self._confirmed("effect", [row for row in rows if not self._outbox.knows(row.id)]):
            self._outbox.put(row)
            yield Finding("stranded effect", row.ikey, f"to {row.target}, due and in no lane", mended=True)

    def _calls(self) -> Iterable[Finding]:
        """Steps whose events are put aside and whose calls nobody makes."""
        rows = [row for row in self._store.unanswered_steps(ROWS) if not self._steps.is_under_way(row.key)]
        aside = [row for row in rows if self._is_aside(row)]
        for row in self._confirmed("step", aside):
            self._mailboxes.take_up(self._in_flight[row.eid])
            yield Finding("stranded step", row.key, f"to {row.target}, without an answer", mended=True)

    def _is_aside(self, row: StepRow) -> bool:
        item, box = self._in_flight.get(row.eid), self._mailboxes.known(row.pico)
        return item is not None and box is not None and box.aside is item

    def _ends(self) -> Iterable[Finding]:
        rows = self._store.ended_callbacks(self._chance.now() - LATE_MS)
        late = self._confirmed("callback", [row for row in rows if not self._callbacks.is_ending(row.id)])
        if late:
            self._callbacks.poke()
        for row in late:
            yield Finding("forgotten callback", row.id[:16], f"of pico {row.pico}, over and not told", mended=True)

    def _confirmed(self, kind: str, rows: list[Row]) -> list[Row]:
        """Those of the suspects that were suspects before, and about which everything decided then is settled."""
        seen = {(kind, _name(row)): row for row in rows}
        before = {key: number for key, number in self._suspects.items() if key in seen}
        latest, settled = self._committer.latest, self._committer.settled
        self._suspects = {key: number for key, number in self._suspects.items() if key[0] != kind}
        self._suspects |= {key: before.get(key, latest) for key in seen}
        return [seen[key] for key, number in before.items() if number <= settled]


def _name(row: CallbackRow | InboxRow | OutboxRow | StepRow | TimerRow) -> int | str:
    return row.key if isinstance(row, StepRow) else row.id
