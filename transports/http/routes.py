"""The routes of picos: each makes a delivery of a request, hands it to the engine, and answers with the reply.

Source: docs/http.md, "Events", "Queries".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.types import Scope

from engine import ChannelNotFound, Delivery, Engine, Undecodable

from . import cloud_events
from .answers import (
    HTML,
    TEXT,
    Answer,
    HttpError,
    event_answer,
    json_answer,
    pending_answer,
    problem,
    reply_answer,
    text_bytes,
)
from .body import Body
from .paths import BLANKS, Match, filled
from .sky import sky_answer

MAX_KEY = 255  # characters of an Idempotency-Key
NO_EID = "none"  # what /sky/event says where no eid is meant
FORMS = {"html": HTML, "txt": TEXT}  # by a query's suffix; JSON is what every other has


@dataclass(slots=True)
class Call:
    """One request for a pico, on its way."""

    scope: Scope
    headers: dict[str, str]
    body: Body
    words: tuple[str, ...]  # of the path

    @property
    def eci(self) -> str:
        """The channel; every route begins with it."""
        return self.words[0]

    @property
    def prefers_async(self) -> bool:
        """Whether the caller would rather ask again than wait (RFC 7240)."""
        return "respond-async" in self.headers.get("prefer", "")


class Routes:
    """The routes in front of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._handlers: dict[str, Callable[[Call], Awaitable[Answer]]] = {
            "event": self._event,
            "event-wait": self._event_wait,
            "event-query": self._event_query,
            "query": self._query,
            "reply": self._reply,
            "cloud-event": self._cloud_event,
            "sky-event": self._sky_event,
            "sky-query": self._query,
        }

    async def answer(self, match: Match, call: Call) -> Answer:
        """The answer to a call of the route; raises the engine's errors, HttpError for a wrong method."""
        if call.scope["method"] not in match.operation.methods:
            allowed = ", ".join((*match.operation.methods, "OPTIONS")).encode()
            raise HttpError(405, f"Cannot {call.scope['method']} here", ((b"allow", allowed),))
        return await self._handlers[match.operation.name](call)

    async def _event(self, call: Call) -> Answer:
        receipt = await self._engine.accept(await self._delivery(call, ("event", *call.words[1:]), _key(call)))
        return json_answer(receipt.eid)

    async def _event_wait(self, call: Call) -> Answer:
        delivery = await self._delivery(call, ("event", *call.words[1:]), _key(call))
        if call.prefers_async:
            return pending_answer((await self._engine.accept(delivery)).eid, call.eci)
        return event_answer(await self._engine.deliver(delivery), call.eci)

    async def _sky_event(self, call: Call) -> Answer:
        _, written, domain, type = call.words
        sent_eid = None if written == NO_EID else written
        key = _key(call)
        if key is None and sent_eid is not None and self._engine.settings.sky_eid_is_key:
            key = f"sky:{sent_eid}"
        delivery = await self._delivery(call, ("event", domain, type), key)
        delivery = replace(delivery, sent_eid=sent_eid, one_answer=True)
        if call.prefers_async:
            return pending_answer((await self._engine.accept(delivery)).eid, call.eci)
        return sky_answer(await self._engine.deliver(delivery), call.eci)

    async def _event_query(self, call: Call) -> Answer:
        _, domain, type, rid, name = call.words
        delivery = await self._delivery(call, ("event", domain, type, "query", rid, name), _key(call))
        return reply_answer(await self._engine.deliver(delivery), call.eci)

    async def _query(self, call: Call) -> Answer:
        _, rid, written = call.words
        name, _, suffix = written.partition(".")
        name = filled(name.strip(BLANKS), "query.name")
        reply = await self._engine.deliver(await self._delivery(call, ("query", rid, name), None))
        content_type = FORMS.get(suffix.partition(".")[0])
        if content_type is None:
            return json_answer(reply.value)
        return _text_answer(reply.value, content_type, f"{rid}/{name}")

    async def _reply(self, call: Call) -> Answer:
        _, eid = call.words
        return reply_answer(await self._engine.reply_to(call.eci, eid), call.eci)

    async def _cloud_event(self, call: Call) -> Answer:
        envelope = await self._delivery(call, (), None)
        eids = [(await self._engine.accept(each)).eid for each in cloud_events.deliveries(envelope)]
        return json_answer(eids if cloud_events.is_batch(envelope.content_type) else eids[0])

    async def _delivery(self, call: Call, words: tuple[str, ...], key: str | None) -> Delivery:
        if call.body.unread:
            await self._admit(call.eci, words)  # before a stranger's body is taken in
        client = call.scope.get("client")
        return Delivery(
            transport="http",
            eci=call.eci,
            words=words,
            body=await call.body.read(self._engine.settings.max_body_bytes),
            content_type=call.headers.get("content-type", ""),
            query=call.scope["query_string"].decode("utf-8", "replace"),
            headers=call.headers,
            decoder="http",
            key=key,
            peer=client[0] if client else "",
            tls=call.scope["scheme"] == "https",
        )

    async def _admit(self, eci: str, words: tuple[str, ...]) -> None:
        """Raise what the channel has against such a request; of a CloudEvent only the channel is known so far."""
        if words:
            self._engine.admit(eci, words)
        elif not await self._engine.knows(eci):
            raise ChannelNotFound(eci)


def _key(call: Call) -> str | None:
    key = call.headers.get("idempotency-key")
    if not key:
        return None
    if len(key) > MAX_KEY:
        raise Undecodable(f"an Idempotency-Key has at most {MAX_KEY} characters, found {len(key)}")
    return f"http:{key}"


def _text_answer(value: object, content_type: str, what: str) -> Answer:
    """A text as it is, nothing for null; any other value cannot be shown so."""
    if value is None:
        return Answer(200, b"", content_type)
    if isinstance(value, str):
        return Answer(200, text_bytes(value), content_type)
    message = f"{what} must be a string to be shown as {content_type.partition(';')[0]}"
    return problem(500, f"TypeError: {message}", message)
