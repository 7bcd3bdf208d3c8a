"""Rules for the tests of event expressions: trees by hand, guards by hand, an event a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from krl import tree
from krl.eventex import Asked, Memory, build, step
from krl.runtime.host import EventFacts

SPAN = tree.Span(0, 0)


def replaced(node, **fields):
    """The node with other contents."""
    return type(node)(**{each: fields.get(each, getattr(node, each)) for each in type(node).fields})


def names(*words: str) -> tuple[tree.Name, ...]:
    return tuple(tree.Name(SPAN, each) for each in words)


def on(
    type: str, pattern: str | None = None, setting: str = "", where: tree.Expression | None = None
) -> tree.Primitive:
    """`a:type`, or `a:type v re#pattern# setting(…)`."""
    tests = (tree.AttributeTest(SPAN, "v", tree.Regex(SPAN, pattern, "")),) if pattern is not None else ()
    return tree.Primitive(SPAN, "a", type, tests, where, names(*setting.split()), False)


def infix(operator: Any, left: tree.EventExpression, right: tree.EventExpression) -> tree.EventInfix:
    return tree.EventInfix(SPAN, operator, left, right)


def group(operator: Any, *members: tree.EventExpression, count: int | None = None) -> tree.EventGroup:
    return tree.EventGroup(SPAN, operator, count, members)


def between(
    middle: tree.EventExpression, opening: tree.EventExpression, closing: tree.EventExpression, negated: bool = False
) -> tree.Between:
    return tree.Between(SPAN, middle, opening, closing, negated)


def counted(operator: Any, count: int, primitive: tree.Primitive, function: Any = None, into: str = "") -> tree.Counted:
    aggregate = tree.Aggregate(SPAN, function, names(*into.split())) if function else None
    return tree.Counted(SPAN, operator, count, primitive, aggregate)


def when(event: tree.EventExpression) -> tree.SelectWhen:
    return tree.SelectWhen(SPAN, event, None)


def guard_of(primitive: Asked, asked: list[str]) -> Callable[[Any, dict[str, Any]], dict[str, Any] | None]:
    """What the compiler makes of a primitive, as far as these tests need it; a `where` is the name that must be 1."""

    def guard(h: Any, captured: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(primitive.type or "*")
        groups: list[Any] = []
        for test in primitive.tests:
            assert isinstance(test.regex, tree.Regex)
            match = re.search(test.regex.pattern, str(h.event.attrs.get(test.attribute, "")))
            if match is None:
                return None
            groups += match.groups()
        found = {name.name: groups[i] if i < len(groups) else None for i, name in enumerate(primitive.setting)}
        if isinstance(primitive.where, tree.Name) and {**captured, **found}.get(primitive.where.name) != "1":
            return None
        return {**found, "": groups} if primitive.aggregate else found

    return guard


@dataclass
class Watcher:
    """A rule and its memory; `offer` is what the engine does with an event, and `asked` whom it bothered."""

    event: tree.EventExpression
    within: int | float | None = None
    memory: Memory = None
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine, primitives = build(when(self.event))
        self.guards = tuple(guard_of(each, self.asked) for each in primitives)
        self.clock = 0

    def offer(self, type: str, v: object = "", at: int | None = None) -> dict[str, Any] | None:
        self.clock = self.clock + 1000 if at is None else at
        subscriptions = self.machine.subscriptions
        if subscriptions is not None and ("a", type) not in subscriptions:
            return None
        event = EventFacts("eid", "eci", "a", type, {"v": v}, self.clock)
        self.memory, captured = step(self, SimpleNamespace(event=event), self.memory)  # type: ignore[arg-type]
        return captured

    def selected(self, types: Iterable[str]) -> str:
        """One letter an event: `x` where it selected the rule, else `.`."""
        return "".join("." if self.offer(each) is None else "x" for each in types)
