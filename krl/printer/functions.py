"""Functions, defactions, and the declarations in them and everywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tree
from .boxes import Box
from .dispatch import box, prints
from .expressions import expression
from .parts import Row, block_of, enclosed, ended, line
from .words import Words


@prints(tree.Declaration)
def declaration(words: Words, node: tree.Declaration) -> Box:
    """`name = value`."""
    return Row(words).word().word().box(expression, node.value).done()


def declared(words: Words, node: tree.Declaration) -> Box:
    """A declaration among others, with its semicolon."""
    return ended(words, declaration(words, node))


@prints(tree.Function)
def function(words: Words, node: tree.Function) -> Box:
    """`function(x) { x + 1 }`; with declarations the body is a block."""
    return Row(words).word().box(parameters, node.parameters, "").box(_body, node).done()


def _body(words: Words, node: tree.Function) -> Box:
    if not node.declarations:
        return enclosed(words, [node.result], result, padding=" ")
    words.take()
    lines = [line(words, each, declared) for each in node.declarations]
    return block_of(words, [*lines, line(words, node.result, result)])


def result(words: Words, node: tree.Expression) -> Box:
    """What a function yields, with `return` if the author wrote it."""
    row = Row(words)
    if words.sees("return"):
        row.word()
    return ended(words, row.box(expression, node).done())


@prints(tree.Defaction)
def defaction(words: Words, node: tree.Defaction) -> Box:
    """`defaction(x) { … }`, always with a block."""
    return Row(words).word().box(parameters, node.parameters, "").box(_defaction_body, node).done()


def _defaction_body(words: Words, node: tree.Defaction) -> Box:
    words.take()
    lines = [line(words, each, declared) for each in node.declarations]
    if node.actions is not None:
        lines.append(line(words, node.actions, box))
    if node.result is not None:
        lines.append(line(words, node.result, result))
    return block_of(words, lines)


def parameters(words: Words, nodes: Sequence[tree.Parameter]) -> Box:
    """`(x, y = 2)`."""
    return enclosed(words, nodes, parameter)


@prints(tree.Parameter)
def parameter(words: Words, node: tree.Parameter) -> Box:
    """A name, with its default."""
    row = Row(words).word()
    if node.default is not None:
        row.word().box(expression, node.default)
    return row.done()
