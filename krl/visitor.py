"""Walk a tree: every node once, from left to right, without recursion.

Passes that only look for something use `walk`; passes that must know where they are (scopes, code) match on the
nodes themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from .tree import Node, children

_Kind = TypeVar("_Kind", bound=Node)


def walk(root: Node) -> Iterator[Node]:
    """Yield `root` and all nodes below it, a node before what it contains."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(tuple(children(node))))


def find(root: Node, kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield the nodes of one kind in `root`, `root` included, in the order of `walk`."""
    return (node for node in walk(root) if isinstance(node, kind))
