"""What became of events, over HTTP: pages of them, one in full, all of them live; and what a pico is.

The live stream is one of server-sent events: `event` with all about one event that has just finished, `dropped` with
the number of those that a slow reader has missed, and a comment now and then so that a broken connection is found.

Source: HTML Standard, "Server-sent events" (html.spec.whatwg.org).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine import STATUSES, Engine, Follower, Reports, Undecodable, dumps

from ..http import Answer, json_answer
from .parameters import number

PAGE = 50  # events, unless the caller says otherwise
EVENT_STREAM = "text/event-stream; charset=utf-8"
STILL_HERE_SECONDS = 15.0


class EventEndpoints:
    """The endpoints of one engine's reports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def _reports(self) -> Reports:
        return self._engine.reports

    async def list_events(self, request: Request) -> Answer:
        """A page of events; raises Undecodable for a bad parameter, PicoNotFound."""
        after, limit = number(request, "after"), number(request, "limit")
        return json_answer(self._reports.events(**_selection(request), after=after, limit=limit or PAGE))

    async def show_event(self, request: Request) -> Answer:
        """One event with its trace; raises EventNotFound."""
        return json_answer(self._reports.event(request.path_params["eid"]))

    async def show_pico(self, request: Request) -> Answer:
        """One pico; raises PicoNotFound."""
        return json_answer(self._reports.pico(request.path_params["id"]))

    async def list_rulesets(self, request: Request) -> Answer:
        """All known rulesets."""
        return json_answer({"rulesets": self._reports.rulesets()})

    async def follow_events(self, request: Request) -> Response:
        """All events that finish from now on; raises as `list_events`."""
        follower = self._reports.follow(**_selection(request))
        return StreamingResponse(
            stream(follower, self._reports), media_type=EVENT_STREAM, headers={"cache-control": "no-store"}
        )


async def stream(follower: Follower, reports: Reports) -> AsyncIterator[bytes]:
    """The follower's events as server-sent ones, until the engine stops or the reader goes."""
    with follower:
        yield b": following\n\n"
        while True:
            dropped, finished = await follower.take(STILL_HERE_SECONDS)
            if dropped:
                yield _sent("dropped", {"dropped": dropped})
            for each in finished:
                report = reports.finished(each)
                if report is not None:
                    yield _sent("event", report)
            if follower.ended:
                return
            if not finished:
                yield b": still here\n\n"


def _sent(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), dumps(data))


def _selection(request: Request) -> dict[str, Any]:
    """Which events are meant."""
    status = request.query_params.get("status")
    if status is not None and status not in STATUSES:
        raise Undecodable(f"`status` is one of {', '.join(STATUSES)}, found {status!r}")
    return {"pico": request.query_params.get("pico"), "status": status}
