"""An engine for rehearsals: the real one, but its clock stands until it is moved, its chance is the same each time, and
its network is a function. Rulesets are tested on it.

    async with open_rehearsal("alice", fetch, at=1_925_000_000_000) as rehearsal:
        await rehearsal.send("alice", "order", "placed", {"n": 1})
        await rehearsal.advance(7_200_000)
        finished = rehearsal.news()

After each step all picos come to rest: events that they have sent each other, due timers and answers of the network
included. Only what must wait for a later time is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from math import ceil, inf
from random import Random
from typing import Any, TypeVar

from krl import Here

from .clock import Chance, EventIds
from .cycle import Cycle, Neighbours
from .delivery import Delivery
from .document import dumps, loads
from .effects.outbox import Fetch
from .engine import Engine
from .errors import RulesetNotFound, TimedOut
from .event import Event, Query, Reply
from .host import Host
from .modules.ctx.channels import new_channel
from .modules.ctx.rulesets import install
from .registry.sources import Fetched
from .root import equip, new_root, ui_channel
from .settings import Settings
from .store.memory import MemoryStore
from .witness.event_report import report

T = TypeVar("T")

REST_SECONDS = 10.0  # of real time; whoever is at work for longer will not come to rest
STILL = 4  # turns of the event loop in which nothing is to be done: then nothing will be
STALLED = 25  # turns in which nothing becomes of what is under way: then it waits for its time
SPINS = 50  # turns before the loop is given time for the writer's thread
NAP_SECONDS = 0.0005
ARRANGER = Here("engine")
WRANGLER = "io.picolabs.wrangler"  # keeps the names of picos

Answers = Callable[[str, str, Mapping[str, Any]], "tuple[Any] | None"]
"""From an ECI, `rid/name` and arguments to the answer of a query, None if the pico is to be asked."""

Texts = Mapping[str, str]
"""Texts of rulesets by URL, which are not asked of the network."""


class Clock:
    """Time that stands until it is moved."""

    def __init__(self, at: int) -> None:
        self._now = at
        self._sleepers: dict[asyncio.Future[None], int] = {}  # with the time at which each wakes

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has been moved so far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seconds != inf:
            self._sleepers[future] = self._now + ceil(seconds * 1000)
        try:
            await future
        finally:
            self._sleepers.pop(future, None)

    @property
    def next_waking(self) -> int | None:
        """When the next sleeper wakes."""
        return min(self._sleepers.values(), default=None)

    def move(self, to: int) -> None:
        """It is later now; whose time has come wakes."""
        self._now = max(self._now, to)
        for future, until in list(self._sleepers.items()):
            if until <= self._now and not future.done():
                future.set_result(None)


class Draws:
    """Chance and names: first those that are laid out, then those of a seeded generator."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._random = Random(seed)
        self._eids = EventIds(clock.now, self._random.getrandbits)
        self._names = Random(seed + 1)
        self.numbers: deque[float] = deque()
        self.names: deque[str] = deque()
        self.chance = Chance(clock.now, self.number, self.name, self._eids, clock.sleep, inf)

    def number(self) -> float:
        """A number from 0 to below 1."""
        return self.numbers.popleft() if self.numbers else self._random.random()

    def name(self) -> str:
        """The name of a pico, a channel or a job."""
        if self.names:
            return self.names.popleft()
        return "".join(self._names.choices("abcdefghijklmnopqrstuvwxyz", k=26))


class Answering:
    """Neighbours of whom some questions are not asked: their answers are laid out."""

    def __init__(self, others: Neighbours, answers: Answers) -> None:
        self._others = others
        self._answers = answers

    def query(self, host: Host, pico: str, query: Query) -> Any:
        """The answer that is laid out, else that of the pico. Raises what the query raises."""
        known = self._answers(query.eci, f"{query.rid}/{query.name}", query.args)
        return self._others.query(host, pico, query) if known is None else known[0]

    def event_query(self, host: Host, pico: str, event: Event, query: Query) -> Any:
        """Let the pico evaluate the event, then ask it, unless its answer is laid out."""
        known = self._answers(query.eci, f"{query.rid}/{query.name}", query.args)
        return self._others.event_query(host, pico, event, query) if known is None else known[0]


