"""The machine that an event expression is built into: states, moves between them, and what the moves wait for.

States are numbers. State 0 is the start. The machine has one plain end; a match through an alternative that ends
in `repeat` finishes in a *rest* instead: a state from which one more event of the repeat completes the next match.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .. import tree

START = 0
END = 1


@dataclass(frozen=True, slots=True)
class Awaited:
    """One primitive as its guard needs it: which event, which tests, what it captures.

    `domain` and `type` are None for `select where`, whose condition is `where`. Places in the source that wait for
    the same event without any test share one Awaited.
    """

    domain: str | None
    type: str | None
    tests: tuple[tree.AttributeTest, ...]
    where: tree.Expression | None
    setting: tuple[tree.Name, ...]
    aggregate: tree.Aggregate | None
    span: tree.Span

    @property
    def plain(self) -> bool:
        """Domain and type are all that it asks for, and it captures nothing."""
        return not (self.tests or self.where or self.setting or self.aggregate)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it binds, aggregates last."""
        aggregated = self.aggregate.names if self.aggregate else ()
        return tuple(each.name for each in (*self.setting, *aggregated))


class Move(NamedTuple):
    """From `source` to `target` when the primitive of this number accepts the event."""

    source: int
    primitive: int
    target: int
    window: int
    """How many of the primitive's last matches an aggregate covers behind this move; 0 without an aggregate.

    `count 3` numbers its moves 1, 2, 3 and the loop of `repeat 3` stays at 3: so a group that begins again empties
    its window, and a loop lets the window slide.
    """


class Fallback(NamedTuple):
    """From a junction of `then` back to where that `then` starts, unless each of these primitives accepts the event."""

    source: int
    primitives: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What `step` walks on; equal expressions build equal machines."""

    primitives: tuple[Awaited, ...]  # in order of first appearance; guards and moves refer to them by position
    moves: tuple[Move, ...]
    fallbacks: tuple[Fallback, ...]
    rests: frozenset[int]
    subscriptions: tuple[tuple[str, str], ...] | None  # (domain, type) pairs; None: every event (`select where`)
    names: tuple[str, ...]  # all that the expression may capture
    simple: bool  # one primitive and no more: nothing to remember
    moves_from: Mapping[int, tuple[Move, ...]]
    fallbacks_from: Mapping[int, tuple[Fallback, ...]]
