"""A whole engine behind a real server, in a thread of this process: for tests that need a client of their own kind."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs

from engine import Settings, open_engine
from transports.api import Metrics
from transports.api import application as api_application
from transports.http import Application, HttpSettings, decoders
from transports.serve import Server, bind, server_configuration

UI = "io.picolabs.pico-engine-ui"


class RunningEngine:
    """Where the engine is, and requests to it that must succeed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as response:
            return json.loads(response.read())

    def post(self, path: str, members: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(members).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    @property
    def root(self) -> str:
        """The UI channel of the root pico."""
        eci: str = self.get("/api/ui-context")["eci"]
        return eci

    def event(self, eci: str, domain: str, type: str, **attrs: Any) -> Any:
        return self.post(f"/c/{eci}/event-wait/{domain}/{type}", attrs)

    def query(self, eci: str, rid: str, name: str, **args: Any) -> Any:
        return self.post(f"/c/{eci}/query/{rid}/{name}", args)

    def install(self, source: str, eci: str | None = None, **config: Any) -> None:
        """Install a ruleset from its text, on the root unless another UI channel is given."""
        self.event(eci or self.root, "engine_ui", "install", source=source, config=config)

    def channel(self, tag: str, eci: str | None = None) -> str:
        """A new channel that lets everything in, of the root unless another UI channel is given."""
        path = f"/c/{eci or self.root}/event/engine_ui/new_channel/query/{UI}/pico"
        channels = self.post(path, {"tags": [tag]})["channels"]
        found: str = next(each["id"] for each in channels if each["tags"] == [tag])
        return found


@contextmanager
def running_engine(settings: Settings | None = None, http: HttpSettings | None = None) -> Iterator[RunningEngine]:
    """An engine that runs while the block does, in memory unless the settings say otherwise."""
    with bind(http or HttpSettings(port=0)) as listener, ThreadPoolExecutor(1) as threads:
        listener.listen()  # who connects before the server accepts waits for it
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        chosen = settings or Settings(base_url=url)
        begun: Future[Server] = Future()

        reached = http or HttpSettings(port=port)

        async def run() -> None:
            async with open_engine(chosen, decoders=decoders(chosen)) as engine:
                metrics = Metrics(list)
                rest = api_application(engine, reached, metrics)
                application = Application(engine, reached, rest, metrics.observe)
                server = Server(server_configuration(application, reached))
                begun.set_result(server)
                await server.serve([listener])

        with capture_logs():  # they would be mixed with what a command that is tested writes
            running = threads.submit(asyncio.run, run())
            wait((begun, running), 30, FIRST_COMPLETED)
            if running.done():
                running.result()  # why it did not begin
            try:
                yield RunningEngine(url)
            finally:
                begun.result().should_exit = True
                running.result()
