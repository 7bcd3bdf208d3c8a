"""The routes of picos: what each asks of the engine, and the answer that it makes of what comes back.

Source: docs/http.md, "Events", "Queries".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine import ChannelNotFound, Delivery, Engine, Receipt, Reply, Undecodable

from . import cloud_events
from .answers import (
    BYTES,
    HTML,
    TEXT,
    Answer,
    HttpError,
    behind,
    event_answer,
    json_answer,
    pending_answer,
    problem,
    reply_answer,
    text_bytes,
)
from .body import Body
from .callback import callback_answer, members_of_callback
from .paths import BLANKS, Match, filled
from .sky import sky_answer

MAX_KEY = 255  # characters of an Idempotency-Key
NO_EID = "none"  # what /sky/event says where no eid is meant
FORMS = {"html": HTML, "txt": TEXT}  # by a query's suffix; JSON is what every other has


@dataclass(slots=True)
class Call:
    """One request for a pico, but for its body."""

    match: Match
    method: str
    headers: dict[str, str]
    query: bytes  # the query string
    client: str  # address
    tls: bool

    @property
    def eci(self) -> str:
        """The channel; every route begins with it."""
        return self.match.words[0]

    @property
    def prefers_async(self) -> bool:
        """Whether the caller would rather ask again than wait (RFC 7240)."""
        return "respond-async" in self.headers.get("prefer", "")


@dataclass(slots=True)
class Ask:
    """What a call asks of the engine: to let an event or a query have its turn, or only to accept an event."""

    words: tuple[str, ...]  # of the delivery
    answer: Callable[[Any, str], Answer]  # to the Reply, or to the Receipt, and the ECI
    waits: bool = True
    key: str | None = None
    sent_eid: str | None = None
    one_answer: bool = False


class Routes:
    """The routes in front of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asks: dict[str, Callable[[Call], Ask]] = {
            "event": self._event,
            "event-wait": self._event_wait,
            "event-query": self._event_query,
            "query": self._query,
            "sky-event": self._sky_event,
            "sky-query": self._query,
        }

    async def answer(self, call: Call, body: Body) -> Answer:
        """The answer to a call; raises the engine's errors, HttpError for a wrong method."""
        ask = self.ask(call)
        if ask is None:
            return await self._told(call, body)
        if body.unread:
            self._engine.admit(call.eci, ask.words)  # before a stranger's body is taken in
        delivery = self.delivery(call, ask, await self._read(body))
        told = await (self._engine.deliver(delivery) if ask.waits else self._engine.accept(delivery))
        return ask.answer(told, call.eci)

    def ask(self, call: Call) -> Ask | None:
        """What the call asks; None if that is not one delivery. Raises Undecodable, HttpError for a wrong method."""
        operation = call.match.operation
        if call.method not in operation.methods:
            allowed = ", ".join((*operation.methods, "OPTIONS")).encode()
            raise HttpError(405, f"Cannot {call.method} here", ((b"allow", allowed),))
        asks = self._asks.get(operation.name)
        return None if asks is None else asks(call)

    def _event(self, call: Call) -> Ask:
        return Ask(("event", *call.match.words[1:]), _accepted, waits=False, key=_key(call))

    def _event_wait(self, call: Call) -> Ask:
        words = ("event", *call.match.words[1:])
        if call.prefers_async:
            return Ask(words, _pending, waits=False, key=_key(call))
        return Ask(words, event_answer, key=_key(call))

    def _sky_event(self, call: Call) -> Ask:
        _, written, domain, type = call.match.words
        sent_eid = None if written == NO_EID else written
        key = _key(call)
        if key is None and sent_eid is not None and self._engine.settings.sky_eid_is_key:
            key = f"sky:{sent_eid}"
        waits = not call.prefers_async
        return Ask(("event", domain, type), sky_answer if waits else _pending, waits, key, sent_eid, one_answer=True)

    def _event_query(self, call: Call) -> Ask:
        _, domain, type, rid, name = call.match.words
        return Ask(("event", domain, type, "query", rid, name), reply_answer, key=_key(call))

    def _query(self, call: Call) -> Ask:
        _, rid, written = call.match.words
        name, _, suffix = written.partition(".")
        name = filled(name.strip(BLANKS), "query.name")
        content_type = FORMS.get(suffix.partition(".")[0])
        if content_type is None:
            return Ask(("query", rid, name), _value)
        return Ask(("query", rid, name), lambda reply, _: _text_answer(reply, content_type, rid, name))

    async def _told(self, call: Call, body: Body) -> Answer:
        """The answer to a call that is no single delivery."""
        match call.match.operation.name:
            case "reply":
                return await self._reply(call)
            case "blob":
                return await self._blob(call)
            case "callback":
                return await self._callback(call, body)
            case _:
                return await self._cloud_event(call, body)

    async def _blob(self, call: Call) -> Answer:
        # Strangers wrote it: a browser is to keep it, not to show it as a page of ours.
        eci, ref = call.match.words
        kept = ((b"content-disposition", b"attachment"), (b"x-content-type-options", b"nosniff"))
        return Answer(200, await self._engine.attachment(eci, ref), BYTES, kept)

    async def _callback(self, call: Call, body: Body) -> Answer:
        [token] = call.match.words
        if body.unread:
            self._engine.admit_callback(token)
        content = await self._read(body)
        members = members_of_callback(content, call.query, call.headers, self._engine.settings)
        return callback_answer(await self._engine.call_back(token, members))

    async def _reply(self, call: Call) -> Answer:
        _, eid = call.match.words
        return reply_answer(await self._engine.reply_to(call.eci, eid), call.eci)

    async def _cloud_event(self, call: Call, body: Body) -> Answer:
        if body.unread and not await self._engine.knows(call.eci):
            raise ChannelNotFound(call.eci)
        envelope = self.delivery(call, Ask((), _accepted), await self._read(body))
        eids = [(await self._engine.accept(each)).eid for each in cloud_events.deliveries(envelope)]
        return json_answer(eids if cloud_events.is_batch(envelope.content_type) else eids[0])

    def begin(self, call: Call, ask: Ask, body: bytes, told: Callable[[Any, Exception | None], None]) -> None:
        """Ask the engine; `told` is called once with what comes back, or with the engine's error."""
        delivery = self.delivery(call, ask, body)
        if ask.waits:
            self._engine.deliver_nowait(delivery, told)
        else:
            self._engine.accept_nowait(delivery, told)

    async def _read(self, body: Body) -> bytes:
        return await body.read(self._engine.settings.max_body_bytes)

    def delivery(self, call: Call, ask: Ask, body: bytes) -> Delivery:
        """The delivery of a call and its body."""
        return Delivery(
            transport="http",
            eci=call.eci,
            words=ask.words,
            body=body,
            content_type=call.headers.get("content-type", ""),
            query=call.query.decode("utf-8", "replace"),
            headers=call.headers,
            decoder="http",
            key=ask.key,
            peer=call.client,
            tls=call.tls,
            sent_eid=ask.sent_eid,
            one_answer=ask.one_answer,
        )


def _key(call: Call) -> str | None:
    key = call.headers.get("idempotency-key")
    if not key:
        return None
    if len(key) > MAX_KEY:
        raise Undecodable(f"an Idempotency-Key has at most {MAX_KEY} characters, found {len(key)}")
    return f"http:{key}"


def _accepted(receipt: Receipt, eci: str) -> Answer:
    return json_answer(receipt.eid)


def _pending(receipt: Receipt, eci: str) -> Answer:
    return pending_answer(receipt.eid, eci)


def _value(reply: Reply, eci: str) -> Answer:
    return json_answer(reply.value, headers=behind(reply))


def _text_answer(reply: Reply, content_type: str, rid: str, name: str) -> Answer:
    """A text as it is, nothing for null; any other value cannot be shown so."""
    if reply.value is None:
        return Answer(200, b"", content_type, behind(reply))
    if isinstance(reply.value, str):
        return Answer(200, text_bytes(reply.value), content_type, behind(reply))
    message = f"{rid}/{name} must be a string to be shown as {content_type.partition(';')[0]}"
    return problem(500, f"TypeError: {message}", message, rid=rid)
