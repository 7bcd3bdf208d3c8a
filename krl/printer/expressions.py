"""Expressions: literals, operators, collections, and what hangs on a value by brackets and dots."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tree
from .boxes import Box, Clauses, Part, Text, Verbatim, joined
from .dispatch import box, prints
from .gaps import NOTHING
from .parts import Row, enclosed
from .words import Words

_LEVELS = (["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "like", "><", "<=>", "cmp"], ["+", "-"], ["*", "/", "%"])
_LEVEL = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}


def expression(words: Words, node: tree.Expression) -> Box:
    """An expression, with the parentheses that the author put around it."""
    if words.sees("(") and words.start() < node.span.start:
        return Row(words).word().box(expression, node, "").word("").done()
    return box(words, node)


# --- operands ---------------------------------------------------------------------------------------------


@prints(tree.Number, tree.String, tree.Regex, tree.Chevron, tree.Boolean, tree.Null)
def literal(words: Words, node: tree.Expression) -> Box:
    """A literal as it was spelled: what its escapes stand for is nobody's business here."""
    text = words.take()
    return Verbatim(text) if "\n" in text else Text(text)


@prints(tree.Array)
def array(words: Words, node: tree.Array) -> Box:
    """`[a, b]`; the brackets of an only item stay with it."""
    return enclosed(words, node.items, expression, hugs_one=len(node.items) == 1)


@prints(tree.Map)
def map_(words: Words, node: tree.Map) -> Box:
    """`{"a": 1}`."""
    return enclosed(words, node.pairs, pair)


@prints(tree.Pair)
def pair(words: Words, node: tree.Pair) -> Box:
    """`"a": 1`."""
    return Row(words).box(expression, node.key).word("").box(expression, node.value).done()


# --- operators --------------------------------------------------------------------------------------------


@prints(tree.Prefix)
def prefix(words: Words, node: tree.Prefix) -> Box:
    """`not a`, `-a`."""
    return Row(words).word().box(expression, node.operand, " " if node.operator == "not" else "").done()


@prints(tree.Infix)
def infix(words: Words, node: tree.Infix) -> Box:
    """Operators of one level make one row; if it breaks, each begins a line."""
    level = _LEVEL[node.operator]
    operands = [node.right]
    first = node.left
    inner = node
    while isinstance(first, tree.Infix) and _LEVEL[first.operator] == level and not _in_parentheses(first, inner):
        operands.append(first.right)
        inner, first = first, first.left
    head = expression(words, first)
    clauses, broken = [], False
    for each in reversed(operands):
        gap = words.gap()
        operator = Text(words.take())
        behind = words.gap()
        operand = Part(" ", behind, expression(words, each))
        clauses.append(Part(" ", gap, joined([Part("", NOTHING, operator), operand])))
        broken = broken or gap.is_broken or behind.is_broken
    return Clauses(head, clauses, broken=broken)


def _in_parentheses(first: tree.Expression, whole: tree.Expression) -> bool:
    """Whether the expression with which another begins has parentheses of its own."""
    return first.span.start != whole.span.start


@prints(tree.Conditional)
def conditional(words: Words, node: tree.Conditional) -> Box:
    """`a => b | c => d | e`; if it breaks, each `|` begins a line."""
    head, broken = _arm(words, node)
    clauses: list[Part] = []
    rest = node.otherwise
    while True:
        gap = words.gap()
        bar = Text(words.take())
        behind = words.gap()
        broken = broken or gap.is_broken or behind.is_broken
        if isinstance(rest, tree.Conditional) and words.start() >= rest.span.start:
            arm, arm_is_broken = _arm(words, rest)
            broken = broken or arm_is_broken
            clauses.append(Part(" ", gap, joined([Part("", NOTHING, bar), Part(" ", behind, arm)])))
            rest = rest.otherwise
        else:
            last = expression(words, rest)
            clauses.append(Part(" ", gap, joined([Part("", NOTHING, bar), Part(" ", behind, last)])))
            return Clauses(head, clauses, broken=broken, hugs=False, at_start=True)


def _arm(words: Words, node: tree.Conditional) -> tuple[Box, bool]:
    """`test => then`, and whether the author broke it."""
    row = Row(words).box(expression, node.test)
    gap = words.gap()
    row.word()
    behind = words.gap()
    then = Part(" ", behind, expression(words, node.then))
    arm = Clauses(row.done(), [then], broken=behind.is_broken, hugs_long=True)
    return arm, gap.is_broken or behind.is_broken


# --- what hangs on a value --------------------------------------------------------------------------------

_Hanging = tree.Path | tree.Index | tree.Member | tree.Call | tree.MethodCall


@prints(tree.Path, tree.Index, tree.Member, tree.Call, tree.MethodCall)
def chain(words: Words, node: _Hanging) -> Box:
    """`a{b}[c](d).e(f).g()`; if it breaks, each dot begins a line."""
    links, first = _links(node)
    head = _with_brackets(Row(words).box(expression, first), links)
    clauses = []
    while links:
        gap = words.gap()
        link = links.pop()
        row = Row(words).word()  # the dot
        if isinstance(link, tree.Member):
            row.box(box, link.name, "")
        elif isinstance(link, tree.MethodCall):
            row.box(box, link.method, "").box(arguments, link.arguments, "")
        clauses.append(Part("", gap, _with_brackets(row, links)))
    if not clauses:
        return head
    broken = any(each.gap.is_broken for each in clauses)
    return Clauses(head, clauses, broken=broken, hugs_long=len(clauses) == 1)


def _links(node: _Hanging) -> tuple[list[_Hanging], tree.Expression]:
    """What hangs on the first value, the last link first, and that value."""
    links: list[_Hanging] = [node]
    first = _target(node)
    while isinstance(first, _Hanging) and not _in_parentheses(first, links[-1]):
        links.append(first)
        first = _target(first)
    return links, first


def _target(node: _Hanging) -> tree.Expression:
    return node.callee if isinstance(node, tree.Call) else node.target


def _with_brackets(row: Row, links: list[_Hanging]) -> Box:
    """The row with all links up to the next dot, which are taken from the end of the list."""
    while links:
        match links[-1]:
            case tree.Path(path=key) | tree.Index(key=key):
                row.box(_bracketed, key, "")
            case tree.Call(arguments=given):
                row.box(arguments, given, "")
            case _:
                break
        links.pop()
    return row.done()


def _bracketed(words: Words, node: tree.Expression) -> Box:
    return Row(words).word().box(expression, node, "").word("").done()


def arguments(words: Words, nodes: Sequence[tree.Argument]) -> Box:
    """`(a, b = 1)`."""
    return enclosed(words, nodes, argument, hugs_one=True)


@prints(tree.Argument)
def argument(words: Words, node: tree.Argument) -> Box:
    """A value, or `name = value`."""
    if node.name is None:
        return expression(words, node.value)
    return Row(words).word().word().box(expression, node.value).done()
