"""An engine that says what a test tells it to, and three ways to reach the HTTP application in front of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from engine import (
    AttachmentNotFound,
    ChannelNotFound,
    Delivery,
    EventNotFound,
    EventQuery,
    Finished,
    Follower,
    PicoNotFound,
    PolicyRefused,
    Receipt,
    Reply,
    ReplyNotFound,
    Request,
    Settings,
)
from transports.api import Metrics
from transports.api import application as api_application
from transports.http import Application, HttpSettings, decoders
from transports.serve import Server, bind, server_configuration

EID = "0193-eid"


class FakeReports:
    """One event, one pico, and a stream that has the event `streamed` times and is over."""

    def __init__(self) -> None:
        self.summary = {
            "eid": EID,
            "pico": "pico-id",
            "seq": 1,
            "status": "failed",
            "eci": "E",
            "domain": "x",
            "type": "y",
            "time": "2023-11-14T22:13:20.000Z",
            "finished": "2023-11-14T22:13:20.001Z",
            "error": "Error: no",
        }
        self.chosen: list[dict[str, Any]] = []
        self.streamed = 0

    def event(self, eid: str) -> dict[str, Any]:
        if eid != EID:
            raise EventNotFound(eid)
        failure = {"kind": "Error", "message": "no", "rid": "r", "rule": "one", "line": 3}
        return {**self.summary, "attrs": {}, "failure": failure, "sent": [], "changes": {}, "trace": None}

    def events(self, **chosen: Any) -> dict[str, Any]:
        self.chosen.append(chosen)
        return {"events": [self.summary], "after": 1}

    def pico(self, pico: str) -> dict[str, Any]:
        if pico not in ("pico-id", "kid-1"):
            raise PicoNotFound(f"no pico has the id or the channel {pico!r}")
        return {"id": "pico-id"}

    def follow(self, **chosen: Any) -> Follower:
        self.chosen.append(chosen)
        follower = Follower(lambda finished: True, lambda follower: None)
        for number in range(self.streamed):
            follower.offer(Finished(number, "pico-id", 1, EID, "failed", 0.1))
        follower.end()
        return follower

    def finished(self, each: Finished) -> dict[str, Any]:
        return self.event(each.eid)


class FakeEngine:
    """Decodes what it is given, remembers it, and answers with `outcome`: a reply, a failure, or a function of both."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ready = True
        self.stopping = False
        self.hangs = False  # never answers a delivery
        self.received = threading.Event()  # the first delivery is there
        self.outcome: Reply | Exception | Callable[[Request], Reply] = Reply(EID, [])
        self.deliveries: list[Delivery] = []
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        self.replies: dict[tuple[str, str], Reply | Exception] = {}
        self.flushed: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.reports = FakeReports()
        self._decoders = decoders(settings)

    async def knows(self, eci: str) -> bool:
        return eci != "nosuch"

    def admit(self, eci: str, words: tuple[str, ...]) -> None:
        if eci == "nosuch":
            raise ChannelNotFound(eci)
        if eci == "closed":
            raise PolicyRefused("Denied by channel policy")

    async def accept(self, delivery: Delivery) -> Receipt:
        self.accepted.append(self._decode(delivery))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return Receipt(f"{EID}-{len(self.accepted)}")

    async def deliver(self, delivery: Delivery) -> Reply:
        request = self._decode(delivery)
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome(request) if callable(self.outcome) else self.outcome

    def accept_nowait(self, delivery: Delivery, told: Callable[[Any, Any], None]) -> None:
        self._tell(self.accept(delivery), told)

    def deliver_nowait(self, delivery: Delivery, told: Callable[[Any, Any], None]) -> None:
        self._tell(self.deliver(delivery), told)

    def _tell(self, coming: Coroutine[Any, Any, Any], told: Callable[[Any, Any], None]) -> None:
        async def tell() -> None:
            try:
                outcome = await coming
            except Exception as error:  # noqa: BLE001 - handed on
                told(None, error)
            else:
                told(outcome, None)

        task = asyncio.get_running_loop().create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reply_to(self, eci: str, eid: str) -> Reply:
        reply = self.replies.get((eci, eid), ReplyNotFound(f"no event {eid}"))
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def attachment(self, eci: str, ref: str) -> bytes:
        self.admit(eci, ("query", "email", "attachment"))
        if ref != "known":
            raise AttachmentNotFound(ref)
        return b"<b>bytes</b>"

    def ui_context(self) -> dict[str, str]:
        return {"version": "1.2.3", "eci": "root-ui"}

    async def flush(self, url: str) -> dict[str, Any]:
        self.flushed.append(url)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return {"url": url, "rid": "a.b"}

    def _decode(self, delivery: Delivery) -> Request:
        request = self._decoders[delivery.decoder](delivery, EID, 1000)
        self.deliveries.append(delivery)
        self.requests.append(request)
        self.received.set()
        return request

    @property
    def members(self) -> dict[str, Any]:
        """Attributes or arguments of the latest request, but for its headers."""
        request = self.requests[-1]
        event_or_query = request.event if isinstance(request, EventQuery) else request
        members = getattr(event_or_query, "attrs", None)
        if members is None:
            members = event_or_query.args  # type: ignore[union-attr]
        return {name: value for name, value in members.items() if name != "_headers"}


