"""What a ruleset's text says about it without being run: its `meta` block, and the map that `__testing` answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import tree
from ..program import RulesetMeta, Use
from ..runtime.host import Value
from ..runtime.text import text
from ..runtime.values import ordered_map

DESCRIPTIVE = ("name", "description", "author", "version")


def ruleset_meta(node: tree.Ruleset) -> RulesetMeta:
    """What the `meta` block says, for the engine and for `ctx:rulesets`. A `version` before it counts, too."""
    properties = node.meta.properties if node.meta is not None else ()
    texts = {each.key: text(literal(each.value)) for each in properties if isinstance(each, tree.Text)}
    if node.version is not None:
        texts.setdefault("version", node.version.value)  # the old place for it
    used = [each for each in properties if isinstance(each, tree.UseModule)]
    uses = tuple(Use(each.rid, each.alias.name if each.alias else each.rid) for each in used)
    listed = {
        "shares": names(properties, tree.Shares),
        "provides": names(properties, tree.Provides),
        "configure": tuple(each.name.name for each in configured(properties)),
    }
    shown: dict[str, Value] = {key: texts[key] for key in DESCRIPTIVE if key in texts}
    if used:
        shown["use"] = [shown_use(each, use) for each, use in zip(used, uses, strict=True)]
    shown.update((key, list(value)) for key, value in listed.items() if value)
    logging = any(each.on for each in properties if isinstance(each, tree.Logging))
    return RulesetMeta(node.rid, **texts, logging=logging, uses=uses, **listed, krl_meta=shown)  # type: ignore[arg-type]


def names(properties: tuple[tree.Property, ...], kind: type[tree.Shares] | type[tree.Provides]) -> tuple[str, ...]:
    """The names of all such lists, each once."""
    listed = (name.name for each in properties if isinstance(each, kind) for name in each.names)
    return tuple(dict.fromkeys(listed))


def configured(properties: tuple[tree.Property, ...]) -> Iterator[tree.Declaration]:
    """The declarations of all `configure using` clauses, in order."""
    for each in properties:
        if isinstance(each, tree.Configure):
            yield from each.declarations


def shown_use(node: tree.UseModule, use: Use) -> dict[str, Value]:
    """A `use module` as `ctx:rulesets` shows it; of its configuration what is literal."""
    shown: dict[str, Value] = {"kind": "module", "rid": use.rid, "alias": use.alias}
    if node.configuration:
        shown["with"] = {each.name.name: literal(each.value) for each in node.configuration}
    return shown


def literal(node: tree.Expression) -> Value:
    """The value of an expression that is nothing but literals, else None."""
    match node:
        case tree.String(value=value) | tree.Number(value=value) | tree.Boolean(value=value):
            return value
        case tree.Chevron(parts=parts):
            return "".join(text(literal(each)) for each in parts)
        case tree.Array(items=items):
            return [literal(each) for each in items]
        case tree.Map(pairs=pairs):
            return ordered_map((text(literal(each.key)), literal(each.value)) for each in pairs)
        case _:
            return None


# --- __testing --------------------------------------------------------------------------------------------


def testing(node: tree.Ruleset, shares: tuple[str, ...], attributes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Shared names with their parameters, and events with the attributes that their rules look at.

    `attributes` are, by rule, those that its body and conditions name literally.
    """
    values = {each.name.name: each.value for each in node.globals}
    queries = [{"name": name, "args": parameters(values.get(name))} for name in shares]
    events = [
        event for each in node.rules if each.active for event in awaited(each, attributes.get(each.name.name, ()))
    ]
    return {"queries": queries, "events": events}


def parameters(value: tree.Expression | None) -> list[str]:
    """The parameters' names if the value is a function; none otherwise."""
    return [each.name.name for each in value.parameters] if isinstance(value, tree.Function) else []


def awaited(rule: tree.Rule, used: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Each event of the rule's expression, once; all of them get all attribute names."""
    if not isinstance(rule.select, tree.SelectWhen):
        return
    found = list(primitives(rule.select.event))
    tested = (test.attribute for each in found for test in each.tests)
    attrs = list(dict.fromkeys((*tested, *used)))
    for domain, type_ in dict.fromkeys((each.domain, each.type) for each in found):
        yield {"domain": domain, "name": type_, "attrs": attrs}


def primitives(event: tree.EventExpression) -> Iterator[tree.Primitive]:
    """The primitives of an event expression, in source order."""
    waiting: list[tree.Node] = [event]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Primitive):
            yield node
        elif isinstance(node, tree.EventExpression):
            waiting.extend(sorted(tree.children(node), key=lambda each: each.span.start, reverse=True))
