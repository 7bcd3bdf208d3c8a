"""Where things are: declarations, uses, outlines; and what changes when something gets another name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol.types import DocumentSymbol, Location, SymbolKind, TextEdit, WorkspaceEdit

from krl import Item, RenameRefused, Span, Symbol, renamed

from .document import Document
from .library import Library
from .subject import Home, domain_before, subject_at, word_at

_KINDS = {
    "ruleset": SymbolKind.Module,
    "rule": SymbolKind.Event,
    "function": SymbolKind.Function,
    "action": SymbolKind.Method,
    "value": SymbolKind.Variable,
}


def definition(document: Document, library: Library, offset: int) -> Location | None:
    """Where the word at an offset is declared, in whatever ruleset."""
    subject = subject_at(document, library, offset)
    return _location(*subject.home) if subject and subject.home else None


def references(document: Document, library: Library, offset: int, *, declaration: bool) -> list[Location]:
    """Everywhere that what the word at an offset means is named, in all rulesets within reach."""
    home, symbol = _meant(document, library, offset)
    if home is None or symbol is None:
        return []
    places = [each for each in symbol.places if declaration or each != symbol.declared]
    return [_location(home, each) for each in places] + [_location(*each) for each in _abroad(home, library, symbol)]


def highlights(document: Document, offset: int) -> Sequence[Span]:
    """The same within one document."""
    symbol = document.analysis.at(offset)
    return symbol.places if symbol else ()


def renaming(document: Document, library: Library, offset: int, name: str) -> WorkspaceEdit:
    """What gives the word at an offset a new name everywhere. Raises RenameRefused, and says why."""
    home, symbol = _meant(document, library, offset)
    if home is None or symbol is None:
        faulty = document.analysis.tree is None
        raise RenameRefused("the text has mistakes: mend them first" if faulty else "nothing here has a name of yours")
    if symbol.kind == "operator" or (symbol.declared is None and symbol.kind != "variable"):
        raise RenameRefused(f"{symbol.name!r} is not declared in this text")
    renamed(home.analysis, symbol, name)
    edits = {home.uri: [TextEdit(home.lines.range(each), name) for each in symbol.places]}
    for other, place in _abroad(home, library, symbol):
        edits.setdefault(other.uri, []).append(TextEdit(other.lines.range(place), name))
    return WorkspaceEdit(changes=edits)


def renamable(document: Document, library: Library, offset: int) -> Span | None:
    """The word at an offset, if it can be given another name."""
    home, symbol = _meant(document, library, offset)
    index = word_at(document, offset)
    if home is None or symbol is None or index is None or symbol.kind == "operator":
        return None
    token = document.sketch.tokens[index]
    return Span(token.lexpos, token.endlexpos) if symbol.declared or symbol.kind == "variable" else None


def outline(document: Document) -> list[DocumentSymbol]:
    """What the document declares, within each other."""
    return list(_symbols(document, document.sketch.outline))


def _symbols(document: Document, items: Iterable[Item]) -> Iterator[DocumentSymbol]:
    for each in items:
        yield DocumentSymbol(
            name=each.name,
            kind=_KINDS.get(each.kind, SymbolKind.Variable),
            range=document.lines.range(Span(each.span.start, max(each.end, each.span.end))),
            selection_range=document.lines.range(each.span),
            detail=each.detail,
            children=list(_symbols(document, each.items)),
        )


def _meant(document: Document, library: Library, offset: int) -> tuple[Document | None, Symbol | None]:
    """What the word at an offset names, and the document that declares it: for a module's member the module's."""
    index = word_at(document, offset)
    if index is None or document.analysis.tree is None:
        return None, None
    alias = domain_before(document, index)
    rid = document.sketch.module(alias) if alias else None
    if rid is None:
        return document, document.analysis.at(offset)
    name = document.sketch.tokens[index].value
    home = library.of_rid(rid)
    item = home.provided().get(name) if home else None
    return (home, home.analysis.at(item.span.start)) if home and item else (None, None)


def _abroad(home: Document, library: Library, symbol: Symbol) -> Iterator[Home]:
    """Where other rulesets name what this one provides."""
    provided = home.provided().get(symbol.name)
    if home.ruleset is None or provided is None or provided.span != symbol.declared:
        return
    for other, alias in library.users_of(home.ruleset.name):
        tokens = other.sketch.tokens
        for index in range(2, len(tokens)):
            if tokens[index].value == symbol.name and domain_before(other, index) == alias:
                yield Home(other, Span(tokens[index].lexpos, tokens[index].endlexpos))


def _location(document: Document, span: Span) -> Location:
    return Location(document.uri, document.lines.range(span))
