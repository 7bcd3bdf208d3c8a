"""A process that has imported the whole program and forks engines: each is ready in a fraction of a start from nothing.

    python -m tests.engine.crash.fork_server

It must have been started with PICO_ENGINE_CRASH_TRACE, so that the points are armed. A line of its input is a JSON
object: `{"home", "port", "environment"}` starts an engine and is answered with its pid; `{"wait": pid}` is answered
with its exit status.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module
from typing import Any

from engine.trigger import trap
from transports.configuration import read_configuration
from transports.serve import run

# What a start imports when it comes to it.
LATER = ("sqlite_utils", "engine.store.sqlite", "engine.store.schema", "transports.http.protocol", "uvloop")


def fork(order: dict[str, Any]) -> int:
    """The pid of an engine that is on its way."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        become_engine(order)
        status = 0
    finally:
        os._exit(status)  # whatever happened, this is no second server
    return 0


def become_engine(order: dict[str, Any]) -> None:
    """Serve as `picoengine run` does, until the end."""
    silence = os.open(os.devnull, os.O_RDWR)
    errors = os.open(f"{order['home']}.stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, descriptor in enumerate((silence, silence, errors)):
        os.dup2(descriptor, number)
    if trap is None:
        raise RuntimeError("the points are not armed")
    trap.arm(order["environment"])
    run(read_configuration({"home": order["home"], "port": order["port"]}, order["environment"]))


def main() -> None:
    """Fork and wait as told, until the input ends."""
    for name in LATER:
        import_module(name)
    gc.collect()
    gc.freeze()  # a fork copies what it touches, and the collector touches everything
    for line in sys.stdin:
        order = json.loads(line)
        answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]) if "wait" in order else fork(order)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
