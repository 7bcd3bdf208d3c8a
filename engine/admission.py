"""The way in: a delivery becomes a request in its pico's mailbox, once for each idempotency key, and if there is room.

What is accepted and not finished is known here by its eid; who waits for its end too long is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter_ns

from .delivery import Delivery
from .errors import EngineError, Failed, KeyReused, Overloaded, Stopping, TimedOut, Undecodable
from .event import EventQuery, Query, Receipt, Reply, Request
from .event_json import reply_from
from .loop.decode import Door, body_hash
from .loop.respond import Responder
from .loop.wait import Done, Item, Mailbox, Mailboxes
from .settings import Settings
from .store.interface import DedupRow, Store
from .trigger import reached

WATCH_SECONDS = 0.25  # how often callers that wait too long are looked for


class Admission:
    """Lets deliveries in, and knows all that is under way."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        door: Door,
        mailboxes: Mailboxes,
        responder: Responder,
        now: Callable[[], int],
    ) -> None:
        self.stopping = False  # nothing is let in any more
        self.in_flight: dict[str, Item] = {}  # accepted events that are not finished, by eid
        self._settings = settings
        self._store = store
        self._door = door
        self._mailboxes = mailboxes
        self._responder = responder
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._keyed: dict[tuple[str, str], Item] = {}  # those in flight with an idempotency key
        self._impatient: dict[Item, float] = {}  # whose callers wait, and until when; the first to stop is the first
        self._somebody_waits = asyncio.Event()  # an engine at rest is not woken again and again

    def accept(self, delivery: Delivery, told: Callable[[Receipt | None, EngineError | None], None]) -> None:
        """Store an event and let it wait for its turn; `told` is called once, when it is on disk or refused."""
        try:
            item = self._item(delivery, None)
            if item.event is None:
                raise Undecodable("only an event can be accepted without waiting for its end")
            known = self._known_key(item, delivery)
        except EngineError as error:
            told(None, error)
            return
        if known is not None:
            receipt = Receipt(known.eid, duplicate=True)
            if isinstance(known, Item) and not known.stored:
                # It may fail, and is stored then, too; any other error says that it was not.
                known.followers.append(
                    lambda reply, error: told(receipt, None) if isinstance(error, Failed | None) else told(None, error)
                )
            else:
                told(receipt, None)
            return
        decision = self._responder.store_item(item)
        decision.then.append(lambda lost: told(None, lost) if lost else told(Receipt(item.eid), None))
        self.enter(item)

    def deliver(self, delivery: Delivery, done: Done) -> None:
        """Let an event or a query have its turn; `done` is told once how it ended, perhaps at once."""
        try:
            item = self._item(delivery, done)
            if delivery.key is not None and item.event is not None and self._answer_repeat(item, delivery):
                return
        except EngineError as error:
            done(None, error)
            return
        if delivery.wait_seconds is None:  # as nearly all callers: one watch for all of them
            item.ended = self._forget
            if not self._impatient:
                self._somebody_waits.set()
            self._impatient[item] = self._loop.time() + self._settings.wait_seconds
        else:
            self._loop.call_later(self._patience_of(delivery), self._stop_waiting, item)
        self.enter(item)

    def enter(self, item: Item) -> None:
        """Let a request wait for its turn; an event is in flight from now on. One that has begun is before all."""
        if item.event is not None:
            item.ended = self._forget
            self.in_flight[item.eid] = item
            if item.key is not None:
                self._keyed[item.key] = item
        self._mailboxes.put(item, first=item.begun)

    def _forget(self, item: Item) -> None:
        self._impatient.pop(item, None)
        self.in_flight.pop(item.eid, None)
        if item.key is not None:
            self._keyed.pop(item.key, None)

    def _item(self, delivery: Delivery, done: Done | None) -> Item:
        if self.stopping:
            raise Stopping("the engine is stopping")
        if self._mailboxes.waiting >= self._settings.inbox_limit:
            raise Overloaded(f"{self._mailboxes.waiting} requests are waiting (inbox_limit)")
        received = perf_counter_ns()
        channel, request = self._door.decode(delivery)
        box = self._mailboxes.known(channel.pico)
        if box is not None and len(box.items) >= self._settings.pico_inbox_limit and not self._overtakes(request, box):
            raise Overloaded(f"{len(box.items)} requests are waiting for this pico (pico_inbox_limit)")
        item = Item(channel.pico, request, delivery.transport, done, received_at=self._now())
        item.one_answer = delivery.one_answer
        item.received_ns = received
        if delivery.key is not None and item.event is not None:
            item.key = (delivery.eci, delivery.key)
            item.body_hash = body_hash(delivery)
        return item

    def _overtakes(self, request: Request, box: Mailbox) -> bool:
        """Whether it will not stand behind what waits: a query of a paused pico."""
        return isinstance(request, Query) and self._mailboxes.is_paused(box.id)

    # --- repeats ------------------------------------------------------------------------------------------

    def _known_key(self, item: Item, delivery: Delivery) -> Item | DedupRow | None:
        """Who had this key before; raises KeyReused if that was another delivery."""
        if item.key is None:
            return None
        known: Item | DedupRow | None = self._keyed.get(item.key) or self._store.dedup(*item.key)
        if isinstance(known, DedupRow) and known.expires_at < item.received_at:
            return None
        if known is not None and delivery.transport == "http" and self._body_hash_of(known) != item.body_hash:
            raise KeyReused(f"the idempotency key {delivery.key!r} was used with another request", eid=known.eid)
        if known is not None:
            reached("T13")
        return known

    def _body_hash_of(self, known: Item | DedupRow) -> bytes:
        """That of an event which an earlier run accepted stands with its key only."""
        if known.body_hash or isinstance(known, DedupRow) or known.key is None:
            return known.body_hash
        row = self._store.dedup(*known.key)
        return b"" if row is None else row.body_hash

    def _answer_repeat(self, item: Item, delivery: Delivery) -> bool:
        """Whether the event was here before under its key: then the caller gets that event's outcome."""
        known = self._known_key(item, delivery)
        if known is None or item.done is None:
            return False
        if isinstance(known, DedupRow) and known.response is None:
            known = self.in_flight.get(known.eid, known)
        if isinstance(known, Item):
            known.followers.append(item.finish)
            limit = self._loop.call_later(self._patience_of(delivery), self._stop_following, known, item)
            item.ended = lambda _: limit.cancel()  # else it would keep the repeat in memory
        elif known.response is None:
            item.done(Reply(known.eid, [], pending=True, duplicate=True), None)
        else:
            reply = reply_from(known.eid, known.response, duplicate=True)
            if isinstance(item.request, EventQuery):
                self.enter(Item(item.pico, item.request.query, item.source, item.done))
            else:
                item.done(reply, None)
        return True

    # --- patience -----------------------------------------------------------------------------------------

    async def watch_callers(self) -> None:
        """Callers whose wait limit has come: an event goes on, stored; a query is given up. For ever."""
        while True:
            await self._somebody_waits.wait()
            await asyncio.sleep(WATCH_SECONDS)
            now = self._loop.time()
            while self._impatient and next(iter(self._impatient.values())) <= now:
                item = next(iter(self._impatient))
                del self._impatient[item]
                self._stop_waiting(item)
            if not self._impatient:
                self._somebody_waits.clear()

    def _patience_of(self, delivery: Delivery) -> float:
        """Seconds that its caller waits."""
        limit = self._settings.wait_seconds
        return limit if delivery.wait_seconds is None else min(delivery.wait_seconds, limit)

    def _stop_following(self, first: Item, repeat: Item) -> None:
        """The wait limit of who repeated a delivery has come."""
        if repeat.outcome is not None:
            return
        if isinstance(repeat.request, EventQuery):
            repeat.finish(None, self._too_late())
        elif first.stored:
            repeat.finish(Reply(first.eid, [], pending=True, duplicate=True), None)
        else:  # it is stored in a moment, when the limit of its own caller comes
            self._loop.call_later(WATCH_SECONDS, self._stop_following, first, repeat)

    def _too_late(self) -> TimedOut:
        return TimedOut(f"no answer within {self._settings.wait_seconds:g} s (wait_seconds)")

    def _stop_waiting(self, item: Item) -> None:
        done = item.done
        if item.outcome is not None or done is None:
            return
        if item.event is None or isinstance(item.request, EventQuery):
            if not item.stored:
                self._mailboxes.remove(item)
            late = self._too_late()
            if item.stored or self._mailboxes.is_running(item):
                item.done = None
                done(None, late)  # the item is not finished: a repeat of its event is still one
            else:
                item.finish(None, late)
            return
        item.done = None
        pending = Reply(item.eid, [], pending=True)
        if item.stored:
            done(pending, None)
        elif item.inbox_id is None and not item.committing:
            decision = self._responder.store_item(item)
            decision.then.append(lambda lost: done(None, lost) if lost else done(pending, None))
        else:
            # Its commit is under way: the real answer comes in a moment, or it has just been stored for a step.
            item.done = done
            self._loop.call_later(WATCH_SECONDS, self._stop_waiting, item)
