"""What tracing costs: two engines in one process, one that traces and one that does not, take turns.

    python -m tests.bench.bench_trace [--sqlite]

Each turn is a few hundred events; the figure is the median, over all pairs of turns, of the throughput that is lost.
Turns that are neighbours in time meet the same machine, so the figure is steady where single ones are not.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from engine import Delivery, Engine, Settings, open_engine

TURNS = 60
EVENTS = 400  # of a turn
AT_ONCE = 50

UI = "io.picolabs.pico-engine-ui"
RULESETS = {
    "one directive": 'ruleset a { rule one { select when x y send_directive("seen", {"n": event:attrs{"n"}}) } }',
    "a counter": """ruleset a {
      rule one { select when x y fired { ent:n := ent:n.defaultsTo(0) + 1 } }
      rule two { select when x y n re#^9$# send_directive("nine") } }""",
    "raise and foreach": """ruleset a {
      rule one { select when x y where event:attrs{"n"} >= 0
        pre { m = ent:m.defaultsTo({}) }
        if m.length() >= 0 then send_directive("s", {"a": 1})
        fired { ent:m := m.put("k", event:attrs{"n"}); raise x event "z" attributes event:attrs } }
      rule two { select when x z n re#(.)# setting(q)
        foreach [1, 2, 3] setting(i)
        send_directive("i", {"i": i}) }
      rule three { select when x p then x y noop() } }""",
}


class Bench:
    """One engine with one pico that has one ruleset."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.eci = engine.ui_context()["eci"]

    async def prepare(self, source: str) -> None:
        await self._deliver("event", "engine_ui", "install", source=source)
        await self._deliver("event", "engine_ui", "new_channel", tags=["bench"])
        channels = (await self._deliver("query", UI, "pico"))["channels"]
        self.eci = next(each["id"] for each in channels if each["tags"] == ["bench"])

    async def _deliver(self, *words: str, **attrs: object) -> dict[str, list[dict[str, object]]]:
        reply = await self.engine.deliver(Delivery("http", self.eci, words, json.dumps(attrs).encode()))
        return reply.value  # type: ignore[no-any-return]

    async def turn(self) -> float:
        """Processor seconds of one turn."""
        began = process_time()
        left = iter(range(EVENTS))
        await asyncio.gather(*(self._some(left) for _ in range(AT_ONCE)))
        return process_time() - began

    async def _some(self, left: Iterator[int]) -> None:
        for _ in left:
            await self.engine.deliver(Delivery("http", self.eci, ("event", "x", "y"), b'{"n": 3}'))


async def measure(name: str, source: str, sqlite: bool) -> None:
    async with AsyncExitStack() as stack:
        benches = []
        for trace in (True, False):
            folder = stack.enter_context(TemporaryDirectory())
            settings = Settings(trace=trace, store=f"sqlite:///{folder}/bench.db" if sqlite else "memory:")
            benches.append(Bench(await stack.enter_async_context(open_engine(settings))))
            await benches[-1].prepare(source)
        pairs = [(await benches[0].turn(), await benches[1].turn()) for _ in range(TURNS)]
    lost = median(1 - off / on for on, off in pairs)
    traced, untraced = (median(seconds) / EVENTS * 1e6 for seconds in zip(*pairs, strict=True))
    print(f"{name:20} traced {traced:6.1f} µs, untraced {untraced:6.1f} µs an event: {lost:5.1%} of throughput")


def main() -> None:
    for name, source in RULESETS.items():
        asyncio.run(measure(name, source, "--sqlite" in sys.argv))


if __name__ == "__main__":
    main()
