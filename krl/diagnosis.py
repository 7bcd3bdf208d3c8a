"""Source text to diagnostics: all that is known to be wrong or doubtful before the program is compiled."""

from __future__ import annotations

from .checker import check
from .errors import Diagnostic
from .parser import parse_all
from .source import Source


def diagnose(source: Source, *, dialect: str = "1.x") -> tuple[Diagnostic, ...]:
    """What parser and checker find, in the order of the text. Never raises for what the text is.

    A text that does not parse is not checked: what its broken parts declare is not known, so every other finding
    would be about names that seem to be missing or unused.
    """
    tree, diagnostics, _ = parse_all(source)
    if tree is None or diagnostics:
        return diagnostics
    return check(tree, source, dialect=dialect)
