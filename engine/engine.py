"""The engine: its parts joined, its start and its end, and the verbs of its door.

async with open_engine(Settings(store="sqlite:///home.db")) as engine:
    reply = await engine.deliver(delivery)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter_ns
from typing import Any, TypeVar

import orjson
import structlog

from .backup import HELD_UNTIL, STORE_ID
from .black_box import BlackBox
from .changes import Changes
from .clock import Chance
from .dead_letters import DeadLetters
from .delivery import Decoder, Delivery
from .directory import Directory
from .effects import web
from .effects.outbox import Outbox
from .errors import (
    ChannelNotFound,
    EngineError,
    Failed,
    KeyReused,
    Overloaded,
    ReplyNotFound,
    Stopping,
    StoreUnavailable,
    TimedOut,
    Undecodable,
)
from .event import Event, EventQuery, Query, Receipt, Reply, Request
from .event_json import event_bytes, reply_from
from .history import History
from .host import Cycle, Host, Parts
from .journal import Journal
from .loading_host import LoadingHost
from .loop.ask import Asking
from .loop.commit import Committer, Decision, on_disk
from .loop.cycle import Cycles
from .loop.decode import Door, body_hash
from .loop.respond import Responder, item_from, write_changes
from .loop.wait import Done, Item, Mailbox, Mailboxes
from .loop.wake import Waker
from .modules import MODULES
from .modules.http_request import response_map
from .operations import Operations
from .recorder import act
from .registry.loading import Loader
from .registry.registry import COMPILER_VERSION, Registry
from .registry.sources import Fetched
from .reports import Reports
from .retention import Retention
from .root import equip, new_root, ui_channel
from .settings import Settings
from .snapshots import Snapshots
from .store.choose import open_store
from .store.interface import DedupRow, InboxRow, OutboxRow, Store, Writes
from .store.writer import Writer
from .suspend import Job, Suspender, wait
from .sweep import Sweep
from .timetable import Timetable

T = TypeVar("T")

WATCH_SECONDS = 0.25  # how often callers that wait too long are looked for
RETRY_SECONDS = 0.5  # after a failed commit, before stored events are taken again
QUERY_SECONDS = 10.0  # one pico waits for another's answer
_log = structlog.get_logger("picoengine")


class Engine:
    """Picos, their loop and their durability, behind three verbs: `knows`, `accept`, `deliver`."""

    def __init__(self, settings: Settings, store: Store, chance: Chance, decoders: Mapping[str, Decoder]) -> None:
        self.settings = settings
        self.ready = False
        self.stopping = False
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._chance = chance
        self._black_box = BlackBox(store.beside("running"))
        self._suspender = Suspender(self._black_box.note)
        self._writer = Writer(store, self._loop)
        self._committer = Committer(self._writer, self._settled, self._lost)
        self._mailboxes = Mailboxes(self._suspender, self._run, settings.awake_picos)
        self._responder = Responder(self._committer, self._mailboxes, settings.dedup_seconds)
        self._parts = self._join_parts()
        self._waker = Waker(self._parts, self._responder)
        self._parts.neighbours = Asking(self._mailboxes, self._waker, QUERY_SECONDS, settings.wait_seconds)
        self._cycles = Cycles(self._parts, self._waker, self._responder)
        self._door = Door(settings, self._parts.directory, chance, decoders)
        self._in_flight: dict[str, Item] = {}  # accepted events that are not finished, by eid
        self._keyed: dict[tuple[str, str], Item] = {}  # those with an idempotency key
        self._outbox = Outbox(store, self._fetch, self._effect_told, response_map, chance.now, chance.random)
        self._impatient: deque[tuple[float, Item]] = deque()  # callers and when they stop waiting
        self.history = History(store, settings)
        self.reports = Reports(self._parts, self._waker, self._mailboxes, self._in_flight)
        self._sweep = Sweep(store, self._committer, self._in_flight, self._enter, self._timetable, self._outbox, chance)
        self._retention = Retention(store, settings, chance)
        self._snapshots = Snapshots(store, self._responder.act)
        self.operations = self._join_operations()
        self._impatience: asyncio.Task[None] | None = None
        self._retry_is_due = False  # a commit has failed
        self._ui_eci = ""

    def _join_parts(self) -> Parts:
        settings, store, chance = self.settings, self._store, self._chance
        journal = Journal(chance.now)
        registry = Registry(store, settings, self._fetch_source, chance.now)
        loader = Loader(registry, journal, LoadingHost)
        directory = Directory(store)
        self._timetable = timetable = Timetable(store, directory, self._responder, chance)
        return Parts(settings, store, directory, registry, loader, chance, journal, MODULES, self._fetch, timetable)

    def _join_operations(self) -> Operations:
        store, responder, reports, chance = self._store, self._responder, self.reports, self._chance
        dead = DeadLetters(store, self._parts.directory, responder, self._outbox, reports, chance)
        return Operations(
            store, responder, self._mailboxes, self._in_flight, self._timetable, reports, self._sweep, dead, chance
        )

    # --- the door -----------------------------------------------------------------------------------------

    async def knows(self, eci: str) -> bool:
        """Whether a channel has this ECI."""
        try:
            self._parts.directory.channel_at_the_door(eci)
        except ChannelNotFound:
            return False
        return True

    def admit(self, eci: str, words: tuple[str, ...]) -> None:
        """Ask the channel whether such a request may enter, before its body is read.

        Raises ChannelNotFound, PolicyRefused, Undecodable for blank words.
        """
        self._door.admit(eci, words)

    async def accept(self, delivery: Delivery) -> Receipt:
        """Store an event durably and evaluate it in its pico's turn; returns when it is stored.

        Raises ChannelNotFound, PolicyRefused, Undecodable, DeliveryTooLarge, KeyReused, Overloaded, StoreUnavailable.
        """
        stored: asyncio.Future[Receipt] = self._loop.create_future()
        self.accept_nowait(delivery, lambda receipt, error: _settle(stored, receipt, error))
        return await stored

    def accept_nowait(self, delivery: Delivery, told: Callable[[Receipt | None, EngineError | None], None]) -> None:
        """`accept` for callers without a task of their own: `told` is called once, perhaps at once."""
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
        self._enter(item)

    async def deliver(self, delivery: Delivery) -> Reply:
        """Let an event or a query have its turn; returns when what it did is on disk.

        An event that takes longer than `wait_seconds` is stored, goes on, and is answered as pending. Raises as
        `accept`, and RulesetNotFound, FunctionNotFound, RuleFailed, QueryFailed, TimedOut.
        """
        done: asyncio.Future[Reply] = self._loop.create_future()
        self.deliver_nowait(delivery, lambda reply, error: _settle(done, reply, error))
        return await done

    def deliver_nowait(self, delivery: Delivery, done: Done) -> None:
        """`deliver` for callers without a task of their own: `done` is told once, perhaps at once."""
        try:
            item = self._item(delivery, done)
            if delivery.key is not None and item.event is not None and self._answer_repeat(item, delivery):
                return
        except EngineError as error:
            done(None, error)
            return
        self._impatient.append((self._loop.time() + self.settings.wait_seconds, item))
        self._enter(item)

    async def reply_to(self, eci: str, eid: str) -> Reply:
        """The reply of an event that came in by this channel; pending while it is under way.

        Raises ReplyNotFound, or RuleFailed if the event failed.
        """
        item = self._in_flight.get(eid)
        if item is not None and item.event is not None and item.event.eci == eci:
            return Reply(eid, [], pending=True)
        row = self._store.log_by_eid(eid)
        if row is None or row.eci != eci:
            raise ReplyNotFound(f"no event {eid} came in by the channel {eci}")
        return reply_from(eid, row.response)

    def ui_context(self) -> dict[str, str]:
        """Where to start: the engine's version and the root's UI channel."""
        return {"version": engine_version(), "eci": self._ui_eci}

    async def flush(self, url: str) -> dict[str, Any]:
        """Fetch a ruleset's text again; every pico that follows the URL takes it at its next turn.

        Raises InvalidValue, SourceUnavailable, RulesetRefused, Conflict; the text in force then stays.
        """
        changes = Changes()
        row, _ = await self._act(lambda: self._parts.registry.flush(url, changes))
        if changes.registry:
            await self._commit(changes)
        return {
            "url": row.url,
            "rid": row.rid,
            "hash": row.hash,
            "flushed": row.flushed,
            "compiler": {"version": COMPILER_VERSION, "warnings": orjson.loads(row.warnings)},
        }

    # --- accepting ----------------------------------------------------------------------------------------

    def _item(self, delivery: Delivery, done: Done | None) -> Item:
        if self.stopping:
            raise Stopping("the engine is stopping")
        if self._mailboxes.waiting >= self.settings.inbox_limit:
            raise Overloaded(f"{self._mailboxes.waiting} requests are waiting (inbox_limit)")
        received = perf_counter_ns()
        channel, request = self._door.decode(delivery)
        box = self._mailboxes.known(channel.pico)
        if box is not None and len(box.items) >= self.settings.pico_inbox_limit and not self._overtakes(request, box):
            raise Overloaded(f"{len(box.items)} requests are waiting for this pico (pico_inbox_limit)")
        item = Item(channel.pico, request, delivery.transport, done, received_at=self._chance.now())
        item.one_answer = delivery.one_answer
        item.received_ns = received
        if delivery.key is not None and item.event is not None:
            item.key = (delivery.eci, delivery.key)
            item.body_hash = body_hash(delivery)
        return item

    def _overtakes(self, request: Request, box: Mailbox) -> bool:
        """Whether it will not stand behind what waits: a query of a paused pico."""
        return isinstance(request, Query) and self._mailboxes.is_paused(box.id)

    def _enter(self, item: Item) -> None:
        if item.event is not None:
            item.ended = self._forget
            self._in_flight[item.eid] = item
            if item.key is not None:
                self._keyed[item.key] = item
        self._mailboxes.put(item)

    def _known_key(self, item: Item, delivery: Delivery) -> Item | DedupRow | None:
        """Who had this key before; raises KeyReused if that was another delivery."""
        if item.key is None:
            return None
        known: Item | DedupRow | None = self._keyed.get(item.key) or self._store.dedup(*item.key)
        if isinstance(known, DedupRow) and known.expires_at < item.received_at:
            return None
        if known is not None and delivery.transport == "http" and self._body_hash_of(known) != item.body_hash:
            raise KeyReused(f"the idempotency key {delivery.key!r} was used with another request", eid=known.eid)
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
        if isinstance(known, Item):
            known.followers.append(item.done)
        elif known.response is None and known.eid in self._in_flight:
            self._in_flight[known.eid].followers.append(item.done)
        elif known.response is None:
            item.done(Reply(known.eid, [], pending=True, duplicate=True), None)
        else:
            reply = reply_from(known.eid, known.response, duplicate=True)
            if isinstance(item.request, EventQuery):
                self._enter(Item(item.pico, item.request.query, item.source, item.done))
            else:
                item.done(reply, None)
        return True

    # --- what became of it --------------------------------------------------------------------------------

    def _settled(self, decision: Decision) -> None:
        directory = self._parts.directory
        # The inbox rows of a deleted pico go with it, and its mailbox is closed.
        wakes = [woken for woken in decision.wakes if not directory.is_deleted(woken.pico)]
        directory.settle(decision.number, decision.picos, decision.channels)
        item = decision.item
        if item is not None and decision.box is None:
            item.stored = True
        if decision.writes.log:
            self._snapshots.note(decision.writes.log)
            self.reports.feed.add(decision.writes.log, (perf_counter_ns() - decision.began_ns) / 1e6)
        if decision.writes.timers:
            self._timetable.settle(decision.number, decision.writes.timers)
        for row in decision.writes.outbox_add:
            self._outbox.put(row)
        for woken in wakes:
            self._enter(woken)

    def _forget(self, item: Item) -> None:
        self._in_flight.pop(item.eid, None)
        if item.key is not None:
            self._keyed.pop(item.key, None)

    def _lost(self, decisions: list[Decision], error: Exception) -> None:
        """A commit failed: forget all that is not on disk, and take the stored events again a little later."""
        _log.error("commit failed; everything undecided is forgotten", error=str(error), commits=len(decisions))
        self._mailboxes.pause()
        self._parts.directory.forget_decided()
        self._timetable.forget_decided()
        again = [item for box in self._mailboxes.all() if (item := self._mailboxes.give_up(box)) is not None]
        for decision in decisions:
            item = decision.item
            if item is None:
                continue
            if decision.box is None:
                self._mailboxes.remove(item)
                again.append(item)
            elif item.stored:
                again.append(replace(item, outcome=None, committing=False))
        for item in sorted(again, key=lambda each: each.inbox_id or 0, reverse=True):
            if item.stored:
                self._in_flight[item.eid] = item
                self._mailboxes.put(item, first=True)
            else:
                item.finish(None, StoreUnavailable("the store could not take the commit"))
        if not self._retry_is_due:
            self._retry_is_due = True
            self._loop.call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        """Go on from what is on disk, while nothing is under way."""
        if self.stopping:
            return
        try:
            self._writer.reopen()  # what was submitted meanwhile is lost, too
            self._parts.registry.reload()
            self._take_inbox()
            self._outbox.start()
        except StoreUnavailable as error:
            _log.error("the store cannot be read; nothing goes on", error=error.text)
            self._loop.call_later(RETRY_SECONDS, self._retry)
            return
        self._retry_is_due = False
        self._timetable.poke()
        self._mailboxes.resume()

    def _run(self, box: Any, item: Item) -> None:
        self._cycles.run(box, item)

    async def _watch_callers(self) -> None:
        """Callers whose wait limit has come: an event goes on, stored; a query is given up."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = self._loop.time()
            while self._impatient and (self._impatient[0][0] <= now or self._impatient[0][1].outcome is not None):
                self._stop_waiting(self._impatient.popleft()[1])

    def _stop_waiting(self, item: Item) -> None:
        done = item.done
        if item.outcome is not None or done is None:
            return
        if item.event is None or isinstance(item.request, EventQuery):
            self._mailboxes.remove(item)
            late = TimedOut(f"no answer within {self.settings.wait_seconds:g} s (wait_seconds)")
            if self._mailboxes.is_running(item):
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
            item.done = done  # its commit is under way: the real answer comes in a moment

    # --- acts of the engine itself ------------------------------------------------------------------------

    async def _act(self, work: Callable[[], T]) -> T:
        """The result of synchronous work that may wait, outside any cycle."""
        result: asyncio.Future[T] = self._loop.create_future()

        def run() -> None:
            try:
                result.set_result(work())
            except Exception as error:  # noqa: BLE001 - handed on to who waits
                result.set_exception(error)

        self._suspender.start(Job(run))
        return await result

    async def _commit(self, changes: Changes) -> None:
        writes = Writes()
        write_changes(writes, changes)
        done: asyncio.Future[None] = self._loop.create_future()
        decision = Decision(writes, None, dict(changes.picos), dict(changes.channels))
        decision.then.append(lambda lost: _settle(done, None, lost))
        self._committer.submit(decision)
        self._parts.registry.adopt(changes.registry)
        await done

    async def _fetch(self, request: web.WebRequest) -> web.WebAnswer:
        limits = web.WebLimits(self.settings.fetch_seconds, private_networks=self.settings.private_networks)
        return await web.fetch(request, limits)

    def _effect_told(self, row: OutboxRow, told: dict[str, Any] | None) -> None:
        """What became of an effect goes to disk, with the event that a pico is told of it by."""
        answer = None
        if told is not None:
            eci = told.get("eci") or told["pico"]
            try:
                channel = self._parts.directory.channel(eci)
            except ChannelNotFound:
                _log.warning("nobody is left to be told of an effect", eci=eci, effect=row.ikey)
            else:
                now = self._chance.now()
                event = Event(self._chance.new_eid(), channel.eci, told["domain"], told["type"], told["attrs"], now)
                source = f"outbox:{row.ikey}"
                answer = InboxRow(0, channel.pico, event.eid, event.eci, source, event_bytes(event), now)
        self._responder.settle_effect(row, answer)

    def _fetch_source(self, url: str, headers: dict[str, str]) -> Fetched:
        limits = web.WebLimits(self.settings.fetch_seconds, private_networks=self.settings.private_networks)
        answer = wait(web.source(url, headers, limits))
        text = None if answer.status == web.NOT_MODIFIED else answer.body.decode("utf-8", "replace")
        return Fetched(text, answer.headers.get("etag"))

    async def _happens(self, pico: str, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> Reply:
        """An event that the engine itself makes, waited for unless its pico is paused."""
        done: asyncio.Future[Reply] = self._loop.create_future()
        now = self._chance.now()
        event = Event(self._chance.new_eid(), eci, domain, type, attrs, now)
        item = Item(pico, event, "engine", lambda reply, error: _settle(done, reply, error), received_at=now)
        self._enter(item)
        if self._mailboxes.is_paused(pico):
            await on_disk(self._responder.store_item(item))
            return Reply(item.eid, [], pending=True)
        return await done

    # --- start and end ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what the last run left: stored events, timers; make or equip the root pico; then be ready."""
        held_until = int(self._store.fact(HELD_UNTIL) or 0)
        self._responder.start_numbers(self._store.last_inbox_id(), self._store.last_outbox_id(), held_until)
        await self._note_start()
        self.operations.take_up()
        roots = self._store.roots()
        root = roots[0].id if roots else None
        host = await self._act(lambda: self._prepare_root(root))
        new = [rid for rid in host.code.rids() if host.pico.code.find(rid) is None or root is None]
        self._ui_eci = ui_channel(host)
        if host.cycle.changes.picos or host.cycle.changes.codes or host.cycle.changes.channels:
            await self._commit_root(host)
        self._impatience = self._loop.create_task(self._watch_callers())
        left = self._store.last_inbox_id()
        # Before what the last run left: the root may have much to do, and nobody can enter until it has been greeted.
        await self._greet_root(host.pico.id, new)
        self._take_inbox(left)
        self._timetable.start()
        self._outbox.start()
        self._sweep.start()
        self._retention.start()
        self.ready = True

    async def _note_start(self) -> None:
        """Name the store if it is new; count the crash against the event that was being evaluated, if there was one."""
        if self._store.fact(STORE_ID) is None:
            await on_disk(self._responder.act(Writes(facts={STORE_ID: self._chance.new_id()})))
        left = self._black_box.left
        rows = self._store.inbox(left - 1, 1) if left is not None else []
        if rows and rows[0].id == left:
            row = replace(rows[0], attempts=rows[0].attempts + 1)
            _log.error("the process ended while it evaluated an event", pico=row.pico, eid=row.eid, times=row.attempts)
            await on_disk(self._responder.act(Writes(inbox_set=[row])))

    def _prepare_root(self, root: str | None) -> Host:
        if root is None:
            host = new_root(self._parts)
        else:
            host = Host(self._parts, self._waker.wake(root), Cycle(self._chance.new_eid()))
        equip(host)
        return host

    async def _commit_root(self, host: Host) -> None:
        box = self._mailboxes.of(host.pico.id)
        done: asyncio.Future[Reply] = self._loop.create_future()
        event = Event(host.cycle.eid, host.pico.id, "engine", "rulesets_installed", {}, self._chance.now())
        item = Item(host.pico.id, event, "engine", lambda reply, error: _settle(done, reply, error))
        host.inputs = act()
        self._responder.respond(host, box, item, event, None)
        await done
        box.pico = None

    async def _greet_root(self, root: str, new: list[str]) -> None:
        """The events by which the root's rulesets learn that they are there."""
        for domain, type, attrs in (
            ("engine_ui", "setup", {}),
            *(("wrangler", "ruleset_installed", {"rids": [rid]}) for rid in new),
            ("engine", "started", {}),
        ):
            try:
                await self._happens(root, self._ui_eci, domain, type, attrs)
            except EngineError as error:
                _log.error("the root pico failed at the start", domain=domain, type=type, error=error.text)

    def _take_inbox(self, last: int | None = None) -> None:
        """Take stored events up to that number; those that finished cycles have sent since then come by themselves."""
        after = 0
        while rows := self._store.inbox(after):
            for row in rows:
                if row.eid not in self._in_flight and (last is None or row.id <= last):
                    self._enter(item_from(row))
            after = rows[-1].id

    async def stop(self, seconds: float = 10.0) -> None:
        """Refuse new deliveries, finish the cycles that have begun, let commits reach the disk, close the store."""
        self.stopping = True
        self.ready = False
        self.reports.feed.end()
        self._mailboxes.pause()
        self._timetable.stop()
        self._sweep.stop()
        await self._retention.stop()
        await self._outbox.stop()
        end = self._loop.time() + seconds
        while self._mailboxes.under_way and self._loop.time() < end:
            await asyncio.sleep(0.01)
        for box in self._mailboxes.all():
            for item in (*box.items, self._mailboxes.give_up(box)):
                if item is not None and not item.stored:
                    item.finish(None, Stopping("the engine is stopping"))
        if self._impatience is not None:
            self._impatience.cancel()
        await self._snapshots.stop()
        await self._writer.drain()
        self._writer.close()
        self._store.close()
        self._black_box.close()


def _settle(future: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)


def engine_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("picoengine")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def open_engine(
    settings: Settings | None = None,
    *,
    decoders: Mapping[str, Decoder] | None = None,
    chance: Chance | None = None,
    store: Store | None = None,
) -> AsyncIterator[Engine]:
    """A running engine; it is stopped, and its store closed, at the end of the block.

    Raises StoreUnavailable if the store cannot be opened.
    """
    settings = settings or Settings()
    engine = Engine(settings, store or open_store(settings.store), chance or Chance(), decoders or {})
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop()
