"""What an operator does with a running engine, over HTTP: dead letters, pausing, cancelling, looking for faults."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from engine import Engine, Operations, Undecodable, loads

from ..http import Answer, json_answer, request_members
from .parameters import number

PAGE = 50  # letters, unless the caller says otherwise
MAX_PAGE = 500
KINDS = ("event", "effect", "step")


class OperationEndpoints:
    """The endpoints of one engine's operations."""

    _engine: Engine

    @property
    def _operations(self) -> Operations:
        return self._engine.operations

    async def list_dead(self, request: Request) -> Answer:
        """A page of dead letters of one kind; raises Undecodable for a bad parameter."""
        kind = request.query_params.get("kind", KINDS[0])
        if kind not in KINDS:
            raise Undecodable(f"`kind` is one of {', '.join(KINDS)}, found {kind!r}")
        dead = self._operations.dead
        read = {"event": dead.events, "effect": dead.effects, "step": dead.steps}[kind]
        limit = min(number(request, "limit") or PAGE, MAX_PAGE)
        pico = request.query_params.get("pico")
        return json_answer(read(pico=pico, after=number(request, "after") or 0, limit=limit))

    async def show_dead(self, request: Request) -> Answer:
        """All about one dead letter; raises LetterNotFound."""
        return json_answer(self._operations.dead.show(request.path_params["name"]))

    async def retry_dead(self, request: Request) -> Answer:
        """Try one again, with the member `attrs` laid over what it says; raises as `DeadLetters.retry`."""
        changes = (await self._members(request)).get("attrs", {})
        if not isinstance(changes, dict):
            raise Undecodable("`attrs` is a map of the attributes to change")
        return json_answer(await self._operations.dead.retry(request.path_params["name"], changes))

    async def retry_all_dead(self, request: Request) -> Answer:
        """Try all again, of the pico of the member `pico` or of any."""
        return json_answer(await self._operations.dead.retry_all(await self._pico(request)))

    async def drop_dead(self, request: Request) -> Answer:
        """Forget one, or give a held call up; raises LetterNotFound, Conflict."""
        await self._operations.dead.drop(request.path_params["name"])
        return json_answer({"dropped": request.path_params["name"]})

    async def list_paused(self, request: Request) -> Answer:
        """What is paused, and since when."""
        return json_answer(self._operations.paused())

    async def pause(self, request: Request) -> Answer:
        """Pause the pico of the member `pico`, or all; raises PicoNotFound."""
        return json_answer(await self._operations.pause(await self._pico(request)))

    async def resume(self, request: Request) -> Answer:
        """Let it go on; raises PicoNotFound."""
        return json_answer(await self._operations.resume(request.query_params.get("pico")))

    async def cancel_event(self, request: Request) -> Answer:
        """End a waiting event; raises EventNotFound, Conflict."""
        await self._operations.cancel_event(request.path_params["eid"])
        return json_answer({"cancelled": request.path_params["eid"]})

    async def evaluate(self, request: Request) -> Answer:
        """An expression's value in a pico; raises PicoNotFound, RulesetNotFound, InvalidValue, QueryFailed."""
        members = await self._members(request)
        text, rid = members.get("expression"), members.get("rid") or ""
        if not isinstance(text, str) or not isinstance(rid, str):
            raise Undecodable("`expression` is a text, and `rid` the id of a ruleset of the pico")
        value = await self._operations.look(request.path_params["id"], text, rid)
        return json_answer({"value": loads(value.encode())})

    async def cancel_timer(self, request: Request) -> Answer:
        """Remove a timer; raises TimerNotFound, Conflict."""
        await self._operations.cancel_timer(request.path_params["id"])
        return json_answer({"cancelled": request.path_params["id"]})

    async def doctor(self, request: Request) -> Answer:
        """What is wrong with the engine's store."""
        verify = request.query_params.get("verify") == "true"
        findings = await self._operations.examine(verify=verify)
        return json_answer({"findings": [each.as_map() for each in findings]})

    async def _pico(self, request: Request) -> str | None:
        pico = (await self._members(request)).get("pico")
        if pico is not None and not isinstance(pico, str):
            raise Undecodable(f"`pico` is the id of a pico or an ECI of it, found {pico!r}")
        return pico

    async def _members(self, request: Request) -> dict[str, Any]:
        return await request_members(request.scope, request.receive, self._engine.settings)
