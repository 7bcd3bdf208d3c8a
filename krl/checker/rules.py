"""Rules: names from `select` to postlude, and whether the rule can ever be reached.

Source: docs/language.md, "Rules".
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import tree
from ..visitor import find
from .actions import check_actions, check_postlude, leaves
from .events import Awaited, check_select
from .expressions import Expressions
from .scopes import Scope

MAX_FOREACH = 18
"""`foreach` within `foreach` of one rule; what is compiled from them may nest no deeper (krl/compiler/rules.py)."""


def check_rules(walker: Expressions, rules: Sequence[tree.Rule], scope: Scope) -> None:
    """Check all rules of a ruleset, which run in their order."""
    lines: dict[str, int] = {}
    ended: set[tuple[str, str]] = set()  # events that no rule from here on is offered
    for rule in rules:
        _name(walker, rule, lines)
        awaited = _Rule(walker, rule, scope).check()
        if awaited is not None and rule.active:
            ended |= _reach(walker, rule, awaited, ended)


def _name(walker: Expressions, rule: tree.Rule, lines: dict[str, int]) -> None:
    name = rule.name.name
    if name in lines:
        walker.findings.error(
            rule.name, "duplicate-rule", f"there are two rules `{name}`", f"the first is on line {lines[name]}"
        )
    lines.setdefault(name, walker.findings.line(rule.name))


def _reach(
    walker: Expressions, rule: tree.Rule, awaited: Awaited, ended: set[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    """Warn if none of the rule's events gets as far as this; return those that get no further."""
    if awaited.pairs and awaited.pairs <= ended:
        walker.findings.warning(
            rule.name,
            "unreachable-rule",
            f"`{rule.name.name}` never runs: a rule above always ends this ruleset's part in its events",
        )
    if awaited.always and not rule.foreach and _always_leaves(rule):
        return awaited.pairs or frozenset()
    return frozenset()


def _always_leaves(rule: tree.Rule) -> bool:
    if rule.postlude is None:
        return False
    conditional = rule.actions is not None and rule.actions.condition is not None
    blocks = [rule.postlude.at_last or ()]
    if rule.postlude.kind == "always" or (rule.postlude.kind == "fired" and not conditional):
        blocks.append(rule.postlude.first)
    return any(leaves(each) for block in blocks for each in block)


class _Rule:
    """One rule on its way through the checker."""

    def __init__(self, walker: Expressions, rule: tree.Rule, outer: Scope) -> None:
        self._walker = walker
        self._rule = rule
        self._captured = Scope(outer)

    def check(self) -> Awaited | None:
        """Check the rule; what its `select` waits for, if it has one."""
        findings, rule = self._walker.findings, self._rule
        if not rule.active:
            findings.warning(rule.name, "inactive-rule", f"`{rule.name.name}` is inactive, so it is never selected")
        elif rule.select is None:
            findings.error(
                rule.name,
                "missing-select",
                f"`{rule.name.name}` has no `select`",
                "begin it with: select when domain:type",
            )
        findings.dormant = not rule.active
        awaited = self._select()
        self._body(self._foreach())
        self._walker.close(self._captured)
        if awaited is not None:
            self._warn_of_unused(awaited)
        findings.dormant = False
        return awaited

    def _select(self) -> Awaited | None:
        if self._rule.select is None:
            return None
        tests = find(self._rule.select, tree.AttributeTest)
        self._walker.tested = frozenset(each.attribute for each in tests)
        return check_select(self._walker, self._rule.select, self._captured)

    def _foreach(self) -> Scope:
        """Declare the names of all rounds; the scope of the innermost one."""
        scope = self._captured
        for surplus in self._rule.foreach[MAX_FOREACH : MAX_FOREACH + 1]:
            self._walker.findings.error(surplus, "too-many-foreach", f"a rule can have at most {MAX_FOREACH} `foreach`")
        for each in self._rule.foreach:
            self._walker.expression(each.over, scope)
            inner = Scope(scope)
            for name in each.names:
                self._walker.declare(name, "round", inner)
            scope = inner
        return scope

    def _body(self, rounds: Scope) -> None:
        rule, walker = self._rule, self._walker
        scope = Scope(rounds, rule.pre)
        for each in rule.pre:
            self._refuse_reuse(each.name, rounds)
            walker.declaration(each, scope)
        if rule.actions is not None:
            check_actions(walker, rule.actions, scope)
        if rule.postlude is not None:
            check_postlude(walker, rule.postlude, rule, scope)
        walker.close(scope)
        while rounds is not self._captured:
            walker.close(rounds)
            assert rounds.parent is not None
            rounds = rounds.parent

    def _refuse_reuse(self, name: tree.Name, rounds: Scope) -> None:
        """`pre` shares one block with what is captured and with the names of `foreach`."""
        known = rounds.find(name.name)
        if known is not None and known.role in ("captured", "round"):
            by = "`select`" if known.role == "captured" else "`foreach`"
            self._walker.findings.error(name, "duplicate-name", f"`{name.name}` is bound by {by} already")

    def _warn_of_unused(self, awaited: Awaited) -> None:
        """Names stand for groups by position, so one in front of a name in use is no mistake."""
        for names in awaited.captures:
            for name in reversed(names):
                binding = self._captured.names[name.name]
                if binding.used:
                    break
                if not name.name.startswith("_"):
                    self._walker.findings.warning(name, "unused-name", f"`{name.name}` is captured and never used")
