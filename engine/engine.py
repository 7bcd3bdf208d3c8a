"""The engine: its parts joined, its start and its end, and the verbs of its door.

async with open_engine(Settings(store="sqlite:///home.db")) as engine:
    reply = await engine.deliver(delivery)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter_ns
from typing import Any

import orjson
import structlog

from .acts import Acts, settle
from .admission import Admission
from .callbacks import Callbacks
from .care.backup import HELD_UNTIL
from .care.black_box import BlackBox
from .care.dead_letters import DeadLetters
from .care.operations import Operations
from .care.recovery import Recovery
from .care.retention import Retention
from .care.sweep import Sweep
from .changes import Changes
from .clock import Chance
from .cycle import Parts
from .delivery import Decoder, Delivery
from .directory import Directory
from .effect import Sender
from .effects import web
from .effects.outbox import Fetch, Outbox
from .effects.steps import StepCounts, Steps
from .errors import (
    AttachmentNotFound,
    ChannelNotFound,
    EngineError,
    Overloaded,
    ReplyNotFound,
    Stopping,
)
from .event import Event, Receipt, Reply
from .event_json import event_bytes, reply_from
from .loading_host import LoadingHost
from .loop.ask import Asking
from .loop.commit import Committer, Decision
from .loop.cycle import Cycles
from .loop.decode import Door, check_size
from .loop.poison import Poison
from .loop.respond import Responder
from .loop.wait import Done, Item, Mailboxes
from .loop.wake import Waker
from .modules import MODULES
from .modules.http_request import response_map
from .past.history import History
from .past.snapshots import Snapshots
from .registry.loading import Loader
from .registry.registry import COMPILER_VERSION, Registry
from .registry.sources import MAX_SOURCE_BYTES, Fetched
from .settings import Settings
from .start import Start
from .store.choose import open_store
from .store.interface import InboxRow, OutboxRow, Store
from .store.writer import Writer
from .suspend import Suspender, wait
from .timers.timetable import Timetable
from .trigger import reached
from .witness.journal import Journal
from .witness.reports import Reports

QUERY_SECONDS = 10.0  # one pico waits for another's answer
_log = structlog.get_logger("picoengine")


class Engine:
    """Picos, their loop and their durability, behind three verbs: `knows`, `accept`, `deliver`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        chance: Chance,
        decoders: Mapping[str, Decoder],
        fetch: Fetch | None = None,
        senders: Mapping[str, Sender] | None = None,
        writer: Callable[[Store, asyncio.AbstractEventLoop], Writer] = Writer,
    ) -> None:
        """`fetch` takes the place of the network, for rules, for effects and for texts of rulesets."""
        self.settings = settings
        self._ask = fetch
        self._sends = frozenset(senders or ())
        self.ready = False
        self.stopping = False
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._chance = chance
        self._black_box = BlackBox(store.beside("running"))
        self._suspender = Suspender(self._black_box.note)
        self._writer = writer(store, self._loop)
        self._committer = Committer(self._writer, self._settled, lambda lost, error: self._recovery.lost(lost, error))
        self._mailboxes = Mailboxes(self._suspender, self._run, settings.awake_picos)
        self._responder = Responder(self._committer, self._mailboxes, settings.dedup_seconds)
        self._parts = self._join_parts()
        self._waker = Waker(self._parts, self._responder)
        responder = self._responder
        self._steps = Steps(settings, self._mailboxes, responder.begin_step, responder.act, chance)
        responder.cancel_steps = self._steps.cancel
        self._parts.steps = self._steps
        poison = Poison(settings, self._mailboxes, self._responder, chance)
        self._cycles = Cycles(self._parts, self._waker, self._responder, poison)
        self._door = Door(settings, self._parts.directory, chance, decoders)
        self._admission = Admission(settings, store, self._door, self._mailboxes, self._responder, chance.now)
        self._in_flight = self._admission.in_flight
        self._parts.neighbours = Asking(self._mailboxes, self._waker, self._in_flight, QUERY_SECONDS)
        self._outbox = Outbox(
            store, self._fetch, self._effect_told, response_map, chance.now, chance.random, chance.sleep, senders
        )
        self._acts = Acts(
            self._parts, self._suspender, self._committer, self._responder, self._mailboxes, self._admission
        )
        self._start = Start(self._parts, self._acts, self._admission, self._responder, self._waker)
        self.history = History(store, settings)
        self.reports = Reports(self._parts, self._waker, self._mailboxes, self._in_flight)
        self._callbacks = Callbacks(store, self._parts.directory, responder, chance, settings.dedup_seconds)
        self._sweep = Sweep(
            store,
            self._committer,
            self._admission,
            self._timetable,
            self._outbox,
            self._steps,
            self._callbacks,
            self._mailboxes,
            chance,
        )
        self._retention = Retention(store, settings, chance)
        self._snapshots = Snapshots(store, self._responder.act)
        self.operations = self._join_operations()
        self._recovery = Recovery(
            self._writer, self._parts, self._mailboxes, self._in_flight, self._timetable, self._go_on_from_disk
        )
        self._impatience: asyncio.Task[None] | None = None

    def _join_parts(self) -> Parts:
        settings, store, chance = self.settings, self._store, self._chance
        journal = Journal(chance.now)
        registry = Registry(store, settings, self._fetch_source, chance.now)
        loader = Loader(registry, journal, LoadingHost)
        directory = Directory(store)
        self._timetable = timetable = Timetable(store, directory, self._responder, chance)
        things = (settings, store, directory, registry, loader, chance, journal)
        return Parts(*things, MODULES, self._fetch, timetable, self._sends)

    def _join_operations(self) -> Operations:
        store, responder, reports, chance = self._store, self._responder, self.reports, self._chance
        dead = DeadLetters(store, self._parts.directory, responder, self._outbox, self._steps, reports, chance)
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
        self.accept_nowait(delivery, lambda receipt, error: settle(stored, receipt, error))
        return await stored

    def accept_nowait(self, delivery: Delivery, told: Callable[[Receipt | None, EngineError | None], None]) -> None:
        """`accept` for callers without a task of their own: `told` is called once, perhaps at once."""
        self._admission.accept(delivery, told)

    async def deliver(self, delivery: Delivery) -> Reply:
        """Let an event or a query have its turn; returns when what it did is on disk.

        An event that takes longer than `wait_seconds` is stored, goes on, and is answered as pending. Raises as
        `accept`, and RulesetNotFound, FunctionNotFound, RuleFailed, QueryFailed, TimedOut.
        """
        done: asyncio.Future[Reply] = self._loop.create_future()
        self.deliver_nowait(delivery, lambda reply, error: settle(done, reply, error))
        return await done

    def deliver_nowait(self, delivery: Delivery, done: Done) -> None:
        """`deliver` for callers without a task of their own: `done` is told once, perhaps at once."""
        self._admission.deliver(delivery, done)

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

    async def attachment(self, eci: str, ref: str) -> bytes:
        """A large part of a mail, as `email:attachment` gives it: the channel must let in that query.

        Raises ChannelNotFound, PolicyRefused, AttachmentNotFound.
        """
        channel = self._door.admit(eci, ("query", "email", "attachment"))
        data = self._store.attachment(channel.pico, ref)
        if data is None:
            raise AttachmentNotFound(ref)
        return data

    @property
    def waiting(self) -> int:
        """How many events and queries wait for their turn: a transport that can hold back should, if these are many."""
        return self._mailboxes.waiting

    @property
    def stranded(self) -> Mapping[str, int]:
        """How many effects wait for a sender that was not given, by kind."""
        return self._outbox.stranded

    @property
    def steps(self) -> StepCounts:
        """How many calls whose answer a rule uses there were since the start, and how many wait."""
        return self._steps.counts

    def admit_callback(self, token: str) -> None:
        """Ask whether there is such a callback, before what is posted to it is read.

        Raises CallbackNotFound, CallbackEnded, StoreUnavailable.
        """
        self._callbacks.admit(token)

    async def call_back(self, token: str, members: Mapping[str, Any]) -> Receipt:
        """Send the event of a callback, `members` laid over its attributes; returns when it is stored.

        Raises CallbackNotFound, CallbackEnded, DeliveryTooLarge for too many members, Overloaded, StoreUnavailable.
        """
        if self.stopping:
            raise Stopping("the engine is stopping")
        if self._mailboxes.waiting >= self.settings.inbox_limit:
            raise Overloaded(f"{self._mailboxes.waiting} requests are waiting (inbox_limit)")
        check_size(members, self.settings)
        return await self._callbacks.use(token, members)

    def ui_context(self) -> dict[str, str]:
        """Where to start: the engine's version and the root's UI channel."""
        return {"version": engine_version(), "eci": self._start.ui_eci}

    async def flush(self, url: str) -> dict[str, Any]:
        """Fetch a ruleset's text again; every pico that follows the URL takes it at its next turn.

        Raises InvalidValue, SourceUnavailable, RulesetRefused, Conflict; the text in force then stays.
        """
        changes = Changes()
        row, _ = await self._acts.run(lambda: self._parts.registry.flush(url, changes))
        if changes.registry:
            await self._acts.commit(changes)
        return {
            "url": row.url,
            "rid": row.rid,
            "hash": row.hash,
            "flushed": row.flushed,
            "compiler": {"version": COMPILER_VERSION, "warnings": orjson.loads(row.warnings)},
        }

    # --- what became of it --------------------------------------------------------------------------------

    def _settled(self, decision: Decision) -> None:
        directory, writes = self._parts.directory, decision.writes
        # The inbox rows of a deleted pico go with it, and its mailbox is closed.
        wakes = [woken for woken in decision.wakes if not directory.is_deleted(woken.pico)]
        if decision.picos or decision.channels:
            directory.settle(decision.number, decision.picos, decision.channels)
        item = decision.item
        if item is not None and decision.box is None:
            item.stored = True
        if writes.log:
            self._snapshots.note(writes.log)
            self.reports.feed.add(writes.log, (perf_counter_ns() - decision.began_ns) / 1e6)
        if writes.callbacks:
            self._callbacks.poke()
        if writes.timers:
            self._timetable.settle(decision.number, writes.timers)
        for row in writes.outbox_add:
            self._outbox.put(row)
        for woken in wakes:
            self._admission.enter(woken)

    def _go_on_from_disk(self) -> None:
        """Take up again what is stored, while nothing is under way. Raises StoreUnavailable."""
        self._start.take_inbox()
        self._outbox.start()

    def _run(self, box: Any, item: Item) -> None:
        self._cycles.run(box, item)

    # --- the world ----------------------------------------------------------------------------------------

    async def _fetch(self, request: web.WebRequest) -> web.WebAnswer:
        if self._ask is not None:
            return await self._ask(request)
        seconds = self.settings.fetch_seconds if request.seconds is None else request.seconds
        return await web.fetch(request, web.WebLimits(seconds, private_networks=self.settings.private_networks))

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
        seconds, private = self.settings.fetch_seconds, self.settings.private_networks
        limits = web.WebLimits(seconds, MAX_SOURCE_BYTES, private_networks=private)
        answer = wait(web.source(url, headers, limits, self._ask))
        text = None if answer.status == web.NOT_MODIFIED else answer.body.decode("utf-8", "replace")
        return Fetched(text, answer.headers.get("etag"))

    # --- start and end ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what the last run left: stored events, timers; make or equip the root pico; then be ready."""
        reached("T11.2")
        held_until = int(self._store.fact(HELD_UNTIL) or 0)
        self._responder.start_numbers(self._store.last_inbox_id(), self._store.last_outbox_id(), held_until)
        await self._start.note(self._black_box)
        self.operations.take_up()
        begun = self._start.take_begun()
        self._impatience = self._loop.create_task(self._admission.watch_callers())
        left = await self._start.ready_root(begun)
        reached("T11.5")
        self._start.take_inbox(left)
        self._timetable.start()
        self._callbacks.start()
        self._outbox.start()
        reached("T11.7")
        self._keep_house()
        self.ready = True

    def _keep_house(self) -> None:
        """Begin what is done now and then for as long as the engine runs."""
        self._sweep.start()
        self._retention.start()

    async def stop(self, seconds: float = 10.0) -> None:
        """Refuse new deliveries, finish the cycles that have begun, let commits reach the disk, close the store."""
        self.stopping = self._admission.stopping = self._recovery.stopping = True
        self.ready = False
        reached("T17.1")
        self.reports.feed.end()
        self._mailboxes.pause()
        self._timetable.stop()
        self._callbacks.stop()
        self._sweep.stop()
        await self._retention.stop()
        await self._outbox.stop()
        end = self._loop.time() + seconds
        while self._mailboxes.under_way and self._loop.time() < end:
            await asyncio.sleep(0.01)
        await self._steps.stop()
        for box in self._mailboxes.all():
            for item in (*box.items, *self._mailboxes.give_up(box)):
                if not item.stored:
                    item.finish(None, Stopping("the engine is stopping"))
                elif item.event is not None and item.done is not None:
                    item.done(Reply(item.eid, [], pending=True), None)  # it goes on at the next start
        if self._impatience is not None:
            self._impatience.cancel()
        await self._snapshots.stop()
        reached("T17.2")
        await self._writer.drain()
        self._writer.close()
        reached("T17.3")
        self._store.close()
        self._black_box.close()


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
    senders: Mapping[str, Sender] | None = None,
    chance: Chance | None = None,
    store: Store | None = None,
) -> AsyncIterator[Engine]:
    """A running engine; it is stopped, and its store closed, at the end of the block.

    `decoders` by the names that deliveries give them, `senders` by the kind of the effects that each sends.
    Raises StoreUnavailable if the store cannot be opened.
    """
    settings = settings or Settings()
    opened = store or open_store(settings.store)
    try:
        engine = Engine(settings, opened, chance or Chance(), decoders or {}, senders=senders)
    except BaseException:
        opened.close()
        raise
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop()
