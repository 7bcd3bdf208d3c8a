"""The outbox: effects leave after their commit, in order for each pico and destination, until they are answered.

Every effect bears a key that never changes, so a receiver that looks at it sees each one once, however often it is
sent. Passing failures are tried again, later and later; what can never succeed, or does not for a day, is dead: it
stays in the store for an operator, and the pico is told by an event `outbox:dead`.

Requests leave by our own network client, every other kind of effect by the sender that a transport has registered for
it. A kind that nobody in this process can send stays in the store, and leaves when a process is started that can.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any

import structlog

from ..document import loads, whole
from ..effect import Effect, Mark, Sender, effect_from
from ..errors import Exhausted, SendFailed, SendRefused
from ..store.interface import OutboxRow, Store
from ..trigger import reached
from .breaker import Breaker
from .web import WebAnswer, WebFailed, WebRequest

FIRST_DELAY_MS = 500
LONGEST_DELAY_MS = 5 * 60 * 1000
EXHAUSTED_DELAY_MS = 1000
MAX_ATTEMPTS = 20
MAX_AGE_MS = 24 * 3600 * 1000
SENDERS = 64  # effects of one kind that are being sent at one time
TO_ONE = 16  # of them to one destination: a silent one leaves room for others
WEB = frozenset({"event", "http"})  # kinds of effects that are requests
PASSING = frozenset({408, 425, 429})  # and all 5xx

_log = structlog.get_logger("picoengine")

Fetch = Callable[[WebRequest], Awaitable[WebAnswer]]
Told = Callable[[OutboxRow, "dict[str, Any] | None"], None]
"""Commits a row's new state and, with it, an event for a pico: {"pico" or "eci", "domain", "type", "attrs"}."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one attempt ended."""

    problem: str = ""  # empty: the effect has left
    passing: bool = False  # worth another try
    alive: bool = True  # the destination is there
    again_in_ms: int | None = None  # when it wants to be asked again
    answer: WebAnswer | None = None


