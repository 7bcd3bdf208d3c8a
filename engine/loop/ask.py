"""How picos ask one another, so that nobody ever waits for himself.

A query takes its place in the asked pico's mailbox, except when waiting would close a loop: then it is answered at
once, from the asked pico's state with its running changes if only queries of that very cycle stand between, else
from its state before the running event. An event that would close a loop is an error that names the loop.

Each running cycle waits for one pico at most, so a loop is found by walking from the asked pico to the one that it
waits for, and so on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, NoReturn

from ..cycle import Cycle
from ..document import dumps
from ..effects.steps import Asked
from ..errors import ChannelNotFound, Conflict, EngineError, NoAnswer, TimedOut
from ..event import Event, EventQuery, Query, Reply, Request
from ..event_json import event_bytes, reply_from
from ..host import Host
from ..recorder import digest
from ..store.interface import InboxRow
from ..suspend import wait
from .evaluate import answer
from .nested import evaluate_newborn
from .wait import Item, Mailbox, Mailboxes
from .wake import Waker

MAX_CHAIN = 16  # picos that wait for one another in a row

End = tuple[Reply | None, EngineError | None]


class Inside:
    """Queries and events to picos whose state is in the running cycle itself: its own pico, and those that it makes."""

    def query(self, host: Host, pico: str, query: Query) -> Any:
        """The answer of the pico. Raises what the query raises."""
        return answer(query, self._reader(host.cycle.newborns.get(pico, host), host))

    def event_query(self, host: Host, pico: str, event: Event, query: Query) -> Any:
        """Let a pico that this cycle has made evaluate the event, then ask it. Raises what either raises.

        The pico's state is in the very cycle that asks: the answer is no input.
        """
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

    def __init__(self, mailboxes: Mailboxes, waker: Waker, in_flight: Mapping[str, Item], query_seconds: float) -> None:
        """`in_flight`: events that are stored and not finished, by eid."""
        self._mailboxes = mailboxes
        self._waker = waker
        self._in_flight = in_flight
        self._query_seconds = query_seconds

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
        """Let the pico evaluate the event, then ask it. Raises what either raises, or Conflict for a loop.

        A step: the event is stored with it, and not sent again when this cycle is evaluated again.
        """
        if pico in host.cycle.newborns:
            return super().event_query(host, pico, event, query)
        noted = [query.eci, query.rid, query.name, query.args]
        loop = self._loop(pico, host.pico.id)
        if loop is not None:
            names = " -> ".join((host.pico.id, *loop))
            return host.inputs.take("eventQuery", noted, lambda: _refuse(f"events that wait for each other: {names}"))
        end: asyncio.Future[End] | None = None

        def sent(item: Item) -> None:
            nonlocal end
            item.request = EventQuery(event, query)
            end = _end_of(item)

        async def call(key: str, seconds: float) -> Any:
            try:
                async with asyncio.timeout(seconds):
                    return await self._outcome(pico, event, query, end)
            except TimeoutError as error:
                raise NoAnswer(f"pico {pico} did not answer within {seconds:g} s") from error

        row = InboxRow(0, pico, event.eid, event.eci, f"pico:{host.pico.id}", event_bytes(event), event.time)
        asked = Asked("event", f"{event.domain}:{event.type}", digest(dumps(noted) + row.body), call, row, sent)
        host.cycle.waits_for = pico
        try:
            return host.step("eventQuery", noted, asked)
        finally:
            host.cycle.waits_for = None

    async def _outcome(self, pico: str, event: Event, query: Query, end: asyncio.Future[End] | None) -> Any:
        """The query's answer, in the event's own turn if it has not had that yet. Raises what either raises."""
        item = self._in_flight.get(event.eid)
        if end is None and item is not None:
            if item.request is event or item.request == event:
                self._mailboxes.amend(item, EventQuery(event, query))
            end = _end_of(item)
        if end is None:
            row = self._waker.parts.store.log_by_eid(event.eid)
            if row is None:
                raise ChannelNotFound(event.eci)  # its pico is gone
            reply: Reply | None = reply_from(event.eid, row.response)
        else:
            reply, error = await asyncio.shield(end)
            if error is not None:
                raise error
        if reply is None or not reply.is_query:
            item = Item(pico, query, "pico")
            self._mailboxes.put(item)
            reply, error = await _end_of(item)
            if error is not None:
                raise error
        return None if reply is None else reply.value

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

    def _loop(self, pico: str, own: str) -> list[str] | None:
        """The picos from this one to `own`, each of which waits for the next; None if they do not lead there.

        An event waits for whatever stands before it: for what its pico is doing, and for an event that is put aside.
        """
        ways: deque[list[str]] = deque([[pico]])
        seen = {pico}
        while ways:
            way = ways.popleft()
            if way[-1] == own:
                return way
            for next in self._awaited(way[-1]):
                if next not in seen:
                    seen.add(next)
                    ways.append([*way, next])
        return None

    def _awaited(self, pico: str) -> list[str]:
        box = self._mailboxes.known(pico)
        if box is None:
            return []
        running = None if box.cycle is None else box.cycle.waits_for
        return [each for each in (running, box.aside_for) if each is not None]

    @staticmethod
    def _chain(cycle: Cycle) -> str:
        names = []
        asking: Cycle | None = cycle
        while asking is not None:
            names.append(asking.waits_for or "…")
            asking = asking.asked_by
        return " -> ".join(reversed(names))


def _end_of(item: Item) -> asyncio.Future[End]:
    """How the item ends."""
    end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
    item.followers.append(lambda reply, error: None if end.done() else end.set_result((reply, error)))
    return end


def _refuse(why: str) -> NoReturn:
    raise Conflict(why)
