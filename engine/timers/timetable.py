"""Events promised for later: timers as rows of the pico's own transaction, fired by rows as well.

A due timer becomes an inbox row and its own next firing in one commit, so it cannot fire twice and cannot be
forgotten. What came due while the engine was down is made up for after the start, as the timer's policy says
(engine/timers/misfire.py).

What finished cycles have decided about timers is true at once, and on disk a little later: until then it lies on top
of the store's rows, under the number of its commit. A timer that is under way in this way does not fire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from krl import KRLTypeError, typeof

from ..clock import Chance
from ..directory import Directory
from ..document import dumps, loads
from ..errors import ChannelNotFound, StoreUnavailable
from ..event import Event
from ..event_json import event_bytes
from ..host import Host
from ..loop.commit import Decision
from ..loop.respond import Responder
from ..store.interface import InboxRow, Store, TimerRow
from ..trigger import reached
from .misfire import MEMBER, BadPolicy, firings, policy_of
from .recurrence import BadRecurrence, instant_ms, next_due

RETRY_SECONDS = 1.0  # after a store that could not be read
_log = structlog.get_logger("picoengine")


class Promises:
    """What rules can do about events for later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ahead: dict[str, tuple[int, TimerRow | None]] = {}  # decided, not yet on disk

    def promise(self, host: Host, rid: str, event: dict[str, Any], timing: str, when: Any) -> dict[str, Any]:
        """Write the timer into the cycle's changes; the job as KRL sees it. Raises KRLTypeError for a bad time."""
        id = host.new_id()
        policy = self._policy(when, timing)
        if timing == "at":
            time = instant_ms(when if policy is None else when.get("time"))
            if time is None:
                raise KRLTypeError(f"schedule .. at expected a timestamp but got {typeof(when)}")
            job = {"id": id, "type": "at", "time": time, "event": event}
            due = time
            if policy is not None:
                job[MEMBER] = policy
                due = max(due, host.now())  # a time in the past fires at once: nobody has missed it
        else:
            due = self._first_repeat(when, host.now())
            job = {"id": id, "type": "repeat", "timespec": when, "event": event}
        body = dumps(event)
        host.cycle.changes.timers[id] = TimerRow(id, host.pico.id, rid, timing, dumps(job), due, 0, body)
        return job

    @staticmethod
    def _policy(when: Any, timing: str) -> str | None:
        try:
            return policy_of(when)
        except BadPolicy as error:
            raise KRLTypeError(f"schedule .. {timing}: {error}") from error

    @staticmethod
    def _first_repeat(when: Any, now: int) -> int:
        try:
            due = next_due(when, now)
        except BadRecurrence as error:
            due = instant_ms(when) if isinstance(when, str) else None
            if due is None:
                raise KRLTypeError(f"schedule .. repeat: {error}") from error
        if due is None or due < now:
            raise KRLTypeError("schedule .. repeat: the time specification never comes due")
        return due

    def jobs(self, host: Host, rid: str) -> list[dict[str, Any]]:
        """The jobs of one ruleset of the pico, in order of creation, as KRL sees them.

        An input of the cycle: timers fire between its pico's events, too.
        """
        jobs: list[dict[str, Any]] = host.inputs.take("jobs", [host.pico.id, rid], lambda: self._jobs(host, rid))
        return jobs

    def _jobs(self, host: Host, rid: str) -> list[dict[str, Any]]:
        rows = {row.id: row for row in self._store.timers(host.pico.id, rid)}
        decided = {id: row for id, (_, row) in self._ahead.items()}
        for id, row in (decided | host.cycle.changes.timers).items():
            if row is None:
                rows.pop(id, None)
            elif (row.pico, row.rid) == (host.pico.id, rid):
                rows[id] = row
        return [loads(row.spec) for row in rows.values()]

    def remove(self, host: Host, rid: str, id: str | None) -> None:
        """Remove one job of the ruleset, or all; an unknown id is no error."""
        for job in self.jobs(host, rid):
            if id is None or job["id"] == id:
                host.cycle.changes.timers[job["id"]] = None

    def decide(self, number: int, timers: Mapping[str, TimerRow | None]) -> None:
        """Rows that commit `number` will write."""
        for id, row in timers.items():
            self._ahead[id] = (number, row)


