"""Whole sources: rulesets with their blocks and rules, or statements in a row."""

from __future__ import annotations

from .. import tree
from .boxes import Box, Clauses, Part, joined
from .brackets import Line
from .dispatch import box, prints
from .events import select
from .expressions import expression
from .functions import declaration, declared
from .gaps import NOTHING
from .parts import Row, block, block_of, ended, fill, line, rid, setting
from .words import Words


def lines(words: Words, root: tree.Ruleset | tree.Statements) -> list[Line]:
    """The lines of a source, none of them indented."""
    if isinstance(root, tree.Ruleset):
        return [line(words, root, box)]
    return [line(words, each, _item) for each in root.items]


def _item(words: Words, node: tree.Declaration | tree.Expression) -> Box:
    if isinstance(node, tree.Declaration):
        return declared(words, node)
    return ended(words, expression(words, node))


@prints(tree.Ruleset)
def ruleset(words: Words, node: tree.Ruleset) -> Box:
    """`ruleset id { … }`; between its parts are empty lines."""
    row = Row(words).word()
    row.add(row.gap(), rid(words))
    return row.box(_parts, node).done()


def _parts(words: Words, node: tree.Ruleset) -> Box:
    words.take()
    parts = []
    if node.version is not None:
        parts.append(line(words, node.version, _version))
    if node.meta is not None:
        parts.append(line(words, node.meta, box))
    if words.sees("global"):
        parts.append(line(words, node.globals, _declarations))
    parts.extend(line(words, each, box) for each in node.rules)
    return block_of(words, [*parts[:1], *(each._replace(is_blank=True) for each in parts[1:])])


def _version(words: Words, node: tree.String) -> Box:
    return Row(words).word().box(expression, node).done()


def _declarations(words: Words, nodes: tuple[tree.Declaration, ...]) -> Box:
    """`global { … }`, `pre { … }`."""
    return Row(words).word().box(lambda w, each: block(w, each, declared), nodes).done()


# --- meta -------------------------------------------------------------------------------------------------


@prints(tree.Meta)
def meta(words: Words, node: tree.Meta) -> Box:
    """`meta { … }`."""
    return Row(words).word().box(lambda w, each: block(w, each, box), node.properties).done()


@prints(tree.Text)
def text(words: Words, node: tree.Text) -> Box:
    """`name "…"`."""
    return Row(words).word().box(expression, node.value).done()


@prints(tree.Logging)
def logging(words: Words, node: tree.Logging) -> Box:
    """`logging on`."""
    return Row(words).word().word().done()


@prints(tree.UseModule)
def use_module(words: Words, node: tree.UseModule) -> Box:
    """`use module id alias name with a = 1`; declarations without `and` between them are on lines of their own."""
    row = Row(words).word().word()
    row.add(row.gap(), rid(words))
    if node.alias is not None:
        row.word().word()
    if not node.configuration:
        return row.done()
    clauses, broken = [], False
    for number, each in enumerate(node.configuration):
        gap = words.gap()
        broken = broken or gap.is_broken
        if number == 0 or words.sees("and"):
            clauses.append(Part(" ", gap, Row(words).word().box(declaration, each).done()))
        else:
            clauses.append(Part(" ", gap, declaration(words, each), 2 + len("with ")))
            broken = True
    return Clauses(row.done(), clauses, broken=broken)


@prints(tree.Configure)
def configure(words: Words, node: tree.Configure) -> Box:
    """`configure using a = 1`; several are on lines of their own."""
    row = Row(words).word().word()
    clauses = []
    for each in node.declarations:
        gap = words.gap()
        clauses.append(Part(" ", gap, declared(words, each)))
    if not clauses:
        return row.done()
    return Clauses(row.done(), clauses, broken=len(clauses) > 1 or clauses[0].gap.is_broken)


@prints(tree.Provides, tree.Shares)
def exports(words: Words, node: tree.Provides | tree.Shares) -> Box:
    """`shares a, b`."""
    return Row(words).word().box(fill, node.names).done()


@prints(tree.Keys)
def keys(words: Words, node: tree.Keys) -> Box:
    """`keys name value`."""
    return Row(words).word().word().box(expression, node.value).done()


@prints(tree.ProvidesKeys)
def provides_keys(words: Words, node: tree.ProvidesKeys) -> Box:
    """`provides keys a, b to id, id`."""
    row = Row(words).word().word().box(fill, node.names).word()
    for number in range(len(node.rids)):
        if number:
            row.word("")
        row.add(row.gap(), rid(words))
    return row.done()


@prints(tree.ErrorsTo)
def errors_to(words: Words, node: tree.ErrorsTo) -> Box:
    """`errors to id`."""
    row = Row(words).word().word()
    row.add(row.gap(), rid(words))
    return row.done()


# --- rules ------------------------------------------------------------------------------------------------


@prints(tree.Rule)
def rule(words: Words, node: tree.Rule) -> Box:
    """`rule name { … }`."""
    row = Row(words).word().word()
    if words.sees("is"):
        row.word().word()
    return row.box(_rule_body, node).done()


def _rule_body(words: Words, node: tree.Rule) -> Box:
    words.take()
    made = []
    if node.select is not None:
        made.append(line(words, node.select, select))
    made.extend(line(words, each, box) for each in node.foreach)
    if words.sees("pre"):
        made.append(line(words, node.pre, _declarations))
    if node.actions is not None:
        made.append(line(words, node.actions, box))
    if node.postlude is not None:
        made.append(line(words, node.postlude, box))
    return block_of(words, made)


@prints(tree.Foreach)
def foreach(words: Words, node: tree.Foreach) -> Box:
    """`foreach list setting(item, index)`."""
    head = Row(words).word().box(expression, node.over).done()
    gap = words.gap()
    names = joined([Part("", NOTHING, setting(words, node.names))])
    return Clauses(head, [Part(" ", gap, names)], broken=gap.is_broken, hugs_long=True)
