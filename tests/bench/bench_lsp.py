"""How soon an editor is answered: a ruleset of a thousand lines, a key pressed in its middle, and what is told then.

    python -m tests.bench.bench_lsp [--quick] [--json FILE]

The language server is a process of its own, spoken to over its pipes as an editor does. Each key is a change of one
character, which sometimes leaves the text broken; the time counts until the diagnostics of that version are there.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.transports.cli.lsp.editor import Editor, position

from .krl_corpus import ruleset
from .servers import Figures

LINES = 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="few keys")
    options.add_argument("--keys", type=int, default=60)
    options.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON, too")
    chosen = options.parse_args()
    figures = run(10 if chosen.quick else chosen.keys)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


def run(keys: int) -> Figures:
    """Measure and print."""
    text = ruleset(random.Random(1), 1, LINES)
    place = text.index("\n", len(text) // 2)
    with Editor() as editor:
        uri = editor.open(text)
        editor.diagnostics(uri)
        times: dict[str, list[float]] = {"diagnostics": [], "completion": []}
        for number in range(keys):
            character = "x(= \n"[number % 5]
            at = position(text, place)
            began = time.perf_counter()
            version = editor.change(uri, {"range": {"start": at, "end": at}, "text": character})
            editor.diagnostics(uri, version)
            times["diagnostics"].append((time.perf_counter() - began) * 1000)
            text = text[:place] + character + text[place:]
            times["completion"].append(_milliseconds(lambda: _complete(editor, uri, at)))  # noqa: B023 - called at once
    figures = {name: {"median_ms": median(found), "worst_ms": max(found)} for name, found in times.items()}
    print(f"{text.count(chr(10)):,} lines")
    for name, found in figures.items():
        print(f"{name:<14} median {found['median_ms']:>6.1f} ms   worst {found['worst_ms']:>6.1f} ms")
    return figures


def _complete(editor: Editor, uri: str, at: dict[str, int]) -> None:
    editor.ask("textDocument/completion", textDocument={"uri": uri}, position=at)


def _milliseconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
