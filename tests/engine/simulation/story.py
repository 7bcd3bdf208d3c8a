"""What each seed tells: clients, two picos that tell each other, timers, effects, failures; then the verdict."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from engine import Delivery, EngineError, Failed
from engine.chain import breaks
from engine.document import loads
from engine.engine import Engine
from engine.past.snapshots import capture
from engine.past.state import past
from engine.store.interface import LogRow
from engine.store.memory import MemoryStore
from tests.engine.conftest import TestPico
from tests.engine.simulation.faults import NO_FAULTS, Faults, Life
from tests.engine.simulation.world import World

LEDGER = """ruleset ledger {
  rule enter { select when ledger enter
    event:send({"eci": event:attrs{"to"}, "domain": "ledger", "type": "tell", "attrs": {"n": event:attrs{"n"}}})
    always {
      ent:entered := ent:entered.defaultsTo([]).append(event:attrs{"n"})
      raise ledger event "post" attributes {"n": event:attrs{"n"}}
      schedule ledger event "time" at event:attrs{"at"} attributes {"n": event:attrs{"n"}} } }
  rule post { select when ledger post
    http:post("http://sink.example/", json = {"n": event:attrs{"n"}})
    always { ent:posted := ent:posted.defaultsTo([]).append(event:attrs{"n"}) } }
  rule tell { select when ledger tell
    always { ent:told := ent:told.defaultsTo([]).append(event:attrs{"n"}) } }
  rule time { select when ledger time
    always { ent:timed := ent:timed.defaultsTo([]).append(event:attrs{"n"}) } }
  rule half { select when ledger fail
    always { ent:entered := ent:entered.defaultsTo([]).append("half an event") } }
  rule fail { select when ledger fail always { ent:entered := 1 - "one" } }
}"""
FAILS = 7  # every so manyth event
CLIENTS = 3
LIVES = 60  # of an engine, at most
PATIENCE = 6 * 3600  # virtual seconds in which all is done once nothing goes wrong any more
CLOCKS = (-86_400_000, -3_600_000, 0, 3_600_000, 86_400_000)  # how far it may be ahead, in milliseconds


@dataclass
class Client:
    """One who delivers its events one after the other, and repeats each until it is told what became of it."""

    name: str
    pico: int  # which of the two
    ecis: tuple[str, str]
    left: list[str]
    acknowledged: list[str] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)  # what each event says of a time, in milliseconds since 1970

    def delivery(self, n: str, at: int) -> Delivery:
        """One event, the same whenever it is repeated; a timer is made by it for that time."""
        words = ("event", "ledger", "fail" if fails(n) else "enter")
        body = json.dumps({"n": n, "to": self.ecis[1 - self.pico], "at": at}).encode()
        return Delivery("http", self.ecis[self.pico], words, body, key=n)


def fails(n: str) -> bool:
    """Whether this event is one of those that fail."""
    return int(n.rpartition("-")[2]) % FAILS == FAILS - 1


@cache
def image() -> tuple[MemoryStore, tuple[str, str]]:
    """A store with two picos below the root, and their ECIs."""
    store = MemoryStore()
    ecis: list[str] = []

    async def prepare(engine: Engine, _: Life) -> None:
        root = TestPico(engine, engine.ui_context()["eci"])
        for name in ("first", "second"):
            pico = await root.child(name)
            await pico.install(LEDGER)
            ecis.append(pico.eci)

    World(0, store).live(prepare)
    return store, (ecis[0], ecis[1])


class Story:
    """One seed from its beginning to its end."""

    def __init__(self, seed: int, faults: Faults, events: int) -> None:
        store, ecis = image()
        disk = MemoryStore()
        disk.write(store._everything())
        self.world = World(seed, disk, faults)
        self.clients = [Client(f"c{i}", i % 2, ecis, [f"c{i}-{n}" for n in range(events)]) for i in range(CLIENTS)]

    def tell(self) -> list[str]:
        """What is wrong in the end; nothing, if all invariants hold."""
        world = self.world
        while not world.live(self._work):
            if world.lives >= LIVES:
                world.faults = NO_FAULTS
        world.faults = NO_FAULTS
        world.live(self._rest)
        return list(self._wrong())

    async def _work(self, engine: Engine, life: Life) -> None:
        await asyncio.gather(*(self._serve(client, engine, life) for client in self.clients))

    async def _serve(self, client: Client, engine: Engine, life: Life) -> None:
        """Deliver until nothing is left, as long as the engine lives."""
        while client.left:
            await asyncio.sleep(life.pause(0.5))
            n = client.left[0]
            delivery = client.delivery(
                n, client.at.setdefault(n, self.world.now() + life.random.randrange(-1000, 20_000))
            )
            asked = [_ask(engine, delivery, waits=life.random.random() < 0.5)]
            if life.happens(life.faults.repeated_delivery):
                asked.append(_ask(engine, delivery, waits=True))
            told = any(await asyncio.gather(*asked))
            if life.happens(life.faults.clock_jump):
                self.world.clock_is_ahead = life.random.choice(CLOCKS)
            if told and life.alive:  # else nobody has heard of it
                client.acknowledged.append(client.left.pop(0))

    async def _rest(self, engine: Engine, _: Life) -> None:
        """All is well now, also the clock, and an operator has looked at what was given up: what is left gets done."""
        disk, world = self.world.disk, self.world
        world.clock_is_ahead = 0
        for effect in disk.parked_effects():  # a clock that jumps ahead makes effects too old to be tried again
            await engine.operations.dead.retry(effect.ikey)
        await self._patiently(lambda: not disk.inbox() and not disk.outbox(1 << 62))
        world.clock_is_ahead = max(CLOCKS) + 60_000  # by then even what was promised by a wrong clock is due
        await self._patiently(lambda: disk.next_due() is None and not disk.inbox())

    @staticmethod
    async def _patiently(done: Callable[[], bool]) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while not done() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(1)

    # --- the verdict --------------------------------------------------------------------------------------

    def _wrong(self) -> Iterator[str]:
        disk = self.world.disk
        yield from self.world.surprises
        entered: list[str] = []
        for number, eci in enumerate(self.clients[0].ecis):
            row = disk.channel(eci)
            pico = "" if row is None else row.pico
            log = disk.log(pico, 0, 1 << 30)
            lists = {name: loads(value) for _, name, value in disk.variables(pico, "ledger")}
            entered += lists.get("entered", [])
            yield from self._wrong_list(number, lists.get("entered", []), log)
            others = [n for c in self.clients for n in c.acknowledged if c.pico != number and not fails(n)]
            own = [n for c in self.clients for n in c.acknowledged if c.pico == number and not fails(n)]
            for name, expected in (("told", others), ("timed", own), ("posted", own)):
                if sorted(lists.get(name, [])) != sorted(expected):
                    yield f"ONCE: {name} of pico {number} is {lists.get(name)}, not {expected} in some order"
            yield from (f"CHAIN: event {each.seq} of pico {number}: {each.what}" for each in breaks(log, 0, b""))
            if any(before.t_commit > after.t_commit for before, after in pairwise(log)):
                yield f"ORD: the times in the log of pico {number} run backwards"
            if past(disk, pico).state() != capture(disk, pico):
                yield f"STATE: the log of pico {number} does not lead to its state"
        yield from self._wrong_effects(entered)
        for client in self.clients:
            if client.left:
                yield f"LIVE: {client.name} has not been told of {client.left}"
        if disk.inbox() or disk.outbox(1 << 62) or disk.next_due() is not None or list(disk.parked_effects()):
            left = (disk.inbox(), disk.outbox(1 << 62), disk.due_timers(1 << 62), disk.parked_effects())
            yield f"LIVE: left are {', '.join(str(len(list(rows))) for rows in left)}: {left}"

    def _wrong_list(self, number: int, entered: list[str], log: list[LogRow]) -> Iterator[str]:
        if entered != [loads(row.event)["attrs"]["n"] for row in log if _is(row, "enter")]:
            yield f"ORD: what pico {number} has entered is not in the order of its log"
        for client in self.clients:
            if client.pico != number:
                continue
            own = [n for n in entered if n.startswith(f"{client.name}-")]
            if own != [n for n in client.acknowledged if not fails(n)]:
                yield f"ACK ONCE ORD: of {client.acknowledged} pico {number} has {own}"
            failed = [loads(row.event)["attrs"]["n"] for row in log if _is(row, "fail")]
            if not {n for n in client.acknowledged if fails(n)} <= set(failed) or len(failed) != len(set(failed)):
                yield f"ACK ONCE: of the failures of {client.name} the log of pico {number} has {failed}"

    def _wrong_effects(self, entered: list[str]) -> Iterator[str]:
        arrived = dict(self.world.sink.arrived)
        counts = Counter(loads(body)["n"] for body in arrived.values())
        if counts != Counter(entered):
            yield f"EFF: {sorted((counts - Counter(entered)) + (Counter(entered) - counts))} arrived not once by key"
        if any(len({body for key, body in self.world.sink.arrived if key == each}) > 1 for each in arrived):
            yield "EFF: one key stood for two effects"


def _is(row: LogRow, type: str) -> bool:
    event = loads(row.event)
    return (event["domain"], event["type"]) == ("ledger", type)


async def _ask(engine: Engine, delivery: Delivery, *, waits: bool) -> bool:
    """Whether the engine has said what became of the event."""
    try:
        await (engine.deliver(delivery) if waits else engine.accept(delivery))
    except Failed:
        return True
    except EngineError:
        await asyncio.sleep(0.1)
        return False
    return True
