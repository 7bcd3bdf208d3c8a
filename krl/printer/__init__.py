"""A tree and its comments to canonical text: the form in which everybody's rulesets look alike.

    format(source)      the text of a ruleset, or of statements in a row

The words of the source are taken one after the other as the tree says (`words.py`), and become boxes that can break
(`boxes.py`, `brackets.py`), which are written on a page (`page.py`). One file for each kind of construct:
`expressions`, `functions`, `events`, `actions`, `rulesets`; each adds its functions to `dispatch`.

No word is changed, added or left out, but for semicolons and last commas that nobody needs; comments stay between
the words where they were; what was printed is printed the same again.

Source: docs/language.md, "Layout".
"""

from __future__ import annotations

import sys

from ..parser import parse
from ..source import Source
from . import actions, events, expressions, functions  # noqa: F401 - they add their printers
from .brackets import write_lines
from .page import Page
from .rulesets import lines
from .words import Words

__all__ = ["format"]

# A tree may be 3,000 levels deep (krl/parser.py), and each takes some calls here.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))


def format(source: Source) -> str:
    """The canonical text of a source. Raises KRLSyntaxError if it cannot be parsed."""
    root = parse(source)
    words = Words(source.text)
    page = Page()
    write_lines(page, lines(words, root), 0)
    page.lay_end(words.gap(), 0, 0)
    if not words.sees(""):
        raise AssertionError(f"a word was not printed: {words.take()!r}")
    return page.text()