@dataclass(slots=True, eq=False)
class Destination:
    """Where the effects of one or more picos go."""

    breaker: Breaker = field(default_factory=Breaker)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TO_ONE))
    lanes: int = 0  # picos that have something for it


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
        senders: Mapping[str, Sender] | None = None,
    ) -> None:
        """`senders`: by the kind of the effects that each sends."""
        self._store = store
        self._fetch = fetch
        self._told = told
        self._answer_map = answer_map
        self._now = now
        self._random = random
        self._sleep = sleep
        self._lanes: dict[tuple[str, str], deque[OutboxRow]] = {}
        self._senders: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._destinations: dict[str, Destination] = {}
        self._others = dict(senders or {})
        self._gates = {kind: asyncio.Semaphore(SENDERS) for kind in (*WEB, *self._others)}
        self.stranded: Counter[str] = Counter()  # effects that nobody here can send, by kind
        self._known: set[int] = set()
        self._asleep = 0  # lanes that wait for the time of their next attempt

    def start(self) -> None:
        """Take up what earlier runs left."""
        reached("T12")
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
        if row.kind not in self._gates:
            if not self.stranded[row.kind]:
                _log.warning("effects wait for a transport that this process has not", transport=row.kind)
            self.stranded[row.kind] += 1
            return
        key = (row.pico, row.lane)
        self._lanes.setdefault(key, deque()).append(row)
        if key not in self._senders:
            self._destination(row.lane).lanes += 1
            self._senders[key] = asyncio.get_running_loop().create_task(self._send_all(key))

    def knows(self, id: int) -> bool:
        """Whether the row with this id has been put here and is not settled yet."""
        return id in self._known

    @property
    def waiting(self) -> int:
        """Effects that have not left."""
        return len(self._known)

    @property
    def quiet(self) -> bool:
        """Nothing is being sent: what has not left waits for the time of its next attempt."""
        return len(self._senders) == self._asleep

    # --- one lane -----------------------------------------------------------------------------------------

    async def _send_all(self, key: tuple[str, str]) -> None:
        lane = self._lanes[key]
        while lane:
            row: OutboxRow | None = lane[0]
            # A clock that was set back must not make effects wait until it is there again.
            longest = LONGEST_DELAY_MS if lane[0].attempts else 0
            while row is not None:
                row = await self._try(row, longest)
                longest = MAX_AGE_MS  # from now on it is we who know how long is meant
            self._known.discard(lane.popleft().id)
        del self._lanes[key], self._senders[key]
        destination = self._destination(key[1])
        destination.lanes -= 1
        if destination.lanes == 0 and destination.breaker.failures == 0:
            del self._destinations[key[1]]  # there is nothing to remember; of destinations there may be many

    async def _try(self, row: OutboxRow, longest: int) -> OutboxRow | None:
        """One attempt, in its time; the row as it then stands if there must be another."""
        now = self._now()
        destination = self._destination(row.lane)
        wait = max(min(row.next_at - now, longest), destination.breaker.closed_at(now) - now)
        if wait > 0:
            self._asleep += 1
            try:
                await self._sleep(wait / 1000)
            finally:
                self._asleep -= 1
        effect = effect_from(row.kind, row.payload)
        try:
            async with destination.room, self._gates[row.kind]:
                reached("T7")
                ending = await (self._ask(row, effect) if row.kind in WEB else self._hand_over(row, effect))
        except Exhausted as error:
            # Not an attempt: that there is no thread or descriptor here says nothing of it, nor of who is to get it.
            _log.warning("an effect waits until it can be sent", key=row.ikey, error=error.message)
            return replace(row, next_at=self._now() + EXHAUSTED_DELAY_MS)
        reached("T8")
        again = self._judge(row, effect, ending)
        reached("T14")
        return again

    async def _ask(self, row: OutboxRow, effect: Effect) -> Ending:
        """One request. Raises Exhausted."""
        try:
            answer = await self._fetch(self._request(row, effect))
        except WebFailed as error:
            return Ending(str(error), passing=True, alive=False)
        except Exhausted:
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of ours must not end the lane
            _log.exception("a request failed in the engine itself", key=row.ikey)
            return Ending(f"{type(error).__name__}: {error}", passing=True, alive=False)
        passing = answer.status in PASSING or answer.status >= 500
        problem = _problem(row.kind, answer)
        if effect.autosend is not None and not passing:
            problem = ""  # what it says is for the rules to judge
        return Ending(problem, passing, answer.status < 500, _retry_after(answer, self._now()), answer)

    async def _hand_over(self, row: OutboxRow, effect: Effect) -> Ending:
        """One attempt of a transport's sender. Raises Exhausted."""
        try:
            await self._others[row.kind](effect, Mark(row.ikey, row.pico, row.seq, row.n))
        except SendRefused as error:
            return Ending(error.message)
        except SendFailed as error:
            again = None if error.retry_after is None else int(error.retry_after * 1000)
            return Ending(error.message, passing=True, alive=False, again_in_ms=again)
        except Exhausted:
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of one transport must not end the lane
            _log.exception("a sender failed", transport=row.kind, key=row.ikey)
            return Ending(f"{type(error).__name__}: {error}", passing=True, alive=False)
        return Ending()

    @staticmethod
    def _request(row: OutboxRow, effect: Effect) -> WebRequest:
        marks = {"idempotency-key": row.ikey, "x-pico-event": f"{row.pico}/{row.seq}/{row.n}"}
        return WebRequest(effect.method, effect.url, {**marks, **effect.headers}, effect.body, effect.follow)

    def _judge(self, row: OutboxRow, effect: Effect, ending: Ending) -> OutboxRow | None:
        self._destination(row.lane).breaker.note(ending.alive, self._now())
        if not ending.problem:
            self._told(replace(row, state="done"), self._answer_event(effect, ending.answer))
            return None
        row = replace(row, attempts=row.attempts + 1, last_error=whole(ending.problem))
        if ending.passing and row.attempts < MAX_ATTEMPTS and row.next_at < row.since + MAX_AGE_MS:
            row = replace(row, next_at=self._now() + self._delay(row.attempts, ending.again_in_ms))
            self._told(row, None)
            return row
        _log.error(
            "an effect is given up", pico=row.pico, target=row.target, error=ending.problem, attempts=row.attempts
        )
        attrs = {
            "target": row.target,
            "kind": row.kind,
            "error": ending.problem,
            "attempts": row.attempts,
            "key": row.ikey,
        }
        event = {"pico": row.pico, "domain": "outbox", "type": "dead", "attrs": attrs}
        self._told(replace(row, state="dead"), event)
        return None

    def _answer_event(self, effect: Effect, answer: WebAnswer | None) -> dict[str, Any] | None:
        if effect.autosend is None or answer is None:
            return None
        merged = {**effect.autosend["attrs"], **self._answer_map(answer, effect.parse_json)}
        return {**effect.autosend, "attrs": merged}

    def _delay(self, attempts: int, asked: int | None) -> int:
        """Milliseconds until the next attempt: what the receiver asks for, else random below a doubling bound."""
        if asked is not None:
            return min(asked, MAX_AGE_MS)
        return int(self._random() * min(FIRST_DELAY_MS * 2 ** min(attempts, 20), LONGEST_DELAY_MS))

    def _destination(self, lane: str) -> Destination:
        known = self._destinations.get(lane)
        if known is None:
            known = self._destinations[lane] = Destination()
        return known


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
