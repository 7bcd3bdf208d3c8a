"""Talk to a running engine over HTTP: what `event`, `query`, `tree` and the others share.

Only the standard library: a command that sends one event must not import half a web framework first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import click

UI = "io.picolabs.pico-engine-ui"
DEFAULT_ENGINE = "http://localhost:3000"
SECONDS = 90.0  # longer than an engine lets a caller wait

UNREACHABLE = 3
EXIT_CODES = {400: 2, 401: 4, 403: 4, 404: 5, 503: UNREACHABLE}
"""By status; any other error is 1."""

F = TypeVar("F", bound=Callable[..., Any])


class Failure(click.ClickException):
    """What the engine refused, or why it could not be asked; ends the command with its exit code.

    `findings` are what is wrong with a ruleset, in the form of `picoengine check --json`, with excerpts.
    """

    def __init__(self, message: str, exit_code: int, findings: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance
        self.findings = tuple(findings)

    def in_file(self, name: str) -> Failure:
        """The same, its findings placed in this file: the engine was sent the text alone."""
        return Failure(self.message, self.exit_code, [{**each, "file": name} for each in self.findings])

    def format_message(self) -> str:
        """The message; of a ruleset that was refused each mistake, with its place."""
        if not self.findings:
            return super().format_message()
        return "\n".join(["the ruleset was refused", *map(_finding_text, self.findings)])


class Client:
    """A connection to one engine, kept open between requests."""

    def __init__(self, url: str, token: str = "", *, legacy: bool = False) -> None:
        """`legacy`: a lone member `error` is a failure, whatever the status; so the Node engine tells of each."""
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise click.UsageError(f"--engine expects a URL such as {DEFAULT_ENGINE}, found {url!r}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._url = url
        self._prefix = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=SECONDS)
        self._token = token
        self._legacy = legacy

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def event(self, eci: str, domain: str, type: str, attrs: dict[str, Any], *, wait: bool = True) -> Any:
        """The reply to an event, or with `wait` false its id."""
        return self._post(("c", eci, "event-wait" if wait else "event", domain, type), attrs)

    def query(self, eci: str, rid: str, name: str, args: dict[str, Any] | None = None) -> Any:
        """The value of a query."""
        return self._post(("c", eci, "query", rid, name), args or {})

    def event_query(self, eci: str, domain: str, type: str, attrs: dict[str, Any], rid: str, name: str) -> Any:
        """The value of a query that is asked right behind an event."""
        return self._post(("c", eci, "event", domain, type, "query", rid, name), attrs)

    def root(self) -> str:
        """The UI channel of the root pico."""
        eci: str = self._ask("GET", "/api/ui-context")["eci"]
        return eci

    def get(self, *segments: str, **parameters: str | int | None) -> Any:
        """What the engine tells of itself at this path; parameters that are None are left out."""
        return self._ask("GET", _path(segments, parameters))

    def post(self, *segments: str, members: dict[str, Any]) -> Any:
        """What the engine answers to these members at this path."""
        return self._post(segments, members)

    def delete(self, *segments: str, **parameters: str | int | None) -> Any:
        """What the engine answers when this path is deleted; parameters that are None are left out."""
        return self._ask("DELETE", _path(segments, parameters))

    def follow(self, *segments: str, **parameters: str | int | None) -> Iterator[tuple[str, Any]]:
        """Name and data of each server-sent event at this path, until the engine ends the stream."""
        response = self._request("GET", _path(segments, parameters))
        name = ""
        try:
            for line in response:
                member, _, value = line.decode("utf-8", "replace").rstrip("\n").partition(": ")
                if member == "event":
                    name = value
                elif member == "data":
                    yield name, json.loads(value)
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error

    def _post(self, segments: Iterable[str], members: dict[str, Any]) -> Any:
        return self._ask("POST", _path(segments), members)

    def _ask(self, method: str, path: str, members: dict[str, Any] | None = None) -> Any:
        text = self._text(self._request(method, path, members))
        try:
            value = json.loads(text) if text else None
        except ValueError as error:
            raise Failure(f"{self._url} is no pico engine: it answered {text[:40]!r}", UNREACHABLE) from error
        if self._legacy and isinstance(value, dict) and value.keys() == {"error"}:
            raise Failure(str(value["error"]), 1)
        return value

    def _request(self, method: str, path: str, members: dict[str, Any] | None = None) -> HTTPResponse:
        """A good answer, its body not read yet; any other is a Failure."""
        headers = {"Accept": "application/json"}
        if self._token and path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {self._token}"
        if members is not None:
            headers["Content-Type"] = "application/json"
        try:
            body = None if members is None else json.dumps(members)
            self._connection.request(method, self._prefix + path, body, headers)
            response = self._connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise _told(self._text(response), EXIT_CODES.get(response.status, 1))
        return response

    def _text(self, response: HTTPResponse) -> str:
        try:
            return response.read().decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Failure:
        return Failure(f"no engine answers at {self._url}: {error}", UNREACHABLE)


def _path(segments: Iterable[str], parameters: Mapping[str, str | int | None] | None = None) -> str:
    path = "".join("/" + quote(segment, safe="") for segment in segments)
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _told(text: str, exit_code: int) -> Failure:
    """What an error's body says."""
    try:
        return failure_of(json.loads(text), exit_code)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Failure(text.strip() or "the engine gave no reason", exit_code)


