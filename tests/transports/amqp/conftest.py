"""A broker that all tests of a run share, a virtual host for each test, and engines that hang on it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import pytest

from engine import Decoder
from tests.broker import ADMIN, HOST, PASSWORD, PROGRAM, START_SECONDS, Api, folder_of, start_keeper
from tests.transports.amqp.home import Client, Home
from tests.transports.polling import until_now


class Shared:
    """Where the broker of this run is."""

    def __init__(self, port: int, api_port: int) -> None:
        self.port = port
        self.api = Api(api_port)
        self._made = 0

    def new_vhost(self) -> str:
        self._made += 1
        name = f"test-{os.getpid()}-{self._made}"
        self.api.make_vhost(name)
        return name

    def url(self, vhost: str, user: str = ADMIN) -> str:
        return f"amqp://{user}:{PASSWORD}@{HOST}:{self.port}/{quote(vhost, safe='')}"


def needed() -> None:
    """End the test if there is no broker to be had: a skip on a user's machine, a failure where all must run."""
    if PROGRAM.exists():
        return
    missing = "no RabbitMQ: install the package rabbitmq-server"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def broker() -> Shared:
    """A private node, one for all processes of the run; tests/conftest.py ends it with the run."""
    needed()
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = folder_of(owner)
    ready = folder / "ready"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            keeper = start_keeper(folder, owner)
            until_now(lambda: ready.exists() or os.waitpid(keeper, os.WNOHANG)[0], START_SECONDS)
    found = json.loads(ready.read_text())
    return Shared(found["port"], found["api_port"])


@pytest.fixture(scope="session")
def usual_vhost(broker: Shared) -> str:
    """A virtual host of this process, in which all is made already: that takes the broker a second."""
    return broker.new_vhost()


@pytest.fixture
def vhost(broker: Shared, usual_vhost: str) -> str:
    """A virtual host with nothing in its queues."""
    broker.api.empty(usual_vhost)
    return usual_vhost


@pytest.fixture
def url(broker: Shared, vhost: str) -> str:
    """The URL of that virtual host."""
    return broker.url(vhost)


Open = Callable[..., Awaitable[Home]]


@pytest.fixture
async def open_home(url: str) -> AsyncIterator[Open]:
    """Open engines with AMQP: `await open_home(engine={…}, prefetch=…)`."""
    async with AsyncExitStack() as stack:

        async def open(
            engine: dict[str, Any] | None = None, store: Any = None, decoder: Decoder | None = None, **amqp: Any
        ) -> Home:
            home = Home.opened(engine or {}, {"url": url, **amqp}, store, decoder)
            return await stack.enter_async_context(home)

        yield open


@pytest.fixture
async def home(open_home: Open) -> Home:
    """An engine with default settings, connected."""
    return await open_home()


@pytest.fixture
async def client(url: str) -> AsyncIterator[Client]:
    """One who sends messages, and reads what is in queues."""
    async with Client(url) as client:
        yield client
