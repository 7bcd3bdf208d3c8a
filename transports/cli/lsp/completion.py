"""What could be written at a place.

The parser says which keywords could stand there, and whether a value or an action could; the sketch says which names
are declared. Both work while the text is full of mistakes, as it is when somebody types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from lsprotocol.types import CompletionItem, CompletionItemKind

from krl import Entry, Item, Sketch, operator_entries, possible_at

from .document import Document
from .library import Library
from .subject import domain_before, members, word_at

_KINDS = {
    "function": CompletionItemKind.Function,
    "action": CompletionItemKind.Event,
    "both": CompletionItemKind.Function,
    "value": CompletionItemKind.Property,
    "parameter": CompletionItemKind.Variable,
    "bound": CompletionItemKind.Variable,
    "module": CompletionItemKind.Module,
    "rule": CompletionItemKind.Event,
}


def completions(document: Document, library: Library, offset: int) -> list[CompletionItem]:
    """The proposals at an offset, none in a comment, a string or a number."""
    sketch = document.sketch
    if _in_text(sketch, offset):
        return []
    word = word_at(document, offset)
    index = word if word is not None else sketch.token_before(offset) + 1  # of what is being written
    start = sketch.tokens[word].lexpos if word is not None else offset
    before = sketch.tokens[index - 1] if index else None
    if (rid_start := _rid_start(sketch, index)) is not None:
        return list(_rids(document, library, document.text[rid_start:start]))
    if before is not None and before.kind == ":" and (domain := domain_before(document, index)):
        return list(_members(document, library, domain))
    if before is not None and before.kind == ".":
        return list(chain(_operators(), _own(sketch, offset, ("function",))))
    return list(_unique(_words(document, start, offset)))


def _in_text(sketch: Sketch, offset: int) -> bool:
    """Whether nothing is proposed: in a comment, a string or a number."""
    for each in sketch.comments:
        end = each.span.end + each.text.startswith("//")  # such a comment goes on where it ends
        if each.span.start < offset < end:
            return True
    index = sketch.token_before(offset)
    token = sketch.tokens[index] if index >= 0 else None
    match token and token.kind:
        case "INT" | "FLOAT" | "CHEVRON_TEXT":
            return offset <= sketch.tokens[index].endlexpos
        case "STRING" | "REGEX":
            return offset < sketch.tokens[index].endlexpos
        case "UNCLOSED" | "CHEVRON_OPEN":
            return True
    return False


def _rid_start(sketch: Sketch, index: int) -> int | None:
    """Where the rid of a module begins that is being written; None if none is."""
    tokens = sketch.tokens
    while index >= 2 and tokens[index - 1].kind in (".", "-") and tokens[index - 2].kind == "SYMBOL":
        index -= 2
    if index >= 2 and tokens[index - 1].value == "module" and tokens[index - 2].value == "use":
        return tokens[index].lexpos if index < len(tokens) else len(sketch.text)
    return None


def _rids(document: Document, library: Library, written: str) -> Iterator[CompletionItem]:
    """The rulesets within reach whose ids begin as what is written; what is inserted goes on behind it."""
    own = document.ruleset.name if document.ruleset else None
    for each in library.documents():
        rid = each.ruleset.name if each.ruleset else ""
        if rid and rid != own and rid.startswith(written):
            detail = ", ".join(sorted(each.provided()))
            rest = rid[len(written) :]
            yield CompletionItem(rid, kind=CompletionItemKind.Module, detail=detail, insert_text=rest, filter_text=rest)


def _members(document: Document, library: Library, domain: str) -> Iterator[CompletionItem]:
    if rid := document.sketch.module(domain):
        other = library.of_rid(rid)
        yield from (_item(each) for each in (other.provided().values() if other else ()))
    elif domain == "ent":
        yield from (CompletionItem(each, kind=CompletionItemKind.Field) for each in _variables(document.sketch))
    elif domain == "keys":
        yield from (_item(each) for each in document.sketch.items if each.kind == "key")
    else:
        yield from map(_entry, members().get(domain, {}).values())


def _variables(sketch: Sketch) -> list[str]:
    """The entity variables that are named anywhere, but for the one that is being written alone."""
    tokens = sketch.tokens
    found = (
        tokens[at + 2].value
        for at in range(len(tokens) - 2)
        if tokens[at].value == "ent" and tokens[at + 1].kind == ":" and tokens[at + 2].kind == "SYMBOL"
    )
    return list(dict.fromkeys(found))


def _words(document: Document, start: int, offset: int) -> Iterator[CompletionItem]:
    """Names and keywords."""
    sketch = document.sketch
    possible = possible_at(sketch, start)
    if possible.value:
        yield from _own(sketch, offset, ("function", "value", "parameter", "bound"))
        yield from map(_entry, (each for each in operator_entries().values() if each.kind != "action"))
    if possible.action:
        yield from _own(sketch, offset, ("action",))
        yield from map(_entry, (each for each in operator_entries().values() if each.kind in ("action", "both")))
    if possible.value or possible.action:
        yield from map(_domain, chain(_modules(sketch), members()))
    if possible.value or possible.variable:
        yield _domain("ent")
    if possible.export:
        yield from _exports(document)
    yield from (CompletionItem(each, kind=CompletionItemKind.Keyword) for each in sorted(possible.keywords))


def _own(sketch: Sketch, offset: int, kinds: Iterable[str]) -> Iterator[CompletionItem]:
    wanted = set(kinds)
    return (_item(each) for each in sketch.visible(offset) if each.kind in wanted)


def _exports(document: Document) -> Iterator[CompletionItem]:
    items = document.ruleset.items if document.ruleset else []
    return (_item(each) for each in items if each.kind in ("function", "action", "value"))


def _modules(sketch: Sketch) -> Iterator[str]:
    return (each.name for each in sketch.items if each.kind == "module")


def _operators() -> Iterator[CompletionItem]:
    return map(_entry, (each for each in operator_entries().values() if each.parameters and each.kind == "function"))


def _entry(entry: Entry) -> CompletionItem:
    return CompletionItem(entry.name, kind=_KINDS.get(entry.kind), detail=entry.signature, documentation=entry.text)


def _item(item: Item) -> CompletionItem:
    return CompletionItem(item.name, kind=_KINDS.get(item.kind), detail=item.name + item.detail)


def _domain(name: str) -> CompletionItem:
    return CompletionItem(name, kind=CompletionItemKind.Module, insert_text=f"{name}:")


def _unique(items: Iterable[CompletionItem]) -> Iterator[CompletionItem]:
    """Each label once: an inner name hides an outer one, and a name of the text one of the library."""
    seen: set[str] = set()
    for each in items:
        if each.label not in seen:
            seen.add(each.label)
            yield each
