"""The machine against a naive reading of the language: explicit permutations, copied graphs, joined states."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from krl import tree
from tests.krl.eventex.watching import Watcher, between, counted, group, infix, on

WORDS = "pqr"
_state = count()


@dataclass
class Graph:
    """A part of the reference: edges are (from, guard, to); a guard is a primitive, or a tuple of refused ones."""

    start: int
    plain: int | None
    rests: list[int]
    edges: list[tuple[int, Any, int]]

    @property
    def ends(self) -> list[int]:
        return ([] if self.plain is None else [self.plain]) + self.rests

    def copy(self) -> Graph:
        return self.renamed({state: next(_state) for edge in self.edges for state in (edge[0], edge[2])})

    def renamed(self, new: dict[int | None, int]) -> Graph:
        def to(state: int) -> int:
            return new.get(state, state)

        edges = [(to(a), guard, to(b)) for a, guard, b in self.edges]
        return Graph(to(self.start), None if self.plain is None else to(self.plain), [to(s) for s in self.rests], edges)


def beside(parts: list[Graph]) -> Graph:
    """Joined starts, joined plain ends."""
    start, plain = next(_state), next(_state)
    joined = [part.renamed({part.start: start, part.plain: plain}) for part in parts]
    edges = [edge for part in joined for edge in part.edges]
    rests = [rest for part in joined for rest in part.rests]
    return Graph(start, plain if any(part.plain is not None for part in parts) else None, rests, edges)


def chained(parts: list[Graph]) -> tuple[Graph, list[int]]:
    """One after the other; every end of a part continues in its own copy of the next."""
    whole, junctions = parts[0].copy(), []
    for part in parts[1:]:
        copies = []
        for end in whole.ends:
            copy = part.copy()
            copies.append(copy.renamed({copy.start: end}))
        junctions += whole.ends
        plain = next(_state)
        copies = [copy.renamed({copy.plain: plain}) for copy in copies]
        edges = whole.edges + [edge for copy in copies for edge in copy.edges]
        rests = [rest for copy in copies for rest in copy.rests]
        whole = Graph(whole.start, plain if copies[0].plain is not None else None, rests, edges)
    return whole, junctions


def graph(node: tree.EventExpression) -> Graph:
    match node:
        case tree.Primitive():
            start, end = next(_state), next(_state)
            return Graph(start, end, [], [(start, node, end)])
        case tree.Counted():
            whole, _ = chained([graph(node.primitive) for _ in range(node.count)])
            if node.operator == "count":
                return whole
            return Graph(whole.start, None, whole.ends, [*whole.edges, (whole.ends[0], node.primitive, whole.ends[0])])
        case tree.EventInfix():
            return composed(node.operator, [graph(node.left), graph(node.right)], 2)
        case tree.EventGroup():
            return composed(node.operator, [graph(each) for each in node.members], node.count or len(node.members))
        case tree.Between(negated=False):
            return chained([graph(node.opening), graph(node.middle), graph(node.closing)])[0]
        case tree.Between():
            whole, junctions = chained([graph(node.opening), graph(node.closing)])
            for junction in junctions:
                middle = graph(node.middle)
                edges = [edge for edge in middle.edges if not (edge[0] == edge[2] and edge[0] in middle.rests)]
                middle = Graph(middle.start, middle.plain, middle.rests, edges)
                whole.edges += middle.renamed({middle.start: junction, **dict.fromkeys(middle.ends, whole.start)}).edges
            return whole
    raise TypeError(node)


def composed(operator: str, parts: list[Graph], number: int) -> Graph:
    match operator:
        case "or":
            return beside(parts)
        case "before":
            return chained(parts)[0]
        case "after":
            return chained(parts[::-1])[0]
        case "and" | "any":
            return beside([chained(list(each))[0] for each in permutations(parts, number)])
    whole, junctions = chained(parts)
    leaving = {j: tuple(edge[1] for edge in whole.edges if edge[0] == j) for j in junctions}
    whole.edges += [(j, leaving[j], whole.start) for j in junctions]
    return whole


@dataclass
class Reference:
    """The algorithm of the language page, word by word, without windows."""

    event: tree.EventExpression
    within: int | None

    def __post_init__(self) -> None:
        self.graph = graph(self.event)
        self.fresh()

    def fresh(self) -> None:
        self.states, self.captured, self.since = {self.graph.start}, dict[str, str](), None

    def accepts(self, guard: Any, type: str, v: str) -> bool:
        if isinstance(guard, tuple):
            return not all(self.accepts(each, type, v) for each in guard)
        pattern = guard.tests[0].regex.pattern if guard.tests else "()"
        return guard.type == type and (pattern == "()" or pattern == f"({v})")

    def taken(self, states: set[int], type: str, v: str) -> list[tuple[int, Any, int]]:
        return [edge for edge in self.graph.edges if edge[0] in states and self.accepts(edge[1], type, v)]

    def offer(self, type: str, v: str, at: int) -> dict[str, str] | None:
        if self.within is not None:
            if self.since is not None and at - self.since > self.within:
                self.fresh()
            if self.since is None or self.graph.start in self.states:
                self.since = at
        taken = self.taken(self.states, type, v)
        if not taken and self.states & set(self.graph.rests):
            taken = self.taken({self.graph.start}, type, v)
            if taken:
                self.fresh()
                self.since = at if self.within is not None else None
        if not taken:
            return None
        for guard in (edge[1] for edge in taken if isinstance(edge[1], tree.Primitive)):
            self.captured.update((name.name, v) for name in guard.setting)
        to = {edge[2] for edge in taken}
        if not to & set(self.graph.ends):
            self.states = to
            if to == {self.graph.start}:
                self.fresh()
            return None
        selected, since = self.captured, self.since
        rests = [rest for rest in self.graph.rests if rest in to]
        self.fresh()
        if rests:
            self.states, self.since = set(rests), since
        return selected


_names = count()


def primitive(type: str, v: str | None) -> tree.Primitive:
    # A name of its own for each place: who overwrites whom is not what is compared here.
    return on(type) if v is None else on(type, f"({v})", f"n{next(_names)}")


primitives = st.builds(primitive, st.sampled_from(WORDS), st.sampled_from([None, None, "0", "1"]))


def compounds(part: st.SearchStrategy[tree.EventExpression]) -> st.SearchStrategy[tree.EventExpression]:
    members = st.lists(part, min_size=1, max_size=3)
    some = members.flatmap(lambda found: st.builds(lambda n: group("any", *found, count=n), st.integers(1, len(found))))
    return st.one_of(
        st.builds(infix, st.sampled_from(["or", "and", "before", "then", "after"]), part, part),
        st.builds(
            lambda op, found: group(op, *found), st.sampled_from(["or", "and", "before", "then", "after"]), members
        ),
        some,
        st.builds(between, part, part, part, st.booleans()),
    )


leaves = st.one_of(primitives, st.builds(counted, st.sampled_from(["count", "repeat"]), st.integers(1, 3), primitives))
expressions = st.recursive(leaves, compounds, max_leaves=5)
events = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from("01"), st.integers(0, 30)), max_size=25)


@settings(max_examples=150, deadline=None)
@given(expressions, events, st.sampled_from([None, None, 40]))
def test_machine_does_what_the_naive_reading_does(expression, events, within):
    reference, watcher = Reference(expression, within), Watcher(expression, within)
    at = 0
    for type, v, pause in events:
        at += pause
        expected = reference.offer(type, v, at) if ("a", type) in watcher.machine.subscriptions else None
        found = watcher.offer(type, v, at)
        if expected is None:
            assert found is None
        else:
            assert found == {**dict.fromkeys(watcher.machine.names), **expected}


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=20))
def test_count_aggregates_n_matches_at_a_time(n, values):
    watcher = Watcher(counted("count", n, on("p", "(.)"), "push", "w"))

    seen = [found["w"] for value in values if (found := watcher.offer("p", value))]

    assert seen == [[str(v) for v in values[i : i + n]] for i in range(0, len(values) - n + 1, n)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=20))
def test_repeat_aggregates_the_last_n_matches(n, values):
    watcher = Watcher(counted("repeat", n, on("p", "(.)"), "push", "w"))

    seen = [found["w"] for value in values if (found := watcher.offer("p", value))]

    assert seen == [[str(v) for v in values[i : i + n]] for i in range(len(values) - n + 1)]
