"""What the names of a program mean: each declaration with all the places where it is named.

    found = analyse(Source(text, "owner.krl"))
    symbol = found.at(offset)       # what stands there
    symbol.places                   # everywhere it is named, its declaration among them

The checker resolves names; entity variables, modules and keys are added here. For editors, which ask for the
declaration of a name and for its uses (`renaming.py` gives it another).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from .. import tree
from ..checker import checked
from ..checker.expressions import Expressions
from ..checker.scopes import Binding, Use
from ..dialects import Dialect
from ..errors import Diagnostic
from ..parser import Tree, parse_all
from ..source import Source
from ..tree import Span
from ..visitor import find, walk

Kind = Literal["function", "action", "name", "operator", "variable", "module", "key", "rule"]


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """One thing that a program names."""

    name: str
    kind: Kind
    role: str  # what introduced it, as the checker knows it: "declared", "parameter", "captured" …
    declared: Span | None  # None: in the library, or nowhere in this text
    places: tuple[Span, ...]  # in the order of the text, the declaration included
    parameters: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Analysis:
    """A text with all that is known of it without running it."""

    source: Source
    tree: Tree | None  # None if it has faults
    diagnostics: tuple[Diagnostic, ...]
    dialect: Dialect = "1.x"
    _checker: Expressions | None = field(default=None, repr=False, compare=False)

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """All that it names; nothing if it has faults."""
        if self.tree is None or self._checker is None:
            return ()
        named = _Named(self.tree)
        return (*named.bindings(self._checker.bindings, self._checker.uses), *named.qualified(), *named.rules())

    def at(self, offset: int) -> Symbol | None:
        """What is named at an offset; the one behind the last character of a name belongs to it."""
        for at in (offset, offset - 1):
            index = bisect_right(self._places, at, key=lambda each: each[0].start) - 1
            if index >= 0 and self._places[index][0].end > at:
                return self._places[index][1]
        return None

    def place_at(self, offset: int) -> Span | None:
        """Where the name begins and ends that stands at an offset."""
        symbol = self.at(offset)
        return next((each for each in symbol.places if each.start <= offset <= each.end), None) if symbol else None

    @cached_property
    def _places(self) -> list[tuple[Span, Symbol]]:
        return sorted(((place, each) for each in self.symbols for place in each.places), key=lambda each: each[0])


def analyse(source: Source, *, dialect: Dialect = "1.x") -> Analysis:
    """What parser and checker find, and what the names mean. Never raises for what the text is.

    A text that does not parse has diagnostics and no symbols.
    """
    root, diagnostics, _ = parse_all(source)
    if root is None or diagnostics:
        return Analysis(source, None, diagnostics, dialect)
    checker = checked(root, source, dialect=dialect)
    return Analysis(source, root, checker.findings.in_order(), dialect, checker)


class _Named:
    """Gathers what a tree names."""

    def __init__(self, root: Tree) -> None:
        self._root = root

    def bindings(self, bindings: Iterable[Binding], uses: Iterable[Use]) -> Iterator[Symbol]:
        """Declared names with their uses, then the library's operators that are used."""
        known = {each.span: each for each in bindings if each.span is not None}
        meant = {use.place: use.binding for use in uses}
        places: defaultdict[Span | str, set[Span]] = defaultdict(set)
        for place, binding in meant.items():
            # A name whose block has ended has a binding of its own, at the old place.
            places[binding.name if binding.span is None else binding.span].add(place)
        for parameter, place in self._arguments(meant):
            places[parameter].add(place)
        for span, binding in known.items():
            yield _symbol(binding, span, places[span])
        library = {each.name: each for each in meant.values() if each.span is None}
        for name, binding in library.items():
            yield Symbol(name, "operator", "operator", None, _in_order(places[name]), binding.signature.parameters)

    def _arguments(self, meant: Mapping[Span, Binding]) -> Iterator[tuple[Span, Span]]:
        """For arguments with a name: where the parameter is declared, and where the argument names it."""
        functions = {each.name.span: each.value for each in find(self._root, tree.Declaration)}
        for call in walk(self._root):
            if not isinstance(call, tree.Call | tree.MethodCall | tree.ActionCall):
                continue
            names = [each.name for each in call.arguments if each.name is not None]
            callee = call.method if isinstance(call, tree.MethodCall) else call.callee
            binding = meant.get(callee.span) if names and isinstance(callee, tree.Name) else None
            function = functions.get(binding.span) if binding is not None and binding.span is not None else None
            if isinstance(function, tree.Function | tree.Defaction):
                declared = {each.name.name: each.name.span for each in function.parameters}
                yield from ((declared[each.name], each.span) for each in names if each.name in declared)

    def qualified(self) -> Iterator[Symbol]:
        """Entity variables, the modules that the ruleset uses, and its keys."""
        variables: defaultdict[str, set[Span]] = defaultdict(set)
        domains: defaultdict[str, set[Span]] = defaultdict(set)
        keys: defaultdict[str, set[Span]] = defaultdict(set)
        for each in find(self._root, tree.Qualified):
            domain = Span(each.span.start, each.span.start + len(each.domain))
            name = Span(each.span.end - len(each.name), each.span.end)
            domains[each.domain].add(domain)
            if each.domain in ("ent", "keys"):
                (variables if each.domain == "ent" else keys)[each.name].add(name)
        yield from self._variables(variables)
        for use in find(self._root, tree.UseModule):
            alias = use.alias.name if use.alias else use.rid
            named = domains[alias] | ({use.alias.span} if use.alias else set())
            yield Symbol(alias, "module", use.rid, use.alias.span if use.alias else None, _in_order(named))
        for key in find(self._root, tree.Keys):
            places = keys[key.name.name] | {key.name.span}
            yield Symbol(key.name.name, "key", "key", key.name.span, _in_order(places))

    def _variables(self, variables: Mapping[str, set[Span]]) -> Iterator[Symbol]:
        targets = [each.target for each in find(self._root, tree.SetVariable)]
        set_at = {each.name: Span(each.span.end - len(each.name), each.span.end) for each in reversed(targets)}
        for name, places in variables.items():
            yield Symbol(name, "variable", "variable", set_at.get(name), _in_order(places))

    def rules(self) -> Iterator[Symbol]:
        """The names of rules, which nothing refers to."""
        for each in find(self._root, tree.Rule):
            yield Symbol(each.name.name, "rule", "rule", each.name.span, (each.name.span,))


def _symbol(binding: Binding, span: Span, uses: set[Span]) -> Symbol:
    kind: Kind = "name"
    if binding.signature.kind in ("function", "action"):
        kind = "action" if binding.signature.kind == "action" else "function"
    return Symbol(binding.name, kind, binding.role, span, _in_order(uses | {span}), binding.signature.parameters)


def _in_order(places: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(places))
