"""`domain:name`: entity variables, keys, members of used modules, members of built-in modules.

A domain is looked for among the modules that the ruleset uses, then among the built-in ones. Which it is, is known
from the text; which value a member has is found once, when the ruleset is loaded, and kept in a variable.
"""

from __future__ import annotations

import ast

from .. import tree
from . import emit
from .arguments import Arguments, call_unknown, packed
from .frame import MAP, Code, Frame


def read(frame: Frame, node: tree.Qualified) -> Code:
    """The value of `domain:name` where it stands alone: a function among the members is called without arguments."""
    line = frame.line(node)
    unit = frame.unit
    if node.domain == "ent":
        return Code(entity(frame, node, line))
    if node.domain in unit.modules:
        qualified = emit.constant(f"{node.domain}:{node.name}", line)
        value = provided(frame, node, line, absent="MISSING")
        return Code(emit.call("module_value", [emit.name("h", line), value, qualified], line))
    if node.domain == "keys" and node.name in unit.keys:
        return Code(emit.name(unit.keys[node.name], line))
    if frame.in_event and is_attributes(node):
        return Code(emit.attribute(emit.attribute("h", "event", line), "attrs", line), MAP)
    return Code(built_in(frame, "value", node, Arguments([], []), line))


def call_member(frame: Frame, node: tree.Qualified, given: Arguments, line: int) -> Code:
    """`domain:name(…)` in an expression."""
    unit = frame.unit
    if node.domain == "ent":
        return call_unknown(frame, entity(frame, node, line), given, line)
    if node.domain in unit.modules:
        return call_unknown(frame, provided(frame, node, line), given, line)
    if node.domain == "keys" and node.name in unit.keys:
        return Code(emit.call("key_value", [emit.name(unit.keys[node.name], line), *given.positional], line))
    if is_attributes(node) and given == ([], []):
        return read(frame, node)  # a map, which older texts call like a function
    attribute = literal_attribute(node, given)
    if attribute is not None and frame.in_event:
        frame.unit.attributes[str(attribute.value)] = None
        attributes = emit.attribute(emit.attribute("h", "event", line), "attrs", line)
        return Code(emit.method(attributes, "get", [attribute], line))
    return Code(built_in(frame, "function", node, given, line))


def run_member(frame: Frame, node: tree.Qualified, given: Arguments, line: int) -> ast.expr:
    """`domain:name(…)` in an action block."""
    if node.domain in frame.unit.modules or node.domain == "ent":
        action = entity(frame, node, line) if node.domain == "ent" else provided(frame, node, line)
        return emit.call("run_action", [emit.name("h", line), action, *packed(given, line)], line)
    return built_in(frame, "action", node, given, line)


def is_attributes(node: tree.Qualified) -> bool:
    """Whether it is `event:attrs`."""
    return node.domain == "event" and node.name == "attrs"


def literal_attribute(node: tree.Qualified, given: Arguments) -> ast.Constant | None:
    """The attribute's name in `event:attr("name")`."""
    if (node.domain, node.name) != ("event", "attr") or given.named:
        return None
    match given.positional:
        case [ast.Constant(value=str()) as name]:
            return name
    return None


def entity(frame: Frame, node: tree.Qualified, line: int) -> ast.expr:
    """`ent:name`, of the ruleset in whose text it stands."""
    key: list[ast.expr] = [emit.constant(frame.unit.rid, line), emit.constant(node.name, line)]
    return emit.method("h", "get_variable", key, line)


def provided(frame: Frame, node: tree.Qualified, line: int, absent: str | None = None) -> ast.expr:
    """The variable that holds what a used module provides under this name, or else the `absent` variable's value."""
    module = frame.unit.modules[node.domain]
    default = emit.constant(None, line) if absent is None else emit.name(absent, line)
    look_up = emit.method(module.variable, "get", [emit.constant(node.name, line), default], line)
    return emit.name(module.members.variable((node.name, absent), look_up), line)


def built_in(frame: Frame, use: str, node: tree.Qualified, given: Arguments, line: int) -> ast.expr:
    """Call a member of a built-in module as what it is used as: a "value", a "function" or an "action"."""
    named = tuple(name for name, _ in given.named)
    shape: list[ast.expr] = [
        emit.constant(each, line) for each in (use, node.domain, node.name, len(given.positional), named)
    ]
    look_up = emit.call("built_in_member", [emit.name("h", line), *shape], line)
    key = (use, node.domain, node.name, len(given.positional), named)
    variable = frame.unit.built_in.variable(key, look_up)
    values = [*given.positional, *(value for _, value in given.named)]
    return emit.call(variable, [emit.name("h", line), emit.name("here", line), *values], line)
