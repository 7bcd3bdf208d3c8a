"""Everything about a program that can be known before it runs.

`check` takes a tree and its source and answers diagnostics: an *error* is what would keep the program from loading
or could never work, a *warning* what loads and is probably not meant. One file for each subject: `expressions`
(names, calls), `domains` (`ent:`, modules), `events`, `actions` (with postludes), `rules`, `meta`, `patterns`
(regular expressions), `initialisation` (globals that need each other).

Source: docs/language.md, "Compile-time checks".
"""

from __future__ import annotations

from ..errors import Diagnostic
from ..source import Source
from ..tree import Declaration, Ruleset, Statements
from .actions import check_actions, variables_set
from .domains import Domains
from .expressions import Expressions
from .findings import Findings
from .initialisation import check_initialisation
from .meta import GENERATED, check_exports, check_meta
from .rules import check_rules
from .scopes import Binding, Scope
from .signatures import operators

__all__ = ["check", "checked"]


def check(tree: Ruleset | Statements, source: Source, *, dialect: str = "1.x") -> tuple[Diagnostic, ...]:
    """All that is wrong or doubtful in a program, in the order of the source.

    In dialect "0.x" an undefined name in the `where` of an event expression is an attribute of the event.
    """
    return checked(tree, source, dialect=dialect).findings.in_order()


def checked(tree: Ruleset | Statements, source: Source, *, dialect: str = "1.x") -> Expressions:
    """The checker when it is through with a program: it knows the findings, all bindings, and where they are used."""
    findings = Findings(source)
    domains = Domains(findings)
    walker = Expressions(findings, domains, dialect=dialect, actions=check_actions)
    if isinstance(tree, Ruleset):
        _check_ruleset(walker, tree)
        _warn_of_unused(walker)
    else:
        _check_statements(walker, tree)
    return walker


def _check_ruleset(walker: Expressions, ruleset: Ruleset) -> None:
    walker.domains.know_variables(variables_set(ruleset.rules))
    scope = Scope(_library(), ruleset.globals)
    check_meta(walker, ruleset, scope)
    for each in ruleset.globals:
        walker.declaration(each, scope)
    walker.close(scope)
    check_initialisation(walker.findings, scope)
    check_exports(walker, ruleset, scope)
    check_rules(walker, ruleset.rules, scope)


def _check_statements(walker: Expressions, statements: Statements) -> None:
    scope = Scope(_library())
    for each in statements.items:
        if isinstance(each, Declaration):
            walker.declaration(each, scope)
        else:
            walker.expression(each, scope)
    walker.close(scope)
    check_initialisation(walker.findings, scope)


def _library() -> Scope:
    scope = Scope()
    for name, signature in operators().items():
        scope.names[name] = Binding(name, "operator", signature=signature)
    scope.names[GENERATED] = Binding(GENERATED, "operator")
    return scope


def _warn_of_unused(walker: Expressions) -> None:
    for binding in walker.bindings:
        if binding.used or binding.span is None or binding.name.startswith("_"):
            continue
        if binding.role in ("declared", "configured", "result"):
            walker.findings.warning(binding.span, "unused-name", f"`{binding.name}` is never used")
    for name, place in walker.domains.unnamed_modules():
        walker.findings.warning(place, "unused-module", f"module `{name}` is never used")
