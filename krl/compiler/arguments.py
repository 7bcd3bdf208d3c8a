"""Arguments, and how they reach a function.

Surplus arguments are dropped, unknown names are ignored, and an argument given by name beats one given by position;
all are evaluated, in order. Where the parameters are known at compile time, all of this is decided there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .. import tree
from . import emit
from .frame import Code, Frame
from .operators import is_atom

SHORTCUTS = ("call0", "call1", "call2", "call3")  # the runtime's functions for calls without names


class Arguments(NamedTuple):
    """Compiled arguments, in the order in which they are evaluated."""

    positional: list[ast.expr]
    named: list[tuple[str, ast.expr]]


class Known(NamedTuple):
    """A Python function whose parameters are known; `spell` makes a parameter's Python name."""

    function: ast.expr
    parameters: Sequence[str]
    spell: Callable[[str], str]


def arguments(frame: Frame, nodes: Sequence[tree.Argument], first: tree.Expression | None = None) -> Arguments:
    """Compile arguments; `first` is the operand of a method call."""
    result = Arguments([] if first is None else [frame.value(first)], [])
    for node in nodes:
        if node.name is not None:
            result.named.append((node.name.name, frame.value(node.value)))
        elif result.named:
            raise frame.unit.refuse(node, "positional-after-named", "a positional argument stands after a named one")
        else:
            result.positional.append(frame.value(node.value))
    return result


def call_known(frame: Frame, known: Known, given: Arguments, line: int) -> ast.expr:
    """Call the function with what it takes of the arguments."""
    by_name = [name for name, _ in given.named]
    free = set(known.parameters[len(given.positional) :])
    if (
        len(given.positional) > len(known.parameters)
        or len(set(by_name)) < len(by_name)
        or not free.issuperset(by_name)
    ):
        return call_with_some(frame, known, given, line)
    result = emit.call(known.function, [emit.name("h", line), *given.positional], line)
    result.keywords = [emit.keyword(known.spell(name), value) for name, value in given.named]
    return result


def call_with_some(frame: Frame, known: Known, given: Arguments, line: int) -> ast.expr:
    """`(t1 := a, t2 := b, f(h, v_x=t1))[-1]`: all arguments are evaluated in order, not all are passed."""
    evaluated: list[ast.expr] = []

    def kept(value: ast.expr) -> ast.expr:
        if is_atom(value):
            return value
        temporary = frame.temporary()
        evaluated.append(emit.walrus(temporary, value, line))
        return emit.name(temporary, line)

    positional = [kept(each) for each in given.positional]
    by_name = {name: kept(value) for name, value in given.named}
    used = dict(zip(known.parameters, positional, strict=False))
    used.update((name, value) for name, value in by_name.items() if name in known.parameters)
    result = emit.call(known.function, [emit.name("h", line)], line)
    result.keywords = [emit.keyword(known.spell(name), value) for name, value in used.items()]
    return emit.subscript(emit.group([*evaluated, result], line), emit.constant(-1, line), line)


def call_unknown(frame: Frame, callee: ast.expr, given: Arguments, line: int) -> Code:
    """Call a value, of which the runtime finds out whether it is a function."""
    frame.calls_out = True
    host = emit.name("h", line)
    if not given.named and len(given.positional) < len(SHORTCUTS):
        shortcut = SHORTCUTS[len(given.positional)]
        return Code(emit.call(shortcut, [host, callee, *given.positional], line))
    return Code(emit.call("call", [host, callee, *packed(given, line)], line))


def packed(given: Arguments, line: int) -> list[ast.expr]:
    """The arguments as a list of the positional and a map of the named ones."""
    keys = [emit.constant(name, line) for name, _ in given.named]
    named = emit.mapping(keys, [value for _, value in given.named], line)
    return [emit.sequence(given.positional, line), named]
