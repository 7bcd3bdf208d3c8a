"""Postludes: what a rule does once it has, or has not, fired.

`last` and `error error` end the rule, and with it the ruleset's turn: the body answers the word.
"""

from __future__ import annotations

import ast

from .. import tree
from ..names import past
from ..runtime.namespace import LIBRARY
from . import emit
from .frame import Frame
from .functions import declare
from .operators import condition
from .scope import Binding


def postlude(frame: Frame, node: tree.Postlude, final: ast.expr | None) -> None:
    """Write the postlude; `final` tests whether this is the last round of all, None if there are no rounds."""
    line = frame.line(node)
    if node.kind == "always":
        with frame.block() as always:
            write_all(frame, node.first, final)
        frame.body.extend(always)
        return
    with frame.block() as first:
        write_all(frame, node.first, final)
        ended = set(frame.scope.names)
    with frame.block() as otherwise:
        forget(frame, ended)
        write_all(frame, node.otherwise or (), final)
        ended |= set(frame.scope.names)
    if_fired, if_not = (first, otherwise) if node.kind == "fired" else (otherwise, first)
    if if_fired:
        frame.add(emit.when(emit.name("fired", line), if_fired, if_not, line))
    elif if_not:
        frame.add(emit.when(emit.negation(emit.name("fired", line), line), if_not, [], line))
    with frame.block() as at_last:
        forget(frame, ended)
        write_all(frame, node.at_last or (), final)
    frame.body.extend(at_last)


def forget(frame: Frame, ended: set[str]) -> None:
    """Names of the blocks before are known here, if they mean nothing else, but have no value any more."""
    for name in ended:
        if frame.find(name) is None and name not in LIBRARY:
            frame.scope.bind(name, Binding(past(name)))


def write_all(frame: Frame, statements: tuple[tree.Statement, ...], final: ast.expr | None) -> None:
    """The statements in order."""
    for each in statements:
        write(frame, each, final)


def write(frame: Frame, node: tree.Statement, final: ast.expr | None) -> None:
    """One statement. `final`: the test for the last round of `foreach`, None if every round is."""
    line = frame.line(node)
    match node:
        case tree.SetVariable():
            set_variable(frame, node, line)
        case tree.ClearVariable():
            path = emit.constant(None, line) if node.path is None else steps(frame, node.path)
            ask(frame, "clear_variable", [*variable(frame, node.target, line), path], line)
        case tree.Raise():
            raise_event(frame, node, line)
        case tree.Schedule():
            schedule(frame, node, line)
        case tree.Log():
            level = emit.constant(node.level, line)
            ask(frame, "log", [emit.name("here", line), level, frame.value(node.value)], line)
        case tree.RaiseError():
            raise_error(frame, node, line)
        case tree.Last():
            frame.add(emit.answer(emit.constant("last", line), line))
        case tree.Declaration():
            declare(frame, node)
        case tree.Guarded():
            guarded(frame, node, final, line)
        case _:
            raise AssertionError(f"no statement: {type(node).__name__}")


def ask(frame: Frame, method: str, arguments: list[ast.expr], line: int) -> None:
    """`h.method(arguments)` as a statement."""
    frame.add(emit.do(emit.method("h", method, arguments, line), line))


def guarded(frame: Frame, node: tree.Guarded, final: ast.expr | None, line: int) -> None:
    """`statement if condition`, `statement on final`; without rounds every round is the final one."""
    if isinstance(node.statement, tree.Declaration):
        raise frame.unit.refuse(node, "guarded-declaration", "a declaration cannot have a condition")
    if node.condition is not None:
        test = condition(frame, frame.expression(node.condition), line)
    elif final is not None:
        test = final
    else:
        write(frame, node.statement, final)
        return
    start = len(frame.body)
    with frame.statements() as statements:
        write(frame, node.statement, final)
    frame.add(emit.when(test, statements, [], line))
    if isinstance(node.statement, tree.Schedule) and node.statement.setting is not None:
        frame.body.insert(start, emit.assign(frame.variable(node.statement.setting), emit.constant(None, line), line))


# --- entity variables -------------------------------------------------------------------------------------


def variable(frame: Frame, target: tree.Qualified, line: int) -> list[ast.expr]:
    """The two words by which the host knows an entity variable: rid and name. Refused for other domains."""
    if target.domain != "ent":
        raise frame.unit.refuse(target, "not-a-variable", f"'{target.domain}:' cannot be set, only 'ent:' can")
    return [emit.constant(frame.unit.rid, line), emit.constant(target.name, line)]


def set_variable(frame: Frame, node: tree.SetVariable, line: int) -> None:
    """`ent:name := value` and `ent:name{path} := value`."""
    key = variable(frame, node.target, line)
    if node.path is None:
        ask(frame, "set_variable", [*key, frame.value(node.value)], line)
    else:
        ask(frame, "set_variable_path", [*key, steps(frame, node.path), frame.value(node.value)], line)


def steps(frame: Frame, path: tree.Expression) -> ast.expr:
    """A path as a list: an array is one, any other value is one step."""
    if isinstance(path, tree.Array):
        return frame.value(path)
    return emit.call("path_steps", [frame.value(path)], frame.line(path))


# --- events -----------------------------------------------------------------------------------------------


def event_call(frame: Frame, method: str, domain: tree.Name | None, event: tree.Expression, line: int) -> ast.Call:
    """`h.method(here, domain, event)`: the domain is None if the event's text says both words.

    The caller adds the rest by keywords, in the order of the text, which is the order of evaluation.
    """
    words = [emit.constant(None if domain is None else domain.name, line), frame.value(event)]
    return emit.method("h", method, [emit.name("here", line), *words], line)


def keywords(*pairs: tuple[str, ast.expr]) -> list[ast.keyword]:
    """Keyword arguments in the order of evaluation."""
    return [emit.keyword(name, value) for name, value in pairs]


def raise_event(frame: Frame, node: tree.Raise, line: int) -> None:
    """`raise domain event type …`."""
    raising = event_call(frame, "raise_event", node.domain, node.event, line)
    none = emit.constant(None, line)
    for_rid = none if node.for_rid is None else emit.call("text", [frame.value(node.for_rid)], line)
    attributes = none if node.attributes is None else frame.value(node.attributes)
    raising.keywords = keywords(("for_rid", for_rid), ("attrs", attributes))
    frame.add(emit.do(raising, line))


def schedule(frame: Frame, node: tree.Schedule, line: int) -> None:
    """`schedule domain event type at …`; with `setting` its name is bound to the job."""
    scheduling = event_call(frame, "schedule_event", node.domain, node.event, line)
    when = frame.value(node.when)
    attributes = emit.constant(None, line) if node.attributes is None else frame.value(node.attributes)
    timing = emit.constant(node.timing, line)
    scheduling.keywords = keywords(("timing", timing), ("when", when), ("attrs", attributes))
    if node.setting is None:
        frame.add(emit.do(scheduling, line))
    else:
        frame.set(frame.declare(node.setting.name), scheduling, line)


def raise_error(frame: Frame, node: tree.RaiseError, line: int) -> None:
    """`error level value`; the level `error` ends the ruleset's turn."""
    level = emit.constant(node.level, line)
    ask(frame, "raise_error", [emit.name("here", line), level, frame.value(node.value)], line)
    if node.level == "error":
        frame.add(emit.answer(emit.constant("error", line), line))
