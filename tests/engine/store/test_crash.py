"""A process that writes is killed in the middle: what it had acknowledged is there, and no batch is there in part."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.store.interface import Writes
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import pico_row

ROOT = Path(__file__).parents[3]

# Each batch has three Writes: two events of one pico, and a row on its own. The number is printed after the commit.
PROGRAM = """
import itertools, sys
from engine.store.interface import Writes
from engine.store.sqlite import SQLiteStore
from tests.engine.store.rows import log_row

store = SQLiteStore(sys.argv[1])
for n in itertools.count():
    batch = [Writes(facts={"batch": str(n)})]
    for at in (2 * n, 2 * n + 1):
        event = Writes(head=("p", at, at + 1, b""), log=[log_row("p", at + 1)])
        event.variables["p", "r", f"v{at}"] = b"x" * 999
        batch.append(event)
    store.write(batch)
    print(n, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_what_was_acknowledged_survives_a_kill_and_batches_are_whole(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "store.db"
    before = SQLiteStore(path)
    before.write([Writes(picos={"p": pico_row()})])
    before.close()

    last = _run_and_kill(path, acknowledged)

    store = SQLiteStore(path)
    batch = int(store.fact("batch") or -1)
    pico = store.pico("p")
    events = store.log("p", limit=100_000)
    assert batch >= last
    assert pico is not None
    assert pico.head_seq == 2 * (batch + 1)
    assert [row.seq for row in events] == list(range(1, pico.head_seq + 1))
    assert len(list(store.variables("p"))) == pico.head_seq
    store.close()


def _run_and_kill(path: Path, acknowledged: int) -> int:
    """The last batch that the program acknowledged before it was killed."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= acknowledged:
                break
        process.send_signal(signal.SIGKILL)
        # What it printed until then was acknowledged, too; a number cut in half was not.
        rest = [line for line in process.stdout if line.endswith("\n")]
    return int((rest or [line])[-1])
