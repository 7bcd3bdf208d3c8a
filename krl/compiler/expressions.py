"""Any KRL expression as a Python expression.

Operands, elements and arguments are evaluated left to right, each once; what `&&`, `||` and the conditional skip is
not evaluated.
"""

from __future__ import annotations

import ast

from .. import tree
from ..runtime.values import index_key
from . import emit
from .calls import call, method_call
from .frame import ANY, BOOLEAN, INTEGER, MAP, NULL, TEXT, Code, Frame
from .functions import defaction, function
from .operators import Operand, choice, infix, prefix, type_of
from .qualified import is_attributes, read


def expression(frame: Frame, node: tree.Expression) -> Code:
    """The code of `node`; function literals in it are written into `frame` in front of it."""
    match node:
        case tree.Name():
            return name(frame, node)
        case tree.String():
            return Code(emit.constant(node.value, frame.line(node)), TEXT)
        case tree.Number():
            return number(frame, node)
        case tree.Qualified():
            return read(frame, node)
        case tree.MethodCall():
            return method_call(frame, node)
        case tree.Call():
            return call(frame, node)
        case tree.Infix():
            return infix(frame, node)
        case tree.Path():
            return path(frame, node)
        case tree.Map():
            return mapping(frame, node)
        case tree.Array():
            return Code(emit.sequence([frame.value(each) for each in node.items], frame.line(node)))
        case tree.Conditional():
            return choice(frame, node)
        case tree.Prefix():
            return prefix(frame, node)
        case tree.Function():
            return function(frame, node)
        case tree.Chevron():
            return chevron(frame, node)
        case tree.Boolean():
            return Code(emit.constant(node.value, frame.line(node)), BOOLEAN)
        case tree.Null():
            return Code(emit.constant(None, frame.line(node)), NULL)
        case tree.Index():
            return index(frame, node)
        case tree.Member():
            return member(frame, node)
        case tree.Regex():
            return Code(emit.name(frame.unit.pattern(node), frame.line(node)))
        case tree.Defaction():
            return defaction(frame, node)
        case _:
            raise AssertionError(f"no expression: {type(node).__name__}")


def number(frame: Frame, node: tree.Number) -> Code:
    """The number; integers are known to be such, decimals are not."""
    return Code(emit.constant(node.value, frame.line(node)), INTEGER if isinstance(node.value, int) else ANY)


def name(frame: Frame, node: tree.Name) -> Code:
    """What the name stands for here. Refused if nothing declares it."""
    return Code(emit.name(frame.variable(node), frame.line(node)))


def chevron(frame: Frame, node: tree.Chevron) -> Code:
    """The parts' texts, joined."""
    line = frame.line(node)
    match node.parts:
        case []:
            return Code(emit.constant("", line), TEXT)
        case [tree.String(value=value)]:
            return Code(emit.constant(value, line), TEXT)
        case _:
            parts = [frame.value(each) for each in node.parts]
            return Code(emit.call("join_texts", [emit.name("h", line), emit.group(parts, line)], line), TEXT)


def mapping(frame: Frame, node: tree.Map) -> Code:
    """A map literal. Of equal keys the last value wins, in the first one's place, as in Python.

    Keys that look like integers come first in every map, so such a literal, and one whose keys are only known when
    it is evaluated, goes through the runtime.
    """
    line = frame.line(node)
    keys = [key(frame, each.key) for each in node.pairs]
    values = [frame.value(each.value) for each in node.pairs]
    if all(isinstance(each, ast.Constant) and index_key(str(each.value)) is None for each in keys):
        return Code(emit.mapping(keys, values, line), MAP)
    pairs = [emit.group(pair, line) for pair in zip(keys, values, strict=True)]
    return Code(emit.call("ordered_map", [emit.sequence(pairs, line)], line), MAP)


def key(frame: Frame, node: tree.Expression) -> ast.expr:
    """A map's key as a text: the grammar lets any expression that begins with a string stand there."""
    code = frame.expression(node)
    return code.code if code.kind == TEXT else emit.call("text", [code.code], frame.line(node))


def path(frame: Frame, node: tree.Path) -> Code:
    """`target{path}`; a map that is asked for a literal key is asked directly."""
    line = frame.line(node)
    target, steps = frame.expression(node.target), frame.expression(node.path)
    if not isinstance(node.path, tree.String):
        return Code(emit.call("get", [target.code, steps.code], line))
    if isinstance(node.target, tree.Qualified) and is_attributes(node.target):
        frame.unit.attributes[node.path.value] = None
    if target.kind == MAP:
        return Code(emit.method(target.code, "get", [steps.code], line))
    value = Operand(frame, target, line)
    is_map = emit.compare(type_of(value.first, line), "is", emit.name("dict", line), line=line)
    fast = emit.method(value.again, "get", [steps.code], line)
    return Code(emit.conditional(is_map, fast, emit.call("get", [value.again, steps.code], line), line))


def index(frame: Frame, node: tree.Index) -> Code:
    """`target[key]`: one key, used as it is."""
    line = frame.line(node)
    return Code(emit.call("item", [frame.value(node.target), frame.value(node.key)], line))


def member(frame: Frame, node: tree.Member) -> Code:
    """`target.name` without a call looks the name up in the target."""
    line = frame.line(node)
    return Code(emit.call("item", [frame.value(node.target), emit.constant(node.name.name, line)], line))
