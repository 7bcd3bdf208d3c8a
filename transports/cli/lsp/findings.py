"""Diagnostics as editors show them, and the corrections that their hints propose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from krl import Diagnostic, Span

from .document import Document

_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
_PROPOSAL = re.compile(r"did you mean [`'](?P<word>[^`']+)[`']\?")
_UNUSED = ("unused-name", "unused-module", "unreachable-rule", "unreachable-block", "unreachable-statement")


def findings(document: Document) -> list[types.Diagnostic]:
    """All that `picoengine check` would say of the document."""
    return [_shown(document, each) for each in document.analysis.diagnostics]


def corrections(document: Document, wanted: types.Range) -> Iterator[types.CodeAction]:
    """For each finding in the range whose hint names what was meant: put it there."""
    start, end = document.lines.offset(wanted.start), document.lines.offset(wanted.end)
    for each in document.analysis.diagnostics:
        proposal = _PROPOSAL.search(each.hint or "")
        if proposal is None or each.span.start > end or each.span.end < start:
            continue
        word = proposal["word"]
        edit = types.TextEdit(document.lines.range(_replaced(document, each, word)), word)
        yield types.CodeAction(
            title=f"Replace with {word}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[_shown(document, each)],
            edit=types.WorkspaceEdit(changes={document.uri: [edit]}),
            is_preferred=True,
        )


def _replaced(document: Document, found: Diagnostic, word: str) -> Span:
    """What the proposal stands for: of a qualified name the domain or the member, unless it is qualified itself."""
    text = document.text[found.span.start : found.span.end]
    if ":" not in text or ":" in word:
        return found.span
    if found.code == "unknown-module":
        return Span(found.span.start, found.span.start + text.index(":"))
    return Span(found.span.start + text.rindex(":") + 1, found.span.end)


def _shown(document: Document, found: Diagnostic) -> types.Diagnostic:
    tags = [types.DiagnosticTag.Unnecessary] if found.code in _UNUSED else []
    if found.code.startswith("deprecated"):
        tags = [types.DiagnosticTag.Deprecated]
    return types.Diagnostic(
        range=document.lines.range(found.span),
        message=f"{found.message}\n{found.hint}" if found.hint else found.message,
        severity=_SEVERITIES[found.severity],
        code=found.code,
        source="krl",
        tags=tags or None,
    )
