"""Event expressions: what can never match, what captures what, and which events can select a rule.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import tree
from ..errors import KRLEventexError
from ..eventex.build import build
from ..visitor import find
from .expressions import Expressions
from .patterns import groups
from .scopes import Scope, Use
from .signatures import literal_type

FEW_EVENTS = 6  # an expression that waits for no more has a small machine, whatever its operators


@dataclass(slots=True)
class Awaited:
    """What a `select` waits for."""

    pairs: frozenset[tuple[str, str]] | None = None  # domain and type; None: every event
    always: bool = False  # one event is enough, and nothing but its domain and type is asked
    captures: list[tuple[tree.Name, ...]] = field(default_factory=list)  # by group of names that belong together


def check_select(walker: Expressions, select: tree.SelectWhen | tree.SelectWhere, scope: Scope) -> Awaited:
    """Check a `select`, and declare in `scope` the names that it captures."""
    if isinstance(select, tree.SelectWhere):
        _where(walker, select.condition, scope)
        return Awaited()
    primitives = list(find(select.event, tree.Primitive))
    awaited = Awaited(frozenset((each.domain, each.type) for each in primitives), always=_is_plain(select.event))
    awaited.captures = _declare_captures(walker, select.event, primitives, scope)
    for each in primitives:
        _primitive(walker, each, scope)
    _operators(walker, select, events=len(primitives))
    if select.within is not None:
        _within(walker, select.within, select.event, scope)
    return awaited


def _operators(walker: Expressions, select: tree.SelectWhen, *, events: int) -> None:
    counted = list(find(select.event, tree.Counted))
    never = [each for each in find(select.event, tree.EventGroup) if not _group_fits(walker, each)]
    never_counted = [each for each in counted if not _count_fits(walker, each)]
    for each in counted:
        if each.aggregate is not None:
            _aggregate(walker, each.primitive, each.aggregate)
    if not (never or never_counted) and events + sum(each.count for each in counted) > FEW_EVENTS:
        _size(walker, select)


def _group_fits(walker: Expressions, node: tree.EventGroup) -> bool:
    members = len(node.members)
    if node.count is None or 1 <= node.count <= members:
        return True
    walker.findings.error(
        node,
        "bad-count",
        f"`any {node.count}` of {members} event expressions can never match",
        f"the number must be from 1 to {members}",
    )
    return False


def _count_fits(walker: Expressions, node: tree.Counted) -> bool:
    if node.count < 1:
        walker.findings.error(node, "bad-count", f"`{node.operator} {node.count}` can never match", "count from 1 on")
    return node.count >= 1


def _size(walker: Expressions, select: tree.SelectWhen) -> None:
    try:
        build(select)
    except KRLEventexError as error:
        walker.findings.error(error.span, "large-eventex", error.message)


def _aggregate(walker: Expressions, primitive: tree.Primitive, aggregate: tree.Aggregate) -> None:
    findings = walker.findings
    if not primitive.tests:
        findings.error(
            aggregate,
            "aggregate-without-test",
            f"`{aggregate.function}` has nothing to work on",
            "test an attribute and capture it, as in `count 3 (a:b n re#(.*)#) max(m)`",
        )
    captured = {each.name for each in primitive.setting}
    for name in aggregate.names:
        if name.name in captured:
            findings.error(name, "name-twice", f"`{name.name}` is captured and aggregated under one name")
    _warn_of_names_without_group(walker, primitive, aggregate.names)


def _primitive(walker: Expressions, node: tree.Primitive, scope: Scope) -> None:
    for test in node.tests:
        walker.expression(test.regex, scope)
    if node.setting and not node.tests:
        walker.findings.error(
            node.setting[0],
            "setting-without-test",
            "`setting` has nothing to capture",
            "test an attribute: `name re#(.*)# setting(name)`",
        )
    elif node.setting:
        _warn_of_names_without_group(walker, node, node.setting)
    if node.where_before_setting:
        walker.findings.warning(
            node.where or node, "where-before-setting", "`where` in front of `setting` is deprecated", "swap them"
        )
    if node.where is not None:
        _where(walker, node.where, scope)


def _where(walker: Expressions, condition: tree.Expression, scope: Scope) -> None:
    walker.in_where = True
    walker.expression(condition, scope)
    walker.in_where = False


def _warn_of_names_without_group(walker: Expressions, node: tree.Primitive, names: tuple[tree.Name, ...]) -> None:
    """The names stand for the groups of all tests in order; for the rest of them nothing is left."""
    counts = [groups(test.regex) for test in node.tests]
    known = [count for count in counts if count is not None]
    if not node.tests or len(known) < len(counts):
        return
    for name in names[sum(known) :]:
        walker.findings.warning(
            name,
            "name-without-group",
            f"no group of the regular expressions is left for `{name.name}`, so it is null",
            "put parentheses around what is to be captured",
        )


def _declare_captures(
    walker: Expressions, event: tree.EventExpression, primitives: list[tree.Primitive], scope: Scope
) -> list[tuple[tree.Name, ...]]:
    captures = [each.setting for each in primitives] + [each.names for each in find(event, tree.Aggregate)]
    for name in (name for names in captures for name in names):
        known = scope.names.get(name.name)
        if known is None:
            walker.declare(name, "captured", scope)
        else:  # alternatives may well capture under one name
            walker.uses.append(Use(name.span, known))
    return captures


def _is_plain(event: tree.EventExpression) -> bool:
    return isinstance(event, tree.Primitive) and not event.tests and event.where is None


# --- within ---


def _within(walker: Expressions, within: tree.Within, event: tree.EventExpression, scope: Scope) -> None:
    # The limit is computed when the ruleset is loaded: no event, no captures.
    walker.expression(within.amount, scope.parent or scope)
    kind = literal_type(within.amount)
    if kind not in (None, "a Number"):
        walker.findings.error(within.amount, "bad-limit", f"a limit must be a Number of {within.unit}, not {kind}")
    elif _is_negative(within.amount):
        walker.findings.error(within.amount, "bad-limit", "a limit cannot be negative")
    if _takes_one_event(event):
        walker.findings.warning(
            within, "useless-within", "a single event is always within its limit", "leave `within` out"
        )


def _is_negative(node: tree.Expression) -> bool:
    if not isinstance(node, tree.Prefix) or node.operator != "-":
        return False
    return isinstance(node.operand, tree.Number) and node.operand.value > 0


def _takes_one_event(root: tree.EventExpression) -> bool:
    waiting = [root]
    while waiting:
        match node := waiting.pop():
            case tree.Primitive():
                pass
            case tree.EventInfix(operator="or"):
                waiting += [node.left, node.right]
            case tree.EventGroup(operator="or"):
                waiting += node.members
            case _:
                return False
    return True
