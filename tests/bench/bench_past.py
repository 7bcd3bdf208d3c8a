"""How long it takes to tell what a pico was, anywhere in a long log, and to evaluate that log again.

    python -m tests.bench.bench_past [--events 100000]

The log is made by the engine itself: events of three kinds, one of which changes a map that grows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from engine import Delivery, Engine, History, Settings, open_engine, open_history

UI = "io.picolabs.pico-engine-ui"
AT_ONCE = 64
LOOKS = 100
REPLAYED = 5000

RULESET = """ruleset bench {
  rule count { select when x count fired { ent:n := ent:n.defaultsTo(0) + 1 } }
  rule keep { select when x keep fired { ent:map{["k" + (event:attrs{"n"} % 200)]} := event:attrs } }
  rule both { select when x count then x keep fired { ent:both := time:now() } }
}"""


async def prepare(engine: Engine) -> str:
    """A channel of the root, which has the ruleset."""
    ui = engine.ui_context()["eci"]

    async def deliver(*words: str, **attrs: object) -> object:
        return (await engine.deliver(Delivery("http", ui, words, json.dumps(attrs).encode()))).value

    await deliver("event", "engine_ui", "install", source=RULESET)
    await deliver("event", "engine_ui", "new_channel", tags=["bench"])
    found = await deliver("query", UI, "pico")
    assert isinstance(found, dict)
    return next(each["id"] for each in found["channels"] if each["tags"] == ["bench"])


async def fill(engine: Engine, eci: str, events: int) -> None:
    """Let so many events happen."""
    left = iter(range(events))

    async def some(left: Iterator[int]) -> None:
        for n in left:
            words = ("event", "x", "keep" if n % 3 == 0 else "count")
            await engine.deliver(Delivery("http", eci, words, json.dumps({"n": n}).encode()))

    await asyncio.gather(*(some(left) for _ in range(AT_ONCE)))


async def make(settings: Settings, events: int) -> tuple[str, float]:
    """A channel of the pico with the long log, and the seconds that its events took."""
    async with open_engine(settings) as engine:
        eci = await prepare(engine)
        began = perf_counter()
        await fill(engine, eci, events)
        return eci, perf_counter() - began


def look(history: History, eci: str) -> list[float]:
    """Milliseconds of a look at the past, at random places."""
    last, chance, times = history.state(eci)["seq"], Random(1), []
    for _ in range(LOOKS):
        seq = chance.randint(1, last)
        began = perf_counter()
        history.state(eci, str(seq))
        times.append((perf_counter() - began) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    events = parser.parse_args().events
    with TemporaryDirectory() as folder:
        settings = Settings(store=f"sqlite:///{Path(folder) / 'bench.db'}", trace=False)
        eci, seconds = asyncio.run(make(settings, events))
        print(f"{events} events: {events / seconds:,.0f} a second, as they happened")
        with open_history(settings) as history:
            times = look(history, eci)
            print(
                f"state at a random event: median {median(times):.1f} ms, 95 % {quantiles(times, n=20)[-1]:.1f} ms,"
                f" slowest {max(times):.1f} ms"
            )
            began = perf_counter()
            replay = history.replay(eci)
            found = sum(each is not None for each in replay.run(REPLAYED))
            seconds = perf_counter() - began
            print(f"evaluated again: {replay.tally.evaluated / seconds:,.0f} events a second, {found} divergences")


if __name__ == "__main__":
    main()
