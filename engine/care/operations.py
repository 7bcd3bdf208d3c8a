"""What an operator can do with a running engine: pause and resume, cancel, try again, look for what is wrong.

Whatever is decided here is on disk when the call returns, and survives a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..clock import Chance, instant
from ..errors import Conflict, EngineError, EventCancelled, EventNotFound, TimerNotFound
from ..event import Look, Reply
from ..loop.commit import on_disk
from ..loop.respond import Responder
from ..loop.wait import EVERYONE, Item, Mailboxes
from ..means import on_thread
from ..store.interface import Store, Writes
from ..timers.timetable import Timetable
from ..witness.reports import Reports
from . import doctor
from .dead_letters import DeadLetters
from .finding import Finding
from .sweep import Sweep

LOOK = "expression"  # the name of a query that nobody has declared


class Operations:
    """The acts of an operator upon one engine."""

    def __init__(
        self,
        store: Store,
        responder: Responder,
        mailboxes: Mailboxes,
        in_flight: Mapping[str, Item],
        timetable: Timetable,
        reports: Reports,
        sweep: Sweep,
        dead: DeadLetters,
        chance: Chance,
    ) -> None:
        self.dead = dead
        self._store = store
        self._responder = responder
        self._mailboxes = mailboxes
        self._in_flight = in_flight
        self._timetable = timetable
        self._reports = reports
        self._sweep = sweep
        self._chance = chance

    # --- pausing ------------------------------------------------------------------------------------------

    async def pause(self, pico: str | None = None) -> dict[str, Any]:
        """Begin no further event of the pico, named by its id or an ECI, or of any; which, and what it is doing still.

        Events are accepted and wait; queries are answered. Raises PicoNotFound, StoreUnavailable.
        """
        id = self._pico(pico)
        self._mailboxes.pause_pico(id)
        try:
            await on_disk(self._responder.act(Writes(paused={id: self._chance.now()})))
        except EngineError:
            self._mailboxes.resume_pico(id)
            raise
        box = self._mailboxes.known(id)
        running = None if box is None or box.running is None else box.running.eid
        return {"paused": None if id == EVERYONE else id, "running": running}

    async def resume(self, pico: str | None = None) -> dict[str, Any]:
        """Let the pico go on, or all that were not paused by themselves. Raises PicoNotFound, StoreUnavailable."""
        id = self._pico(pico)
        await on_disk(self._responder.act(Writes(paused={id: None})))
        self._mailboxes.resume_pico(id)
        return {"resumed": None if id == EVERYONE else id}

    def paused(self) -> dict[str, Any]:
        """`{"all": since when every pico is paused, or null, "picos": {id: since when}}`."""
        known = {pico: instant(since) for pico, since in self._store.paused().items()}
        return {"all": known.pop(EVERYONE, None), "picos": known}

    def take_up(self) -> None:
        """Pause what was paused when the engine stopped."""
        for pico in self._store.paused():
            self._mailboxes.pause_pico(pico)

    def _pico(self, pico: str | None) -> str:
        return EVERYONE if pico is None else self._reports.pico_row(pico).id

    # --- cancelling ---------------------------------------------------------------------------------------

    async def cancel_event(self, eid: str) -> None:
        """End a waiting event before its turn; its log row says so, and so are its callers told.

        Returns when that is on disk. Raises EventNotFound, Conflict if it has begun or is finished, StoreUnavailable.
        """
        item = self._in_flight.get(eid)
        if item is None:
            if self._store.log_by_eid(eid) is not None:
                raise Conflict(f"event {eid} is finished")
            raise EventNotFound(eid)
        verdict, item.verdict = item.verdict, item.verdict or EventCancelled()
        if not self._mailboxes.put_first(item):
            item.verdict = verdict
            raise Conflict(f"event {eid} has begun")
        error = await _end_of(item)
        if error is not None and not isinstance(error, EventCancelled):
            raise error

    async def cancel_timer(self, id: str) -> None:
        """Remove a timer; returns when that is on disk. Raises TimerNotFound, Conflict, StoreUnavailable."""
        timer = self._store.timer(id)
        if timer is None:
            raise TimerNotFound(id)
        if self._timetable.is_firing(id):
            raise Conflict(f"timer {id} is just firing or being changed")
        await on_disk(self._timetable.cancel(timer))

    # --- looking ------------------------------------------------------------------------------------------

    async def look(self, pico: str, text: str, rid: str = "") -> str:
        """The value of an expression in a pico, in KRL's notation, as a function of the ruleset would give it.

        It changes nothing. Raises PicoNotFound, RulesetNotFound, InvalidValue for a text that is no expression,
        QueryFailed, and Conflict while the engine stops.
        """
        id = self._reports.pico_row(pico).id
        item = Item(id, Look(self._chance.new_eid(), id, rid, LOOK, {}, text), "operator")
        value: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def done(reply: Reply | None, error: EngineError | None) -> None:
            if value.done():
                return
            if reply is None:
                value.set_exception(error or Conflict(f"pico {id} is gone"))
            else:
                value.set_result(reply.value)

        item.followers.append(done)
        self._mailboxes.put(item)
        return await value

    async def examine(self, *, verify: bool = False) -> list[Finding]:
        """What the sweep has found and taken up, what cannot leave or is held, and what the doctor finds in the store.

        `verify`: with the file and the hash chains, all of which must be read for it. Raises StoreUnavailable.
        """
        found = await on_thread(partial(self._examine, verify))
        held = self.dead.findings()
        names = {each.subject for each in held}  # of steps; the doctor, who sees the store only, takes them for slow
        rest = [each for each in found if each.subject.replace("/", ".") not in names]
        return [*self._sweep.findings, *self._sweep.without_sender(), *held, *rest]

    def _examine(self, verify: bool) -> list[Finding]:
        with self._store.view() as view:
            found = list(doctor.examine(view, self._chance.now(), file=verify))
            return [*found, *doctor.verify(view)] if verify else found


async def _end_of(item: Item) -> EngineError | None:
    """Wait until the event is finished: why it failed, if it did."""
    done: asyncio.Future[EngineError | None] = asyncio.get_running_loop().create_future()
    item.followers.append(lambda reply, error: None if done.done() else done.set_result(error))
    return await done
