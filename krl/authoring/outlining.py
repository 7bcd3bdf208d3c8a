"""What can be seen of a ruleset without running it: its rules, where they stand, and the ways that each can take."""

from __future__ import annotations

from dataclasses import dataclass

from .. import tree
from ..errors import Diagnostic, KRLSyntaxError
from ..parser import parse
from ..source import Source


@dataclass(frozen=True, slots=True)
class RuleOutline:
    """One active rule. Lines are counted from 1; None, or none, where the rule has no such part."""

    name: str
    line: int
    last_line: int
    listens: str  # its event expression, as it is written
    condition: int | None  # of the action block
    loops: tuple[int, ...]  # its `foreach`
    fired: int | None  # the block of the postlude that runs when it fires
    not_fired: int | None  # and the one that runs when it does not
    at_last: int | None  # `finally` and `always`


@dataclass(frozen=True, slots=True)
class RulesetOutline:
    """A ruleset and its active rules, in their order."""

    rid: str
    uses: tuple[str, ...]  # modules
    keeps_keys: bool  # its text has secrets
    rules: tuple[RuleOutline, ...]

    def rule(self, name: str) -> RuleOutline | None:
        """The rule of this name."""
        return next((each for each in self.rules if each.name == name), None)


def outline(source: Source) -> RulesetOutline:
    """The outline of a ruleset's text. Raises KRLSyntaxError."""
    node = parse(source)
    if not isinstance(node, tree.Ruleset):
        span = tree.Span(0, min(1, len(source.text)))
        raise KRLSyntaxError([Diagnostic(source, span, "error", "expected-ruleset", "expected a ruleset")])
    properties = () if node.meta is None else node.meta.properties
    uses = tuple(each.rid for each in properties if isinstance(each, tree.UseModule))
    keeps_keys = any(isinstance(each, tree.Keys) for each in properties)
    rules = tuple(_rule(source, each) for each in node.rules if each.active and each.select)
    return RulesetOutline(node.rid, uses, keeps_keys, rules)


def _rule(source: Source, node: tree.Rule) -> RuleOutline:
    def line(part: tree.Node | None) -> int | None:
        return None if part is None else source.position(part.span.start).line

    def first(block: tuple[tree.Statement, ...] | None) -> int | None:
        return line(block[0]) if block else None

    postlude = node.postlude
    first_block = first(postlude.first) if postlude is not None else None
    otherwise = first(postlude.otherwise) if postlude is not None else None
    kind = None if postlude is None else postlude.kind
    return RuleOutline(
        name=node.name.name,
        line=source.position(node.name.span.start).line,
        last_line=source.position(max(node.span.start, node.span.end - 1)).line,
        listens=_listens(source, node),
        condition=line(node.actions.condition) if node.actions is not None else None,
        loops=tuple(source.position(each.span.start).line for each in node.foreach),
        fired=first_block if kind == "fired" else otherwise,
        not_fired=first_block if kind == "notfired" else otherwise if kind == "fired" else None,
        at_last=first_block if kind == "always" else first(postlude.at_last) if postlude is not None else None,
    )


def _listens(source: Source, node: tree.Rule) -> str:
    if node.select is None:
        return ""
    words = " ".join(source.text[node.select.span.start : node.select.span.end].split())
    return words.removeprefix("select ").removeprefix("when ").rstrip("; ")
