"""All benches, one after the other: `python -m tests.bench [--quick] [--json FILE]`.

Each runs in a process of its own, so that none meets what another has left behind. Each can be run alone, with more to
choose from; its docstring says what it measures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BENCHES = ("bench_krl", "bench_http", "bench_scale", "bench_transports", "bench_lsp")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="few and short runs: figures that say little")
    options.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON, too")
    chosen = options.parse_args()
    figures = {name: run(name, quick=chosen.quick) for name in BENCHES}
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


def run(name: str, *, quick: bool) -> object:
    """Run one bench, which prints its table; its figures."""
    print(f"--- {name} ---", flush=True)
    with TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"tests.bench.{name}", "--json", str(figures)]
        subprocess.run([*command, "--quick"] if quick else command, check=True)
        return json.loads(figures.read_text())


if __name__ == "__main__":
    main()
