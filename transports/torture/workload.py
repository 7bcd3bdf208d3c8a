"""What the engine has to do while it is hurt: picos with lists, and clients who each send one event after the other.

What a client sends follows from the seed alone. It repeats a delivery under the same key until it is acknowledged, as
a careful client does, except for a few that it gives up at the first broken connection; and now and then it repeats
one that was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from time import monotonic
from typing import Any

from .record import Sent
from .wire import Wire

RID = "picoengine.torture"
RULESET = """ruleset picoengine.torture {
  meta { shares entries, told, timed }
  global {
    entries = function() { ent:entries.defaultsTo([]) }
    told = function() { ent:told.defaultsTo([]) }
    timed = function() { ent:timed.defaultsTo([]) }
  }
  rule enter { select when torture enter
    if event:attrs{"eci"} then event:send({"eci": event:attrs{"eci"}, "domain": "torture", "type": "tell",
      "attrs": {"id": event:attrs{"id"}}})
    always {
      ent:entries := entries().append(event:attrs{"id"})
      schedule torture event "time" at time:now() attributes {"id": event:attrs{"id"}} if event:attrs{"later"} } }
  rule post { select when torture enter
    if event:attrs{"sink"} then http:post(event:attrs{"sink"}, json = {"id": event:attrs{"id"}}) }
  rule tell { select when torture tell always { ent:told := told().append(event:attrs{"id"}) } }
  rule time { select when torture time always { ent:timed := timed().append(event:attrs{"id"}) } }
  rule write { select when torture fail
    if event:attrs{"sink"} then http:post(event:attrs{"sink"}, json = {"id": event:attrs{"id"}})
    always { ent:entries := entries().append(event:attrs{"id"}) } }
  rule fail { select when torture fail always { ent:failed := 1 - "one" } }
}"""

UI = "io.picolabs.pico-engine-ui"
AGAIN_SECONDS = 0.05  # after a refusal or a broken connection
BUSY = (429, 503)
EVENTS_A_CONNECTION = 20  # then a client makes a new one

FAIL, GIVE_UP, REPEAT, TELL, LATER, POST = 0.03, 0.05, 0.05, 0.3, 0.15, 0.1  # shares of the events


@dataclass(frozen=True, slots=True)
class Target:
    """A pico of the workload."""

    name: str
    eci: str


async def new_targets(wire: Wire, picos: int) -> list[Target]:
    """So many children of the root, with the ruleset of the workload."""
    root = (await _must(wire, "GET", "/api/ui-context"))["eci"]
    return [await _new_target(wire, root, f"p{n}") for n in range(picos)]


async def _new_target(wire: Wire, root: str, name: str) -> Target:
    before = (await _must(wire, "GET", f"/c/{root}/query/{UI}/box"))["children"]
    children = (await _must(wire, "POST", f"/c/{root}/event/engine_ui/new/query/{UI}/box", {"name": name}))["children"]
    [ui] = [eci for eci in children if eci not in before]
    await _must(wire, "POST", f"/c/{ui}/event-wait/engine_ui/install", {"source": RULESET})
    pico = await _must(wire, "POST", f"/c/{ui}/event/engine_ui/new_channel/query/{UI}/pico", {"tags": ["torture"]})
    return Target(name, next(each["id"] for each in pico["channels"] if each["tags"] == ["torture"]))


async def _must(wire: Wire, method: str, path: str, members: Any = None) -> Any:
    """The answer's JSON. Raises RuntimeError for an answer that says no."""
    status, answer = await wire.ask(method, path, members)
    if status >= 300:
        raise RuntimeError(f"{method} {path} was answered with {status}: {answer}")
    return answer


async def ask(wire: Wire, target: Target, name: str) -> tuple[str, ...]:
    """One of the lists of a pico."""
    return tuple(await _must(wire, "GET", f"/c/{target.eci}/query/{RID}/{name}"))


@dataclass(frozen=True, slots=True)
class Task:
    """One event that a client is going to send."""

    sent: Sent
    target: Target
    attrs: dict[str, Any]
    waits: bool
    gives_up: bool
    repeats: bool
    pause_seconds: float


def tasks(random: Random, client: str, targets: Sequence[Target], sink: str, pause_seconds: float) -> Any:
    """What a client sends, without end. Its choices do not depend on what it is answered."""
    for number in count():
        fails, gives_up, repeats, tells, later, posts = (
            random.random() < share for share in (FAIL, GIVE_UP, REPEAT, TELL, LATER, POST)
        )
        target, other, waits, pause = (
            random.choice(targets),
            random.choice(targets),
            random.random() < 0.5,
            random.uniform(0, 2 * pause_seconds),
        )
        id = f"{client}-{number}"
        attrs: dict[str, Any] = {"id": id}
        attrs |= {"to": other.name, "eci": other.eci} if tells and not fails else {}
        attrs |= {"later": True} if later else {}
        attrs |= {"sink": sink} if posts else {}
        sent = Sent(id, client, number, target.name, "fail" if fails else "enter", 0.0)
        yield Task(sent, target, attrs, waits, gives_up, repeats, pause)


class Client:
    """One who sends events, one after the other."""

    def __init__(self, port: int, surprises: list[str]) -> None:
        self.sent: list[Sent] = []
        self._wire = Wire(port)
        self._surprises = surprises

    async def work(self, tasks: Any, enough: asyncio.Event) -> None:
        """Send until it is enough, and what was begun to its end."""
        async with self._wire:
            for number, task in enumerate(tasks):
                await asyncio.sleep(task.pause_seconds)
                if enough.is_set():
                    return
                if number % EVENTS_A_CONNECTION == 0:
                    self._wire.close()
                await self.deliver(task)

    async def deliver(self, task: Task) -> None:
        """One event, until it is acknowledged or given up."""
        place = len(self.sent)
        self.sent.append(replace(task.sent, asked_at=monotonic()))
        while (eid := await self._try(task)) is None:
            if task.gives_up:
                return
            await asyncio.sleep(AGAIN_SECONDS)
        self.sent[place] = replace(self.sent[place], acked_at=monotonic(), eids=(eid,))
        if task.repeats and (again := await self._try(task)):
            self.sent[place] = replace(self.sent[place], eids=(eid, again))

    async def _try(self, task: Task) -> str | None:
        """The eid of the acknowledgement; None if there was none."""
        route = "event-wait" if task.waits else "event"
        path = f"/c/{task.target.eci}/{route}/torture/{task.sent.type}"
        try:
            status, answer = await self._wire.ask("POST", path, task.attrs, {"idempotency-key": task.sent.id})
        except OSError:
            return None
        if status in BUSY:
            return None
        eid = answer.get("eid") if isinstance(answer, dict) else answer
        if not isinstance(eid, str) or status not in (200, 202, 500):
            self._surprises.append(f"{task.sent.id} was answered with {status}: {answer}")
            return None
        return eid
