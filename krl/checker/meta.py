"""The `meta` block: what a ruleset says of itself, uses, shares and provides.

Source: docs/language.md, "Rulesets, scope and loading".
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import tree
from .expressions import Expressions
from .scopes import Scope, Use
from .signatures import modules

GENERATED = "__testing"  # every ruleset shares it, declared or not


def check_meta(walker: Expressions, ruleset: tree.Ruleset, scope: Scope) -> None:
    """Check the block top to bottom, and declare in `scope` what it configures."""
    if ruleset.version is not None:
        walker.findings.warning(
            ruleset.version, "deprecated-version", "a version in front of `meta` is deprecated", "move it into `meta`"
        )
    if ruleset.meta is None:
        return
    said: set[str] = set()
    for each in ruleset.meta.properties:
        _once(walker, each, said)
        _property(walker, each, ruleset.rid, scope)


def _once(walker: Expressions, node: tree.Property, said: set[str]) -> None:
    match node:
        case tree.Text():
            key: str = node.key
        case tree.Logging():
            key = "logging"
        case _:
            return
    if key in said:
        walker.findings.error(node, "duplicate-property", f"`{key}` is given twice")
    said.add(key)


def _property(walker: Expressions, node: tree.Property, rid: str, scope: Scope) -> None:
    findings = walker.findings
    match node:
        case tree.Text():
            walker.expression(node.value, scope)
        case tree.Logging():
            findings.warning(node, "deprecated-logging", "`logging` is deprecated, and changes nothing")
        case tree.UseModule():
            _use(walker, node, rid, scope)
        case tree.Configure():
            for each in node.declarations:
                walker.declaration(each, scope, role="configured")
        case tree.Keys():
            walker.expression(node.value, scope)
            walker.domains.add_key(node.name.name)
        case tree.Shares() | tree.Provides():
            pass  # check_exports, when the names are known
        case tree.ProvidesKeys():
            findings.error(
                node, "unsupported-property", "`provides keys` is not supported", "let each ruleset declare its keys"
            )
        case tree.ErrorsTo():
            findings.error(
                node,
                "unsupported-property",
                "`errors to` is not supported",
                "select when system:error in this ruleset",
            )
        case _:
            raise TypeError(f"no check for {type(node).__name__}")


def _use(walker: Expressions, node: tree.UseModule, rid: str, scope: Scope) -> None:
    findings = walker.findings
    if node.rid == rid:
        findings.error(node, "dependency-cycle", f"`{rid}` cannot use itself as a module")
    name = node.alias.name if node.alias else node.rid
    if name in modules():
        findings.warning(node, "shadowed-module", f"`{name}` hides the built-in module of that name")
    if not walker.domains.use(name, node):
        findings.warning(node, "shadowed-module", f"`{name}` hides a module used above", "give one of them an alias")
    given: set[str] = set()
    for each in node.configuration:
        walker.expression(each.value, scope)
        if each.name.name in given:
            findings.warning(each.name, "argument-twice", f"`{each.name.name}` is given twice; the last one counts")
        given.add(each.name.name)


def check_exports(walker: Expressions, ruleset: tree.Ruleset, scope: Scope) -> None:
    """Check that what is shared and provided exists; it counts as used."""
    for each in ruleset.meta.properties if ruleset.meta else ():
        if isinstance(each, tree.Shares):
            _export(walker, each.names, "shared", scope)
        elif isinstance(each, tree.Provides):
            _export(walker, each.names, "provided", scope)


def _export(walker: Expressions, names: Sequence[tree.Name], how: str, scope: Scope) -> None:
    for name in names:
        binding = scope.names.get(name.name)
        if binding is None:
            if name.name != GENERATED:
                hint = walker.findings.proposal(name.name, scope.names)
                walker.findings.error(
                    name, "undefined-export", f"`{name.name}` is {how} but not defined in `global`", hint
                )
            continue
        binding.used = True
        walker.uses.append(Use(name.span, binding))
        if how == "shared" and binding.signature.kind == "action":
            walker.findings.error(
                name, "shared-action", f"`{name.name}` is an action, which a query cannot run", "`provides` it instead"
            )
