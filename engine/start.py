"""The start of an engine: its root pico is made or brought up to date and greeted, what the last run left is taken up.

Nobody can enter meanwhile. Wherever a start is broken off, the next one comes to the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from .acts import Acts
from .admission import Admission
from .care.backup import STORE_ID
from .care.black_box import BlackBox
from .cycle import Cycle, Parts
from .effects.steps import ASK
from .errors import EngineError
from .host import Host
from .loop.commit import on_disk
from .loop.respond import Responder, item_from
from .loop.wake import Waker
from .root import equip, new_root, ui_channel
from .store.interface import Writes
from .trigger import reached

Greeting = tuple[str, str, dict[str, Any]]
STARTED: Greeting = ("engine", "started", {})

_log = structlog.get_logger("picoengine")


class Start:
    """Leads one engine from what is on disk to where its picos can go on; `ui_eci` is then the root's UI channel."""

    def __init__(self, parts: Parts, acts: Acts, admission: Admission, responder: Responder, waker: Waker) -> None:
        self.ui_eci = ""
        self._parts = parts
        self._store = parts.store
        self._chance = parts.chance
        self._acts = acts
        self._admission = admission
        self._responder = responder
        self._waker = waker

    async def note(self, black_box: BlackBox) -> None:
        """Name the store if it is new; count the crash against the event that was being evaluated, if there was one."""
        if self._store.fact(STORE_ID) is None:
            await on_disk(self._responder.act(Writes(facts={STORE_ID: self._chance.new_id()})))
        left = black_box.left
        rows = self._store.inbox(left - 1, 1) if left is not None else []
        if rows and rows[0].id == left:
            row = replace(rows[0], attempts=rows[0].attempts + 1)
            _log.error("the process ended while it evaluated an event", pico=row.pico, eid=row.eid, times=row.attempts)
            await on_disk(self._responder.act(Writes(inbox_set=[row])))

    # --- the root -----------------------------------------------------------------------------------------

    async def ready_root(self, begun: set[str]) -> int:
        """Make the root pico, or bring it up to date, and greet it, unless it is among the picos that have `begun`.

        Returns the last arrival number before the greeting.
        """
        roots = self._store.roots()
        root = roots[0].id if roots else None
        if root is not None and root in begun:
            return await self._leave_root(root)
        host = await self._acts.run(lambda: self._prepare_root(root))
        new = [rid for rid in host.code.rids() if host.pico.code.find(rid) is None or root is None]
        self.ui_eci = ui_channel(host)
        if new:
            # With the rulesets themselves: they would never be told if a start were broken off behind the commit.
            sends = [self._acts.stored(host.pico.id, self.ui_eci, *each) for each in _greetings(new)]
            host.cycle.changes.sends += sends
        reached("T11.3")
        if host.cycle.changes.picos or host.cycle.changes.codes or host.cycle.changes.channels:
            await self._acts.commit_to(host, "rulesets_installed")
        reached("T11.4")
        left = self._store.last_inbox_id()
        # Before what the last run left: the root may have much to do, and nobody can enter until it has been greeted.
        if new:
            await self.greet(host.pico.id, self.ui_eci, STARTED)
        else:
            await self.greet_all(host.pico.id, self.ui_eci, [])
        return left

    async def _leave_root(self, root: str) -> int:
        """The root waits for the world, in the middle of an event: its rulesets are brought up to date another time."""
        _log.warning("the root pico is in the middle of an event; its rulesets stay as they are", pico=root)
        pico = await self._acts.run(lambda: self._waker.wake(root))
        self.ui_eci = ui_channel(Host(self._parts, pico, Cycle(self._chance.new_eid())))
        left = self._store.last_inbox_id()
        self._responder.act(Writes(), self._acts.stored(root, self.ui_eci, *STARTED))
        return left

    def _prepare_root(self, root: str | None) -> Host:
        if root is None:
            host = new_root(self._parts)
        else:
            host = Host(self._parts, self._waker.wake(root), Cycle(self._chance.new_eid()))
        equip(host)
        return host

    async def greet_all(self, root: str, eci: str, new: list[str]) -> None:
        """The events by which a root's new rulesets learn that they are there, on its UI channel."""
        for greeting in (*_greetings(new), STARTED):
            await self.greet(root, eci, greeting)

    async def greet(self, root: str, eci: str, greeting: Greeting) -> None:
        """Let the greeting happen; that a rule fails of it keeps no engine from starting."""
        domain, type, attrs = greeting
        try:
            await self._acts.send(root, eci, domain, type, attrs)
        except EngineError as error:
            _log.error("the root pico failed at the start", domain=domain, type=type, error=error.text)

    # --- what the last run left ---------------------------------------------------------------------------

    def take_begun(self) -> set[str]:
        """Take the events that have made steps, before anything else has a turn in their picos, which are told."""
        rows = self._store.running()
        for row in rows:
            if self._parts.settings.on_lost_step == ASK:
                self._parts.steps.hold(self._store.steps(row.pico, row.eid))
            self._admission.enter(item_from(row))
        return {row.pico for row in rows}

    def take_inbox(self, last: int | None = None) -> None:
        """Take stored events up to that number; those that finished cycles have sent since then come by themselves."""
        after = 0
        while rows := self._store.inbox(after):
            for row in rows:
                if row.eid not in self._admission.in_flight and (last is None or row.id <= last):
                    reached("T11.6")
                    self._admission.enter(item_from(row))
            after = rows[-1].id


def _greetings(new: list[str]) -> list[Greeting]:
    return [("engine_ui", "setup", {}), *(("wrangler", "ruleset_installed", {"rids": [rid]}) for rid in new)]
