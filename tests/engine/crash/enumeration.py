"""The story told by engines that crash at chosen points, and what it must come to: the same as without a crash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

from tests.engine.crash.engines import Crashed, Engine, ForkServer, fork_server, traced
from tests.engine.crash.story import Cast, Teller, events, prepare, record, root_of, state
from tests.examples.engine_process import ROOT
from transports.torture import violations

Crash = dict[str, str]

_numbers = count(1)


class Sink:
    """The receiver of effects, a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "transports.torture.sink"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self._port}/"

    def arrived(self) -> dict[str, int]:
        """How often each key has come since the sink was made."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        connection.request("GET", "/arrived")
        found: dict[str, int] = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True, slots=True)
class Told:
    """What the story came to."""

    crashes: int  # how many of the ordered ones have happened
    answers: list[tuple[int, Any]]
    state: dict[str, Any]
    events: dict[str, list[tuple[str, ...]]]
    violations: dict[str, list[str]]


class Stage:
    """A home in which the picos of the story are ready; every telling gets a copy."""

    def __init__(self, folder: Path, server: ForkServer, sink: Sink) -> None:
        self.folder = folder
        self.server = server
        self._sink = sink
        folder.mkdir(exist_ok=True)
        self._template = folder / "template"
        engine = Engine(server, self._template, {})
        try:
            engine.wait_until_ready()
            self.cast: Cast = prepare(engine)
            engine.stop()
        finally:
            engine.kill()

    def home(self) -> Path:
        """A copy of the home, as nothing has happened yet."""
        return Path(shutil.copytree(self._template, self.folder / f"home-{next(_numbers)}"))

    def tell(self, *crashes: Crash, hurt: Callable[[Engine], None] | None = None) -> Told:
        """The story, told by as many engines as there are crashes, and one that does not crash.

        Those that crash may be hurt when they are ready.
        """
        home = self.home()
        before = self._sink.arrived()
        teller = Teller(self.cast, self._sink.url)
        crashed = 0
        for crash in crashes:
            engine = Engine(self.server, home, crash)
            try:
                engine.wait_until_ready()
                if hurt is not None:
                    hurt(engine)
                teller.tell(engine)
                engine.stop()
                break
            except Crashed:
                crashed += 1
            finally:
                engine.kill()
        return self._end(home, teller, before, crashed)

    def _end(self, home: Path, teller: Teller, before: dict[str, int], crashed: int) -> Told:
        engine = Engine(self.server, home, {})
        try:
            engine.wait_until_ready()
            teller.tell(engine)
            told = state(engine, self.cast)
            engine.stop()
        finally:
            engine.kill()
        arrived = {key: times for key, times in self._sink.arrived().items() if key not in before}
        found = violations(record(home, self.cast, told, teller, arrived))
        happened = events(home, self.cast)
        shutil.rmtree(home)
        return Told(crashed, teller.answers, told, happened, {name: texts for name, texts in found.items() if texts})

    def points(self, *crashes: Crash) -> list[str]:
        """Every point that is reached by an engine which does not crash, behind others that do, in order."""
        trace = self.folder / f"trace-{next(_numbers)}"
        self.tell(*crashes, traced(trace))
        return trace.read_text().split()

    def first_start(self, *crashes: Crash) -> tuple[int, dict[str, Any]]:
        """Engines that crash in their first start, and one that does not: how many did, and the root that there is."""
        home = self.folder / f"home-{next(_numbers)}"
        crashed = 0
        for crash in (*crashes, {}):
            engine = Engine(self.server, home, crash)
            try:
                engine.wait_until_ready()
                engine.stop()
            except Crashed:
                crashed += 1
            finally:
                engine.kill()
        found = root_of(home)
        shutil.rmtree(home)
        return crashed, found


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage while the block runs."""
    sink = Sink()
    try:
        with fork_server(folder / "cache") as server:
            yield Stage(folder, server, sink)
    finally:
        sink.close()


def faults(told: Told, calm: Told) -> list[str]:
    """Where the story came to something else than it does without a crash."""
    found = [f"{name}: {text}" for name, texts in told.violations.items() for text in texts]
    for what in ("answers", "state", "events"):
        if getattr(told, what) != getattr(calm, what):
            found.append(f"{what}: {getattr(told, what)!r}, and without a crash {getattr(calm, what)!r}")
    return found
