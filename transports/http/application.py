"""The HTTP door: an ASGI application that answers `/c/…` and `/sky/…` itself and passes everything else on.

Source: docs/http.md.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine import Engine, Receipt, Reply, Stopping, Undecodable

from .answers import Answer, HttpError, error_answer
from .body import Body, Disconnected
from .guard import Guard
from .headers import CommonHeaders, request_headers
from .paths import find
from .routes import Ask, Call, Routes
from .sending import send_answer, wire
from .settings import HttpSettings
from .whole import Line, WholeRequest

Observe = Callable[[str, int, float], None]
"""Told of each answer: the route's name, the status, and the seconds it took."""

OTHER = "other"  # the route's name for what is passed on
WHOLE_METHODS = frozenset({"GET", "POST"})  # the others are rare, or have answers of another kind
CLIENT_GONE = 499  # observed, never sent: the client left before its request was complete


class Exchange:
    """A whole request that is under way: its line, and what it asks."""

    __slots__ = ("_answer", "ask", "began", "call", "line")

    def __init__(self, line: Line, call: Call, ask: Ask, began: float, answer: Callable[..., None]) -> None:
        self.line = line
        self.call = call
        self.ask = ask
        self.began = began
        self._answer = answer

    def told(self, outcome: Reply | Receipt | None, error: Exception | None) -> None:
        """What became of it."""
        self._answer(self, outcome, error)

    def give_up(self) -> None:
        """The server stops and waits no longer."""
        self._answer(self, None, Stopping("the engine is stopping"))


class Application:
    """All of the engine's HTTP, for an ASGI server."""

    def __init__(
        self,
        engine: Engine,
        settings: HttpSettings,
        rest: ASGIApp,
        observe: Observe = lambda route, status, seconds: None,
    ) -> None:
        self.stopping = False  # set by who runs the server: what comes now is refused
        self._routes = Routes(engine)
        self._rest = rest
        self._observe = observe
        self._legacy = settings.legacy_status
        self._common = CommonHeaders(settings.cors_origins)
        self._guard = Guard(settings, engine.settings.base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        headers = request_headers(scope["headers"])
        if scope["method"] == "OPTIONS":
            await send_answer(send, Answer(200, content_type=""), self._common.of_preflight(headers))
            return
        began = perf_counter()
        route, status = await self._respond(scope, headers, receive, send)
        self._observe(route, status, perf_counter() - began)

    async def _respond(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> tuple[str, int]:
        """Answer; the route's name and the status."""
        body = Body(headers, receive)
        route = OTHER
        try:
            match = find(scope["raw_path"])
            if match is None:
                return OTHER, await self._pass_on(scope, headers, receive, send)
            route = match.operation.name
            if self.stopping:
                raise Stopping("the engine is stopping")
            client = scope.get("client")
            call = Call(
                match,
                scope["method"],
                headers,
                scope["query_string"],
                client[0] if client else "",
                scope["scheme"] == "https",
            )
            answer = await self._routes.answer(call, body)
        except Disconnected:
            return route, CLIENT_GONE  # nobody is left to be answered, and nothing was delivered
        except CancelledError:
            # The server gives up what outlasts its stop: who waits is told, and the task ends as it was asked to.
            answer = error_answer(Stopping("the engine is stopping"), legacy=self._legacy)
        except Exception as error:  # noqa: BLE001 -- each becomes an answer, our own faults too
            answer = error_answer(error, legacy=self._legacy)
        await send_answer(send, answer, self._common.of(headers, scope["scheme"]), body)
        return route, answer.status

    def answer_whole(self, request: WholeRequest, line: Line) -> bool:
        """Answer a request for a pico without a task; False if it must go through `__call__`."""
        if self.stopping or request.method not in WHOLE_METHODS:
            return False
        began = perf_counter()
        headers = request_headers(request.headers)
        try:
            match = find(request.raw_path)
            if match is None:
                return False
            call = Call(match, request.method, headers, request.query, request.client, request.scheme == "https")
            ask = self._routes.ask(call)
        except (Undecodable, HttpError):
            return False
        if ask is None:
            return False
        exchange = Exchange(line, call, ask, began, self._told)
        line.give_up = exchange.give_up
        try:
            self._routes.begin(call, ask, request.body, exchange.told)
        except Exception as fault:  # noqa: BLE001 -- each becomes an answer, our own faults too
            exchange.told(None, fault)
        return True

    def _told(self, exchange: Exchange, outcome: Reply | Receipt | None, error: Exception | None) -> None:
        """Answer a whole request with what became of it."""
        call = exchange.call
        try:
            answer = error_answer(error, legacy=self._legacy) if error else exchange.ask.answer(outcome, call.eci)
        except Exception as fault:  # noqa: BLE001 -- ours: it becomes an answer, and not the fault of who tells us
            answer = error_answer(fault, legacy=self._legacy)
        common = self._common.of(call.headers, "https" if call.tls else "http")
        if exchange.line.answer(*wire(answer, common)):
            self._observe(call.match.operation.name, answer.status, perf_counter() - exchange.began)

    async def _pass_on(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> int:
        """Let the rest answer, with the headers that all answers have; the status."""
        path = scope["path"].lower()
        common = self._common.of(headers, scope["scheme"])
        if path == "/api" or path.startswith("/api/"):
            try:
                self._guard.check(headers)
            except HttpError as error:
                await send_answer(send, error_answer(error), self._common.without_cors(scope["scheme"]))
                return error.status
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *common.pairs]
            await send(message)

        await self._rest(scope, receive, send_with_headers)
        return status
