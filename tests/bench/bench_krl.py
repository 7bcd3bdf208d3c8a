"""How fast KRL is: reading it, running it, matching events, starting.

    python -m tests.bench.bench_krl [--json FILE] [--quick]

Each figure is a median, each ratio the median of the ratios of runs that alternate, since machines are shared and
noisy. A ratio compares a KRL function with the same function written by hand in Python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from krl import (
    EventFacts,
    Here,
    Instance,
    KRLLoadError,
    Limits,
    LocalHost,
    ProgramCache,
    Rule,
    Source,
    Use,
    check,
    compile_ruleset,
    parse,
    step,
)
from tests.bench.krl_corpus import corpus

Figures = dict[str, float]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON, too")
    options.add_argument("--quick", action="store_true", help="a fifth of the corpus, fewer rounds")
    chosen = options.parse_args()
    rounds = 3 if chosen.quick else 7
    figures = {
        **front_end(corpus(size=20 if chosen.quick else 100), rounds=3),
        **bodies(rounds),
        **events(rounds),
        **start(rounds),
    }
    for name, value in figures.items():
        print(f"{name:<44}{value:>14,.2f}")
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


# --- reading ------------------------------------------------------------------------------------------------


def front_end(texts: list[str], rounds: int) -> Figures:
    """Lines a second through each stage; `load` is all that a new ruleset needs before it can run."""
    sources = [Source(text) for text in texts]
    lines = sum(text.count("\n") for text in texts)
    trees = [parse(source) for source in sources]  # also builds the parser
    middle = Source(next(text for text in sorted(corpus(), key=len) if text.count("\n") >= 300))
    one = middle.text.count("\n") / 300
    stages: dict[str, Callable[[], object]] = {
        "parse": lambda: [parse(source) for source in sources],
        "check": lambda: [check(tree, source) for tree, source in zip(trees, sources, strict=True)],
        "parse, check, compile": lambda: [compile_ruleset(source) for source in sources],
    }
    figures = {f"{name}: lines/s": lines / seconds(work, rounds) for name, work in stages.items()}
    figures["parse of 300 lines: ms"] = seconds(lambda: parse(middle), 2 * rounds) / one * 1e3
    figures["parse, check, compile of 300 lines: ms"] = seconds(lambda: compile_ruleset(middle), 2 * rounds) / one * 1e3
    with TemporaryDirectory() as folder:
        cache = ProgramCache(Path(folder))
        compile_ruleset(middle, cache)
        figures["300 lines out of the cache: ms"] = seconds(lambda: compile_ruleset(middle, cache), 20) / one * 1e3
    return figures


# --- running ------------------------------------------------------------------------------------------------

BODIES = """
ruleset bench.bodies {
  meta { shares arithmetic, words, rows, fibonacci }
  global {
    arithmetic = function(a, b){
      c = a * b + 7
      d = c - a * 3
      e = c > d => c % 13 | d
      e * e - b + (a < b => 1 | 2)
    }
    words = function(first, last){
      name = first + " " + last
      key = name.uc() + "-" + name.length()
      key == "ADA LOVELACE-12" => key.lc() | <<#{first}/#{last}>>
    }
    rows = function(xs){
      xs.map(function(x){ x * 2 + 1 }).filter(function(x){ x % 3 > 0 }).reduce(function(a, x){ a + x }, 0)
    }
    fibonacci = function(n){ n < 2 => n | fibonacci(n - 1) + fibonacci(n - 2) }
  }
}
"""


def arithmetic(a: int, b: int) -> int:
    c = a * b + 7
    d = c - a * 3
    e = c % 13 if c > d else d
    return e * e - b + (1 if a < b else 2)


def words(first: str, last: str) -> str:
    name = first + " " + last
    key = name.upper() + "-" + str(len(name))
    return key.lower() if key == "ADA LOVELACE-12" else f"{first}/{last}"


def rows(xs: list[int]) -> int:
    doubled = [x * 2 + 1 for x in xs]
    kept = [x for x in doubled if x % 3 > 0]
    return reduce(lambda a, x: a + x, kept, 0)


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], int]] = [
    (arithmetic, (17, 5), 20_000),
    (words, ("Ada", "Lovelace"), 20_000),
    (rows, (list(range(1_000)),), 40),
    (fibonacci, (16,), 10),
]
"""What is called, with what, and how often in one run."""


def bodies(rounds: int) -> Figures:
    """How many times longer a KRL body takes than the same by hand."""
    host = endless_host()
    functions = loaded(BODIES, host).names
    figures = {}
    for by_hand, arguments, times in CALLS:
        krl = functions[by_hand.__name__]
        assert krl(host, *arguments) == by_hand(*arguments)
        figures[f"{by_hand.__name__}: times Python"] = ratio(
            repeated(krl, (host, *arguments), times), repeated(by_hand, arguments, times), rounds
        )
    return figures


def repeated(function: Callable[..., Any], arguments: tuple[Any, ...], times: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(times):
            function(*arguments)

    return work


# --- matching -----------------------------------------------------------------------------------------------

EXPRESSIONS = {
    "primitive": "a:p",
    "attribute test": "a:p name re#^(.+)$# setting(x)",
    "where": 'a:p where event:attrs{"n"} > 1',
    "or of five": "or(a:q, a:r, a:s, a:t, a:p)",
    "before": "a:p before a:q",
    "then": "a:p then a:p",
    "any 2 of 4": "any 2 (a:p, a:q, a:r, a:s)",
    "count 3, max": "count 3 (a:p n re#(.+)#) max(m)",
    "within": "a:p before a:q within 5 minutes",
}


def events(rounds: int, times: int = 5_000) -> Figures:
    """Events a second through one event expression; each event is one that the rule listens for."""
    rules = "\n".join(f"rule r{n} {{ select when {text} }}" for n, text in enumerate(EXPRESSIONS.values()))
    host = endless_host()
    instance = loaded(f"ruleset bench.events {{ {rules} }}", host)
    host.event = EventFacts("e", "c", "a", "p", {"name": "Ada", "n": 5}, 1_000)
    return {
        f"{name}: events/s": times / seconds(offered(rule, host, times), rounds)
        for name, rule in zip(EXPRESSIONS, instance.rules, strict=True)
    }


def offered(rule: Rule, host: LocalHost, times: int) -> Callable[[], None]:
    def work() -> None:
        memory = None
        for _ in range(times):
            memory, _ = step(rule, host, memory)

    return work


# --- starting -----------------------------------------------------------------------------------------------


def start(rounds: int) -> Figures:
    """A fresh process, with warm tables, until it has parsed its first expression: milliseconds of our own."""
    program = (
        "from time import perf_counter as now; began = now()\n"
        "from krl import Source, parse\n"
        "parse(Source('1 + 1')); print(now() - began)"
    )
    taken = []
    for _ in range(rounds + 1):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        taken.append(float(done.stdout))
    return {"import and parser: ms": median(taken[1:]) * 1e3}


# --- measuring ----------------------------------------------------------------------------------------------


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median time of one run."""
    return median(timed(work) for _ in range(rounds))


def ratio(one: Callable[[], object], other: Callable[[], object], rounds: int) -> float:
    """The median of the ratios of runs in turn, so that a slow moment of the machine meets both."""
    return median(timed(one) / timed(other) for _ in range(max(rounds, 5)))


def timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def endless_host() -> LocalHost:
    return LocalHost(limits=Limits(max_steps=10**12))


def loaded(text: str, host: LocalHost) -> Instance:
    program = compile_ruleset(Source(text))
    return program.load(host, Here(program.rid, meta=program.meta), no_modules)


def no_modules(use: Use, *_: object) -> Instance:
    raise KRLLoadError(f"no module {use.rid}")


if __name__ == "__main__":
    main()
