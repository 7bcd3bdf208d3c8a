"""The outbox: effects leave after their commit, in order for each pico and destination, until they are answered.

Every effect bears a key that never changes, so a receiver that looks at it sees each one once, however often it is
sent. Passing failures are tried again, later and later; what can never succeed, or does not for a day, is dead: it
stays in the store for an operator, and the pico is told by an event `outbox:dead`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import structlog

from ..document import loads
from ..effect import Effect, effect_from
from ..store.interface import OutboxRow, Store
from .breaker import Breaker
from .web import WebAnswer, WebFailed, WebRequest

FIRST_DELAY_MS = 500
LONGEST_DELAY_MS = 5 * 60 * 1000
MAX_ATTEMPTS = 20
MAX_AGE_MS = 24 * 3600 * 1000
SENDERS = 64  # requests under way at one time
PASSING = frozenset({408, 425, 429})  # and all 5xx

_log = structlog.get_logger("picoengine")

Fetch = Callable[[WebRequest], Awaitable[WebAnswer]]
Told = Callable[[OutboxRow, "dict[str, Any] | None"], None]
"""Commits a row's new state and, with it, an event for a pico: {"pico" or "eci", "domain", "type", "attrs"}."""


class Outbox:
    """Sends what cycles have left in the outbox."""

    def __init__(
        self,
        store: Store,
        fetch: Fetch,
        told: Told,
        answer_map: Callable[[WebAnswer, bool], dict[str, Any]],
        now: Callable[[], int],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._told = told
        self._answer_map = answer_map
        self._now = now
        self._random = random
        self._sleep = sleep
        self._lanes: dict[tuple[str, str], deque[OutboxRow]] = {}
        self._senders: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._breakers: dict[str, Breaker] = {}
        self._gate = asyncio.Semaphore(SENDERS)
        self._known: set[int] = set()

    def start(self) -> None:
        """Take up what earlier runs left."""
        for row in self._store.outbox(until=1 << 62, limit=1_000_000):
            self.put(row)

    async def stop(self) -> None:
        """Send nothing any more; what is under way is sent again at the next start, under the same key."""
        senders = list(self._senders.values())
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)

    def put(self, row: OutboxRow) -> None:
        """A row that is on disk."""
        if row.id in self._known or row.state != "ready":
            return
        self._known.add(row.id)
        key = (row.pico, row.lane)
        self._lanes.setdefault(key, deque()).append(row)
        if key not in self._senders:
            self._senders[key] = asyncio.get_running_loop().create_task(self._send_all(key))

    def knows(self, id: int) -> bool:
        """Whether the row with this id has been put here and is not settled yet."""
        return id in self._known

    @property
    def waiting(self) -> int:
        """Effects that have not left."""
        return len(self._known)

    # --- one lane -----------------------------------------------------------------------------------------

    async def _send_all(self, key: tuple[str, str]) -> None:
        lane = self._lanes[key]
        while lane:
            row: OutboxRow | None = lane[0]
            while row is not None:
                row = await self._try(row)
            self._known.discard(lane.popleft().id)
        del self._lanes[key], self._senders[key]

    async def _try(self, row: OutboxRow) -> OutboxRow | None:
        """One attempt, in its time; the row as it then stands if there must be another."""
        wait = max(row.next_at, self._breaker(row.lane).closed_at(self._now())) - self._now()
        if wait > 0:
            await self._sleep(wait / 1000)
        effect = effect_from(row.kind, row.payload)
        async with self._gate:
            try:
                answer: WebAnswer | None = await self._fetch(self._request(row, effect))
                problem = "" if answer is None else _problem(row.kind, answer)
            except WebFailed as error:
                answer, problem = None, str(error)
        return self._judge(row, effect, answer, problem)

    @staticmethod
    def _request(row: OutboxRow, effect: Effect) -> WebRequest:
        marks = {"idempotency-key": row.ikey, "x-pico-event": f"{row.pico}/{row.seq}/{row.n}"}
        return WebRequest(effect.method, effect.url, {**marks, **effect.headers}, effect.body, effect.follow)

    def _judge(self, row: OutboxRow, effect: Effect, answer: WebAnswer | None, problem: str) -> OutboxRow | None:
        passing = answer is None or answer.status in PASSING or answer.status >= 500
        self._breaker(row.lane).note(not (answer is None or answer.status >= 500), self._now())
        if not problem or (answer is not None and effect.autosend is not None and not passing):
            self._told(replace(row, state="done"), self._answer_event(effect, answer))
            return None
        row = replace(row, attempts=row.attempts + 1, last_error=problem)
        if passing and row.attempts < MAX_ATTEMPTS and row.next_at < row.since + MAX_AGE_MS:
            row = replace(row, next_at=self._now() + self._delay(row.attempts, answer))
            self._told(row, None)
            return row
        _log.error("an effect is given up", pico=row.pico, target=row.target, error=problem, attempts=row.attempts)
        attrs = {"target": row.target, "kind": row.kind, "error": problem, "attempts": row.attempts, "key": row.ikey}
        event = {"pico": row.pico, "domain": "outbox", "type": "dead", "attrs": attrs}
        self._told(replace(row, state="dead"), event)
        return None

    def _answer_event(self, effect: Effect, answer: WebAnswer | None) -> dict[str, Any] | None:
        if effect.autosend is None or answer is None:
            return None
        merged = {**effect.autosend["attrs"], **self._answer_map(answer, effect.parse_json)}
        return {**effect.autosend, "attrs": merged}

    def _delay(self, attempts: int, answer: WebAnswer | None) -> int:
        """Milliseconds until the next attempt: what the receiver asks for, else random below a doubling bound."""
        asked = _retry_after(answer, self._now()) if answer is not None else None
        if asked is not None:
            return min(asked, MAX_AGE_MS)
        return int(self._random() * min(FIRST_DELAY_MS * 2 ** min(attempts, 20), LONGEST_DELAY_MS))

    def _breaker(self, lane: str) -> Breaker:
        return self._breakers.setdefault(lane, Breaker())


def _problem(kind: str, answer: WebAnswer) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.status >= 400:
        return f"{answer.status} {answer.reason}".strip()
    if kind == "event" and answer.status == 200:
        # The Node engine answers a refusal with 200 and an error.
        try:
            body = loads(answer.body)
        except ValueError:
            return ""
        if isinstance(body, dict) and set(body) == {"error"}:
            return str(body["error"])
    return ""


def _retry_after(answer: WebAnswer, now: int) -> int | None:
    value = answer.headers.get("retry-after", "").strip()
    if value.isdigit():
        return int(value[:9]) * 1000
    try:
        return max(0, int(parsedate_to_datetime(value).timestamp() * 1000) - now) if value else None
    except (ValueError, TypeError):
        return None
