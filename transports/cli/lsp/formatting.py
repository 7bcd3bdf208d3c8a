"""A document in the canonical form, as the changes that lead to it."""

from __future__ import annotations

from difflib import SequenceMatcher

from lsprotocol.types import TextEdit

from krl import Span, format

from .document import Document


def formatted(document: Document) -> list[TextEdit]:
    """What makes the document what `picoengine fmt` would make it. Raises KRLSyntaxError.

    Lines that stay are not touched, so that cursors and marks in them stay, too.
    """
    before = document.text.splitlines(keepends=True)
    after = format(document.source).splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [
        TextEdit(document.lines.range(Span(starts[first], starts[last])), "".join(after[new_first:new_last]))
        for tag, first, last, new_first, new_last in changes
        if tag != "equal"
    ]
