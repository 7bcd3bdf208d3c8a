"""Which declaration a name means.

A scope is one block of KRL. An inner declaration shadows an outer one from its position onward, which comes for free
from declaring each name after its value is compiled. Function literals see the names of the whole block: their bodies
are put off until the block is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..tree import Defaction, Function


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name is bound to."""

    identifier: str  # the Python variable
    literal: Function | Defaction | None = None  # the literal that it surely holds
    runner: str | None = None  # for a Defaction: the Python function to run
    position: int = 0  # when it was declared, counted over the program
    parameter: bool = False


class Scope:
    """The names of one block, and the blocks around it."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self._deferred: list[Callable[[], None]] = []

    def bind(self, name: str, binding: Binding) -> None:
        """Declare the name in this block; it hides the same name of the blocks around it."""
        self.names[name] = binding

    def find(self, name: str) -> Binding | None:
        """The innermost declaration of `name` so far."""
        scope: Scope | None = self
        while scope is not None:
            if (binding := scope.names.get(name)) is not None:
                return binding
            scope = scope.parent
        return None

    def defer(self, work: Callable[[], None]) -> None:
        """Do `work` when the block is closed."""
        self._deferred.append(work)

    def close(self) -> None:
        """The block has all its names: compile the function literals that stand in it."""
        # Work may defer more work to this very block only while it runs, never afterwards.
        while self._deferred:
            self._deferred.pop(0)()
