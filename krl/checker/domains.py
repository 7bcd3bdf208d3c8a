"""Qualified names: `ent:x`, `event:attrs`, members of built-in modules and of those that a ruleset uses.

What a domain offers is only known for sure at run time, because an engine may bring modules of its own; so most of
what is found here is a warning.

Source: docs/modules.md, "How members work", "Look-up of a domain".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..tree import Argument, Node, Qualified
from .findings import Findings
from .signatures import UNKNOWN, Signature, modules

ABSENT = {
    "app": "only `ent:` holds variables",
    "keys": "declare it in `meta` with `keys name value`",
}


class Domains:
    """The domains that one source may name, and the use it makes of them."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._used_modules: dict[str, Node] = {}  # by the name they go by
        self._named: set[str] = set()
        self._keys: set[str] = set()
        self._variables: set[str] | None = None  # None: not known, as in a source that is no ruleset

    def use(self, name: str, place: Node) -> bool:
        """`use module … alias name`; False if the name was taken by another."""
        fresh = name not in self._used_modules
        self._used_modules[name] = place
        return fresh

    def add_key(self, name: str) -> None:
        """`keys name …`."""
        self._keys.add(name)

    def know_variables(self, names: set[str]) -> None:
        """These entity variables, and no others, are ever set."""
        self._variables = names

    def unnamed_modules(self) -> list[tuple[str, Node]]:
        """The modules that the ruleset uses and never names."""
        return [(name, place) for name, place in self._used_modules.items() if name not in self._named]

    def variable(self, name: str) -> bool:
        """True if some rule sets `ent:name`."""
        return name in (self._variables or ())

    def read(self, node: Qualified) -> None:
        """`domain:name` without parentheses."""
        if node.domain == "ent":
            self._variable_read(node)
            return
        signature = self._member(node)
        if signature.kind == "action":
            self._findings.warning(
                node, "action-as-value", f"`{_text(node)}` is an action, and can only be called in an action block"
            )

    def call(self, node: Qualified, arguments: Sequence[Argument], *, method: bool) -> Signature:
        """`domain:name(…)` in an expression, or `x.domain:name(…)`; what is known of the callee."""
        if self._is_built_in(node, "event", "attrs"):
            self._attributes_called(node, arguments, method=method)
            return UNKNOWN
        signature = self._callee(node)
        if signature.kind == "action":
            self._findings.warning(
                node, "not-a-function", f"`{_text(node)}` is an action, and can only be called in an action block"
            )
        elif signature.kind == "value":
            self._findings.warning(
                node, "not-a-function", f"`{_text(node)}` is a value", f"write `{_text(node)}` without parentheses"
            )
        return signature

    def act(self, node: Qualified) -> Signature:
        """`domain:name(…)` in an action block; what is known of the callee."""
        signature = self._callee(node)
        if not signature.action:
            self._findings.warning(node, "not-an-action", f"`{_text(node)}` is no action, and fails when it runs")
        return signature

    def _callee(self, node: Qualified) -> Signature:
        if node.domain != "ent":
            return self._member(node)
        self._variable_read(node)
        self._findings.warning(
            node, "not-a-function", f"`{_text(node)}` holds data, which cannot be called: functions are not stored"
        )
        return UNKNOWN

    def _member(self, node: Qualified) -> Signature:
        domain = node.domain
        if domain in self._used_modules:
            self._named.add(domain)
            return UNKNOWN
        if domain == "keys" and self._keys:
            return self._key(node)
        known = modules().get(domain)
        if known is None:
            self._unknown_domain(node)
            return UNKNOWN
        if node.name not in known:
            hint = self._findings.proposal(node.name, known)
            self._findings.warning(node, "unknown-member", f"module `{domain}` has no `{node.name}`", hint)
        return known.get(node.name, UNKNOWN)

    def _unknown_domain(self, node: Qualified) -> None:
        hint = ABSENT.get(node.domain)
        if hint is None:
            hint = self._findings.proposal(node.domain, ["ent", *self._used_modules, *modules()])
            hint = hint or f"a ruleset is named in `meta`: use module its.rid alias {node.domain}"
        self._findings.warning(
            node, "unknown-module", f"`{node.domain}` is no built-in module, and no `use module` names it", hint
        )

    def _key(self, node: Qualified) -> Signature:
        if node.name not in self._keys:
            hint = self._findings.proposal(node.name, self._keys)
            self._findings.warning(node, "unknown-member", f"`meta` declares no key `{node.name}`", hint)
        return UNKNOWN  # a key is a value or, with arguments, a look-up in one

    def _variable_read(self, node: Qualified) -> None:
        if self._variables is None or node.name in self._variables or node.name == "_schedule":
            return
        hint = self._findings.nearest(node.name, self._variables)
        self._findings.warning(
            node,
            "unset-variable",
            f"`ent:{node.name}` is never set by this ruleset, so it is null",
            f"did you mean `ent:{hint}`?" if hint else None,
        )

    def _attributes_called(self, node: Qualified, arguments: Sequence[Argument], *, method: bool) -> None:
        if arguments or method:
            self._findings.error(
                node,
                "attrs-called",
                "`event:attrs` is a Map, not a Function",
                'write event:attrs{"name"} for one attribute',
            )
        else:
            self._findings.warning(
                node, "deprecated-call", "`event:attrs` is a Map", "write `event:attrs` without parentheses"
            )

    def _is_built_in(self, node: Qualified, domain: str, name: str) -> bool:
        return node.domain == domain and node.name == name and domain not in self._used_modules


def _text(node: Qualified) -> str:
    return f"{node.domain}:{node.name}"
