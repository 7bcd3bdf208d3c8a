"""The state of a compilation: the unit (one program) and the frame (one Python function being written).

A KRL expression becomes one Python expression. What Python cannot say in an expression, a function with a body, is
written as a `def` in front of the statement that the expression stands in; names are resolved by scope.py.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .. import tree
from ..errors import Diagnostic, KRLSyntaxError
from ..eventex import Asked
from ..names import Declared, is_past
from ..runtime.namespace import LIBRARY
from ..source import Source
from . import emit
from .scope import Binding, Scope

# What may be known of a value before it is there. INTEGER and NULL are known of literals only.
ANY, BOOLEAN, TEXT, INTEGER, NULL, MAP = "any", "boolean", "text", "integer", "null", "map"


class Code(NamedTuple):
    """A compiled expression, and what is known of its value: one of the kinds above."""

    code: ast.expr
    kind: str = ANY


class Members:
    """Members of modules that a program names: each is looked up once, at load, into a variable."""

    def __init__(self, prefix: str) -> None:
        self.statements: list[ast.stmt] = []
        self._prefix = prefix
        self._variables: dict[tuple[object, ...], str] = {}

    def variable(self, key: tuple[object, ...], look_up: ast.expr) -> str:
        """The variable that holds the look-up's value, the same one for the same key."""
        if key not in self._variables:
            self._variables[key] = f"{self._prefix}_{len(self._variables)}"
            self.statements.append(emit.assign(self._variables[key], look_up, look_up.lineno))
        return self._variables[key]


class UsedModule(NamedTuple):
    """A module that the ruleset uses: the variable of its instance, and its members."""

    variable: str
    members: Members


class Unit:
    """What all frames of one program share."""

    def __init__(
        self,
        source: Source,
        rid: str,
        expression: Callable[[Frame, tree.Expression], Code],
        dialect: str = "1.x",
    ) -> None:
        self.source = source
        self.rid = rid
        self.dialect = dialect
        self.expression = expression
        self.declared = Declared()
        self.built_in = Members("member")
        self.modules: dict[str, UsedModule] = {}  # by the name that the ruleset has for it
        self.keys: dict[str, str] = {}  # `meta { keys name … }`: name to variable
        self.attributes: dict[str, None] = {}  # of the event, which the rule in hand names literally
        self.patterns: dict[tuple[str, str], str] = {}  # regexp literals: (pattern, flags) to variable
        self._line_starts = source.line_starts()
        self._counter = 0

    def line(self, place: tree.Node | Asked) -> int:
        """The line on which the place begins."""
        return bisect_right(self._line_starts, place.span.start)

    def count(self) -> int:
        """A number never given before: an order of positions, and a source of fresh identifiers."""
        self._counter += 1
        return self._counter

    def pattern(self, node: tree.Regex) -> str:
        """The variable that holds this regexp literal."""
        return self.patterns.setdefault((node.pattern, node.flags), f"pattern_{len(self.patterns)}")

    def refuse(self, node: tree.Node, code: str, message: str, hint: str | None = None) -> KRLSyntaxError:
        """An error for what the checker should have found, had it been asked."""
        return KRLSyntaxError([Diagnostic(self.source, node.span, "error", code, message, hint)])


class Frame:
    """One Python function being written."""

    def __init__(self, unit: Unit, scope: Scope, *, root: bool = False, in_event: bool = False, level: int = 0) -> None:
        self.unit = unit
        self.scope = scope
        self.root = root  # the program's own `load`
        self.level = level  # of functions within functions
        self.in_event = in_event  # runs only while its own ruleset answers an event
        self.body: list[ast.stmt] = []
        self.put_off: tuple[tuple[int, int], ...] = ()  # from where a literal stands to where it was compiled
        self.calls_out = False  # calls functions that may call it
        self.may_be_early = False  # reads a name that may have no value
        self._temporaries = 0

    def expression(self, node: tree.Expression) -> Code:
        """The expression in Python, and what is known of its value."""
        return self.unit.expression(self, node)

    def value(self, node: tree.Expression) -> ast.expr:
        """The expression where nothing need be known of its value."""
        return self.unit.expression(self, node).code

    def temporary(self) -> str:
        """A Python variable that nothing else in this function uses."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def line(self, node: tree.Node) -> int:
        """The line of the KRL text where the node begins."""
        return self.unit.line(node)

    def find(self, name: str) -> Binding | None:
        """The declaration that `name` means here."""
        binding = self.scope.find(name)
        if binding is not None and (
            is_past(binding.identifier) or any(start < binding.position < end for start, end in self.put_off)
        ):
            self.may_be_early = True
        return binding

    def variable(self, node: tree.Name) -> str:
        """The Python variable of a name that is read: of a declaration, or of the library."""
        if (binding := self.find(node.name)) is not None:
            return binding.identifier
        if (variable := LIBRARY.get(node.name)) is not None:
            return variable
        raise self.unit.refuse(node, "undefined-name", f"{node.name!r} is not defined")

    def declare(
        self, name: str, literal: tree.Function | tree.Defaction | None = None, runner: str | None = None
    ) -> str:
        """Declare a name in the current block; its Python variable."""
        identifier = self.unit.declared.identifier(name)
        self.scope.bind(name, Binding(identifier, literal, runner, self.unit.count()))
        return identifier

    def add(self, statement: ast.stmt) -> None:
        """Append a statement to the present block."""
        self.body.append(statement)

    def set(self, identifier: str, value: ast.expr, line: int) -> None:
        """Append `identifier = value` to the present block."""
        self.body.append(emit.assign(identifier, value, line))

    @contextmanager
    def block(self) -> Iterator[list[ast.stmt]]:
        """A nested block: statements go to the list that is given, names to a scope that ends with the block."""
        outer_body, outer_scope = self.body, self.scope
        self.body, self.scope = [], Scope(outer_scope)
        yield self.body
        self.scope.close()
        self.body, self.scope = outer_body, outer_scope

    @contextmanager
    def statements(self) -> Iterator[list[ast.stmt]]:
        """A nested list of statements in the same block."""
        outer = self.body
        self.body = []
        yield self.body
        self.body = outer
