"""Calls in expressions: of functions known by their text, of the library, of modules, of unknown values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from inspect import CO_VARARGS

from .. import names, tree
from ..runtime.methods import METHODS
from ..runtime.values import Action
from . import emit
from .arguments import Arguments, Known, arguments, call_known, call_unknown
from .frame import Code, Frame
from .qualified import call_member


def call(frame: Frame, node: tree.Call) -> Code:
    """`callee(…)`: of a name, of a module's member, or of whatever a value turns out to be."""
    line = frame.line(node)
    match node.callee:
        case tree.Name():
            return call_by_name(frame, node.callee, node.arguments, None, line)
        case tree.Qualified():
            return call_member(frame, node.callee, arguments(frame, node.arguments), line)
        case _:
            callee = frame.value(node.callee)
            return call_unknown(frame, callee, arguments(frame, node.arguments), line)


def method_call(frame: Frame, node: tree.MethodCall) -> Code:
    """`target.f(a)` is `f(target, a)`: the method is a name like any other, never looked up in the target."""
    line = frame.line(node.method)
    if isinstance(node.method, tree.Qualified):
        return call_member(frame, node.method, arguments(frame, node.arguments, node.target), line)
    return call_by_name(frame, node.method, node.arguments, node.target, line)


def call_by_name(
    frame: Frame, callee: tree.Name, nodes: Sequence[tree.Argument], first: tree.Expression | None, line: int
) -> Code:
    """A call of a declaration, or of the library where none has the name; `first` is a method's target."""
    binding = frame.find(callee.name)
    given = arguments(frame, nodes, first)
    if binding is None and (method := METHODS.get(callee.name)) is not None and not isinstance(method, Action):
        return Code(call_library(frame, callee.name, method, given, line))
    function = emit.name(frame.variable(callee), line)
    if binding is None or not isinstance(binding.literal, tree.Function):
        return call_unknown(frame, function, given, line)
    frame.calls_out = True
    parameters = [each.name.name for each in binding.literal.parameters]
    return Code(call_known(frame, Known(function, parameters, names.parameter), given, line))


def call_library(frame: Frame, name: str, method: Callable[..., object], given: Arguments, line: int) -> ast.expr:
    """An operator of the library. Those that run callbacks count them, so this is no way for a function to recurse."""
    code = method.__code__
    parameters = list(code.co_varnames[1 : code.co_argcount])
    if code.co_flags & CO_VARARGS:
        parameters += [""] * (len(given.positional) - len(parameters))
    return call_known(frame, Known(emit.name(names.library(name), line), parameters, str), given, line)
