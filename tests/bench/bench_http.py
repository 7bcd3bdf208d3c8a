"""How fast the whole program is over HTTP, beside the bare pipeline.

    python -m tests.bench.bench_http [--quick] [--pairs N] [--seconds S] [--json FILE]

Each shape is measured in pairs, the bare pipeline first, then the engine with its default settings (synced commits,
trace, policies): machines are shared and noisy, so what counts is the median of the ratios of the pairs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .servers import Figures, Request, Server, bare_pipeline, data_folder, engine, load

PICOS = 100
CHAIN = 10
RULESET = """
ruleset bench {
  meta { shares count }
  global { count = function() { ent:count } }
  rule hit {
    select when bench hit
    pre { n = event:attrs{"n"} }
    send_directive("counted", {"n": n})
    fired {
      ent:count := ent:count.defaultsTo(0) + 1
      ent:value := n
    }
  }
  rule link {
    select when bench link
    pre { left = event:attrs{"left"} }
    fired {
      ent:count := ent:count.defaultsTo(0) + 1
      ent:value := event:attrs{"n"}
      raise bench event "link" attributes {"n": event:attrs{"n"}, "left": left - 1} if left > 1
    }
  }
}
"""


@dataclass(frozen=True)
class Shape:
    """A kind of load, for the engine and for the bare pipeline."""

    name: str
    connections: int
    ours: list[Request]
    bare: list[Request]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(options)
    options.add_argument("--only", metavar="TEXT", default="", help="only shapes whose name has this in it")
    chosen = options.parse_args()
    figures = run(quick=chosen.quick, pairs=chosen.pairs, seconds=chosen.seconds, only=chosen.only)
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(figures, indent=2))


def add_options(options: argparse.ArgumentParser) -> None:
    """Those that this bench shares with the one that runs all."""
    options.add_argument("--quick", action="store_true", help="two short pairs")
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3.0, help="of each run")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON, too")


def run(*, quick: bool = False, pairs: int = 5, seconds: float = 3.0, only: str = "") -> Figures:
    """Measure and print all shapes."""
    if quick:
        pairs, seconds = 2, 1.0
    figures: Figures = {}
    with data_folder() as folder, bare_pipeline(folder) as bare, engine(folder / "home") as ours:
        ecis = list(picos(ours, PICOS))
        print(
            f"{'shape':<38}{'bare/s':>9}{'ours/s':>9}{'ratio':>7}  {'spread':<12}"
            f"{'p50 ms':>8}{'p99 ms':>8}{'p99 ratio':>10}"
        )
        for shape in shapes(ecis):
            if only in shape.name:
                figures[shape.name] = measure(shape, bare, ours, pairs, seconds)
                show(shape.name, figures[shape.name])
    chain = [name for name in figures if name.startswith("chain")]
    for name in chain:
        single = figures.get(name.replace(f"chain of {CHAIN}", "waited event"))
        if single:
            cost = single["ours"] / figures[name]["ours"]
            figures[name]["cost_in_events"] = cost
            print(f"{name}: {cost:.1f} times a single event, {cost / CHAIN:.2f} for each of its events")
    return figures


def shapes(ecis: list[str]) -> Iterator[Shape]:
    """All that is measured."""
    body = '{"n":@}'
    link = f'{{"n":@,"left":{CHAIN}}}'
    for kind, path in (("waited event", "event-wait"), ("asynchronous event", "event")):
        for number in (1, len(ecis)):
            some = ecis[:number]
            ours = [{"path": f"/c/{eci}/{path}/bench/hit", "body": body} for eci in some]
            bare = [{"path": f"/c/{eci}", "body": body} for eci in some]
            for connections in (1, 16, 64) if path == "event-wait" else (64,):
                yield Shape(f"{kind}, {number} pico{'s'[: number > 1]}, {connections}", connections, ours, bare)
    gets = [{"method": "GET", "path": f"/c/{eci}/query/bench/count"} for eci in ecis]
    bare_gets = [{"method": "GET", "path": f"/c/{eci}"} for eci in ecis]
    yield Shape(f"query, {len(ecis)} picos, 64", 64, gets, bare_gets)
    for number in (1, len(ecis)):
        some = ecis[:number]
        ours = [{"path": f"/c/{eci}/event-wait/bench/link", "body": link} for eci in some]
        bare = [{"path": f"/c/{eci}", "body": body} for eci in some]
        yield Shape(f"chain of {CHAIN}, {number} pico{'s'[: number > 1]}, 64", 64, ours, bare)


def measure(shape: Shape, bare: Server, ours: Server, pairs: int, seconds: float) -> Figures:
    """Medians of the pairs, and the spread of their ratios."""
    runs = []
    for _ in range(pairs):
        with disk_flushes() as flushes:
            first = load(bare, shape.bare, shape.connections, seconds)
        before = flushes[0] / first["requests"]
        with disk_flushes() as flushes:
            second = load(ours, shape.ours, shape.connections, seconds)
        runs.append((first, second, before, flushes[0] / second["requests"]))
    ratios = [second["rate"] / first["rate"] for first, second, *_ in runs]
    return {
        "bare": median(first["rate"] for first, *_ in runs),
        "ours": median(second["rate"] for _, second, *_ in runs),
        "ratio": median(ratios),
        "ratios": ratios,
        "p50_ms": median(second["p50_ms"] for _, second, *_ in runs),
        "p99_ms": median(second["p99_ms"] for _, second, *_ in runs),
        "bare_p99_ms": median(first["p99_ms"] for first, *_ in runs),
        "p99_ratio": median(second["p99_ms"] / first["p99_ms"] for first, second, *_ in runs),
        "bare_cpu_us": median(first["cpu_us"] for first, *_ in runs),
        "cpu_us": median(second["cpu_us"] for _, second, *_ in runs),
        "bare_flushes": median(run[2] for run in runs),
        "flushes": median(run[3] for run in runs),
    }


def show(name: str, found: Figures) -> None:
    """One line of the table."""
    spread = f"{min(found['ratios']):.2f}–{max(found['ratios']):.2f}"
    print(
        f"{name:<38}{found['bare']:>9,.0f}{found['ours']:>9,.0f}{found['ratio']:>7.2f}  {spread:<12}"
        f"{found['p50_ms']:>8.1f}{found['p99_ms']:>8.1f}{found['p99_ratio']:>10.1f}"
        f"   µs of CPU: {found['bare_cpu_us']:.0f}, {found['cpu_us']:.0f}"
        f"   disk flushes: {found['bare_flushes']:.2f}, {found['flushes']:.2f}",
        flush=True,
    )


@contextmanager
def disk_flushes() -> Iterator[list[int]]:
    """How often any disk of the machine was flushed in the block: the more events share one, the better."""
    counted = [0]
    before = _flushes()
    yield counted
    counted[0] = _flushes() - before


def _flushes() -> int:
    """The 18th column of each disk's line (Linux 5.5 and later); 0 where nothing tells."""
    try:
        lines = [line.split() for line in Path("/proc/diskstats").read_text().splitlines()]
    except OSError:
        return 0
    return sum(int(fields[18]) for fields in lines if len(fields) > 18)


def picos(server: Server, number: int) -> Iterator[str]:
    """Make so many children of the root, each with the bench's ruleset; the ECIs of a channel of each."""
    root = server.ask("GET", "/api/ui-context")["eci"]
    ui = "io.picolabs.pico-engine-ui"
    for at in range(number):
        server.ask("POST", f"/c/{root}/event-wait/engine_ui/new", {"name": f"bench {at}"})
    for child in server.ask("GET", f"/c/{root}/query/{ui}/box")["children"]:
        server.ask("POST", f"/c/{child}/event-wait/engine_ui/install", {"source": RULESET})
        server.ask("POST", f"/c/{child}/event-wait/engine_ui/new_channel", {"tags": ["bench"]})
        channels = server.ask("GET", f"/c/{child}/query/{ui}/pico")["channels"]
        yield next(each["id"] for each in channels if each["tags"] == ["bench"])


if __name__ == "__main__":
    main()
