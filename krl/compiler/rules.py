"""The body of a rule: what runs when its event expression has selected it.

    def rule_3(h, captured):
        d_x = captured.get("x")
        for d_item, d_index, last_1 in rounds(h, …):    # a `foreach`, the first one outermost
            h.begin_round()
            …                                           # pre, actions, postlude

It answers None, or "last" or "error" if the rule ended its ruleset's turn.
"""

from __future__ import annotations

import ast

from .. import tree
from ..errors import KRLSyntaxError
from . import emit
from .actions import action_block, fires
from .frame import Frame
from .functions import declare
from .postlude import postlude
from .scope import Scope

MAX_LOOPS = 18  # `foreach` within `foreach`; Python has room for 20 blocks in a function


def rule_body(outer: Frame, node: tree.Rule, captures: tuple[str, ...], identifier: str) -> ast.FunctionDef:
    """The function that runs the rule; `captures` are the names that its event expression declares."""
    line = outer.line(node)
    frame = Frame(outer.unit, Scope(outer.scope), in_event=True)
    for name in captures:
        frame.set(frame.declare(name), capture(name, line), line)
    if len(node.foreach) > MAX_LOOPS:
        raise too_many_loops(frame, node)
    loops(frame, node, 0)
    frame.scope.close()
    body = frame.body
    if frame.may_be_early:
        body = [emit.attempt(body, "NameError", "too_early", line)]
    return emit.define(identifier, ["h", "captured"], body, line)


def capture(name: str, line: int) -> ast.expr:
    """The value that the event expression has captured under the name; null if it has captured none."""
    return emit.method("captured", "get", [emit.constant(name, line)], line)


def too_many_loops(frame: Frame, node: tree.Rule) -> KRLSyntaxError:
    """The refusal, at the first `foreach` that is one too many."""
    surplus = node.foreach[MAX_LOOPS]
    return frame.unit.refuse(surplus, "too-many-foreach", f"a rule can have at most {MAX_LOOPS} 'foreach'")


def loops(frame: Frame, node: tree.Rule, depth: int) -> None:
    """The rounds of the `foreach` at this depth, or, inside all of them, one round."""
    if depth == len(node.foreach):
        one_round(frame, node)
        return
    foreach = node.foreach[depth]
    line = frame.line(foreach)
    over = frame.value(foreach.over)
    variables = [frame.declare(each.name) for each in foreach.names]
    value, key = [*variables, "unused", "unused"][:2] if len(variables) < 2 else variables[:2]
    with frame.statements() as statements:
        for surplus in variables[2:]:
            frame.set(surplus, emit.constant(None, line), line)
        loops(frame, node, depth + 1)
    rounds = emit.call("rounds", [emit.name("h", line), over], line)
    frame.add(emit.for_each([value, key, f"last_{depth}"], rounds, statements, line))


def one_round(frame: Frame, node: tree.Rule) -> None:
    """The rule's body: prelude, actions, postlude. Without actions it fires."""
    line = frame.line(node)
    frame.add(emit.do(emit.method("h", "begin_round", [], line), line))
    for each in node.pre:
        declare(frame, each)
    if node.actions is not None:
        action_block(frame, node.actions, of_rule=True)
    else:
        fires(frame, line, of_rule=True)
    if node.postlude is not None:
        postlude(frame, node.postlude, final_round(node, line))


def final_round(node: tree.Rule, line: int) -> ast.expr | None:
    """The test that every `foreach` is at the end of its own list; None without `foreach`."""
    lasts = [emit.name(f"last_{depth}", line) for depth in range(len(node.foreach))]
    return emit.both(*lasts, line=line) if lasts else None
