"""Steps: calls to the world in the middle of a cycle, which uses their answers.

A call cannot be taken back, and its cycle may have to be evaluated again: the process may end, and a cycle that waits
too long is put aside. So a step is written down before its call is made, and its answer before it is used. Evaluated
again, the cycle comes to the same steps and finds the answers; a call without one is made again under the same key.

The call goes on by itself: whether the cycle that asked for it still waits, or has been put aside, is all the same.

A call that the last run has left without an answer may have been made, or not. By the setting `on_lost_step` it is made
again, or held: its event stands aside until an operator has said what becomes of it.

Source: docs/durability.md, "Calls whose answer a rule uses".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from krl import KRLValueError

from ..clock import Chance
from ..document import dumps, loads, whole
from ..errors import Diverged, EngineError, NoAnswer, StoreUnavailable
from ..loop.commit import Decision, on_disk
from ..loop.wait import Item, Mailbox, Mailboxes
from ..recorder import error_from, told
from ..settings import Settings
from ..store.interface import InboxRow, StepRow, Writes
from ..suspend import wait
from ..trigger import reached

MAX_ATTEMPTS = 5
FIRST_DELAY_SECONDS = 0.2
ASK = "ask"
EVENT = "event"  # the kind of a step that is an event of another pico: it is stored with its step, and so happens once

_log = structlog.get_logger("picoengine")

Call = Callable[[str, float], Awaitable[Any]]
"""Makes the call once, under this key, in so many seconds at most: the answer, plain JSON.

