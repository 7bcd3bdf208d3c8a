"""What a word in a document means: how it is written, what it does, where it is declared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from engine import MODULES
from krl import Entry, Item, Span, Symbol, member_entries, operator_entries

from .document import Document
from .library import Library

_ROLES = {
    "captured": "captured by `select`",
    "round": "bound by `foreach`",
    "result": "the result of an action",
    "parameter": "a parameter",
    "configured": "set by who uses this module",
}
MAX_SHOWN = 100  # characters of a value


class Home(NamedTuple):
    """Where something is declared."""

    document: Document
    span: Span


@dataclass(frozen=True, slots=True)
class Subject:
    """What stands at a place."""

    span: Span  # of the word
    title: str  # how it is written
    text: str = ""
    home: Home | None = None


@cache
def members() -> dict[str, dict[str, Entry]]:
    """The members of the built-in modules, by domain."""
    return {domain: dict(entries) for domain, entries in member_entries(MODULES).items()}


def word_at(document: Document, offset: int) -> int | None:
    """The number of the token that is a word and reaches an offset."""
    tokens = document.sketch.tokens
    index = document.sketch.token_before(offset + 1)
    for at in (index, index - 1):
        if at >= 0 and tokens[at].kind == "SYMBOL" and tokens[at].lexpos <= offset <= tokens[at].endlexpos:
            return at
    return None


def domain_before(document: Document, index: int) -> str | None:
    """The domain of which the word with this number is a member."""
    tokens = document.sketch.tokens
    if index >= 2 and tokens[index - 1].kind == ":" and tokens[index - 2].kind == "SYMBOL":
        return tokens[index - 2].value
    return None


def subject_at(document: Document, library: Library, offset: int) -> Subject | None:
    """What the word at an offset means, None if nothing is known of it."""
    index = word_at(document, offset)
    if index is None:
        return None
    token = document.sketch.tokens[index]
    span = Span(token.lexpos, token.endlexpos)
    domain = domain_before(document, index)
    if domain is not None and (rid := document.sketch.module(domain)):
        return _provided(library, span, domain, rid, token.value)
    if domain not in (None, "ent", "keys") and (entry := members().get(domain or "", {}).get(token.value)):
        return Subject(span, entry.signature, entry.text)
    symbol = document.analysis.at(offset)
    if symbol is not None:
        return _symbol(document, library, span, symbol)
    return _sketched(document, span, token.value, index) if document.analysis.tree is None else None


def _provided(library: Library, span: Span, alias: str, rid: str, name: str) -> Subject | None:
    """A member of another ruleset."""
    other = library.of_rid(rid)
    item = other.provided().get(name) if other else None
    if other is None or item is None:
        return None
    return Subject(span, f"{alias}:{name}{item.detail}", _explained(other, item, f"of {rid}"), Home(other, item.span))


def _symbol(document: Document, library: Library, span: Span, symbol: Symbol) -> Subject | None:
    if symbol.kind == "operator":
        entry = operator_entries().get(symbol.name)
        return Subject(span, entry.signature, entry.text) if entry else None
    home = Home(document, symbol.declared) if symbol.declared else None
    item = document.sketch.declared_at(symbol.declared) if symbol.declared else None
    match symbol.kind:
        case "module":
            return _module(library, span, symbol.role, home)
        case "variable":
            return Subject(span, f"ent:{symbol.name}", "an entity variable of this ruleset", home)
        case "key":
            return Subject(span, f"keys:{symbol.name}", "a key of this ruleset", home)
        case "rule":
            return _item(document, span, item)
    if item is not None and item.kind in ("function", "action", "value"):
        return _item(document, span, item)
    return Subject(span, symbol.name, _ROLES.get(symbol.role, ""), home)


def _module(library: Library, span: Span, rid: str, home: Home | None) -> Subject:
    other = library.of_rid(rid)
    if other is not None and other.ruleset is not None:
        home = Home(other, other.ruleset.span)
    return Subject(span, f"use module {rid}", "a ruleset of the same pico, used as a module", home)


def _item(document: Document, span: Span, item: Item | None) -> Subject | None:
    if item is None:
        return None
    title = f"rule {item.name}" if item.kind == "rule" else f"{item.name}{item.detail}"
    if item.kind == "value":
        title = " ".join(document.text[item.span.start : item.end].rstrip("; ").split())
        title = title if len(title) <= MAX_SHOWN else title[: MAX_SHOWN - 1] + "…"
    about = {"rule": f"select when {item.detail}" if item.detail else "", "action": "an action"}.get(item.kind, "")
    return Subject(span, title, _explained(document, item, about), Home(document, item.span))


def _explained(document: Document, item: Item, otherwise: str) -> str:
    """The comment above a declaration, and what else is known."""
    return "\n\n".join(each for each in (document.sketch.comment_above(item.span.start), otherwise) if each)


def _sketched(document: Document, span: Span, word: str, index: int) -> Subject | None:
    """What can be told in a text with mistakes."""
    if index and document.sketch.tokens[index - 1].kind == ".":
        entry = operator_entries().get(word)
        return Subject(span, entry.signature, entry.text) if entry else None
    item = next((each for each in document.sketch.visible(span.end + 1) if each.name == word), None)
    if item is not None:
        return _item(document, span, item)
    entry = operator_entries().get(word)
    return Subject(span, entry.signature, entry.text) if entry else None
