"""Guards: one function for each primitive of a rule's event expression.

def guard_3_0(h, captured):
    event = h.event
    if event.domain != "a" or event.type != "b":
        return None
    groups = attribute_groups(h, event.attrs, "x", pattern_0)
    if groups is None:
        return None
    d_n = nth(groups, 0)                    # setting(n)
    if not …:                               # where
        return None
    return {"n": d_n, "": groups}           # the groups are for an aggregate
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .. import tree
from ..eventex import Asked
from ..runtime.namespace import LIBRARY
from . import emit
from .frame import Frame
from .operators import condition
from .scope import Scope


def guard(outer: Frame, asked: Asked, names: Iterable[str], identifier: str) -> ast.FunctionDef:
    """The guard of a primitive; `names` are all that its event expression captures."""
    line = outer.unit.line(asked)
    frame = Frame(outer.unit, Scope(outer.scope), in_event=True)
    if asked.domain is not None and asked.type is not None:
        expect_event(frame, asked.domain, asked.type, line)
    for position, test in enumerate(asked.tests):
        expect_attribute(frame, test, position)
    own = [each.name for each in asked.setting]
    if asked.where is not None:
        recall(frame, (each for each in names if each not in own), line)
    for position, name in enumerate(own):
        value = emit.call("nth", [emit.name("groups", line), emit.constant(position, line)], line)
        frame.set(frame.declare(name), value, line)
    if asked.where is not None:
        if outer.unit.dialect == "0.x":
            read_attributes(frame, asked.where, line)
        refuse(frame, emit.negation(condition(frame, frame.expression(asked.where), line), line), line)
    frame.add(emit.answer(captures(frame, asked, own, line), line))
    frame.scope.close()
    return emit.define(identifier, ["h", "captured"], frame.body, line)


def refuse(frame: Frame, test: ast.expr, line: int) -> None:
    """`if test: return None`."""
    frame.add(emit.when(test, [emit.answer(emit.constant(None, line), line)], [], line))


def expect_event(frame: Frame, domain: str, type_: str, line: int) -> None:
    """Refuse every event but those of this domain and type."""
    frame.set("event", emit.attribute("h", "event", line), line)
    words = [("domain", domain), ("type", type_)]
    differs = [
        emit.compare(emit.attribute("event", each, line), "!=", emit.constant(word, line), line=line)
        for each, word in words
    ]
    refuse(frame, emit.either(*differs, line=line), line)


def expect_attribute(frame: Frame, test: tree.AttributeTest, position: int) -> None:
    """One attribute test; the groups of all tests make one list."""
    line = frame.line(test)
    attributes = emit.attribute("event", "attrs", line)
    pattern = frame.value(test.regex)
    name = emit.constant(test.attribute, line)
    found = emit.call("attribute_groups", [emit.name("h", line), attributes, name, pattern], line)
    target = "groups" if position == 0 else "more"
    frame.set(target, found, line)
    refuse(frame, emit.compare(emit.name(target, line), "is", emit.constant(None, line), line=line), line)
    if position > 0:
        frame.set("groups", emit.binary(emit.name("groups", line), "+", emit.name("more", line), line), line)


def recall(frame: Frame, names: Iterable[str], line: int) -> None:
    """What earlier steps of the attempt captured can be read in `where`."""
    for name in names:
        value = emit.method("captured", "get", [emit.constant(name, line)], line)
        frame.set(frame.declare(name), value, line)


def read_attributes(frame: Frame, where: tree.Expression, line: int) -> None:
    """In the older dialect a name that means nothing else is an attribute of the event."""
    for name in names_read(where):
        if frame.find(name) is None and name not in LIBRARY:
            attributes = emit.attribute(emit.attribute("h", "event", line), "attrs", line)
            value = emit.method(attributes, "get", [emit.constant(name, line)], line)
            frame.set(frame.declare(name), value, line)
            frame.unit.attributes[name] = None


def names_read(root: tree.Expression) -> Iterator[str]:
    """The names that an expression reads, but for those that its functions bind themselves."""
    waiting: list[tuple[tree.Node, frozenset[str]]] = [(root, frozenset())]
    while waiting:
        node, bound = waiting.pop()
        inner: list[tree.Node]
        match node:
            case tree.Name(name=name):
                if name not in bound:
                    yield name
                continue
            case tree.Function():
                bound = bound.union(each.name.name for each in node.parameters)
                waiting.extend((each, bound) for each in node.parameters)
                for each in node.declarations:  # a value does not see its own name, nor those below
                    waiting.append((each, bound))
                    bound = bound.union([each.name.name])
                inner = [node.result]
            case tree.Argument() | tree.Declaration():
                inner = [node.value]
            case tree.Parameter():
                inner = [node.default] if node.default is not None else []
            case tree.Member():
                inner = [node.target]
            case _:
                inner = list(tree.children(node))
        waiting.extend((each, bound) for each in reversed(inner))


def captures(frame: Frame, asked: Asked, own: list[str], line: int) -> ast.expr:
    """What the primitive captures: its own names, and under the empty name what an aggregate collects."""
    keys = [emit.constant(name, line) for name in own]
    values: list[ast.expr] = [emit.name(frame.scope.names[name].identifier, line) for name in own]
    if asked.aggregate is not None:
        keys.append(emit.constant("", line))
        values.append(emit.name("groups", line))
    return emit.mapping(keys, values, line)
