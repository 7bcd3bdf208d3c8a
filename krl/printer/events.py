"""`select`, and event expressions."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tree
from .boxes import Box, Clauses, Part, Shifted, Text, joined
from .dispatch import box, prints
from .expressions import expression
from .gaps import NOTHING
from .parts import Row, enclosed, ended, setting
from .words import Words

_WHEN = len("select when")
_LEVEL = {"or": 0, "and": 1, "before": 2, "then": 2, "after": 2}
_GO_ON = frozenset(
    [
        "or",
        "and",
        "before",
        "then",
        "after",
        "between",
        "not",
        "where",
        "setting",
        "within",
        "max",
        "min",
        "sum",
        "avg",
        "push",
    ]
)
"""What a `select` goes on with; a rule's only action can be called so."""


def select(words: Words, node: tree.SelectWhen | tree.SelectWhere) -> Box:
    """`select …`, with its semicolon if what follows could be taken for a part of it."""
    made = box(words, node)
    if words.sees(";") and words.texts[words.at + 2].startswith("re#"):  # `attribute re#…#`
        return ended(words, made, frozenset({words.texts[words.at + 1]}))
    return ended(words, made, _GO_ON)


@prints(tree.SelectWhere)
def select_where(words: Words, node: tree.SelectWhere) -> Box:
    """`select where condition`."""
    return Row(words).word().word().box(expression, node.condition).done()


@prints(tree.SelectWhen)
def select_when(words: Words, node: tree.SelectWhen) -> Box:
    """`select when …`; if it breaks, the operators end where `when` does, and the events are in one column."""
    row = Row(words).word().word()
    gap = row.gap()
    operands: list[tree.EventExpression] = []
    first: tree.EventExpression = node.event
    if isinstance(first, tree.EventInfix) and not _is_parenthesised(words, first):
        first, operands = _row(first)
    row.add(gap, Shifted(event(words, first), _WHEN + 1))
    clauses, broken = [], False
    for each in operands:
        clause, clause_is_broken = _operand(words, each, aligned=True)
        clauses.append(clause)
        broken = broken or clause_is_broken
    if node.within is not None:
        gap = words.gap()
        clauses.append(Part(" ", gap, box(words, node.within), _WHEN - len("within")))
        broken = broken or gap.is_broken
    return Clauses(row.done(), clauses, broken=broken) if clauses else row.done()


@prints(tree.Within)
def within(words: Words, node: tree.Within) -> Box:
    """`within 5 minutes`."""
    return Row(words).word().box(expression, node.amount).word().done()


# --- event expressions ------------------------------------------------------------------------------------


def event(words: Words, node: tree.EventExpression) -> Box:
    """An event expression, with the parentheses that the author put around it."""
    if _is_parenthesised(words, node):
        return Row(words).word().box(event, node, "").word("").done()
    return box(words, node)


def _is_parenthesised(words: Words, node: tree.EventExpression) -> bool:
    return words.sees("(") and words.start() < node.span.start


@prints(tree.EventInfix)
def event_infix(words: Words, node: tree.EventInfix) -> Box:
    """`a:b or c:d`; operators of one level make one row."""
    first, operands = _row(node)
    head = event(words, first)
    made = [_operand(words, each, aligned=False) for each in operands]
    return Clauses(head, [clause for clause, _ in made], broken=any(broken for _, broken in made))


def _row(node: tree.EventInfix) -> tuple[tree.EventExpression, list[tree.EventExpression]]:
    """The first operand of a row of operators, and the others in their order."""
    operands = [node.right]
    inner, first = node, node.left
    while (
        isinstance(first, tree.EventInfix)
        and _LEVEL[first.operator] == _LEVEL[node.operator]
        and first.span.start == inner.span.start
    ):
        operands.append(first.right)
        inner, first = first, first.left
    return first, operands[::-1]


def _operand(words: Words, node: tree.EventExpression, *, aligned: bool) -> tuple[Part, bool]:
    """An operator and what follows it, and whether the author broke the line there."""
    gap = words.gap()
    operator = words.take()
    behind = words.gap()
    operand = event(words, node)
    if aligned:
        operand = Shifted(operand, len(operator) + 1)
    clause = joined([Part("", NOTHING, Text(operator)), Part(" ", behind, operand)])
    broken = gap.is_broken or behind.is_broken
    return (Part(" ", gap, clause, _WHEN - len(operator)) if aligned else Part(" ", gap, clause)), broken


@prints(tree.Primitive)
def primitive(words: Words, node: tree.Primitive) -> Box:
    """`domain type attribute re#…# setting(a) where condition`; if it breaks, each of them begins a line."""
    row = Row(words).word()
    if words.sees(":"):
        row.word("").word("")
    else:
        row.word()
    clauses = [Part(" ", words.gap(), attribute_test(words, each)) for each in node.tests]
    filters = ["where"] if node.where is not None else []
    if node.setting:
        filters.insert(int(node.where_before_setting), "setting")
    for each in filters:
        gap = words.gap()
        if each == "setting":
            clauses.append(Part(" ", gap, setting(words, node.setting)))
        elif node.where is not None:
            clauses.append(Part(" ", gap, Row(words).word().box(expression, node.where).done()))
    if not clauses:
        return row.done()
    return Clauses(row.done(), clauses, broken=any(each.gap.is_broken for each in clauses))


@prints(tree.AttributeTest)
def attribute_test(words: Words, node: tree.AttributeTest) -> Box:
    """`attribute re#…#`."""
    return Row(words).word().box(expression, node.regex).done()


@prints(tree.EventGroup)
def event_group(words: Words, node: tree.EventGroup) -> Box:
    """`or(a:b, c:d)`, `any 2 (a:b, c:d)`."""
    row = Row(words).word()
    if node.count is None:
        return row.box(_members, node.members, "").done()
    return row.word().box(_members, node.members).done()


@prints(tree.Counted)
def counted(words: Words, node: tree.Counted) -> Box:
    """`count 3 (a:b) max(n)`."""
    row = Row(words).word().word().box(_members, [node.primitive])
    if node.aggregate is not None:
        row.box(box, node.aggregate)
    return row.done()


@prints(tree.Aggregate)
def aggregate(words: Words, node: tree.Aggregate) -> Box:
    """`max(n)`."""
    return setting(words, node.names)


@prints(tree.Between)
def between(words: Words, node: tree.Between) -> Box:
    """`a:b between (c:d, e:f)`."""
    row = Row(words).box(event, node.middle).word()
    if node.negated:
        row.word()
    return row.box(_members, [node.opening, node.closing]).done()


def _members(words: Words, nodes: Sequence[tree.EventExpression]) -> Box:
    return enclosed(words, nodes, event, hugs_one=True)
