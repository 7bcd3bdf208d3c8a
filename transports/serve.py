"""The program: an engine, its HTTP, its other transports, and the signals that end it.

SIGTERM or SIGINT: no new connections, 503 for what still comes in on open ones, what is under way is finished, exit
status 0. A second signal ends the process at once; nothing that was acknowledged is lost by that.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import uvicorn

from engine import Engine, Settings, open_engine

from .api import Count, Gauge, Metrics
from .api import application as api_application
from .configuration import Configuration, ConfigurationError
from .http import Application, HttpSettings, decoders
from .installed import all_decoders, all_senders, answers, is_up, running, states, transports_of
from .logs import log_to_stderr
from .transport import Transport
from .watch import can_watch, watch
from .watchdog import watchdog

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GC_THRESHOLDS = (20_000, 20, 50)  # new objects before Python looks for circles among the young, the older, all
NODE_TRACES = ("db/CURRENT", "pico-engine.log")  # what a Node engine leaves in its home folder


def run(configuration: Configuration, watched: Sequence[str] = ()) -> int:
    """Serve until a signal, rulesets below the `watched` folders as their files change; the exit status.

    Raises ConfigurationError if it cannot listen, watch, have a transport or its home folder, StoreUnavailable if it
    cannot open the store.
    """
    _check_watched(watched)
    transports = transports_of(configuration)
    log_to_stderr()
    _prepare_home(configuration)
    http = configuration.http
    if not http.loopback_only and not http.token:
        print("others can reach this engine, and it has no PICO_ENGINE_TOKEN: /api is closed to all", file=sys.stderr)
    with bind(http) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        port = listener.getsockname()[1]
        settings = configuration.engine
        if configuration.is_default("base_url"):
            settings = replace(settings, base_url=f"http://localhost:{port}")
        settings = replace(settings, file_folders=tuple(dict.fromkeys((*settings.file_folders, *watched))))
        runner.run(_serve(settings, replace(http, port=port), listener, watched, transports))
    return 0


async def _serve(
    settings: Settings,
    http: HttpSettings,
    listener: socket.socket,
    watched: Sequence[str],
    transports: Sequence[Transport],
) -> None:
    known, senders = all_decoders(transports, decoders(settings)), all_senders(transports)
    await _have_lookups()
    with watchdog(settings.watchdog_seconds):
        async with (
            open_engine(settings, decoders=known, senders=senders) as engine,
            _watching(engine, watched),
            running(transports, engine),
        ):
            metrics = Metrics(lambda: _gauges(engine, transports))
            rest = api_application(engine, http, metrics, lambda: states(transports))
            application = Application(engine, http, rest, metrics.observe)
            greeting = f"picoengine is at {_url(http)} (data: {settings.store})"
            server = Server(server_configuration(application, http), greeting)
            _spare_the_collector()
            _stop_on_signals(application, server, engine.reports.feed.end)
            await server.serve([listener])


def _check_watched(folders: Sequence[str]) -> None:
    if folders and not can_watch():
        raise ConfigurationError("--watch needs the package watchfiles: pip install 'picoengine[watch]'")
    for folder in folders:
        if not os.path.isdir(folder):
            raise ConfigurationError(f"--watch: there is no folder {folder}")


@contextlib.asynccontextmanager
async def _watching(engine: Engine, folders: Sequence[str]) -> AsyncIterator[None]:
    """Watch the folders while the block runs."""
    if not folders:
        yield
        return
    watcher = asyncio.create_task(watch(engine, folders, lambda text: print(text, file=sys.stderr, flush=True)))
    watcher.add_done_callback(_tell_its_end)
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.wait([watcher])


def _tell_its_end(watcher: asyncio.Task[None]) -> None:
    """A folder that is gone, or too many of them: the engine does without."""
    if not watcher.cancelled() and (error := watcher.exception()):
        print(f"files are not watched any more: {error}", file=sys.stderr, flush=True)


class Server(uvicorn.Server):
    """uvicorn's server, whose signals are ours: it would raise a caught one again when done, and end the process.

    `greeting` is printed when connections are accepted, not before: who reads it may connect at once.
    """

    def __init__(self, config: uvicorn.Config, greeting: str = "") -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self._greeting:
            print(self._greeting, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def server_configuration(application: Application, http: HttpSettings) -> uvicorn.Config:
    """uvicorn as we want it: quiet, without what costs time at each request."""
    return uvicorn.Config(
        application,
        http=_protocol(application, http),
        loop="none",
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        timeout_keep_alive=http.keep_alive_seconds,
        timeout_graceful_shutdown=http.stop_seconds,
    )


def _protocol(application: Application, http: HttpSettings) -> Any:
    """The quick parser with our limits; h11, which has its own, where it is not to be had."""
    try:
        from .http.patience import protocol_of
    except ImportError:
        return "h11"
    # What a proxy says about its client is understood by uvicorn, on the long way.
    return protocol_of(http, None if http.trusted_proxies else application.answer_whole)


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _stop_on_signals(application: Application, server: Server, end_streams: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if server.should_exit:
            os._exit(128 + number)
        application.stopping = True
        end_streams()
        server.should_exit = True

    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, stop, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda caught, frame: loop.call_soon_threadsafe(stop, caught))


async def _have_lookups() -> None:
    """Let uvloop begin the threads on which it looks up names: if there are none when one is needed, it aborts."""
    await asyncio.get_running_loop().getaddrinfo(None, 0, type=socket.SOCK_STREAM)


def _spare_the_collector() -> None:
    """Let Python look for unreachable circles among few objects, and rarely.

    Its default looks through all there is (programs, parse tables) again and again: 100 ms at a time in which nobody
    is answered, and a quarter of all the work under load. Hardly anything that a request makes is circular.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _gauges(engine: Engine, transports: Sequence[Transport]) -> Iterator[Gauge]:
    ready = float(engine.ready and not engine.stopping)
    yield Gauge("picoengine_ready", "1 when the engine takes events.", ((ready, {}),))
    told = states(transports)
    ups = [(float(is_up(each)), {"transport": each.name, "state": told[each.name]}) for each in transports]
    yield Gauge("picoengine_transport_up", "1 when the transport can do its work.", ups)
    stranded = [(float(number), {"transport": kind}) for kind, number in sorted(engine.stranded.items())]
    yield Gauge("picoengine_effects_without_transport", "Effects that wait for a transport that is not here.", stranded)
    given = [
        (float(number), {"transport": each.name, "code": code})
        for each in transports
        for code, number in sorted(answers(each).items())
    ]
    yield Count("picoengine_transport_answers", "Answers that the transport has given, by their codes.", given)
    yield from _steps(engine)


def _steps(engine: Engine) -> Iterator[Gauge]:
    steps = engine.steps
    yield Count("picoengine_steps_made", "Calls whose answer a rule uses.", [(float(steps.made), {})])
    yield Count("picoengine_steps_without_answer", "Such calls that had none.", [(float(steps.no_answer), {})])
    waiting = [(float(steps.waiting), {"for": "answer"}), (float(steps.held), {"for": "operator"})]
    yield Gauge("picoengine_steps_waiting", "Such calls that are under way, by what they wait for.", waiting)


def bind(http: HttpSettings) -> socket.socket:
    """A bound socket, made before anything else, so that a taken port is told at once and touches no data."""
    host = http.host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, http.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}, port {http.port}: {error.strerror or error}") from error
    return listener


def _url(http: HttpSettings) -> str:
    host = http.host.strip("[]")
    if host in ("0.0.0.0", "::", "127.0.0.1", "::1"):
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{http.port}"


def _prepare_home(configuration: Configuration) -> None:
    home = configuration.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make the home folder {home}: {error.strerror or error}") from error
    if any((home / trace).exists() for trace in NODE_TRACES):
        print(f"{home} is also the home of a Node pico engine; its files are left alone", file=sys.stderr)
