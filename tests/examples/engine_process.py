"""An engine as its users have it: a process of its own with a home folder, which can be killed and started again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event, Timer
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 20.0
RETRY_SECONDS = 0.02

pause = Event()  # never set: its wait is a pause


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EngineProcess:
    """`python -m transports.cli run` on a free port, which stays the same over restarts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._errors = home.parent / f"{home.name}.stderr"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EngineProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Return when the engine takes events."""
        command = [sys.executable, "-m", "transports.cli", "run", "--home", str(self.home), "--port", str(self.port)]
        with self._errors.open("a") as errors:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        watchdog = Timer(START_SECONDS, self._process.kill)
        watchdog.start()
        try:
            while not self._answers():
                if self._process.poll() is not None:
                    raise AssertionError(f"the engine ended before it was ready:\n{self._errors.read_text()}")
                pause.wait(RETRY_SECONDS)
        finally:
            watchdog.cancel()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=START_SECONDS):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL: no goodbye, nothing written that was not written before."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, as a service manager does it; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        return process.wait(STOP_SECONDS)
