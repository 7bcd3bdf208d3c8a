"""Function and defaction literals, and declarations.

A literal becomes a nested Python function in front of the statement that it stands in, so a closure is Python's own.
One that calls functions of the program counts a step and its depth when it is entered. Any other costs no more than
its text is long, and who calls it has counted, be it a function or the library for a round of callbacks. An error
ends the whole evaluation, so nothing is counted back on the way out of one.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .. import names, tree
from . import emit
from .actions import action_block
from .frame import Code, Frame
from .scope import Binding, Scope

MAX_NESTED = 250  # function literals within each other: Python keeps the whole path of names with each one


def declare(frame: Frame, node: tree.Declaration) -> None:
    """`name = value`: the name means this value from here on, and from anywhere in the block for function literals."""
    line = frame.line(node)
    match node.value:
        case tree.Function() as literal:
            define(frame, literal, frame.declare(node.name.name, literal))
        case tree.Defaction() as literal:
            runner = run_function(frame, literal)
            variable = frame.declare(node.name.name, literal, runner)
            frame.set(variable, action_of(runner, line), line)
        case _:
            value = frame.value(node.value)
            frame.set(frame.declare(node.name.name), value, line)


def function(frame: Frame, node: tree.Function) -> Code:
    """A function literal within an expression."""
    identifier = f"function_{frame.unit.count()}"
    define(frame, node, identifier)
    return Code(emit.name(identifier, frame.line(node)))


def defaction(frame: Frame, node: tree.Defaction) -> Code:
    """A defaction within an expression."""
    return Code(action_of(run_function(frame, node), frame.line(node)))


def action_of(runner: str, line: int) -> ast.expr:
    """The value of a defaction: an action that runs the Python function `runner`."""
    return emit.call("Action", [emit.name(runner, line)], line)


# --- functions --------------------------------------------------------------------------------------------


def define(frame: Frame, node: tree.Function, identifier: str) -> None:
    """Write the `def` now and its body when the block is closed, since it may use any name of the block."""
    definition = emit.define(identifier, ["h", *parameter_names(node)], [], frame.line(node))
    frame.add(definition)
    scope, position = frame.scope, frame.unit.count()

    def compile_body() -> None:
        inner = nested(frame, scope, node)
        # At the top of a ruleset being early means to be called while it loads, which is the loader's affair.
        inner.put_off = frame.put_off if frame.root else (*frame.put_off, (position, frame.unit.count()))
        parameters(inner, node.parameters, definition)
        for each in node.declarations:
            declare(inner, each)
        result = inner.value(node.result)
        inner.scope.close()
        definition.body = counted(inner, result, definition.lineno)

    scope.defer(compile_body)


def nested(frame: Frame, scope: Scope, node: tree.Expression) -> Frame:
    """The frame of a function within this one."""
    if frame.level == MAX_NESTED:
        raise frame.unit.refuse(node, "too-deep", f"functions nested more than {MAX_NESTED} levels deep")
    return Frame(frame.unit, Scope(scope), in_event=frame.in_event, level=frame.level + 1)


def parameter_names(node: tree.Function | tree.Defaction) -> list[str]:
    """The Python names of the parameters, in order."""
    return [names.parameter(each.name.name) for each in node.parameters]


def counted(frame: Frame, result: ast.expr, line: int) -> list[ast.stmt]:
    """The body of a function: count, work, answer."""
    if not frame.calls_out:
        body = [*frame.body, emit.answer(result, line)]
    else:
        outcome = emit.assign("outcome", result, line)
        body = [*enter(line), *frame.body, outcome, leave(line), emit.answer(emit.name("outcome", line), line)]
    return [emit.attempt(body, "NameError", "too_early", line)] if frame.may_be_early else body


def enter(line: int) -> list[ast.stmt]:
    """One step less, one level deeper; stop if there are none left."""
    host, one = emit.name("h", line), emit.constant(1, line)
    left = emit.binary(emit.attribute("h", "steps", line), "-", one, line)
    exhausted = emit.compare(emit.name("steps", line), "<", emit.constant(0, line), line=line)
    deeper = emit.binary(emit.attribute("h", "depth", line), "+", one, line)
    limit = emit.attribute(emit.attribute("h", "limits", line), "max_depth", line)
    too_deep = emit.compare(emit.name("depth", line), ">", limit, line=line)
    return [
        emit.assign_attribute("h", "steps", left, line, also="steps"),
        emit.when(exhausted, [emit.do(emit.call("spend", [host, emit.constant(0, line)], line), line)], [], line),
        emit.assign_attribute("h", "depth", deeper, line, also="depth"),
        emit.when(too_deep, [emit.do(emit.call("refuse_depth", [host], line), line)], [], line),
    ]


def leave(line: int) -> ast.stmt:
    """One level less deep, as it was before `enter`."""
    shallower = emit.binary(emit.name("depth", line), "-", emit.constant(1, line), line)
    return emit.assign_attribute("h", "depth", shallower, line)


# --- parameters -------------------------------------------------------------------------------------------


def parameters(frame: Frame, nodes: Sequence[tree.Parameter], definition: ast.FunctionDef) -> None:
    """Declare parameters; a default is evaluated when the function is called without the argument."""
    if any(each.default is not None for each in nodes):
        keep_outer_parameters(frame, nodes, definition)
    for position, node in enumerate(nodes):
        line = frame.line(node)
        if node.name in [each.name for each in nodes[:position]]:
            raise frame.unit.refuse(node.name, "duplicate-name", f"the parameter {node.name.name!r} is there twice")
        if node.default is None:
            definition.args.defaults.append(emit.constant(None, line))
        else:
            definition.args.defaults.append(emit.name("MISSING", line))
            write_default(frame, node, node.default, line)
        binding = Binding(names.parameter(node.name.name), position=frame.unit.count(), parameter=True)
        frame.scope.bind(node.name.name, binding)


def write_default(frame: Frame, node: tree.Parameter, default: tree.Expression, line: int) -> None:
    """The statement that computes the default if the argument is missing; parameters before it can be read."""
    variable = names.parameter(node.name.name)
    is_missing = emit.compare(emit.name(variable, line), "is", emit.name("MISSING", line), line=line)
    with frame.statements() as statements:
        frame.set(variable, frame.value(default), line)
    frame.add(emit.when(is_missing, statements, [], line))


def keep_outer_parameters(frame: Frame, nodes: Sequence[tree.Parameter], definition: ast.FunctionDef) -> None:
    """Let a default still reach the outer parameter whose name a later parameter takes.

    In `function(n){ function(m = n, n = 1){ … } }` both are `v_n` to Python, so the outer one is handed in beside the
    arguments, as a keyword that no caller uses.
    """
    for node in nodes:
        outer = frame.scope.find(node.name.name)
        if outer is not None and outer.parameter:
            line = frame.line(node)
            kept = f"outer_{names.parameter(node.name.name)}"
            definition.args.kwonlyargs.append(emit.parameter(kept, line))
            definition.args.kw_defaults.append(emit.name(outer.identifier, line))
            frame.scope.bind(node.name.name, Binding(kept))


# --- defactions -------------------------------------------------------------------------------------------


def run_function(frame: Frame, node: tree.Defaction) -> str:
    """Write the function that runs a defaction; it sees the names above it only. Answers its Python name."""
    line = frame.line(node)
    identifier = f"action_{frame.unit.count()}"
    inner = nested(frame, frame.scope, node)
    inner.put_off = frame.put_off
    inner.calls_out = True
    definition = emit.define(identifier, ["h", *parameter_names(node)], [], line)
    parameters(inner, node.parameters, definition)
    for each in node.declarations:
        declare(inner, each)
    if node.actions is not None:
        action_block(inner, node.actions)
    result = emit.constant(None, line) if node.result is None else inner.value(node.result)
    inner.scope.close()
    definition.body = counted(inner, result, line)
    frame.add(definition)
    return identifier