class Rehearsal(Engine):
    """The engine of a rehearsal. Picos and channels have the names that whoever adds them gives."""

    def __init__(self, settings: Settings, clock: Clock, draws: Draws, fetch: Fetch, texts: Texts) -> None:
        self.clock = clock
        self.draws = draws
        self._texts = texts
        self._told: dict[str, int] = {}  # pico → number of the last event that `news` has told
        super().__init__(settings, MemoryStore(), draws.chance, {}, fetch)

    def lay_out(self, answers: Answers) -> None:
        """From now on some queries to other picos have these answers; who is asked must be there all the same."""
        self._parts.neighbours = Answering(self._parts.neighbours, answers)

    def _keep_house(self) -> None:
        """Nothing becomes old in a rehearsal."""

    def _fetch_source(self, url: str, headers: dict[str, str]) -> Fetched:
        text = self._texts.get(url)
        return super()._fetch_source(url, headers) if text is None else Fetched(text, None)

    # --- what is there ------------------------------------------------------------------------------------

    async def add_pico(self, eci: str, parent: str | None = None) -> None:
        """A pico with the system rulesets and with a channel `eci` that lets everything in; a root without a parent.

        Its id is `<eci>-id`; a child is also called `eci`. Raises RuleFailed, ChannelNotFound.
        """
        id = f"{eci}-id"
        if parent is None:
            self.draws.names.append(id)
            host = await self._acts.run(lambda: new_root(self._parts))
            await self._acts.run(lambda: equip(host))
            ui = ui_channel(host)
            await self._acts.commit_to(host, "rulesets_installed")
            await self._start.greet_all(id, ui, host.code.rids())
        else:
            self.draws.names.extend((id, f"{eci}-to-parent", f"parent-to-{eci}"))
            await self.send(parent, "wrangler", "new_child_request", {"name": eci})
        await self.add_channel(id, eci, ["test"])
        await self.settle()

    async def add_channel(self, pico: str, eci: str, tags: list[str], events: Any = None, queries: Any = None) -> None:
        """A channel of this ECI; a policy that is None lets everything in. Raises InvalidValue for a bad one."""
        self.draws.names.append(eci)
        await self._arrange(pico, "channel_added", lambda host: new_channel(host, ARRANGER, tags, events, queries))

    async def install(self, pico: str, url: str, config: Mapping[str, Any], *, tell: bool = True) -> None:
        """Install a ruleset; unless `tell` is false the way that wrangler does it, who tells all rulesets.

        Raises RuleFailed, or whatever keeps a ruleset from loading.
        """
        if tell:
            await self.send(pico, "wrangler", "install_ruleset_request", {"url": url, "config": dict(config)})
        else:
            await self._arrange(pico, "installed", lambda host: install(host, ARRANGER, url, dict(config)))
            await self.settle()

    async def set_state(
        self, pico: str, rid: str, variables: Mapping[str, Any], expressions: Mapping[str, Any] | None = None
    ) -> None:
        """Set entity variables of a ruleset, and what event expressions of its rules have matched so far.

        Globals that depend on them are computed anew. Raises RulesetNotFound.
        """

        def arrange(host: Host) -> None:
            instance = host.instances.get(rid)
            if instance is None:
                raise RulesetNotFound(rid)
            for name, value in variables.items():
                host.set_variable(rid, name, value)
            for rule, memory in (expressions or {}).items():
                host.remember(rid, rule, instance.program.expression_hashes[rule], memory)

        await self._arrange(pico, "state_set", arrange)

    async def _arrange(self, pico: str, type: str, work: Callable[[Host], T]) -> T:
        """Do something to a pico, named by its id or an ECI, as one entry of its log; it wakes anew afterwards."""
        id = self.pico_id(pico)
        host = await self._acts.run(lambda: Host(self._parts, self._waker.wake(id), Cycle(self._chance.new_eid())))
        done = await self._acts.run(lambda: work(host))
        await self._acts.commit_to(host, type)
        self._mailboxes.of(id).pico = None
        return done

    def pico_id(self, pico: str) -> str:
        """The id of a pico that is named by it or by an ECI. Raises ChannelNotFound."""
        if self._store.pico(pico) is not None:
            return pico
        return self._parts.directory.channel(pico).pico

    def variable(self, pico: str, rid: str, name: str) -> Any:
        """An entity variable; None when unset. Raises ChannelNotFound."""
        body = self._store.variable(self.pico_id(pico), rid, name)
        return None if body is None else loads(body)

    def child(self, parent: str, name: str) -> str | None:
        """The id of the child that wrangler calls so. Raises ChannelNotFound."""
        for row in self._store.children(self.pico_id(parent)):
            if self.variable(row.id, WRANGLER, "name") == name:
                return row.id
        return None

    def children(self, pico: str) -> list[str]:
        """What wrangler calls the children, in order of creation; the id of one that it calls nothing."""
        rows = self._store.children(self.pico_id(pico))
        return [self.variable(row.id, WRANGLER, "name") or row.id for row in rows]

    def channel_tagged(self, pico: str, tag: str) -> str | None:
        """The ECI of the first channel that has this tag; None if none has. Raises ChannelNotFound."""
        channels = self._parts.directory.channels(self.pico_id(pico))
        return next((eci for eci in sorted(channels) if tag in channels[eci].tags), None)

    # --- what happens -------------------------------------------------------------------------------------

    async def send(self, eci: str, domain: str, type: str, attrs: Mapping[str, Any]) -> Reply:
        """Deliver an event and let all picos come to rest; its reply. Raises as `deliver`, and TimedOut."""
        return await self._deliver(eci, ("event", domain, type), attrs)

    async def ask(self, eci: str, rid: str, name: str, args: Mapping[str, Any]) -> Any:
        """The value of a query. Raises as `deliver`, and TimedOut."""
        return (await self._deliver(eci, ("query", rid, name), args)).value

    async def _deliver(self, eci: str, words: tuple[str, ...], members: Mapping[str, Any]) -> Reply:
        reply = asyncio.ensure_future(self.deliver(Delivery("test", eci, words, dumps(dict(members)))))
        try:
            await self._until(reply.done)
            await self.settle()
        except TimedOut:
            reply.cancel()
            raise
        return reply.result()

    async def advance(self, milliseconds: int) -> None:
        """Let so much time pass; whatever falls due meanwhile happens at its time. Raises TimedOut."""
        until = self.clock.now() + milliseconds
        await self.settle()
        while (due := self.clock.next_waking) is not None and due <= until:
            self.clock.move(due)
            await self.settle()
        self.clock.move(until)
        await self.settle()

    async def settle(self) -> None:
        """Return when all picos have come to rest. Raises TimedOut if they do not."""
        still = 0

        def settled() -> bool:
            nonlocal still
            still = still + 1 if self.at_rest else 0
            return still >= STILL

        await self._until(settled)

    async def _until(self, done: Callable[[], bool]) -> None:
        """Return when it is done. Where that takes time, as a call does that is made again, so much time passes."""
        turns = stalled = 0
        end = self._loop.time() + REST_SECONDS
        while not done():
            await asyncio.sleep(0 if turns < SPINS else NAP_SECONDS)
            turns += 1
            stalled = stalled + 1 if self._committer.quiet else 0
            waking = self.clock.next_waking
            if stalled > STALLED and waking is not None:
                self.clock.move(waking)
                stalled = 0
            if self._loop.time() > end:
                raise TimedOut(f"the picos have not come to rest within {REST_SECONDS:g} s")

    @property
    def at_rest(self) -> bool:
        """Nothing is under way, and nothing is due."""
        return (
            not self._in_flight
            and not self._mailboxes.waiting
            and not self._mailboxes.under_way
            and self._committer.quiet
            and self._outbox.quiet
            and self._timetable.quiet
        )

    def news(self) -> list[dict[str, Any]]:
        """All about each event that has finished since it was asked last, in order of their ids; nothing is cut."""
        rows = []
        for pico in list(self._store.pico_ids()):
            while page := self._store.log(pico, self._told.get(pico, 0)):
                self._told[pico] = page[-1].seq
                rows += page
        return [report(row, self._waker.code_set, whole=True) for row in sorted(rows, key=lambda row: row.eid)]


@asynccontextmanager
async def open_rehearsal(
    root: str,
    fetch: Fetch,
    *,
    at: int,
    settings: Settings | None = None,
    texts: Texts | None = None,
    seed: int = 0,
) -> AsyncIterator[Rehearsal]:
    """A rehearsal at a time, in ms since 1970, whose first pico has the channel `root`; as `add_pico` makes one."""
    clock = Clock(at)
    draws = Draws(clock, seed)
    draws.names.extend((f"{root}-store", f"{root}-id"))  # in this order the engine asks for them
    rehearsal = Rehearsal(settings or Settings(), clock, draws, fetch, texts or {})
    try:
        await rehearsal.start()
        await rehearsal.add_channel(f"{root}-id", root, ["test"])
        await rehearsal.settle()
        yield rehearsal
    finally:
        await rehearsal.stop()