class Timetable(Promises):
    """Promises events and keeps the promises."""

    def __init__(self, store: Store, directory: Directory, responder: Responder, chance: Chance) -> None:
        super().__init__(store)
        self._directory = directory
        self._responder = responder
        self._chance = chance
        self._poked = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    # --- what finished cycles have decided --------------------------------------------------------------------

    def settle(self, number: int, timers: Mapping[str, TimerRow | None]) -> None:
        """Commit `number` is on disk."""
        for id in timers:
            if self._ahead.get(id, (0,))[0] == number:
                del self._ahead[id]
        self.poke()

    def forget_decided(self) -> None:
        """What was on its way to disk did not arrive. Nothing fires before `poke`: it would be refused, too."""
        self._ahead.clear()

    def poke(self) -> None:
        """Look again what is due."""
        self._poked.set()

    def is_firing(self, id: str) -> bool:
        """Whether something was decided about the timer that is not on disk yet."""
        return id in self._ahead

    def cancel(self, timer: TimerRow) -> Decision:
        """Remove the timer, whatever its ruleset thinks."""
        return self._decide_firing(timer, [], None)

    @property
    def quiet(self) -> bool:
        """Every timer that is due has fired, and nothing is left to be looked at until the next one is."""
        if self._poked.is_set() or self._ahead:
            return False
        due = self._store.next_due()
        return due is None or due > self._chance.now()

    # --- firing ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Fire what is overdue, then keep watch."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def stop(self) -> None:
        """Fire nothing any more."""
        if self._keeper is not None:
            self._keeper.cancel()

    async def _keep(self) -> None:
        while True:
            self._poked.clear()
            try:
                seconds = self._fire_due()
            except StoreUnavailable as error:
                _log.error("no timer can fire for now", error=error.text)
                seconds = RETRY_SECONDS
            await self._chance.rest(seconds, self._poked)

    def _fire_due(self) -> float:
        """Let every timer fire whose time has come; how many seconds there is nothing more to do."""
        now = self._chance.now()
        for timer in self._store.due_timers(now):
            if timer.id not in self._ahead:
                self._fire(timer, now)
        due = self._store.next_due()
        # What is due and still there is under way: when it has settled there will be a poke.
        longest = self._chance.longest_sleep
        return longest if due is None or due <= now else min((due - now) / 1000, longest)

    def _fire(self, timer: TimerRow, now: int) -> None:
        job = loads(timer.body)
        try:
            channel = self._directory.channel(job["eci"])
        except ChannelNotFound:
            _log.warning("a timer's channel is gone; it is removed", pico=timer.pico, rid=timer.rid, timer=timer.id)
            self._decide_firing(timer, [], None)
            return
        attrs = job["data"]["attrs"]
        count, next_firing = firings(timer, now)
        if count == 0:
            _log.info("a timer was missed and is skipped", pico=timer.pico, rid=timer.rid, timer=timer.id)
        rows = []
        for fire_no in range(timer.fire_no, timer.fire_no + count):
            event = Event(self._chance.new_eid(), channel.eci, job["domain"], job["name"], attrs, now)
            source = f"timer:{timer.id}/{fire_no}"
            rows.append(InboxRow(0, timer.pico, event.eid, event.eci, source, event_bytes(event), now))
        self._decide_firing(timer, rows, next_firing)

    def _decide_firing(self, timer: TimerRow, events: list[InboxRow], next_firing: TimerRow | None) -> Decision:
        reached("T10.1")
        decision = self._responder.fire(events, timer.id, next_firing)
        reached("T10.2")
        self.decide(decision.number, decision.writes.timers)
        return decision
