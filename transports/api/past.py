"""The past of picos over HTTP: their state behind any event, and their events evaluated again.

A replay shares the loop with the picos: it works for a moment, then lets them go on.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from starlette.requests import Request

from engine import Engine, Replay, Undecodable

from ..http import Answer, json_answer, request_members
from .parameters import number

MOMENT_SECONDS = 0.01
MOST = 1000  # divergences of one answer; `divergences` counts all


class PastEndpoints:
    """The endpoints of one engine's history."""

    _engine: Engine

    async def show_state(self, request: Request) -> Answer:
        """A pico's state; raises PicoNotFound, PastUnknown, InvalidValue for a bad `at`, LogBroken."""
        at = request.query_params.get("at")
        return json_answer(self._engine.history.state(request.path_params["id"], at))

    async def show_case(self, request: Request) -> Answer:
        """All that an event was evaluated with; raises EventNotFound, PastUnknown, LogBroken."""
        return json_answer(self._engine.history.case(request.path_params["eid"]))

    async def replay(self, request: Request) -> Answer:
        """A pico's log evaluated again; raises PicoNotFound, PastUnknown, LogBroken."""
        replay = self._engine.history.replay(request.path_params["id"])
        return json_answer(await _run(replay, number(request, "to")))

    async def back_test(self, request: Request) -> Answer:
        """The same with another text; raises also RulesetRefused, RulesetNotFound, Undecodable without a text."""
        members = await request_members(request.scope, request.receive, self._engine.settings)
        source, to = members.get("source"), members.get("to")
        if not isinstance(source, str):
            raise Undecodable("`source` is the text of a ruleset")
        if to is not None and (not isinstance(to, int) or to < 0):
            raise Undecodable(f"`to` is the number of an event, found {to!r}")
        return json_answer(await _run(self._engine.history.replay(request.path_params["id"], source), to))


async def _run(replay: Replay, to: int | None) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    until = perf_counter() + MOMENT_SECONDS
    for divergence in replay.run(to):
        if divergence is not None and len(found) < MOST:
            found.append(divergence.as_json())
        if perf_counter() > until:
            await asyncio.sleep(0)
            until = perf_counter() + MOMENT_SECONDS
    return {**replay.report(), "found": found}
