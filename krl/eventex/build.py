"""Build the machine of an event expression.

Each construct adds moves between a start and an end that its surroundings choose, so that sharing a start (`or`,
`and`) or joining an end to the next start (`before`) is a matter of handing the same number to both. What a
construct answers are the ends that it uses: the plain one, and the rests of `repeat`s that end an alternative.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from .. import tree
from ..errors import KRLEventexError
from .machine import END, START, Awaited, Fallback, Machine, Move

MAX_MOVES = 10_000
"""Moves of one machine. `and` of n primitives takes n·2ⁿ⁻¹ of them (ten primitives fit), `count n` takes n."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One primitive as its guard needs it: which event, which tests, what it captures.

    `domain` and `type` are None for `select where`, whose condition is `where`. Places in the source that wait for
    the same event without any test share one Asked.
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

    @property
    def awaited(self) -> Awaited:
        """What the machine need know of it."""
        if self.aggregate is None:
            return Awaited(self.domain, self.type)
        names = tuple(each.name for each in self.aggregate.names)
        return Awaited(self.domain, self.type, self.aggregate.function, names)


class Built(NamedTuple):
    """The machine, and its primitives for who writes their guards."""

    machine: Machine
    primitives: tuple[Asked, ...]  # as they are numbered in the machine


def build(select: tree.SelectWhen | tree.SelectWhere, *, max_moves: int = MAX_MOVES) -> Built:
    """The machine of what stands after `select`; the time limit is no part of it.

    Raises KRLEventexError for a count that is out of bounds and for a machine of more than `max_moves` moves.
    """
    builder = _Builder(max_moves)
    if isinstance(select, tree.SelectWhere):
        builder.primitives.append(Asked(None, None, (), select.condition, (), None, select.span))
        builder.move(START, 0, END, select)
        return builder.built([END])
    return builder.built(builder.add(select.event, Place(START, END)))


class Place(NamedTuple):
    """Where a construct goes."""

    start: int
    end: int
    loop: bool = True  # a `repeat` at its end may rest there


