"""Action blocks and postludes."""

from __future__ import annotations

from .. import tree
from .boxes import Box, Clauses, Part
from .dispatch import box, prints
from .expressions import arguments, expression
from .functions import declaration
from .parts import Row, block, ended, setting
from .words import Words

_GO_ON = frozenset(["if", "on", "for", "attributes", "at", "repeat", "setting"])
"""What a statement goes on with; a declaration can be called so."""


@prints(tree.ActionBlock)
def action_block(words: Words, node: tree.ActionBlock) -> Box:
    """`if c then every { … }`; an only action stands behind `then`, or on the next line."""
    if node.condition is None:
        return _actions(words, node)
    head = Row(words).word().box(expression, node.condition).done()
    gap = words.gap()
    then = Row(words).word()
    if node.kind != "single":
        return Clauses(head, [Part(" ", gap, then.box(_actions, node).done(), 0)], broken=False)
    head = Clauses(head, [Part(" ", gap, then.done(), 0)], broken=False)
    gap = words.gap()
    return Clauses(head, [Part(" ", gap, _actions(words, node))], broken=gap.is_broken)


def _actions(words: Words, node: tree.ActionBlock) -> Box:
    if node.kind == "single":
        return action(words, node.actions[0])
    row = Row(words).word()
    if node.choice is not None:
        row.box(expression, node.choice)
    return row.box(lambda w, each: block(w, each, action), node.actions).done()


def action(words: Words, node: tree.ActionCall) -> Box:
    """An action with its semicolon, which is never needed."""
    made = box(words, node)
    if words.sees(";"):
        words.drop()
    return made


@prints(tree.ActionCall)
def action_call(words: Words, node: tree.ActionCall) -> Box:
    """`label => name(…) setting(x)`."""
    row = Row(words)
    if node.label is not None:
        row.word().word()
    head = row.box(box, node.callee).box(arguments, node.arguments, "").done()
    if not node.setting:
        return head
    gap = words.gap()
    return Clauses(head, [Part(" ", gap, setting(words, node.setting))], broken=gap.is_broken, hugs_long=True)


# --- postlude ---------------------------------------------------------------------------------------------


@prints(tree.Postlude)
def postlude(words: Words, node: tree.Postlude) -> Box:
    """`fired { … } else { … } finally { … }`."""
    row = Row(words)
    for each in (node.first, node.otherwise, node.at_last):
        if each is not None:
            row.word().box(lambda w, lines: block(w, lines, statement), each)
    return row.done(step=0)


def statement(words: Words, node: tree.Statement) -> Box:
    """A statement with its semicolon."""
    return ended(words, box(words, node), _GO_ON)


@prints(tree.Guarded)
def guarded(words: Words, node: tree.Guarded) -> Box:
    """`statement if condition`, `statement on final`."""
    head, clauses = _parts(words, node.statement)
    gap = words.gap()
    guard = Row(words).word()
    if node.condition is None:
        guard.word()
    else:
        guard.box(expression, node.condition)
    return _statement(head, [*clauses, Part(" ", gap, guard.done())])


@prints(tree.SetVariable, tree.ClearVariable, tree.Raise, tree.Schedule, tree.Log, tree.RaiseError, tree.Last)
def unguarded(words: Words, node: tree.Statement) -> Box:
    """A statement that is always run."""
    return _statement(*_parts(words, node))


def _statement(head: Box, clauses: list[Part]) -> Box:
    """If it breaks, each clause begins a line."""
    return Clauses(head, clauses, broken=any(each.gap.is_broken for each in clauses)) if clauses else head


def _parts(words: Words, node: tree.Statement) -> tuple[Box, list[Part]]:
    """A statement's head, and its clauses."""
    match node:
        case tree.Declaration():
            return declaration(words, node), []
        case tree.SetVariable():
            return _variable(Row(words), node).word().box(expression, node.value).done(), []
        case tree.ClearVariable():
            return _variable(Row(words).word(), node).done(), []
        case tree.Raise():
            return _raised(words, node), _clauses(words, node.for_rid, node.attributes)
        case tree.Schedule():
            head = _raised(words, node)
            clauses = _clauses(words, node.when, node.attributes)
            if node.setting is not None:
                clauses.append(Part(" ", words.gap(), setting(words, [node.setting])))
            return head, clauses
        case tree.Log() | tree.RaiseError():
            return Row(words).word().word().box(expression, node.value).done(), []
        case tree.Last():
            return Row(words).word().done(), []
        case _:
            raise TypeError(f"no layout for {type(node).__name__}")


def _variable(row: Row, node: tree.SetVariable | tree.ClearVariable) -> Row:
    """`ent:name{path}`."""
    row.box(box, node.target)
    if node.path is not None:
        row.word("").box(expression, node.path, "").word("")
    return row


def _raised(words: Words, node: tree.Raise | tree.Schedule) -> Box:
    """`raise domain event "type"`."""
    row = Row(words).word().word()
    if node.domain is not None:
        row.word()
    return row.box(expression, node.event).done()


def _clauses(words: Words, *nodes: tree.Expression | None) -> list[Part]:
    """A word and an expression for each that is there: `attributes {…}`."""
    made = []
    for each in nodes:
        if each is not None:
            gap = words.gap()
            made.append(Part(" ", gap, Row(words).word().box(expression, each).done()))
    return made