Raises NoAnswer if there is none. Any other EngineError is an answer, too.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks, and of whom."""

    kind: str  # "http" or "event"
    target: str  # as it may be shown
    digest: str  # of all that is asked
    call: Call
    event: InboxRow | None = None  # of another pico: it is stored with the step, and the call waits for its end
    sent: Callable[[Item], None] | None = None  # told of the mailbox's item of that event


@dataclass(slots=True)
class Journalled:
    """The steps of one cycle."""

    item: Item
    box: Mailbox
    code: str  # hash of the set of rulesets that makes them
    known: dict[int, StepRow] = field(default_factory=dict)  # those that were made when it was evaluated before
    made: int = 0


Begin = Callable[[Journalled, StepRow, dict[str, bytes], Asked], Decision]
"""Commits a step, and what it takes to come to it again: its event as a running one, and blobs."""


@dataclass(frozen=True, slots=True)
class StepCounts:
    """How many steps there were since the start, and how many there are."""

    made: int
    no_answer: int  # of those that have come to an end
    waiting: int  # for an answer, now
    held: int  # for a word of an operator, now


class Steps:
    """Makes the steps of one engine."""

    def __init__(
        self,
        settings: Settings,
        mailboxes: Mailboxes,
        begin: Begin,
        write: Callable[[Writes], Decision],
        chance: Chance,
    ) -> None:
        self._limit_seconds = settings.step_seconds
        self._patience_seconds = settings.put_aside_seconds
        self._mailboxes = mailboxes
        self._begin = begin
        self._write = write
        self._chance = chance
        self._calls: dict[str, asyncio.Task[StepRow]] = {}  # under way, by key
        self._owners: dict[str, str] = {}  # key → pico
        self._held: dict[str, asyncio.Future[StepRow]] = {}  # by key: the step, when somebody has decided about it
        self._made = 0
        self._no_answer = 0

    def make(self, journal: Journalled, asked: Asked, inputs: bytes, blobs: dict[str, bytes]) -> StepRow:
        """The cycle's next step, with its result; waits for it. Raises Diverged."""
        n, journal.made = journal.made, journal.made + 1
        row = journal.known.get(n)
        if row is None:
            row = self._row(journal, n, asked, inputs)
            wait(on_disk(self._begin(journal, row, blobs, asked)))
            self._made += 1
            reached("T9a")
        elif row.digest != asked.digest:
            raise Diverged(
                f"evaluated again, the event makes another call {n}: {asked.target} with digest {asked.digest}, "
                f"where it was {row.target} with digest {row.digest}"
            )
        if row.result is None:
            row = wait(self._answered(journal, row, asked.call))
        return row

    def _row(self, journal: Journalled, n: int, asked: Asked, inputs: bytes) -> StepRow:
        item = journal.item
        key = f"{item.eid}/{n}"
        since = self._chance.now()
        target = whole(asked.target)
        return StepRow(item.pico, item.eid, n, key, asked.kind, target, asked.digest, journal.code, inputs, since)

    # --- waiting ------------------------------------------------------------------------------------------

    async def _answered(self, journal: Journalled, row: StepRow, call: Call) -> StepRow:
        """The step with its answer. A cycle that waits too long for it is put aside; then this is cancelled."""
        held = row.key in self._held
        task = self._calls.get(row.key)
        if task is None:
            answer = self._when_decided(row, call) if held else self._until_answered(row, call)
            task = self._calls[row.key] = asyncio.ensure_future(answer)
            self._owners[row.key] = row.pico
            task.add_done_callback(lambda done: self._ended(row.key, done))
        patience = asyncio.ensure_future(self._chance.sleep(self._patience_seconds))
        try:
            if not held:  # nobody knows how long it takes a person
                await asyncio.wait({task, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.add_done_callback(lambda _: self._mailboxes.take_up(journal.item))
                journal.item.waited.add(row.n)
                self._mailboxes.put_aside(journal.box)
            return await asyncio.shield(task)
        finally:
            patience.cancel()

    def _ended(self, key: str, done: asyncio.Task[StepRow]) -> None:
        if self._calls.get(key) is done:
            del self._calls[key], self._owners[key]
        if not done.cancelled():
            done.exception()  # who waited for it may have been given up

    def is_under_way(self, key: str) -> bool:
        """Whether the call of this step is being made, or tried again."""
        return key in self._calls

    def cancel(self, pico: str) -> None:
        """Make no call any more for a pico that is deleted."""
        for key in [key for key, owner in self._owners.items() if owner == pico]:
            self._calls[key].cancel()

    async def stop(self) -> None:
        """Give up all calls; those without an answer are made again at the next start."""
        calls = list(self._calls.values())
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    @property
    def counts(self) -> StepCounts:
        """How many there were, and are."""
        held = sum(key in self._held for key in self._calls)
        return StepCounts(self._made, self._no_answer, len(self._calls) - held, held)

    # --- calls that may have been made --------------------------------------------------------------------

    def hold(self, rows: Iterable[StepRow]) -> None:
        """Make no call of these that has no answer, until `call_again` or `give_up`; told before any event goes on."""
        for row in rows:
            if row.result is None and row.kind != EVENT:
                _log.warning(
                    "a call may have been made: it waits for a word", pico=row.pico, key=row.key, to=row.target
                )
                self._held[row.key] = asyncio.get_running_loop().create_future()

    def is_held(self, row: StepRow) -> bool:
        """Whether an operator can decide about this step: its event has come to it again, and stands aside."""
        box = self._mailboxes.known(row.pico)
        return row.key in self._held and box is not None and box.aside is not None and box.aside.eid == row.eid

    def call_again(self, row: StepRow) -> Decision:
        """Commit that the held call is made again under its key, with all its attempts, and make it then.

        If this run ends before the answer is on disk, too, the next one holds it again.
        """
        return self._decide(replace(row, attempts=0, since=self._chance.now()))

    def give_up(self, row: StepRow) -> Decision:
        """Commit that the held call has no answer; its event goes on then, and its rule fails."""
        why = f"{row.target} has no answer: the engine ended while it was called, and an operator gave it up"
        return self._decide(replace(row, result=dumps({"error": told(KRLValueError(why))})))

    def _decide(self, row: StepRow) -> Decision:
        decision = self._write(Writes(steps=[row]))
        # If that is lost, the call is held as before.
        decision.then.append(lambda lost: None if lost else self._held.pop(row.key).set_result(row))
        return decision

    async def _when_decided(self, row: StepRow, call: Call) -> StepRow:
        """A held step with its answer, some time after somebody has decided about it."""
        row = await asyncio.shield(self._held[row.key])
        if row.result is None:
            return await self._until_answered(row, call)
        self._no_answer += 1
        return row

    # --- the call -----------------------------------------------------------------------------------------

    async def _until_answered(self, row: StepRow, call: Call) -> StepRow:
        """The step, with its answer on disk. Raises StoreUnavailable: then nobody knows, and it is made again."""
        while True:
            result: dict[str, Any] | None = None
            unanswered = False
            try:
                result = {"answer": await call(row.key, self._limit_seconds / MAX_ATTEMPTS)}
            except NoAnswer as error:
                if self._is_last(row, error):
                    unanswered = True
                    result = {"error": told(KRLValueError(error.message))}
            except StoreUnavailable:
                raise
            except EngineError as error:
                result = {"error": told(error)}
            row = replace(row, attempts=row.attempts + 1)
            if result is not None:
                reached("T9b")
                row = replace(row, result=dumps(result))
            await on_disk(self._write(Writes(steps=[row])))
            if result is not None:
                self._no_answer += unanswered
                return row
            await self._chance.sleep(FIRST_DELAY_SECONDS * 2 ** (row.attempts - 1))

    def _is_last(self, row: StepRow, error: NoAnswer) -> bool:
        _log.warning("a step has no answer", pico=row.pico, key=row.key, target=row.target, error=error.message)
        over = row.since + self._limit_seconds * 1000
        return not error.passing or row.attempts + 1 >= MAX_ATTEMPTS or self._chance.now() >= over


def answer_of(row: StepRow) -> Any:
    """What the step's call has answered. Raises the error that it was."""
    result = loads(row.result or b"{}")
    if "error" in result:
        raise error_from(result["error"])
    return result["answer"]