class _Builder:
    """The machine so far."""

    def __init__(self, max_moves: int) -> None:
        self.max_moves = max_moves
        self.states = END + 1
        self.primitives: list[Asked] = []
        self.numbers: dict[object, int] = {}  # of the primitives
        self.moves: list[Move] = []
        self.fallbacks: list[Fallback] = []
        self.loops: dict[int, Move] = {}  # by rest

    def built(self, ends: Sequence[int]) -> Built:
        """What was built, in the order in which `step` wants it: by primitive, without repetition."""
        moves = tuple(sorted(dict.fromkeys(self.moves), key=lambda move: move.primitive))
        fallbacks = tuple(dict.fromkeys(self.fallbacks))
        words = dict.fromkeys((each.domain, each.type) for each in self.primitives)
        machine = Machine(
            primitives=tuple(each.awaited for each in self.primitives),
            moves=moves,
            fallbacks=fallbacks,
            rests=frozenset(ends) - {END},
            subscriptions=tuple((domain, type) for domain, type in words if domain and type) or None,
            names=tuple(dict.fromkeys(name for each in self.primitives for name in each.names)),
            simple=len(moves) == 1 and self.primitives[0].aggregate is None,
        )
        return Built(machine, tuple(self.primitives))

    # --- parts ---

    def state(self) -> int:
        self.states += 1
        return self.states - 1

    def move(self, source: int, primitive: int, target: int, node: tree.Node, window: int = 0) -> Move:
        # Counted while building, so that neither time nor memory depends on how large it would have become.
        if len(self.moves) >= self.max_moves:
            raise KRLEventexError(f"the event expression takes more than {self.max_moves} moves (max_moves)", node.span)
        self.moves.append(Move(source, primitive, target, window))
        return self.moves[-1]

    def number(self, node: tree.Primitive, aggregate: tree.Aggregate | None = None) -> int:
        """The primitive's number; one that only names an event shares it with all that name the same event."""
        asked = Asked(node.domain, node.type, node.tests, node.where, node.setting, aggregate, node.span)
        key = (node.domain, node.type) if asked.plain else id(node)
        if key not in self.numbers:
            self.numbers[key] = len(self.primitives)
            self.primitives.append(asked)
        return self.numbers[key]

    # --- constructs; each answers the ends where it completes ---

    def add(self, node: tree.EventExpression, place: Place) -> list[int]:
        match node:
            case tree.Primitive():
                self.move(place.start, self.number(node), place.end, node)
                return [place.end]
            case tree.Counted():
                return self.counted(node, place)
            case tree.EventInfix():
                return self.joined(node, node.operator, _row(node), None, place)
            case tree.EventGroup():
                return self.joined(node, node.operator, node.members, node.count, place)
            case tree.Between(negated=False):
                return self.chain((node.opening, node.middle, node.closing), place)[0]
            case tree.Between():
                return self.not_between(node, place)
            case _:
                raise TypeError(f"no event expression: {node!r}")

    def joined(self, node: tree.Node, operator: str, members: _Members, count: int | None, place: Place) -> list[int]:
        match operator:
            case "or":
                return _once(end for each in members for end in self.add(each, place))
            case "before":
                return self.chain(members, place)[0]
            case "after":
                return self.chain(members[::-1], place)[0]
            case "then":
                return self.then(members, place)
            case "and" | "any":
                return self.in_any_order(node, members, len(members) if count is None else count, place)
            case _:
                raise ValueError(f"no event operator: {operator!r}")

    def counted(self, node: tree.Counted, place: Place) -> list[int]:
        if node.count < 1:
            raise KRLEventexError(f"{node.operator} needs a number of at least 1, not {node.count}", node.span)
        primitive = self.number(node.primitive, node.aggregate)
        rests = node.operator == "repeat" and place.loop
        source = place.start
        for position in range(1, node.count + 1):
            target = place.end if position == node.count and not rests else self.state()
            self.move(source, primitive, target, node, position if node.aggregate else 0)
            source = target
        if rests:
            self.loops[source] = self.move(source, primitive, source, node, node.count if node.aggregate else 0)
        return [source]

    def chain(self, parts: _Members, place: Place) -> tuple[list[int], list[int]]:
        """One after the other; also answers the junctions: each end of a part, where the next one starts."""
        sources, junctions = [place.start], list[int]()
        for part in parts[:-1]:
            # Every end continues in moves of its own: a rest keeps its loop, and no other path can use that loop.
            sources = self.from_each(sources, part, self.state())
            junctions += sources
        return self.from_each(sources, parts[-1], place.end, place.loop), junctions

    def from_each(self, sources: list[int], node: tree.EventExpression, end: int, loop: bool = True) -> list[int]:
        return _once(reached for source in sources for reached in self.add(node, Place(source, end, loop)))

    def then(self, parts: _Members, place: Place) -> list[int]:
        """A chain where an event that the awaited part does not take leads back to the start of the chain."""
        first = len(self.moves)
        ends, junctions = self.chain(parts, place)
        leaving: dict[int, dict[int, None]] = {junction: {} for junction in junctions}
        for move in self.moves[first:]:
            if move.source in leaving:
                leaving[move.source][move.primitive] = None
        self.fallbacks += [Fallback(junction, tuple(leaving[junction]), place.start) for junction in junctions]
        return ends

    def not_between(self, node: tree.Between, place: Place) -> list[int]:
        """Opening, then closing; to complete the middle in between leads back to the start."""
        junctions = self.add(node.opening, Place(place.start, self.state()))
        ends = self.from_each(junctions, node.closing, place.end, place.loop)
        self.from_each(junctions, node.middle, place.start, loop=False)
        return ends

    def in_any_order(self, node: tree.Node, members: _Members, count: int, place: Place) -> list[int]:
        """`count` of the members, each completed before another begins.

        What may still come depends on which members are done and not on their order: one state a set of members
        does for all permutations, but for the rests, which stay apart.
        """
        if not 1 <= count <= len(members):
            raise KRLEventexError(f"any needs a number from 1 to {len(members)}, not {count}", node.span)
        everything = frozenset(range(len(members)))
        reached = {frozenset[int](): [place.start]}
        for size in range(1, count + 1):
            final = size == count
            ends: dict[frozenset[int], int] = {everything: place.end} if final else {}
            previous, reached = reached, {}
            for done, sources in previous.items():
                for index in sorted(everything - done):
                    complete = everything if final else done | {index}
                    if complete not in ends:
                        ends[complete] = self.state()
                    for source in sources:
                        member = Place(source, ends[complete], place.loop or not final)
                        reached.setdefault(complete, []).extend(self.member(members[index], member, bool(done)))
            reached = {done: _once(states) for done, states in reached.items()}
        return reached[everything]

    def member(self, node: tree.EventExpression, place: Place, committed: bool) -> list[int]:
        """Add one of several members that share a start.

        A member that falls back to its start does not reopen the choice among the members, unless the start is that
        of the whole group: it gets a start of its own to fall back to.
        """
        first_move, first_fallback = len(self.moves), len(self.fallbacks)
        ends = self.add(node, place)
        moves, fallbacks = self.moves[first_move:], self.fallbacks[first_fallback:]
        edges: list[Move | Fallback] = [*moves, *fallbacks]
        if committed and any(edge.target == place.start for edge in edges):
            own = self.state()
            self.moves[first_move:] = moves = [_redirected(move, place.start, own) for move in moves]
            self.fallbacks[first_fallback:] = [_redirected(each, place.start, own) for each in fallbacks]
            for move in moves:
                if move.source == place.start:
                    self.move(own, move.primitive, move.target, node, move.window)
            if loop := self.loops.get(place.start):
                self.move(own, loop.primitive, own, node, loop.window)
        return ends


_Members = tuple[tree.EventExpression, ...]
_Edge = TypeVar("_Edge", Move, Fallback)


def _row(node: tree.EventInfix) -> _Members:
    """The operands of `a or b or c`, which is written as a row and parsed as a nest.

    `and` stays a nest: `a and b and c` does not accept c between a and b, `and(a, b, c)` does.
    """
    if node.operator == "and":
        return (node.left, node.right)
    operands: list[tree.EventExpression] = []
    left: tree.EventExpression = node
    while isinstance(left, tree.EventInfix) and left.operator == node.operator:
        operands.append(left.right)
        left = left.left
    return (left, *reversed(operands))


def _redirected(edge: _Edge, old: int, new: int) -> _Edge:
    return edge._replace(target=new) if edge.target == old else edge


def _once(states: Iterable[int]) -> list[int]:
    """The states in order, each once."""
    return list(dict.fromkeys(states))
