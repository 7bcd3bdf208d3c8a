"""One round of torture: a fresh engine, clients, blows; then healing, and the record of what came of it."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from engine import History, LogBroken, Settings, examine_file, open_history, verify_file

from .nemesis import Blow, strike
from .record import LIST_OF, LISTS, Logged, Record, Sent
from .victim import Victim
from .wire import HOST, Wire
from .workload import Client, Target, ask, new_targets, tasks

PATIENCE_SECONDS = 90.0  # until everything is done that was begun; effects may have long pauses between attempts
POLL_SECONDS = 0.1
WORKLOAD = (*LIST_OF, "fail")  # types of the events that the record is about


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a round is."""

    connections: int = 64
    picos: int = 32
    pause_seconds: float = 0.075  # of each client between two events, on the average


async def run_round(
    home: Path, cache: Path, seed: str, blows: Sequence[Blow], shape: Shape, tell: Callable[[str], None]
) -> Record:
    """What came of a round in a fresh home folder; `tell` is told how it goes."""
    async with _sink(seed) as sink:
        victim = Victim(home, cache)
        try:
            await victim.start()
            async with Wire(victim.port) as wire:
                targets = await new_targets(wire, shape.picos)
            url = f"http://{HOST}:{sink}/"
            sent = await _trouble(victim, targets, url, seed, blows, shape, tell)
            drained = await _drained(victim)
            async with Wire(victim.port) as wire:
                lists = {(each.name, name): await ask(wire, each, name) for each in targets for name in LISTS}
            await victim.stop()
        finally:
            await victim.destroy()
        async with Wire(sink) as wire:
            _, arrived = await wire.ask("GET", "/arrived")
    with open_history(Settings(store=victim.store)) as history:
        return Record(
            sent=tuple(sent),
            log={each.name: tuple(logged(history, each.eci)) for each in targets},
            lists=lists,
            arrived=arrived,
            differences=tuple(text for each in targets for text in differences(history, each)),
            breaks=tuple(f"{each.kind}: {each.subject}: {each.what}" for each in _findings(victim.store)),
            left=tuple(left(history)),
            drained_seconds=drained,
            patience_seconds=PATIENCE_SECONDS,
            surprises=tuple(victim.surprises),
        )


async def _trouble(
    victim: Victim,
    targets: Sequence[Target],
    sink: str,
    seed: str,
    blows: Sequence[Blow],
    shape: Shape,
    tell: Callable[[str], None],
) -> list[Sent]:
    """Let clients work and blows fall; what the clients have sent when every one of them has its answers."""
    enough = asyncio.Event()
    clients = [Client(victim.port, victim.surprises) for _ in range(shape.connections)]
    working = [
        asyncio.create_task(
            client.work(tasks(Random(f"{seed}/{n}"), f"c{n}", targets, sink, shape.pause_seconds), enough)
        )
        for n, client in enumerate(clients)
    ]
    try:
        for blow in blows:
            await strike(victim, blow)
            tell(f"{blow.name} ({sum(len(client.sent) for client in clients)} events so far)")
        enough.set()
        _, waiting = await asyncio.wait(working, timeout=PATIENCE_SECONDS)
        victim.surprises += [f"a client was still waiting after {PATIENCE_SECONDS:g} s"] * len(waiting)
    finally:
        for each in working:
            each.cancel()
        ended = await asyncio.gather(*working, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome
    return [sent for client in clients for sent in client.sent]


async def _drained(victim: Victim) -> float | None:
    """How long it takes until nothing is unfinished; None if patience ends before that."""
    began = monotonic()
    quiet = 0  # looks in a row: what a look missed, since it moved on just then, the next one sees
    while monotonic() - began < PATIENCE_SECONDS:
        with open_history(Settings(store=victim.store)) as history:
            quiet = 0 if list(left(history)) else quiet + 1
        if quiet == 2:
            return monotonic() - began
        await asyncio.sleep(POLL_SECONDS)
    return None


@asynccontextmanager
async def _sink(seed: str) -> AsyncIterator[int]:
    """The port of a sink that runs while the block does."""
    command = (sys.executable, "-m", "transports.torture.sink", seed)
    process: Process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, process_group=0)
    try:
        if process.stdout is None:
            raise RuntimeError("the sink does not tell its port")
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


# --- what the store has of it -------------------------------------------------------------------------------------


def logged(history: History, pico: str) -> Iterator[Logged]:
    """The events of the workload in a pico's log."""
    for row in history.log(pico):
        attrs: dict[str, Any] = row["attrs"]
        if row["domain"] == "torture" and row["type"] in WORKLOAD:
            yield Logged(
                row["seq"],
                row["eid"],
                row["type"],
                attrs["id"],
                row["status"],
                attrs.get("to"),
                attrs.get("later", False),
                tuple(f"{row['eid']}/{n}" for n in range(row["effects"])),  # as none of them makes steps
            )


def differences(history: History, target: Target) -> Iterator[str]:
    """Where the log of a pico, evaluated again, leads to something else than is logged or stored."""
    try:
        for each in history.replay(target.eci).run():
            if each is not None:
                yield f"{target.name}, event {each.seq}: {each.what}: {each.expected!r}, replayed {each.actual!r}"
    except LogBroken as error:
        yield f"{target.name}: {error.message}"


def left(history: History) -> Iterator[str]:
    """What the store has begun and not finished."""
    for kind, number in history.unfinished(datetime.now(UTC)).items():
        if number:
            yield f"{number} {kind} are not finished"


def _findings(store: str) -> Iterator[Any]:
    yield from verify_file(store)
    yield from (each for each in examine_file(store) if each.kind != "expired keys")