@dataclass(frozen=True)
class Answered:
    """A response as a client sees it."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]


class Front:
    """The application in front of an engine."""

    def __init__(self, engine: FakeEngine, settings: HttpSettings) -> None:
        self.engine = engine
        self.settings = settings
        self.metrics = Metrics(list)
        rest = api_application(engine, settings, self.metrics)  # type: ignore[arg-type]
        self.application = Application(engine, settings, rest, self.metrics.observe)  # type: ignore[arg-type]

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        json: Any = None,
        scheme: str = "http",
    ) -> Answered:
        """Ask as a server would; the target's path is not touched on its way."""
        raw = [(b"host", b"localhost:3000")]
        if json is not None:
            body = orjson.dumps(json)
            raw.append((b"content-type", b"application/json"))
        if body:
            raw.append((b"content-length", str(len(body)).encode()))
        for name, value in (headers or {}).items():
            raw = [pair for pair in raw if pair[0] != name.lower().encode()]
            raw.append((name.lower().encode(), value.encode("latin-1")))
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": scheme,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 5000),
            "server": ("127.0.0.1", 3000),
        }
        return await _call(self.application, scope, body)


async def _call(application: Any, scope: dict[str, Any], body: bytes) -> Answered:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if received:
            await asyncio.Future()  # the client stays, and says no more
        received.append(True)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    received: list[bool] = []
    await application(scope, receive, send)
    headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return Answered(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture
def make_front() -> Callable[..., Front]:
    """An application with settings of the test's choice; `engine` is a map of the engine's settings."""

    def make(engine: dict[str, Any] | None = None, **http: Any) -> Front:
        return Front(FakeEngine(Settings(**(engine or {}))), HttpSettings(**http))

    return make


@pytest.fixture
def front(make_front: Callable[..., Front]) -> Front:
    """An application with default settings."""
    return make_front()


@contextmanager
def _served(front: Front) -> Iterator[int]:
    """The application behind a real server in a thread; its port."""
    socket = bind(HttpSettings(port=0))
    server = Server(server_configuration(front.application, front.settings))
    thread = threading.Thread(target=asyncio.run, args=(server.serve([socket]),))
    thread.start()
    try:
        while not server.started:
            thread.join(0.005)
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def serve_front() -> Callable[[Front], AbstractContextManager[int]]:
    """Put a front behind a real server, which stops at the end of the block; its port."""
    return _served


@pytest.fixture
def port(front: Front) -> Iterator[int]:
    """The port of a real server in front of `front`."""
    with _served(front) as port:
        yield port
