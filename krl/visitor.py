"""Walk a tree: every node once, from left to right, without recursion.

Passes that only look for something use `walk`; passes that must know where they are (scopes, code) match on the
nodes themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TypeVar

from .tree import Node, Span

_Kind = TypeVar("_Kind", bound=Node)


def walk(root: Node) -> Iterator[Node]:
    """Yield `root` and all nodes below it, a node before what it contains."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(_children(node)))


def find(root: Node, kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield the nodes of one kind in `root`, `root` included, in the order of `walk`."""
    return (node for node in walk(root) if isinstance(node, kind))


def _children(node: Node) -> list[Node]:
    below: list[Node] = []
    for name in _field_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            below.append(value)
        elif isinstance(value, tuple) and not isinstance(value, Span):
            below.extend(item for item in value if isinstance(item, Node))
    return below


_known_fields: dict[type, tuple[str, ...]] = {}  # dataclasses.fields costs more than the rest of a step


def _field_names(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _known_fields:
        _known_fields[kind] = tuple(each.name for each in fields(kind))
    return _known_fields[kind]
