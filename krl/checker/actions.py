"""Action blocks and postludes: what a rule or a defaction does once it has fired.

Source: docs/language.md, "Action block", "Postlude".
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from .. import tree
from .expressions import Expressions
from .scopes import Binding, Scope, Use
from .signatures import UNKNOWN, Signature, literal_type


def check_actions(walker: Expressions, block: tree.ActionBlock, scope: Scope) -> None:
    """Check an action block; names bound by `setting` are declared in `scope`, which is that of what follows."""
    for each in (block.condition, block.choice):
        if each is not None:
            walker.expression(each, scope)
    for action in block.actions:
        if block.kind == "choose" and action.label is None:
            walker.findings.error(
                action,
                "missing-label",
                "an action of `choose` needs a label",
                f"write `name => {_text(action.callee)}(…)`",
            )
        _action(walker, action, scope)


def _action(walker: Expressions, node: tree.ActionCall, scope: Scope) -> None:
    if isinstance(node.callee, tree.Qualified):
        signature = walker.domains.act(node.callee)
    else:
        signature = _action_named(walker, node.callee, scope)
    walker.arguments(node.arguments, signature, scope)
    for surplus in node.setting[1:]:
        walker.findings.error(surplus, "surplus-setting", "an action has one result: `setting` takes one name")
    if node.setting:
        _bind_result(walker, node.setting[0], scope)


def _action_named(walker: Expressions, callee: tree.Name, scope: Scope) -> Signature:
    binding = walker.read(callee, scope)
    if binding is None:
        return UNKNOWN
    if not binding.signature.action:
        what = "a function" if binding.signature.kind == "function" else binding.type or "a value"
        hint = "declare it with `defaction`, or call it in `pre`" if binding.signature.kind == "function" else None
        walker.findings.error(callee, "not-an-action", f"`{callee.name}` is {what}, not an action", hint)
    return binding.signature


def _bind_result(walker: Expressions, name: tree.Name, scope: Scope) -> None:
    known = scope.names.get(name.name)
    if known is not None and known.role == "result":
        walker.uses.append(Use(name.span, known))
        return  # bound twice, the last one counts
    walker.declare(name, "result", scope)


def check_postlude(walker: Expressions, node: tree.Postlude, rule: tree.Rule, scope: Scope) -> None:
    """Check the blocks of a postlude, each with names of its own."""
    conditional = rule.actions is not None and rule.actions.condition is not None
    unfired = node.first if node.kind == "notfired" else node.otherwise
    if unfired and not conditional:
        walker.findings.warning(
            unfired[0],
            "unreachable-block",
            "this block never runs: without an `if` in front of its actions the rule always fires",
        )
    past = Scope(scope)  # names of the blocks before: they are known, but have no value any more
    for statements in (node.first, node.otherwise, node.at_last):
        if statements:
            block = _Block(walker, past, in_foreach=bool(rule.foreach))
            block.check(statements)
            block.leave_names(past)


class _Block:
    """One block of a postlude."""

    def __init__(self, walker: Expressions, outer: Scope, *, in_foreach: bool) -> None:
        self._walker = walker
        self._findings = walker.findings
        self._scope = Scope(outer)
        self._in_foreach = in_foreach

    def check(self, statements: tuple[tree.Statement, ...]) -> None:
        for each in statements:
            self._statement(each)
        self._walker.close(self._scope)
        self._warn_of_unreachable(statements)

    def leave_names(self, past: Scope) -> None:
        """Let later blocks know the names of this one, unless they mean something else there."""
        for name, binding in self._scope.names.items():
            if past.find(name) is None:
                past.add(Binding(name, "past", binding.span))

    def _statement(self, node: tree.Statement) -> None:
        match node:
            case tree.Guarded():
                self._guarded(node)
            case tree.Declaration():
                self._walker.declaration(node, self._scope)
            case tree.SetVariable():
                self._set(node)
            case tree.ClearVariable():
                self._settable(node.target)
                self._optional(node.path)
            case tree.Raise():
                self._raise(node)
            case tree.Schedule():
                self._schedule(node)
            case tree.Log() | tree.RaiseError():
                self._walker.expression(node.value, self._scope)
            case tree.Last():
                pass
            case _:
                raise TypeError(f"no check for {type(node).__name__}")

    def _optional(self, *nodes: tree.Expression | None) -> None:
        for node in nodes:
            if node is not None:
                self._walker.expression(node, self._scope)

    def _guarded(self, node: tree.Guarded) -> None:
        self._optional(node.condition)
        if isinstance(node.statement, tree.Declaration):
            self._findings.error(
                node,
                "guarded-declaration",
                f"`{node.statement.name.name}` cannot be declared under a condition",
                "put the condition into the value: name = condition => value | null",
            )
        if node.condition is None and not self._in_foreach:
            self._findings.warning(node, "useless-guard", "`on final` is always true in a rule without `foreach`")
        self._statement(node.statement)

    # --- entity variables ---

    def _settable(self, target: tree.Qualified) -> None:
        if target.domain != "ent":
            self._findings.error(
                target,
                "not-a-variable",
                f"`{_text(target)}` cannot be set: only entity variables can",
                f"did you mean `ent:{target.name}`?",
            )

    def _set(self, node: tree.SetVariable) -> None:
        self._settable(node.target)
        self._optional(node.path, node.value)
        value = node.value
        if (
            node.path is None
            and isinstance(value, tree.MethodCall)
            and value.target == node.target
            and value.method == tree.Name(value.method.span, "put")
            and len(value.arguments) == 2
        ):
            self._findings.warning(
                value,
                "whole-variable",
                f"this writes all of `{_text(node.target)}` to change one entry",
                f"write {_text(node.target)}{{key}} := value",
            )

    # --- events ---

    def _raise(self, node: tree.Raise) -> None:
        self._optional(node.event, node.for_rid, node.attributes)
        self._event_words(node.domain, node.event)
        self._attributes(node.attributes)

    def _schedule(self, node: tree.Schedule) -> None:
        self._optional(node.event, node.when, node.attributes)
        self._event_words(node.domain, node.event)
        self._attributes(node.attributes)
        if node.setting is not None:
            _bind_result(self._walker, node.setting, self._scope)

    def _event_words(self, domain: tree.Name | None, event: tree.Expression) -> None:
        if not isinstance(event, tree.String):
            kind = literal_type(event)
            if kind not in (None, "a String"):
                self._findings.warning(event, "bad-event-type", f"an event's type must be a String, not {kind}")
        elif not event.value.strip():
            self._findings.warning(event, "bad-event-type", "an event's type must not be blank")
        elif domain is None and ":" not in event.value:
            self._findings.warning(
                event, "bad-event-type", "there is no type behind a domain here", 'write "domain:type"'
            )

    def _attributes(self, node: tree.Expression | None) -> None:
        kind = literal_type(node) if node is not None else None
        if node is not None and kind not in (None, "a Map", "null"):
            self._findings.warning(node, "bad-attributes", f"the attributes of an event must be a Map, not {kind}")

    # --- order ---

    def _warn_of_unreachable(self, statements: tuple[tree.Statement, ...]) -> None:
        for each, following in pairwise(statements):
            if leaves(each):
                self._findings.warning(
                    following, "unreachable-statement", "this statement never runs: the one before it leaves the rule"
                )
                return


def variables_set(rules: Iterable[tree.Rule]) -> set[str]:
    """The entity variables that some postlude sets."""
    found: set[str] = set()
    for postlude in (rule.postlude for rule in rules if rule.postlude):
        for each in (*postlude.first, *(postlude.otherwise or ()), *(postlude.at_last or ())):
            statement = each
            while isinstance(statement, tree.Guarded):
                statement = statement.statement
            if isinstance(statement, tree.SetVariable) and statement.target.domain == "ent":
                found.add(statement.target.name)
    return found


def leaves(statement: tree.Statement) -> bool:
    """True if the statement ends the rule, and its ruleset's part in the event, whenever it runs."""
    return isinstance(statement, tree.Last) or (isinstance(statement, tree.RaiseError) and statement.level == "error")


def _text(callee: tree.Name | tree.Qualified) -> str:
    return callee.name if isinstance(callee, tree.Name) else f"{callee.domain}:{callee.name}"
