"""Bring a text up to date: replace the forms of older engines where that changes nothing, and tell of the rest.

What is replaced: a name in `where` that reads an attribute of the event (in the dialect 0.x), `event:attrs()`,
`event:attr("x")`, `x.name` without a call, `where` in front of `setting`, `logging`, a `version` in front of `meta`.
The new text does what the old one did; where nobody can be sure of that, the old form stays. So does one with a
comment in it that would get lost.

Source: docs/language.md, "Dialects".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .. import tree
from ..checker import check
from ..dialects import Dialect
from ..errors import Diagnostic
from ..parser import parse, parse_all
from ..printer import format
from ..printer.words import Words
from ..source import Source
from ..tree import Span
from ..visitor import find, walk

_WHY = {
    "whole-variable": "left: for a key that looks like an index the path would make an array, where `put` makes a map",
    "attr-as-map": 'left: this is null, and event:attrs{"name"} would be the attribute',
}
"""Doubtful forms that could be meant otherwise, by the checker's codes."""


class Replacement(NamedTuple):
    """One form of the old text, and what stands in its place."""

    source: Source
    span: Span
    old: str
    new: str

    def __str__(self) -> str:
        line, column = self.source.position(self.span.start)
        return f"{self.source.name}:{line}:{column}: replaced: {self.old} by {self.new}"

    def as_json(self) -> dict[str, object]:
        """The form that `picoengine fmt --modernise --json` prints."""
        line, column = self.source.position(self.span.start)
        return {"file": self.source.name, "line": line, "column": column, "old": self.old, "new": self.new}


class Modernised(NamedTuple):
    """A text in its new form, laid out; what was replaced, and what was not."""

    text: str
    replaced: tuple[Replacement, ...]
    left: tuple[Diagnostic, ...]


class _Edit(NamedTuple):
    """Characters of the source, and what comes in their place."""

    start: int
    end: int
    text: str


def modernise(source: Source, *, dialect: Dialect = "0.x") -> Modernised:
    """The text in its new form. `dialect` says how to read the old one. Raises KRLSyntaxError if it does not parse."""
    work = _Work(source, dialect)
    work.expressions()
    work.meta()
    work.filters()
    text = _swapped(_edited(source.text, work.edits))
    new = Source(format(Source(text, source.name)), source.name)
    return Modernised(new.text, tuple(sorted(work.replaced, key=_place)), (*work.left, *_remaining(new)))


def _place(replacement: Replacement) -> Span:
    return replacement.span


def _remaining(source: Source) -> Iterator[Diagnostic]:
    """What is still wrong with the new text, or doubtful for reasons of age."""
    for each in check(parse(source), source):
        if each.code in _WHY:
            yield Diagnostic(source, each.span, each.severity, each.code, each.message, _WHY[each.code])
        elif each.severity == "error":
            yield each


