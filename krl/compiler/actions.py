"""Action blocks, of rules and of defactions.

After a block's code the Python variable `fired` tells whether its condition held; a block without one always fires.
"""

from __future__ import annotations

import ast

from .. import names, tree
from . import emit
from .arguments import Arguments, Known, arguments, call_known, packed
from .frame import Frame
from .operators import condition
from .qualified import run_member


def action_block(frame: Frame, node: tree.ActionBlock, *, of_rule: bool = False) -> None:
    """Write the block. Names that its actions bind are null where the action is not run."""
    line = frame.line(node)
    start = len(frame.body)
    decide(frame, node, of_rule)
    bound: dict[str, str] = {}
    with frame.statements() as statements:
        write_actions(frame, node, bound)
    if node.condition is None:
        frame.body.extend(statements)
    elif statements:
        frame.add(emit.when(emit.name("fired", line), statements, [], line))
    if bound:
        frame.body.insert(start, emit.assign(list(bound.values()), emit.constant(None, line), line))


def decide(frame: Frame, node: tree.ActionBlock, of_rule: bool) -> None:
    """Set `fired`, and tell the host what a rule's condition came to."""
    if node.condition is None:
        fires(frame, frame.line(node), of_rule)
        return
    line = frame.line(node.condition)
    value = frame.expression(node.condition)
    frame.set("decision", value.code, line)
    test = condition(frame, value._replace(code=emit.name("decision", line)), line)
    frame.set("fired", emit.conditional(test, emit.constant(True, line), emit.constant(False, line), line), line)
    if of_rule:
        announce(frame, emit.name("decision", line), emit.name("fired", line), line)


def fires(frame: Frame, line: int, of_rule: bool) -> None:
    """Nothing stands in the way: the rule, or defaction, fires."""
    frame.set("fired", emit.constant(True, line), line)
    if of_rule:
        announce(frame, emit.constant(True, line), emit.constant(True, line), line)


def announce(frame: Frame, decision: ast.expr, fired: ast.expr, line: int) -> None:
    """Tell the host what the condition was and whether it counts as true; a trace wants to know."""
    frame.add(emit.do(emit.method("h", "fired", [decision, fired], line), line))


def write_actions(frame: Frame, node: tree.ActionBlock, bound: dict[str, str]) -> None:
    """The statements of a block's actions: all of them in order, or the one that is drawn or chosen."""
    line = frame.line(node)
    match node.kind:
        case "single" | "every":
            for each in node.actions:
                write_action(frame, each, bound)
        case "sample" if node.actions:
            count = emit.constant(len(node.actions), line)
            frame.set("chosen", emit.call("pick", [emit.name("h", line), count], line), line)
            for number, each in enumerate(node.actions):
                write_choice(frame, each, number, bound)
        case "choose" if node.choice is not None:
            frame.set("chosen", frame.value(node.choice), line)
            for each in node.actions:
                write_choice(frame, each, None if each.label is None else each.label.name, bound)


def write_choice(frame: Frame, node: tree.ActionCall, chosen: object, bound: dict[str, str]) -> None:
    """Run the action if it is the chosen one. Labels are compared as texts, without conversion."""
    line = frame.line(node)
    test = emit.compare(emit.name("chosen", line), "==", emit.constant(chosen, line), line=line)
    with frame.statements() as statements:
        write_action(frame, node, bound)
    frame.add(emit.when(test, statements, [], line))


def write_action(frame: Frame, node: tree.ActionCall, bound: dict[str, str]) -> None:
    """Run one action and bind what it returns. `bound`: the names that the block has bound so far."""
    line = frame.line(node)
    if isinstance(node.callee, tree.Qualified):
        frame.add(emit.assign_attribute("h", "result_used", emit.constant(bool(node.setting), line), line))
    result = run(frame, node, line)
    if not node.setting:
        frame.add(emit.do(result, line))
        return
    name = node.setting[0].name
    # Two actions of a block may bind one name: it is one variable, and the last that ran wins.
    if name not in bound:
        bound[name] = frame.declare(name)
    frame.set(bound[name], result, line)


def run(frame: Frame, node: tree.ActionCall, line: int) -> ast.expr:
    """Run an action: a defaction known by its text, a directive, a module's, or what a value turns out to be."""
    given = arguments(frame, node.arguments)
    if isinstance(node.callee, tree.Qualified):
        return run_member(frame, node.callee, given, line)
    binding = frame.find(node.callee.name)
    if binding is None and node.callee.name == "send_directive" and is_plain(given):
        return directive(given, line)
    if binding is not None and isinstance(binding.literal, tree.Defaction) and binding.runner is not None:
        frame.calls_out = True
        parameters = [each.name.name for each in binding.literal.parameters]
        return call_known(frame, Known(emit.name(binding.runner, line), parameters, names.parameter), given, line)
    action = emit.name(frame.variable(node.callee), line)
    return emit.call("run_action", [emit.name("h", line), action, *packed(given, line)], line)


def is_plain(given: Arguments) -> bool:
    """The usual one or two arguments of a directive, by position."""
    return not given.named and 1 <= len(given.positional) <= 2


def directive(given: Arguments, line: int) -> ast.expr:
    """`h.send_directive(here, name, options)`, without the way round by a value."""
    values = [*given.positional, emit.constant(None, line)][:2]
    return emit.method("h", "send_directive", [emit.name("here", line), *values], line)
