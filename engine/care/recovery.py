"""After a commit that failed: all that is not on disk is forgotten, and what is stored is taken again a bit later."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import structlog

from ..cycle import Parts
from ..errors import OutcomeRefused, StoreUnavailable
from ..loop.commit import Decision
from ..loop.wait import Item, Mailboxes
from ..store.interface import CommitRefused
from ..store.writer import Writer
from ..timers.timetable import Timetable
from ..trigger import reached

RETRY_SECONDS = 0.5  # before stored events are taken again
REFUSALS = 3  # of what one event does, until it is not tried again
SUSPECTS = 1000  # events that are remembered

_log = structlog.get_logger("picoengine")


class Recovery:
    """Leads one engine back to what is on disk."""

    def __init__(
        self,
        writer: Writer,
        parts: Parts,
        mailboxes: Mailboxes,
        in_flight: dict[str, Item],
        timetable: Timetable,
        go_on: Callable[[], None],
    ) -> None:
        """`go_on` takes up what is stored. It raises StoreUnavailable if that cannot be read."""
        self.stopping = False  # nothing is taken again
        self._writer = writer
        self._parts = parts
        self._mailboxes = mailboxes
        self._in_flight = in_flight
        self._timetable = timetable
        self._go_on = go_on
        self._loop = asyncio.get_running_loop()
        self._retry_is_due = False
        self._refused: Counter[str] = Counter()  # how often the store has refused what an event does, by eid

    def lost(self, decisions: list[Decision], error: Exception) -> None:
        """These did not reach the disk: give up every cycle, and tell whoever was promised nothing."""
        _log.error("commit failed; everything undecided is forgotten", error=str(error), commits=len(decisions))
        self._mailboxes.pause()
        self._parts.directory.forget_decided()
        self._timetable.forget_decided()
        if isinstance(error, CommitRefused):
            self._blame(decisions[0].item, error)
        for item in sorted(self._undecided(decisions), key=lambda each: each.inbox_id or 0, reverse=True):
            if item.stored:
                self._in_flight[item.eid] = item
                self._mailboxes.put(item, first=True)
            else:
                item.finish(None, StoreUnavailable("the store could not take the commit"))
        if not self._retry_is_due:
            self._retry_is_due = True
            self._loop.call_later(RETRY_SECONDS, self._retry)

    def _blame(self, item: Item | None, error: CommitRefused) -> None:
        """The disk is well: what is refused time and again would keep everybody from going on for ever.

        The first of the lost was refused itself, or with others of its batch; tried again, each is alone in one.
        """
        if item is None or not item.stored:
            return
        if len(self._refused) >= SUSPECTS:
            self._refused.clear()
        self._refused[item.eid] += 1
        if self._refused[item.eid] >= REFUSALS:
            del self._refused[item.eid]
            _log.error("the store refuses what an event does", pico=item.pico, eid=item.eid, error=str(error))
            item.verdict = OutcomeRefused(error)

    def _undecided(self, decisions: list[Decision]) -> list[Item]:
        """What has not happened now: the requests of given-up cycles, and those that the decisions were about."""
        found = [item for box in self._mailboxes.all() for item in self._mailboxes.give_up(box)]
        for decision in decisions:
            item = decision.item
            if item is None:
                continue
            if decision.box is None:
                self._mailboxes.remove(item)
                found.append(item)
            elif item.stored:
                found.append(replace(item, outcome=None, committing=False))
        return found

    def _retry(self) -> None:
        """Go on from what is on disk, while nothing is under way."""
        if self.stopping:
            return
        reached("T16")
        try:
            self._writer.reopen()  # what was submitted meanwhile is lost, too
            self._parts.registry.reload()
            self._go_on()
        except StoreUnavailable as error:
            _log.error("the store cannot be read; nothing goes on", error=error.text)
            self._loop.call_later(RETRY_SECONDS, self._retry)
            return
        self._retry_is_due = False
        self._timetable.poke()
        self._mailboxes.resume()
