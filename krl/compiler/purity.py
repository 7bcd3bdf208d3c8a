"""Whether a ruleset's `global` gives the same values wherever it is loaded, so that one loaded ruleset may be shared.

Only what runs while the ruleset is loaded matters: the values of globals, and the bodies of functions that these
may call. A function is taken to be called as soon as its name is mentioned.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import tree

PURE = frozenset(["math", "stdlib", "keys"])  # domains whose members depend on nothing but their arguments


def is_pure(node: tree.Ruleset) -> bool:
    """Globals depend on nothing but literals, configuration and pure functions."""
    properties = node.meta.properties if node.meta is not None else ()
    pure = PURE - {
        each.alias.name if each.alias else each.rid for each in properties if isinstance(each, tree.UseModule)
    }
    values = {each.name.name: each.value for each in node.globals}
    waiting = [each for each in loaded(node, properties) if not is_function(each)]
    while waiting:
        each = waiting.pop()
        match each:
            case tree.Qualified(domain=domain) if domain not in pure:
                return False
            case tree.Name(name=name) if name in values:
                waiting.append(values.pop(name))
        waiting.extend(tree.children(each))
    return True


def is_function(node: tree.Node) -> bool:
    """Whether it is a function's or an action's text: loading it runs nothing of what is in it."""
    return isinstance(node, tree.Function | tree.Defaction)


def loaded(node: tree.Ruleset, properties: tuple[tree.Property, ...]) -> Iterator[tree.Node]:
    """The expressions that are evaluated when the ruleset is loaded."""
    for each in properties:
        match each:
            case tree.UseModule(configuration=declarations) | tree.Configure(declarations=declarations):
                yield from (declaration.value for declaration in declarations)
            case tree.Keys(value=value):
                yield value
    yield from (each.value for each in node.globals)
    for rule in node.rules:
        if isinstance(rule.select, tree.SelectWhen) and rule.select.within is not None:
            yield rule.select.within.amount