class _Work:
    """The replacements in one text."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source = source
        self.edits: list[_Edit] = []
        self.replaced: list[Replacement] = []
        self.left: list[Diagnostic] = []
        self.root = parse(source)
        self.comments = [each.span for each in parse_all(source)[2]]
        self.findings = check(self.root, source, dialect=dialect)
        # With a module of that name, `event:attrs` is the module's affair.
        uses = find(self.root, tree.UseModule)
        self.has_event = all((each.alias.name if each.alias else each.rid) != "event" for each in uses)

    # --- expressions ---

    def expressions(self) -> None:
        """All that can stand in an expression."""
        if self.has_event:
            self._names()
            choices = [each.choice.span for each in find(self.root, tree.ActionBlock) if each.choice is not None]
            for call in find(self.root, tree.Call):
                self._call(call, in_choice=any(each.start <= call.span.start < each.end for each in choices))
        for member in find(self.root, tree.Member):
            new = f'{{"{member.name.name}"}}'
            behind = Span(member.target.span.end, member.span.end)
            dot = self.source.text.rindex(".", behind.start, member.name.span.start)
            self._replace(member.span, [_Edit(dot, member.span.end, new)], f".{member.name.name}", new)

    def _names(self) -> None:
        """Names that read attributes."""
        callees = {node.callee.span for node in find(self.root, tree.Call)}
        for each in self.findings:
            if each.code != "attribute-as-name":
                continue
            name = self._text(each.span)
            if each.span in callees:
                self._leave(each.span, f"`{name}` is called, and no attribute can be")
            else:
                new = f'event:attrs{{"{name}"}}'
                self._replace(each.span, [_Edit(*each.span, new)], name, new)

    def _call(self, call: tree.Call, *, in_choice: bool) -> None:
        """`event:attrs()`, `event:attr("x")`."""
        if call.callee == _ATTRS and not call.arguments:
            self._replace(call.span, [_Edit(call.callee.span.end, call.span.end, "")], "event:attrs()", "event:attrs")
        if call.callee != _ATTR or len(call.arguments) != 1:
            return
        [given] = call.arguments
        if given.name is not None or not isinstance(given.value, tree.String):
            return  # of anything but a text the braces would make a path
        # A brace behind the first word of `choose` would begin its block.
        before, after = ("(", ")") if in_choice else ("", "")
        new = f"event:attrs{{{self._text(given.value.span)}}}"
        edits = [
            _Edit(call.span.start, given.value.span.start, f"{before}event:attrs{{"),
            _Edit(given.value.span.end, call.span.end, f"}}{after}"),
        ]
        self._replace(call.span, edits, self._text(call.span), new)

    # --- meta ---

    def meta(self) -> None:
        """What a ruleset says of itself."""
        if not isinstance(self.root, tree.Ruleset):
            return
        for each in find(self.root, tree.Logging):
            self._replace(each.span, [_Edit(*each.span, "")], self._text(each.span), "nothing")
        if self.root.version is not None:
            self._version(self.root, self.root.version)

    def _version(self, root: tree.Ruleset, version: tree.String) -> None:
        text = f"version {self._text(version.span)}"
        start = self.source.text.rindex("version", 0, version.span.start)
        taken = _Edit(start, version.span.end, "")
        properties = root.meta.properties if root.meta is not None else ()
        if root.meta is None:
            edits = [taken._replace(text=f"meta {{ {text} }}")]
        elif any(isinstance(each, tree.Text) and each.key == "version" for each in properties):
            edits = [taken]  # the one in `meta` is the one that counts
        else:
            at = root.meta.span.end - 1
            edits = [taken, _Edit(at, at, f" {text} ")]
        self._replace(Span(start, version.span.end), edits, text, "the same in `meta`")

    # --- event expressions ---

    def filters(self) -> None:
        """`where` in front of `setting`; the text is changed by `_swapped`."""
        for each in find(self.root, tree.Primitive):
            if each.where_before_setting:
                self.replaced.append(Replacement(self.source, each.span, "where … setting(…)", "setting(…) where …"))

    # --- edits ---

    def _text(self, span: Span) -> str:
        return self.source.text[span.start : span.end]

    def _replace(self, span: Span, edits: list[_Edit], old: str, new: str) -> None:
        if any(edit.start < each.end and each.start < edit.end for edit in edits for each in self.comments):
            self._leave(span, f"there is a comment in {old}, which would be lost")
            return
        self.edits.extend(edits)
        self.replaced.append(Replacement(self.source, span, old, new))

    def _leave(self, span: Span, why: str) -> None:
        self.left.append(Diagnostic(self.source, span, "warning", "left-as-it-is", why))


_NOWHERE = Span(0, 0)
_ATTRS = tree.Qualified(_NOWHERE, "event", "attrs")
_ATTR = tree.Qualified(_NOWHERE, "event", "attr")


def _edited(text: str, edits: list[_Edit]) -> str:
    pieces, at = [], 0
    for each in sorted(edits):
        pieces += [text[at : each.start], each.text]
        at = each.end
    return "".join([*pieces, text[at:]])


def _swapped(text: str) -> str:
    """The text with each `where … setting(…)` the other way round; what stands between them stays there."""
    words = Words(text)
    edits = []
    for node in walk(parse(Source(text))):
        if isinstance(node, tree.Primitive) and node.where_before_setting and node.where is not None:
            where = words.starts.index(node.where.span.start) - 1
            while words.texts[where] == "(":
                where -= 1
            setting = words.starts.index(node.setting[0].span.start) - 2
            start, end = words.starts[setting], words.ends[words.starts.index(node.setting[-1].span.start) + 1]
            middle = text[words.ends[setting - 1] : start]
            condition = text[words.starts[where] : words.ends[setting - 1]]
            edits.append(_Edit(words.starts[where], end, text[start:end] + middle + condition))
    return _edited(text, edits)
