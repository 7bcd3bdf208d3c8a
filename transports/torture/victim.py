"""The engine under torture: `picoengine run` with a home of its own, which is hurt from outside and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .wire import HOST, Wire

START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
LAST_LINES = 20  # of what it says, kept for a report


class Victim:
    """One engine, killed and started as often as one likes; it keeps its port."""

    def __init__(self, home: Path, cache: Path, more: Mapping[str, str] | None = None) -> None:
        """`more` is added to the environment, in which no setting of the user's own engine is left."""
        self.home = home
        self.port = free_port()
        self.said: deque[str] = deque(maxlen=LAST_LINES)
        self.surprises: list[str] = []
        self.starts = 0
        self._process: Process | None = None
        self._listener: asyncio.Task[None] | None = None
        own = {name: value for name, value in os.environ.items() if not name.startswith("PICO_ENGINE_")}
        own.pop("PORT", None)
        self._environment = {**own, "PICO_ENGINE_CACHE": str(cache), **(more or {})}

    @property
    def store(self) -> str:
        """The store's place, as settings name it."""
        return f"sqlite:///{self.home / 'picoengine.db'}"

    @property
    def pid(self) -> int:
        """Of the process that runs. Raises RuntimeError if none does."""
        if self._process is None:
            raise RuntimeError("the engine does not run")
        return self._process.pid

    async def start(self) -> None:
        """Return when the engine takes events. Raises TimeoutError, RuntimeError if it cannot start."""
        command = (sys.executable, "-m", "transports.cli", "run", "--home", str(self.home), "--port", str(self.port))
        # Through a pipe, since a file could not grow while the engine is kept from letting files grow.
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=DEVNULL, stderr=PIPE, env=self._environment, process_group=0
        )
        self._listener = asyncio.create_task(self._listen(self._process))
        self.starts += 1
        async with asyncio.timeout(START_SECONDS):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise RuntimeError("the engine ended before it was ready:\n" + "\n".join(self.said))
                await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        async with Wire(self.port) as wire:
            try:
                return (await wire.ask("GET", "/readyz"))[0] == 200
            except OSError:
                return False

    async def _listen(self, process: Process) -> None:
        while process.stderr is not None and (line := await process.stderr.readline()):
            self.said.append(line.decode("utf-8", "replace").rstrip())

    def kill(self) -> None:
        """SIGKILL, now; `ended` waits for it."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def ended(self, *expected: int) -> None:
        """Return when the process is gone; any other way of ending than the expected ones is a surprise."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                status = await process.wait()
        except TimeoutError:
            self.surprises.append(f"the engine had not ended {STOP_SECONDS:g} s after it was asked to")
            process.kill()
            status = await process.wait()
        else:
            if status not in expected:
                self.surprises.append(f"the engine ended with status {status}: " + " | ".join(self.said))
        if self._listener is not None:
            await self._listener

    async def stop(self) -> None:
        """SIGTERM, as a service manager does it, and its end in good order."""
        self.signal(signal.SIGTERM)
        await self.ended(0)

    async def destroy(self) -> None:
        """Leave no process behind."""
        self.signal(signal.SIGCONT)
        self.kill()
        await self.ended(-signal.SIGKILL, 0)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
