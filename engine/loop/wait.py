"""Phase 1, wait: mailboxes in which the requests of each pico stand in order of arrival.

A pico does one thing at a time, whole; different picos interleave wherever one of them waits. Ready picos take
turns, a few requests each, so that none starves the others.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import field
from functools import partial
from time import perf_counter_ns
from typing import Any

from krl import record

from ..errors import EngineError, RuleFailed
from ..event import Event, EventQuery, Reply, Request
from ..pico import Pico
from ..suspend import Job, Suspender

QUANTUM = 8  # requests of one pico before the next pico's turn
CYCLES_A_TURN = 256  # before the event loop may look at the network again
EVERYONE = "*"  # among the paused: every pico is

Done = Callable[[Reply | None, EngineError | None], None]
"""Told once how a request ended, after what it did is on disk."""


@record
class Item:
    """A request in a mailbox, and who waits for it."""

    pico: str
    request: Request
    source: str  # "http", "timer", "pico:<id>" …
    done: Done | None = None
    inbox_id: int | None = None  # its row in the inbox; None: it is nowhere but here
    stored: bool = False  # the inbox row is on disk
    key: tuple[str, str] | None = None  # (eci, idempotency key)
    body_hash: bytes = b""
    received_at: int = 0
    received_ns: int | None = None  # monotonic; None: it did not come by the door
    entered_ns: int | None = None  # when it was put into its mailbox
    attempts: int = 0  # how often its evaluation has ended the process
    reads: int = 0  # how often a read of it has failed
    begun: bool = False  # it has made a step: nothing of its pico may come before it
    waited: set[int] = field(default_factory=set)  # the steps for which it was put aside
    one_answer: bool = False  # two `_raw` directives would be one too many
    committing: bool = False  # what it did is on its way to disk
    asked_by: Any = None  # the cycle of this engine that waits for it, if one does
    verdict: RuleFailed | None = None  # its rules are not asked: it ends like this
    outcome: tuple[Reply | None, EngineError | None] | None = None  # set when it is finished
    followers: list[Done] = field(default_factory=list)  # repeats of the same delivery that wait too
    ended: Callable[[Item], None] | None = None  # told when it is finished, whoever waits

    @property
    def eid(self) -> str:
        """Names the request."""
        request = self.request
        return request.event.eid if isinstance(request, EventQuery) else request.eid

    @property
    def eci(self) -> str:
        """The channel that the request came in by."""
        request = self.request
        return request.event.eci if isinstance(request, EventQuery) else request.eci

    @property
    def event(self) -> Event | None:
        """The event of the request, None for a plain query."""
        request = self.request
        if type(request) is Event:
            return request
        if isinstance(request, EventQuery):
            return request.event
        return request if isinstance(request, Event) else None

    @property
    def passes(self) -> bool:
        """Whether it has its turn though its pico is paused: it asks no rule."""
        return self.event is None or self.verdict is not None

    def finish(self, reply: Reply | None, error: EngineError | None) -> None:
        """Tell everyone who waits, once."""
        if self.outcome is not None:
            return
        self.outcome = (reply, error)
        if self.ended is not None:
            self.ended(self)
        if self.done is not None:
            self.done(reply, error)
        for follower in self.followers:
            follower(reply, error)


@record
class Mailbox:
    """The requests of one pico that have not had their turn, and the pico itself while it is awake."""

    id: str
    items: deque[Item] = field(default_factory=deque)
    pico: Pico | None = None
    running: Item | None = None
    job: Job | None = None
    cycle: Any = None  # the running cycle, for the search for loops
    ready: bool = False  # stands in the row of those that wait for their turn
    unsettled: int = 0  # commits of this pico that are not on disk yet
    last_commit: Any = None  # the latest of them
    closed: bool = False  # the pico is deleted
    resting: bool = False  # its store could not be read: nothing begins for a while
    aside: Item | None = None  # an event that waits for the world: no other begins, queries are answered
    aside_for: str | None = None  # the pico that it waits for, if it is one

    @property
    def idle(self) -> bool:
        """Nothing to do and nothing under way."""
        return self.running is None and not self.items and self.unsettled == 0 and self.aside is None

    @property
    def has_begun(self) -> bool:
        """Whether an event is between two evaluations of it, or within one that may have to be repeated."""
        first = self.running or (self.items[0] if self.items else None)
        return self.aside is not None or (first is not None and first.begun)

    @property
    def behind(self) -> int:
        """How many events have not had their turn, one that was put aside included."""
        return sum(item.event is not None for item in self.items) + (self.aside is not None)


RunItem = Callable[[Mailbox, Item], None]
"""One whole cycle; synchronous, may wait by `suspend.wait`, does not raise."""


class Mailboxes:
    """All mailboxes with something in them or an awake pico behind them."""

    def __init__(self, suspender: Suspender, run: RunItem, awake: int) -> None:
        self._suspender = suspender
        self._run = run
        self._awake = awake
        self._boxes: OrderedDict[str, Mailbox] = OrderedDict()
        self._ready: deque[Mailbox] = deque()
        self._loop = asyncio.get_running_loop()
        self._turn_is_due = False
        self._paused = False
        self._paused_picos: set[str] = set()
        self.waiting = 0  # items in all mailboxes

    def of(self, pico: str) -> Mailbox:
        """The mailbox of a pico."""
        box = self._boxes.get(pico)
        if box is None:
            box = self._boxes[pico] = Mailbox(pico)
            if len(self._boxes) > self._awake:
                self._let_sleep(but=box)
        else:
            self._boxes.move_to_end(pico)
        return box

    def known(self, pico: str) -> Mailbox | None:
        """The mailbox of a pico, if it has one."""
        return self._boxes.get(pico)

    def all(self) -> Iterable[Mailbox]:
        """Every mailbox there is."""
        return list(self._boxes.values())

    def put(self, item: Item, *, first: bool = False) -> None:
        """Let the item wait for its pico's turn; `first` for one that was taken before and must be taken again."""
        box = self.of(item.pico)
        item.entered_ns = perf_counter_ns()
        if first:
            box.items.appendleft(item)
        else:
            box.items.append(item)
        self.waiting += 1
        if not box.ready and (not self._paused_picos or item.passes or not self.is_paused(box.id)):
            self._make_ready(box)

    def put_first(self, item: Item) -> bool:
        """Let an item that waits have the next turn of its pico; False if it does not wait here."""
        box = self.of(item.pico)
        try:
            box.items.remove(item)
        except ValueError:
            return False
        box.items.appendleft(item)
        self._make_ready(box)
        return True

    def amend(self, item: Item, request: Request) -> None:
        """Let an item that still waits for its turn be this request instead."""
        if item in self.of(item.pico).items:
            item.request = request

    def put_back(self, item: Item, seconds: float) -> None:
        """Take the item again after a pause in which its pico begins nothing else, so that the order is kept."""
        box = self.of(item.pico)
        box.resting = True
        self.put(item, first=True)
        self._loop.call_later(seconds, self._end_rest, box)

    def put_aside(self, box: Mailbox) -> None:
        """Throw the running cycle away; its event is evaluated again from `take_up` on, before all others."""
        box.aside = box.running
        box.aside_for = None if box.cycle is None else box.cycle.waits_for
        if box.job is not None:
            box.job.cancel()

    def set_aside(self, item: Item) -> None:
        """The same for an event whose cycle has just ended and has to be repeated."""
        self.of(item.pico).aside = item

    def take_up(self, item: Item) -> None:
        """Evaluate the event again, if it is still aside."""
        box = self._boxes.get(item.pico)
        if box is not None and box.aside is item:
            box.aside = box.aside_for = None
            self.put(item, first=True)

    def _end_rest(self, box: Mailbox) -> None:
        box.resting = False
        self._make_ready(box)

    def drop(self, pico: str) -> list[Item]:
        """Close the mailbox of a deleted pico; the items that had not had their turn."""
        box = self.of(pico)
        box.closed = True
        self._paused_picos.discard(pico)
        items = list(box.items)
        self.waiting -= len(items)
        if box.aside is not None:
            items.append(box.aside)
            box.aside = None
        box.items.clear()
        box.pico = None
        return items

    def remove(self, item: Item) -> None:
        """Take an item out before its turn."""
        box = self.of(item.pico)
        try:
            box.items.remove(item)
        except ValueError:
            return
        self.waiting -= 1

    def release(self, box: Mailbox) -> None:
        """The pico has answered a query outside its turn and is free again."""
        box.running = None
        box.cycle = None
        self._make_ready(box)

    def give_up(self, box: Mailbox) -> list[Item]:
        """Throw away the running cycle and the pico's state in memory; the items whose cycles are not at their end."""
        box.pico = None
        items = [] if box.aside is None else [box.aside]
        box.aside = box.aside_for = None
        item, job = box.running, box.job
        if job is not None and job.waiting:
            job.cancel()
            items += [item] if item is not None else []
        return items

    def pause_pico(self, pico: str) -> None:
        """From now on begin no event of this pico, or of EVERYONE; queries are answered."""
        self._paused_picos.add(pico)

    def resume_pico(self, pico: str) -> None:
        """Go on after `pause_pico` of the same."""
        self._paused_picos.discard(pico)
        for box in self._boxes.values() if pico == EVERYONE else (self.of(pico),):
            self._make_ready(box)

    def is_paused(self, pico: str) -> bool:
        """Whether events of this pico wait for `resume_pico`."""
        return pico in self._paused_picos or EVERYONE in self._paused_picos

    def pause(self) -> None:
        """Begin no cycle until `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._paused = False
        self._schedule_turn()

    @property
    def under_way(self) -> bool:
        """Whether any cycle has begun that can end though no other begins."""
        return any(box.running is not None and not self._waits_for_a_turn(box) for box in self._boxes.values())

    def _waits_for_a_turn(self, box: Mailbox) -> bool:
        """Whether the running cycle has asked another pico that has not come to it yet."""
        asked = self._boxes.get(box.cycle.waits_for) if box.cycle is not None and box.cycle.waits_for else None
        return asked is not None and any(item.asked_by is box.cycle for item in asked.items)

    def is_running(self, item: Item) -> bool:
        """Whether the item's cycle has begun and not ended, put aside or not."""
        box = self._boxes.get(item.pico)
        return box is not None and item in (box.running, box.aside)

    # --- turns --------------------------------------------------------------------------------------------

    def _make_ready(self, box: Mailbox) -> None:
        if not box.ready and box.running is None and self._next(box) is not None:
            box.ready = True
            self._ready.append(box)
        self._schedule_turn()

    def _next(self, box: Mailbox) -> Item | None:
        """Whose turn it is."""
        if box.resting:
            return None
        if box.aside is not None or (self._paused_picos and self.is_paused(box.id)):
            return next((item for item in box.items if item.passes), None)
        return box.items[0] if box.items else None

    def _schedule_turn(self) -> None:
        if self._ready and not self._turn_is_due and not self._paused:
            self._turn_is_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        left = CYCLES_A_TURN
        while self._ready and left > 0 and not self._paused:
            box = self._ready.popleft()
            box.ready = False
            for _ in range(QUANTUM):
                item = self._next(box)
                if item is None or box.running is not None:
                    break
                self._begin(box, item)
                left -= 1
            self._make_ready(box)
        self._schedule_turn()

    def _begin(self, box: Mailbox, item: Item) -> None:
        box.items.remove(item)  # almost always the first
        self.waiting -= 1
        box.running = item
        box.job = Job(partial(self._run_to_end, box, item), item.inbox_id or 0)
        self._suspender.start(box.job)

    def _run_to_end(self, box: Mailbox, item: Item) -> None:
        try:
            self._run(box, item)
        finally:
            box.running = None
            box.job = None
            box.cycle = None
            if not box.ready and box.items:
                box.ready = True
                self._ready.append(box)
                self._schedule_turn()

    def _let_sleep(self, but: Mailbox) -> None:
        """Drop the mailbox that has been idle longest, if any is; of one pico there must never be two."""
        for id, box in self._boxes.items():
            if box.idle and not box.ready and box is not but:
                del self._boxes[id]
                return
