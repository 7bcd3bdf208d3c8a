"""Which function prints which kind of node: each file of this package adds its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..tree import Node
from .boxes import Box
from .words import Words

Printer = Callable[[Words, Any], Box]
F = TypeVar("F", bound=Printer)

_PRINTERS: dict[type[Node], Printer] = {}


def prints(*kinds: type[Node]) -> Callable[[F], F]:
    """The function that follows makes the box of nodes of these kinds, taking their words."""

    def added(function: F) -> F:
        _PRINTERS.update(dict.fromkeys(kinds, function))
        return function

    return added


def box(words: Words, node: Node) -> Box:
    """The box of a node whose first word is the next one."""
    return _PRINTERS[type(node)](words, node)


def printed_kinds() -> frozenset[type[Node]]:
    """All kinds that have a printer."""
    return frozenset(_PRINTERS)
