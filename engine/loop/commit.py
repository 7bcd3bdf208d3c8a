"""The batch: what finished cycles have decided goes to disk together, then everybody is told.

A pico may go on from its decided state before that is on disk; nothing leaves before it is. If a commit fails,
everything decided and not committed is forgotten, of all picos: stored events are taken again, other callers are
told that nothing happened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field
from functools import partial
from time import perf_counter_ns

from krl import record

from ..channel import Channel
from ..errors import EngineError, StoreUnavailable
from ..store.interface import PicoRow, Writes
from ..store.writer import Writer
from ..trigger import reached
from .wait import Item, Mailbox

Then = Callable[[EngineError | None], None]


@record
class Decision:
    """One Writes under way, and what becomes true with it."""

    writes: Writes
    box: Mailbox | None = None  # of the pico whose cycle it was
    picos: dict[str, PicoRow | None] = field(default_factory=dict)
    channels: dict[str, Channel | None] = field(default_factory=dict)
    wakes: list[Item] = field(default_factory=list)  # events that it sends to picos of this store
    item: Item | None = None  # the request that it finishes, or stores
    then: list[Then] = field(default_factory=list)
    number: int = 0
    began_ns: int = 0  # when it was handed to the writer, monotonic
    settled: bool = False
    born: Sequence[Mailbox] = ()  # of the picos that the cycle made

    @property
    def boxes(self) -> Sequence[Mailbox]:
        """Of all picos whose state it decides."""
        if self.box is None:
            return self.born
        return (self.box, *self.born) if self.born else (self.box,)


async def on_disk(decision: Decision) -> None:
    """Return when the decision is on disk. Raises StoreUnavailable if it was lost."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told(lost: EngineError | None) -> None:
        if done.done():
            return  # who waited was given up
        if lost is None:
            done.set_result(None)
        else:
            done.set_exception(lost)

    decision.then.append(told)
    await done


class Committer:
    """Hands decisions to the writer and tells what became of them, in order."""

    def __init__(
        self,
        writer: Writer,
        on_settled: Callable[[Decision], None],
        on_failed: Callable[[list[Decision], Exception], None],
    ) -> None:
        self._writer = writer
        self._on_settled = on_settled
        self._on_failed = on_failed
        self._under_way: deque[Decision] = deque()
        self._number = 0

    def submit(self, decision: Decision) -> Decision:
        """Let the decision be committed with whatever else is ready."""
        self._number += 1
        decision.number = self._number
        decision.began_ns = perf_counter_ns()
        self._under_way.append(decision)
        for box in decision.boxes:
            box.unsettled += 1
            box.last_commit = decision
        self._writer.submit(decision.writes, partial(self._done, decision))
        return decision

    def after(self, box: Mailbox, then: Then) -> None:
        """Call `then` once all that the pico has decided so far is on disk, or lost."""
        _follow(box.last_commit, then)

    def after_all(self, then: Then) -> None:
        """Call `then` once all that any pico has decided so far is on disk, or lost."""
        _follow(self._under_way[-1] if self._under_way else None, then)

    @property
    def settled(self) -> int:
        """The decisions up to this number are on disk, or lost, and everybody was told."""
        return self._under_way[0].number - 1 if self._under_way else self._number

    @property
    def latest(self) -> int:
        """The number of the latest decision."""
        return self._number

    @property
    def quiet(self) -> bool:
        """Nothing is under way."""
        return not self._under_way

    def _done(self, decision: Decision, error: Exception | None) -> None:
        if decision.settled:
            return  # it was among those that an earlier failure took along
        if error is not None:
            reached("T15")
            lost = list(self._under_way)
            self._under_way.clear()
            for each in lost:
                self._settle(each)
            self._on_failed(lost, error)
            unavailable = StoreUnavailable(f"the store could not take the commit: {error}")
            for each in lost:
                for then in each.then:
                    then(unavailable)
            return
        reached("T2" if decision.item is not None and decision.box is None else "T6")
        self._under_way.popleft()
        self._settle(decision)
        self._on_settled(decision)
        for then in decision.then:
            then(None)

    def _settle(self, decision: Decision) -> None:
        decision.settled = True
        for box in decision.boxes:
            box.unsettled -= 1
            if box.last_commit is decision:
                box.last_commit = None


def _follow(decision: Decision | None, then: Then) -> None:
    if decision is None or decision.settled:
        then(None)
    else:
        decision.then.append(then)
