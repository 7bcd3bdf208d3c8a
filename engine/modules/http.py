"""`http`: requests to the rest of the world.

A `get` or `head` is made while the rule waits. So is any other request whose answer the rule uses (`setting`,
`autoraise`): a step, which is written down before it is made, and made once. One whose answer nobody uses is an effect:
it leaves after the commit, and is repeated until it is answered. With `autosend` the answer comes back as an event of
its own.

Source: docs/modules.md, "http"; docs/durability.md, "What leaves".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from krl import Here, KRLValueError, Member, Module, plain, text

from ..channel import check_map, check_words
from ..document import dumps
from ..effect import Effect, origin
from ..effects.steps import Asked
from ..effects.web import WebFailed, WebRequest
from ..errors import NoAnswer, ReadFailed
from ..host import Host
from ..recorder import digest
from ..suspend import wait
from .http_request import response_map, web_request

PARAMETERS = (
    "url",
    "qs",
    "headers",
    "body",
    "auth",
    "json",
    "form",
    "parseJSON",
    "autoraise",
    "autosend",
    "dontFollowRedirect",
)


def _member(method: str) -> Callable[..., Any]:
    def call(
        h: Host,
        here: Here,
        url: Any = None,
        qs: Any = None,
        headers: Any = None,
        body: Any = None,
        auth: Any = None,
        json: Any = None,
        form: Any = None,
        parseJSON: Any = None,
        autoraise: Any = None,
        autosend: Any = None,
        dontFollowRedirect: Any = None,
    ) -> Any:
        request = web_request(
            method,
            url,
            qs=qs,
            headers=headers,
            body=body,
            auth=auth,
            json=json,
            form=form,
            follow=not dontFollowRedirect,
        )
        parse_json = parseJSON is True
        if autosend is not None:
            return _leave(h, request, _autosend(autosend), parse_json)
        if method not in ("GET", "HEAD") and not autoraise and not h.result_used:
            return _leave(h, request, None, parse_json)
        answer = _read(h, request, parse_json) if method in ("GET", "HEAD") else _step(h, request, parse_json)
        if autoraise:
            h.raise_event(here, "http", method.lower(), {**answer, "label": text(autoraise)}, None)
        return answer

    call.__doc__ = f"Make a {method} request; its answer, or null if that is not waited for."
    return call


def _read(h: Host, request: WebRequest, parse_json: bool) -> dict[str, Any]:
    """The answer, which is an input of the cycle. Raises ReadFailed if there is none."""

    def live() -> Any:
        try:
            return plain(response_map(wait(h.parts.fetch(request)), parse_json))
        except WebFailed as error:
            raise (ReadFailed(str(error)) if error.passing else KRLValueError(str(error))) from error

    answer: dict[str, Any] = h.inputs.take("http", _noted(request, parse_json), live)
    return answer


def _step(h: Host, request: WebRequest, parse_json: bool) -> dict[str, Any]:
    """The answer, which is journalled. Raises KRLValueError if there is none."""
    fetch = h.parts.fetch

    async def call(key: str, seconds: float) -> Any:
        marked = replace(request, headers={"idempotency-key": key, **request.headers}, seconds=seconds)
        try:
            return plain(response_map(await fetch(marked), parse_json))
        except WebFailed as error:
            raise NoAnswer(str(error), passing=error.passing) from error

    noted = _noted(request, parse_json)
    target = f"{request.method} {_place(request.url)}"
    answer: dict[str, Any] = h.step("http", noted, Asked("http", target, digest(dumps(noted)), call))
    return answer


def _place(url: str) -> str:
    try:
        return origin(url)
    except ValueError:  # no URL: the call will say so
        return "nowhere"


def _noted(request: WebRequest, parse_json: bool) -> list[str]:
    """What is asked, as the log has it. Headers and body may hold secrets, and be long."""
    rest = digest(dumps([dict(request.headers), request.follow, parse_json]) + (request.body or b""))
    return [request.method, request.url, rest]


def _leave(h: Host, request: WebRequest, autosend: dict[str, Any] | None, parse_json: bool) -> None:
    h.cycle.changes.effects.append(
        Effect(
            "http",
            request.method,
            request.url,
            dict(request.headers),
            request.body,
            request.follow,
            autosend,
            parse_json,
        )
    )


def _autosend(event: Any) -> dict[str, Any]:
    """The event as which the answer comes back. Attributes may stand under `data`, as the Node engine wants them."""
    event = check_map(event, "autosend")
    type = event.get("name") if event.get("name") is not None else event.get("type")
    words = check_words("event", eci=event.get("eci"), domain=event.get("domain"), name=type)
    data = event.get("data")
    attrs = event.get("attrs", data.get("attrs") if isinstance(data, dict) else None)
    return {
        "eci": words["eci"],
        "domain": words["domain"],
        "type": words["name"],
        "attrs": plain(check_map(attrs, "event.data.attrs")),
    }


MODULE: Module = {
    **{each: Member("both", _member(each.upper()), PARAMETERS) for each in ("get", "head")},
    **{each: Member("action", _member(each.upper()), PARAMETERS) for each in ("post", "put", "patch", "delete")},
}
