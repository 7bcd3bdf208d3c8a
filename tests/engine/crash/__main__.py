"""Every place at which the story can be broken off, and every pair of a place and one in the recovery from it.

    python -m tests.engine.crash [--every N] [--pairs-every N] [--jobs N]

`--every 10` tries each tenth place only. Takes minutes; tells on the standard error how far it has come, and on the
standard output what came to something else. Exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import monotonic

from tests.engine.crash.engines import after, at
from tests.engine.crash.enumeration import Crash, Stage, faults, stage

READY = "T11.7"  # a recovery is complete
BEYOND = 5  # places behind it that pairs still try

Case = tuple[Crash, ...]
Check = Callable[[Stage, Case], list[str]]


def places(opened: Stage, every: int) -> list[Case]:
    """Every place of the story; some more than were counted, since two threads never run quite alike."""
    return [(after(k),) for k in range(1, len(opened.points()) + BEYOND, every)]


def pairs(opened: Stage, every: int) -> Iterator[Case]:
    """Each kind of point once, and with it every place up to the end of the recovery."""
    reached = opened.points()
    for point in dict.fromkeys(reached):
        first = at(point, (reached.count(point) + 1) // 2)
        recovery = opened.points(first)
        length = recovery.index(READY) + BEYOND if READY in recovery else 0
        yield from ((first, after(k)) for k in range(1, length, every))


def starts(opened: Stage, every: int) -> Iterator[Case]:
    """Every place of a first start."""
    k = 1
    while opened.first_start(after(k))[0]:
        yield (after(k),)
        k += every


def run(folder: Path, jobs: int, what: str, cases: list[Case], check: Check) -> int:
    """Check all cases on so many stages at one time; how many failed."""
    waiting: SimpleQueue[Case] = SimpleQueue()
    for case in cases:
        waiting.put(case)
    began = monotonic()

    def work(number: int) -> int:
        bad = 0
        with stage(folder / f"{what}-{number}") as opened:
            while not waiting.empty():
                case = waiting.get()
                found = check(opened, case)
                bad += bool(found)
                for text in found:
                    print(f"{what} {case}: {text}", flush=True)
                print(f"\r{what}: {waiting.qsize():5} left, {monotonic() - began:5.0f} s", end="", file=sys.stderr)
        return bad

    with ThreadPoolExecutor(jobs) as threads:
        bad = sum(threads.map(work, range(jobs)))
    print(file=sys.stderr)
    print(f"{what}: {len(cases)} tried, {bad} came to something else ({monotonic() - began:.0f} s)", flush=True)
    return bad


def main() -> int:
    """See the module."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--pairs-every", type=int, default=1)
    options.add_argument("--jobs", type=int, default=2)
    chosen = options.parse_args()
    with TemporaryDirectory(prefix="picoengine-crash-") as name:
        folder = Path(name)
        with stage(folder / "first") as opened:
            calm = opened.tell()
            root = opened.first_start({})
            singles, doubles = places(opened, chosen.every), list(pairs(opened, chosen.pairs_every))
            first_starts = list(starts(opened, chosen.every))

        def whole_story(on: Stage, case: Case) -> list[str]:
            return faults(on.tell(*case), calm)

        def same_root(on: Stage, case: Case) -> list[str]:
            _, found = on.first_start(*case)
            return [f"{name}: {found[name]}, not {root[1][name]}" for name in found if found[name] != root[1][name]]

        bad = run(folder, chosen.jobs, "places", singles, whole_story)
        bad += run(folder, chosen.jobs, "first starts", first_starts, same_root)
        bad += run(folder, chosen.jobs, "pairs", doubles, whole_story)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
