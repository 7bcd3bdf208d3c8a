"""What is measured: the bare pipeline and the real program, each a process with its data on the real disk.

Both are asked by tests/bench/load.py, a further process. Data lie below a fresh folder of the working directory's
disk and go with it: /tmp may be memory, where a sync costs nothing.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0

Request = dict[str, str]
Figures = dict[str, Any]


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder on the disk of the checkout."""
    with TemporaryDirectory(prefix=".bench-", dir=ROOT) as folder:
        yield Path(folder)


class Server:
    """A process that listens on `port`."""

    def __init__(self, *command: str, port: int) -> None:
        self.port = port
        self._process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def wait_for(self, path: str) -> None:
        """Return when the path is answered at all."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.ask("GET", path)
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.005)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, None if it is something else."""
        connection = HTTPConnection(HOST, self.port, timeout=PATIENCE_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"content-type": "application/json"} if text else {})
            answer = connection.getresponse()
            data = answer.read()
            is_json = "json" in (answer.getheader("content-type") or "")
            return json.loads(data) if is_json and data else None
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """What the process has used so far, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory of the process that is in use."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE_SECONDS)


@contextmanager
def bare_pipeline(folder: Path) -> Iterator[Server]:
    """tests/bench/baseline.py, running."""
    port = free_port()
    program = str(ROOT / "tests/bench/baseline.py")
    server = Server(program, "--port", str(port), "--db", str(folder / "bare.db"), port=port)
    try:
        server.wait_for("/c/none")
        yield server
    finally:
        server.stop()


@contextmanager
def engine(home: Path) -> Iterator[Server]:
    """`picoengine run` with default settings and this home folder, taking events."""
    port = free_port()
    server = Server("-m", "transports.cli", "run", "--home", str(home), "--port", str(port), port=port)
    try:
        server.wait_for("/readyz")
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def load(server: Server, requests: list[Request], connections: int, seconds: float) -> Figures:
    """What the load generator finds; raises ValueError if any answer was not 200."""
    load.sent += 1  # type: ignore[attr-defined]
    command = [sys.executable, str(ROOT / "tests/bench/load.py"), "--port", str(server.port)]
    command += ["--connections", str(connections), "--seconds", str(seconds), "--first", str(load.sent * 10_000_000)]  # type: ignore[attr-defined]
    before = server.cpu_seconds()
    done = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    figures["cpu_us"] = (server.cpu_seconds() - before) / figures["requests"] * 1e6
    if set(figures["statuses"]) != {"200"}:
        raise ValueError(f"answers other than 200: {figures['statuses']}, such as {figures['refused']}")
    return figures


load.sent = 0  # type: ignore[attr-defined]
