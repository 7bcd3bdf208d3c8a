"""A source that is no ruleset: declarations and expressions in a row, as one Python function.

def evaluate(h, here):
    d_x = 5
    return …            # the value of the last expression
"""

from __future__ import annotations

import ast
from types import CodeType

from .. import tree
from ..source import Source
from . import emit
from .expressions import expression
from .frame import Frame, Unit
from .functions import declare
from .ruleset import compiled
from .scope import Scope


def compile_statements(node: tree.Statements, source: Source) -> CodeType:
    """The code object of a module with the function `evaluate(h, here)`; null if the last item is a declaration."""
    frame = Frame(Unit(source, source.name, expression), Scope(), root=True)
    outcome: ast.expr = emit.constant(None, 1)
    for each in node.items:
        line = frame.line(each)
        if isinstance(each, tree.Declaration):
            declare(frame, each)
            outcome = emit.constant(None, line)
        else:
            frame.set("outcome", frame.value(each), line)
            outcome = emit.name("outcome", line)
    frame.scope.close()
    body = [*frame.unit.built_in.statements, *frame.body, emit.answer(outcome, 1)]
    return compiled(frame.unit, emit.define("evaluate", ["h", "here"], body, 1))
