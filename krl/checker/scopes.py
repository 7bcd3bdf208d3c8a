"""Names and the blocks they live in.

A scope is one block. Its expressions see what is declared above them; the function literals that stand in it see all
of it, so their bodies are put off until the block is closed.

Source: docs/language.md, "Rulesets, scope and loading".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..tree import Declaration, Node, Span
from .signatures import UNKNOWN, Signature

Role = Literal["operator", "declared", "configured", "parameter", "captured", "round", "result", "past"]
"""What introduced a name; `round`: by `foreach`, `result`: by the `setting` of an action or a `schedule`,
`past`: by a block of the same postlude that has ended."""


class Read(NamedTuple):
    """One use of a name: where, and whether it surely happens when the text around it is evaluated."""

    binding: Binding
    place: Node
    certain: bool
    called: bool


@dataclass(slots=True, eq=False)
class Binding:
    """One declaration of a name."""

    name: str
    role: Role
    span: Span | None = None  # None: the library's
    signature: Signature = UNKNOWN
    type: str | None = None  # "a Number" …, where the value is a literal
    scope: Scope | None = None
    order: int = 0  # within its scope
    used: bool = False
    eager: list[Read] = field(default_factory=list)  # what its value reads while it is computed
    later: list[Read] = field(default_factory=list)  # what its function reads when it is called


class Use(NamedTuple):
    """A place where a name stands, and the declaration that it means there."""

    place: Span
    binding: Binding


class Scope:
    """The names of one block, inside those of the blocks around it."""

    def __init__(self, parent: Scope | None = None, declarations: Sequence[Declaration] = ()) -> None:
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self._declarations = declarations  # those that stand in the block, seen or yet to come
        self._deferred: list[Callable[[], None]] = []

    def add(self, binding: Binding) -> None:
        """Make a name visible from here on."""
        binding.scope = self
        binding.order = len(self.names)
        self.names[binding.name] = binding

    def find(self, name: str) -> Binding | None:
        """The innermost declaration of `name` so far."""
        scope: Scope | None = self
        while scope is not None:
            if (binding := scope.names.get(name)) is not None:
                return binding
            scope = scope.parent
        return None

    def declared_below(self, name: str) -> Span | None:
        """Where a name that is not known yet is declared in this block or around it."""
        scope: Scope | None = self
        while scope is not None:
            for each in scope._declarations:
                if each.name.name == name:
                    return each.name.span
            scope = scope.parent
        return None

    def visible(self) -> Iterator[str]:
        """All names that can be read here, inner ones first."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent

    def defer(self, work: Callable[[], None]) -> None:
        """Do `work` once all names of the block are known."""
        self._deferred.append(work)

    def close(self) -> None:
        """The block has all its names."""
        for work in self._deferred:  # work may put off more: the loop sees what is appended meanwhile
            work()
        self._deferred.clear()