def failure_of(problem: Mapping[str, Any], exit_code: int) -> Failure:
    """The failure that an engine's problem is."""
    message = str(problem["error"]).removeprefix("Error: ")  # click writes this word itself
    return Failure(message, exit_code, errors_of(problem.get("diagnostics", ())))


def errors_of(diagnostics: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that are more than warnings."""
    return [each for each in diagnostics if each["severity"] == "error"]


def _finding_text(finding: Mapping[str, Any]) -> str:
    """A mistake as people read it: place and message, the line with its caret, the hint."""
    told = f"{finding['file']}:{finding['line']}:{finding['column']}: {finding['severity']}: {finding['message']}"
    below = [f"    {line}" for line in finding.get("excerpt", "").splitlines()]
    return "\n".join([told, *below, *([f"    hint: {finding['hint']}"] if finding.get("hint") else [])])


def _client(ctx: click.Context, option: click.Parameter, url: str) -> Client:
    client = Client(url, os.environ.get("PICO_ENGINE_TOKEN", ""))
    ctx.call_on_close(client.close)
    return client


def engine_options(command: F) -> F:
    """The options of every verb that asks an engine: `--engine` and `--json`."""
    command = click.option("--json", "as_json", is_flag=True, help="Write one JSON value.")(command)
    return click.option(
        "--engine",
        "client",
        metavar="URL",
        envvar="PICO_ENGINE_URL",
        default=DEFAULT_ENGINE,
        show_default=True,
        callback=_client,
        help="Where the engine is; also PICO_ENGINE_URL.",
    )(command)


def write_json(value: Any) -> None:
    """The value on one line of the standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def words(text: str, separator: str, what: str) -> tuple[str, str]:
    """`domain:type` or `rid/name` as two words; a usage error otherwise."""
    first, found, second = text.partition(separator)
    if not (found and first and second):
        raise click.UsageError(f"expected {what}, found {text!r}")
    return first, second


def members(pairs: Iterable[str]) -> dict[str, Any]:
    """`name=text` and `name:=json` as a map; a usage error for anything else."""
    return dict(_member(pair) for pair in pairs)


def _member(pair: str) -> tuple[str, Any]:
    name, found, value = pair.partition("=")
    if not found or not name.rstrip(":"):
        raise click.UsageError(f"expected name=text or name:=json, found {pair!r}")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise click.UsageError(f"{name}={value}: {error}") from error
