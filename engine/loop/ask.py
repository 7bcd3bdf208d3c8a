"""How picos ask one another, so that nobody ever waits for himself.

A query takes its place in the asked pico's mailbox, except when waiting would close a loop: then it is answered at
once, from the asked pico's state with its running changes if only queries of that very cycle stand between, else
from its state before the running event. An event that would close a loop is an error that names the loop.

Each running cycle waits for one pico at most, so a loop is found by walking from the asked pico to the one that it
waits for, and so on.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import Conflict, EngineError, TimedOut
from ..event import Event, EventQuery, Query, Reply, Request
from ..host import Cycle, Host
from ..suspend import wait
from .evaluate import answer
from .nested import evaluate_newborn
from .wait import Item, Mailbox, Mailboxes
from .wake import Waker

MAX_CHAIN = 16  # picos that wait for one another in a row


class Inside:
    """Queries and events to picos whose state is in the running cycle itself: its own pico, and those that it makes."""

    def query(self, host: Host, pico: str, query: Query) -> Any:
        """The answer of the pico. Raises what the query raises."""
        return answer(query, self._reader(host.cycle.newborns.get(pico, host), host))

    def event_query(self, host: Host, pico: str, event: Event, query: Query) -> Any:
        """Let a pico that this cycle has made evaluate the event, then ask it. Raises what either raises."""
        newborn = host.cycle.newborns[pico]
        evaluate_newborn(newborn, event)
        return answer(query, self._reader(newborn, host))

    @staticmethod
    def _reader(host: Host, asking: Host) -> Host:
        """A host with the running changes; what it learns from outside is an input of who asks."""
        reader = Host(host.parts, host.pico, host.cycle)
        reader.code, reader.instances, reader.salience = host.code, host.instances, host.salience
        reader.inputs, reader.known_slow = asking.inputs, asking.known_slow
        return reader


class Asking(Inside):
    """Queries and awaited events between picos of one engine."""

    def __init__(self, mailboxes: Mailboxes, waker: Waker, query_seconds: float, event_seconds: float) -> None:
        self._mailboxes = mailboxes
        self._waker = waker
        self._query_seconds = query_seconds
        self._event_seconds = event_seconds

    def query(self, host: Host, pico: str, query: Query) -> Any:
        """The answer of the pico. Raises what the query raises, TimedOut, or Conflict for a long chain."""
        cycle = host.cycle
        if cycle.depth >= MAX_CHAIN:
            raise Conflict(f"more than {MAX_CHAIN} picos ask one another in a chain: {self._chain(cycle)}")
        if pico in cycle.newborns or pico == host.pico.id:
            return super().query(host, pico, query)
        box = self._mailboxes.of(pico)
        cycle.origin.saw_others = True
        if self._closes_loop(box, cycle):
            return self._at_once(box, host, query)
        if box.running is None and not box.items and not box.closed:
            return self._idle(box, host, query)
        return self._in_turn(box, cycle, query, self._query_seconds).value

    def event_query(self, host: Host, pico: str, event: Event, query: Query) -> Any:
        """Let the pico evaluate the event, then ask it. Raises what either raises, or Conflict for a loop."""
        cycle = host.cycle
        if pico in cycle.newborns:
            return super().event_query(host, pico, event, query)
        box = self._mailboxes.of(pico)
        if pico == host.pico.id or self._closes_loop(box, cycle):
            raise Conflict(f"events that wait for each other: {host.pico.id} -> {self._loop_from(box)}")
        return self._in_turn(box, cycle, EventQuery(event, query), self._event_seconds).value

    # --- the ways of answering ----------------------------------------------------------------------------

    def _at_once(self, box: Mailbox, host: Host, query: Query) -> Any:
        running: Cycle = box.cycle
        pico = box.pico or self._waker.awake(box)
        own = running is host.cycle.origin
        reader = Host(
            host.parts, pico, Cycle(query.eid, running.changes if own else Cycle("").changes, asked_by=host.cycle)
        )
        reader.cycle.depth = host.cycle.depth + 1
        return answer(query, reader)

    def _idle(self, box: Mailbox, host: Host, query: Query) -> Any:
        """The asked pico has nothing to do: it answers in this very greenlet."""
        pico = self._waker.awake(box)
        cycle = Cycle(query.eid, asked_by=host.cycle, depth=host.cycle.depth + 1)
        box.running = Item(box.id, query, f"pico:{host.pico.id}")
        box.cycle = cycle
        host.cycle.waits_for = box.id
        try:
            return answer(query, Host(host.parts, pico, cycle))
        finally:
            host.cycle.waits_for = None
            self._mailboxes.release(box)

    def _in_turn(self, box: Mailbox, cycle: Cycle, request: Request, seconds: float) -> Reply:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def done(reply: Reply | None, error: EngineError | None) -> None:
            if future.done():
                return
            if reply is not None:
                future.set_result(reply)
            elif error is not None:
                future.set_exception(error)

        item = Item(box.id, request, "pico", done, asked_by=cycle)
        self._mailboxes.put(item)
        cycle.waits_for = box.id
        try:
            return wait(asyncio.wait_for(future, seconds))
        except TimeoutError:
            self._mailboxes.remove(item)
            raise TimedOut(f"pico {box.id} did not answer within {seconds:g} s") from None
        finally:
            cycle.waits_for = None

    # --- loops --------------------------------------------------------------------------------------------

    def _closes_loop(self, box: Mailbox | None, cycle: Cycle) -> bool:
        """Whether waiting for the mailbox's pico would wait for `cycle` itself."""
        for _ in range(MAX_CHAIN * 4):
            if box is None or box.cycle is None:
                return False
            if self._belongs(box.cycle, cycle):
                return True
            box = self._mailboxes.known(box.cycle.waits_for) if box.cycle.waits_for else None
        return True

    @staticmethod
    def _belongs(running: Cycle, cycle: Cycle | None) -> bool:
        while cycle is not None:
            if running is cycle:
                return True
            cycle = cycle.asked_by
        return False

    def _loop_from(self, box: Mailbox) -> str:
        names = [box.id]
        while box.cycle is not None and box.cycle.waits_for and len(names) <= MAX_CHAIN:
            names.append(box.cycle.waits_for)
            known = self._mailboxes.known(box.cycle.waits_for)
            if known is None:
                break
            box = known
        return " -> ".join(names)

    @staticmethod
    def _chain(cycle: Cycle) -> str:
        names = []
        asking: Cycle | None = cycle
        while asking is not None:
            names.append(asking.waits_for or "…")
            asking = asking.asked_by
        return " -> ".join(reversed(names))
