"""How cost grows with the number of picos: stores of 1,000, 10,000 and 100,000 side by side.

    python -m tests.bench.bench_scale [--quick] [--sizes N,N,…] [--rounds N] [--json FILE]

Each store has one root and so many children, all but two of them written by tests/bench/bulk.py. Sleeping picos are
asked in an order of chance, so that hardly any is awake when its turn comes. Figures are medians of the rounds, which
go through the sizes in turn.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import time
from pathlib import Path
from statistics import median

from engine.store.sqlite import SQLiteStore

from .bulk import populate
from .servers import Figures, Request, Server, data_folder, engine, load

SIZES = (1_000, 10_000, 100_000)
SAMPLE = 20_000  # picos that are asked
UI = "io.picolabs.pico-engine-ui"
ROWS = (
    ("start_seconds", "start to the first answer, s", "{:,.2f}"),
    ("resident_mib", "resident memory after the start, MiB", "{:,.0f}"),
    ("sleeping_p50_ms", "event to a sleeping pico, p50, ms", "{:,.2f}"),
    ("sleeping_p99_ms", "event to a sleeping pico, p99, ms", "{:,.2f}"),
    ("sleeping_rate", "events to sleeping picos, 64 connections, 1/s", "{:,.0f}"),
    ("query_rate", "queries to sleeping picos, 64 connections, 1/s", "{:,.0f}"),
    ("children_rate", "children made by wrangler, 1/s", "{:,.0f}"),
    ("pico_bytes", "bytes on disk of a sleeping pico", "{:,.0f}"),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="1,000 and 10,000 picos, one short round")
    options.add_argument("--sizes", type=lambda text: [int(each) for each in text.split(",")], default=list(SIZES))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=3.0, help="of each run under load")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON, too")
    chosen = options.parse_args()
    figures = run(quick=chosen.quick, sizes=chosen.sizes, rounds=chosen.rounds, seconds=chosen.seconds)
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(figures, indent=2))


def run(
    *, quick: bool = False, sizes: list[int] | tuple[int, ...] = SIZES, rounds: int = 3, seconds: float = 3.0
) -> Figures:
    """Measure and print all sizes."""
    if quick:
        sizes, rounds, seconds = [size for size in sizes if size <= 10_000], 1, 1.0
    with data_folder() as folder:
        bytes_of = {size: make(folder / str(size), size) for size in sizes}
        runs: dict[int, list[Figures]] = {size: [] for size in sizes}
        for _ in range(rounds):
            for size in sizes:
                runs[size].append(measure(folder / str(size), seconds))
    figures = {
        str(size): {name: median(each[name] for each in found) for name in found[0]} | {"pico_bytes": bytes_of[size]}
        for size, found in runs.items()
    }
    show(figures)
    return figures


def show(figures: Figures) -> None:
    """The table, a column for each size."""
    print(f"{'picos':<50}" + "".join(f"{int(size):>12,}" for size in figures))
    for name, title, form in ROWS:
        print(f"{title:<50}" + "".join(f"{form.format(found[name]):>12}" for found in figures.values()))


def make(home: Path, size: int) -> float:
    """A home folder with so many children; the bytes on disk that each of those written in bulk takes."""
    with engine(home) as server:
        root = server.ask("GET", "/api/ui-context")["eci"]
        for at in range(2):
            server.ask("POST", f"/c/{root}/event-wait/engine_ui/new", {"name": f"child {at}"})
        for child in server.ask("GET", f"/c/{root}/query/{UI}/box")["children"]:
            server.ask("GET", f"/c/{child}/query/{UI}/box")  # in its turn behind the child's own first events
    path = home / "picoengine.db"
    before = path.stat().st_size
    store = SQLiteStore(path)
    populate(store, store.children(store.roots()[0].id)[0].id, size - 2)
    store.close()
    return (path.stat().st_size - before) / (size - 2)


def measure(home: Path, seconds: float) -> Figures:
    """One round with one store."""
    children = sleeping(home)
    began = time.perf_counter()
    with engine(home) as server:
        root = server.ask("GET", "/api/ui-context")["eci"]
        server.ask("GET", f"/c/{root}/query/{UI}/name")
        started = time.perf_counter() - began
        resident = server.resident_bytes() / 2**20
        lone = load(server, moves(children[::2]), 1, seconds)
        many = load(server, moves(children[1::2]), 64, seconds)
        queries = load(server, names(children), 64, seconds)
        made = load(server, [{"path": f"/c/{root}/event-wait/engine_ui/new", "body": '{"name":"child @"}'}], 4, seconds)
        settle(server, root)
    return {
        "start_seconds": started,
        "resident_mib": resident,
        "sleeping_p50_ms": lone["p50_ms"],
        "sleeping_p99_ms": lone["p99_ms"],
        "sleeping_rate": many["rate"],
        "query_rate": queries["rate"],
        "children_rate": made["rate"],
    }


def sleeping(home: Path) -> list[str]:
    """The UI channels of some of the children, in an order of chance."""
    connection = sqlite3.connect(home / "picoengine.db")
    try:
        rows = connection.execute("""SELECT eci FROM channel WHERE tags = '["engine","ui"]'""").fetchall()
    finally:
        connection.close()
    ecis = [eci for (eci,) in rows]
    random.shuffle(ecis)
    return ecis[:SAMPLE]


def moves(ecis: list[str]) -> list[Request]:
    """An event for each, which changes what it stores."""
    return [{"path": f"/c/{eci}/event-wait/engine_ui/box", "body": '{"x":@}'} for eci in ecis]


def names(ecis: list[str]) -> list[Request]:
    """A query for each."""
    return [{"method": "GET", "path": f"/c/{eci}/query/{UI}/name"} for eci in ecis]


def settle(server: Server, root: str) -> None:
    """Return when the root has nothing to do any more."""
    server.ask("GET", f"/c/{root}/query/{UI}/name")


if __name__ == "__main__":
    main()
