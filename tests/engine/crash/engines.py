"""Engines that end at a chosen point of the protocol, started one after the other on the same home folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from engine.trigger import AFTER, AT, STATUS, TRACE
from tests.examples.engine_process import ROOT, free_port

START_SECONDS = 30.0
POLL_SECONDS = 0.003


class ForkServer:
    """The process that engines are forked from."""

    def __init__(self, cache: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PICO_ENGINE_")}
        self._environment = {"PICO_ENGINE_CACHE": str(cache)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.crash.fork_server"],
            cwd=ROOT,
            env={**environment, TRACE: os.devnull},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fork(self, home: Path, port: int, environment: dict[str, str]) -> int:
        """The pid of a new engine."""
        environment = {**self._environment, **environment}
        return self._tell({"home": str(home), "port": port, "environment": environment})

    def wait(self, pid: int) -> int:
        """The exit status of an engine; returns when it has ended."""
        return self._tell({"wait": pid})

    def _tell(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the server; the engines must have ended."""
        self._process.communicate(timeout=START_SECONDS)


class Crashed(Exception):
    """The engine has come to the point where it ends."""


class Engine:
    """One engine process. Every method raises Crashed if the engine crashes before it is done."""

    def __init__(self, server: ForkServer, home: Path, crash: dict[str, str]) -> None:
        self.home = home
        self.port = free_port()
        self.status: int | None = None
        self._server = server
        self.pid = server.fork(home, self.port, crash)
        self._connection: HTTPConnection | None = None

    def wait_until_ready(self) -> None:
        """Return when the engine takes events."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                self.ask("GET", "/readyz")
                return
            except ConnectionRefusedError:
                if self._has_crashed():
                    raise Crashed from None
                time.sleep(POLL_SECONDS)
        raise TimeoutError("the engine is not ready")

    def ask(self, method: str, path: str, attrs: Any = None, key: str | None = None) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        headers = {"content-type": "application/json", **({"idempotency-key": key} if key else {})}
        connection = self._connection or HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        self._connection = connection
        try:
            connection.request(method, path, None if attrs is None else json.dumps(attrs), headers)
            answer = connection.getresponse()
            data = answer.read()
        except ConnectionRefusedError:
            connection.close()
            raise
        except (OSError, HTTPException) as error:
            connection.close()
            self._connection = None
            raise Crashed from error
        return answer.status, json.loads(data) if data and "json" in (answer.getheader("content-type") or "") else None

    def raise_if_crashed(self) -> None:
        """See the class."""
        if self._has_crashed():
            raise Crashed

    def _has_crashed(self) -> bool:
        """Whether the process has ended; it stays known as long as nobody has waited for it."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def stop(self) -> None:
        """SIGTERM, and its end in good order."""
        os.kill(self.pid, signal.SIGTERM)
        if self.end() == STATUS:
            raise Crashed

    def end(self) -> int:
        """The exit status, when the process is gone."""
        if self._connection is not None:
            self._connection.close()
        if self.status is None:
            self.status = self._server.wait(self.pid)
        return self.status

    def kill(self) -> None:
        """Leave no process behind."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.end()


def at(point: str, count: int = 1) -> dict[str, str]:
    """Crash the count-th time that this point is reached."""
    return {AT: f"{point}:{count}"}


def after(points: int) -> dict[str, str]:
    """Crash at the point of this number."""
    return {AFTER: str(points)}


def traced(file: Path) -> dict[str, str]:
    """Do not crash; note down the points."""
    return {TRACE: str(file)}


@contextmanager
def fork_server(cache: Path) -> Iterator[ForkServer]:
    """A server while the block runs."""
    server = ForkServer(cache)
    try:
        yield server
    finally:
        server.close()
