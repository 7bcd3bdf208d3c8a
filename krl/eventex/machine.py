"""The machine that an event expression is built into: states, moves between them, and what the moves wait for.

States are numbers. State 0 is the start. The machine has one plain end; a match through an alternative that ends
in `repeat` finishes in a *rest* instead: a state from which one more event of the repeat completes the next match.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

START = 0
END = 1


class Awaited(NamedTuple):
    """One primitive as `step` sees it: the event, and what gathers the groups of its matches."""

    domain: str | None  # as the type: None for `select where`
    type: str | None
    aggregate: str | None = None  # `max`, `push` …
    names: tuple[str, ...] = ()  # that the aggregate binds


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
    """What `step` walks on; equal expressions build equal machines. All of it is plain data."""

    primitives: tuple[Awaited, ...]  # in order of first appearance; guards and moves refer to them by position
    moves: tuple[Move, ...]
    fallbacks: tuple[Fallback, ...]
    rests: frozenset[int]
    subscriptions: tuple[tuple[str, str], ...] | None  # (domain, type) pairs; None: every event (`select where`)
    names: tuple[str, ...]  # all that the expression may capture
    simple: bool  # one primitive and no more: nothing to remember
    moves_from: Mapping[int, tuple[Move, ...]] = field(init=False, repr=False, compare=False)
    fallbacks_from: Mapping[int, tuple[Fallback, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "moves_from", _by_source(self.moves))
        object.__setattr__(self, "fallbacks_from", _by_source(self.fallbacks))


_Edge = TypeVar("_Edge", Move, Fallback)


def _by_source(edges: Iterable[_Edge]) -> Mapping[int, tuple[_Edge, ...]]:
    found: dict[int, list[_Edge]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge)
    return {source: tuple(each) for source, each in found.items()}
