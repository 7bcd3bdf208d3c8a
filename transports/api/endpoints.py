"""What is answered beside the picos' own routes: the engine's context, flush, health, metrics, the welcome page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import Engine, InvalidValue

from ..http import Answer, Disconnected, HttpSettings, error_answer, json_answer, problem, request_members
from .events import EventEndpoints
from .metrics import CONTENT_TYPE, Metrics
from .openapi import document
from .operations import OperationEndpoints
from .past import PastEndpoints
from .table import API_OPERATIONS
from .welcome import SCRIPT, page

HTML = "text/html; charset=utf-8"
JAVASCRIPT = "text/javascript; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
OLD_PATHS = frozenset({"/api/ui-context", "/api/flush"})  # of the Node engine, which reads words without regard to case

States = Callable[[], Mapping[str, str]]
Endpoint = Callable[[Request], Awaitable[Answer | Response]]


class Endpoints(EventEndpoints, OperationEndpoints, PastEndpoints):
    """The endpoints of one engine, by the names of the table."""

    def __init__(self, engine: Engine, metrics: Metrics, states: States) -> None:
        super().__init__(engine)
        self._engine = engine
        self._metrics = metrics
        self._states = states
        self._base_url = engine.settings.base_url

    @property
    def _version(self) -> str:
        return str(self._engine.ui_context()["version"])

    async def ui_context(self, request: Request) -> Answer:
        """Version and UI ECI of the root."""
        return json_answer(self._engine.ui_context())

    async def flush(self, request: Request) -> Answer:
        """Fetch and compile a ruleset's URL; raises what the engine raises, InvalidValue without a URL."""
        url = (await request_members(request.scope, request.receive, self._engine.settings)).get("url")
        if not isinstance(url, str) or not url:
            raise InvalidValue("Expected `url`")
        return json_answer(await self._engine.flush(url))

    async def openapi(self, request: Request) -> Answer:
        """The description of all routes."""
        return json_answer(document(self._version, self._base_url))

    async def healthz(self, request: Request) -> Answer:
        """The process lives."""
        return Answer(200, b"ok\n", TEXT)

    async def readyz(self, request: Request) -> Answer:
        """The engine takes events; how each transport is, a line each, does not change that."""
        if self._engine.ready and not self._engine.stopping:
            lines = "".join(f"{name}: {state}\n" for name, state in self._states().items())
            return Answer(200, f"ready\n{lines}".encode(), TEXT)
        return Answer(503, b"stopping\n" if self._engine.stopping else b"starting\n", TEXT, ((b"retry-after", b"1"),))

    async def metrics(self, request: Request) -> Answer:
        """Counters in Prometheus' format."""
        return Answer(200, self._metrics.text(), CONTENT_TYPE)

    async def welcome(self, request: Request) -> Answer:
        """The page at `/`."""
        return Answer(200, page(self._version, self._base_url).encode(), HTML)

    async def welcome_script(self, request: Request) -> Answer:
        """The page's script: the content security policy allows none within the page."""
        return Answer(200, SCRIPT.encode(), JAVASCRIPT)


def application(engine: Engine, settings: HttpSettings, metrics: Metrics, states: States = dict) -> ASGIApp:
    """Everything but `/c` and `/sky`; `states` tells how the other transports are, by name."""
    endpoints = Endpoints(engine, metrics, states)

    places: dict[str, dict[str, Endpoint]] = {}
    for operation in API_OPERATIONS:
        endpoint: Endpoint = getattr(endpoints, operation.name.replace("-", "_"))
        places.setdefault(operation.path, {}).update(dict.fromkeys(operation.methods, endpoint))
    places["/"] = {"GET": endpoints.welcome}
    places["/welcome.js"] = {"GET": endpoints.welcome_script}
    # One route for each path, so that a wrong method is told all the right ones.
    routes = [
        Route(path, _answering(by_method, legacy=settings.legacy_status), methods=list(by_method))
        for path, by_method in places.items()
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_here})
    app.router.redirect_slashes = False
    return _with_old_paths(app)


def _answering(by_method: Mapping[str, Endpoint], *, legacy: bool) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        try:
            answer = await endpoint(request)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 -- each becomes an answer, our own faults too
            answer = error_answer(error, legacy=legacy)
        return _response(answer) if isinstance(answer, Answer) else answer

    return respond


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers += [(b"content-type", answer.content_type.encode()), *answer.headers]
    return response


async def _not_here(request: Request, error: Exception) -> Response:
    """No such path, or not with this method."""
    assert isinstance(error, HTTPException)
    text = f"Cannot {request.method} {request.url.path}"
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    return _response(problem(error.status_code, f"Error: {text}", text, headers=headers))


def _with_old_paths(app: ASGIApp) -> ASGIApp:
    """The application, with the Node engine's paths in any case and with a slash at the end."""

    async def normal(scope: Scope, receive: Receive, send: Send) -> None:
        path: Any = scope.get("path", "")
        known = path.lower().removesuffix("/")
        await app({**scope, "path": known} if known in OLD_PATHS else scope, receive, send)

    return normal
