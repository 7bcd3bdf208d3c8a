"""An event expression as canonical text, equal exactly for equal expressions wherever they stand.

The engine keeps a rule's memory over a reload when this text is the same. Memory names states by number, so the text
begins with the edition of `build`'s numbering: a change there must change the edition, or old memory would be read
as something else.
"""

from __future__ import annotations

import json

from .. import tree

EDITION = 1


def canonical(select: tree.SelectWhen | tree.SelectWhere) -> str:
    """The text; conditions, regular expressions, captures and the time limit are part of it, places are not."""
    pieces = [f"eventex {EDITION}"]
    waiting: list[object] = [select]
    # A stack and no recursion: `a:b or c:d or …` may be longer than the interpreter's stack is deep.
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Closing):
            pieces.append(")")
        elif isinstance(item, tree.Node):
            pieces.append(f"({type(item).__name__}")
            waiting.append(_CLOSING)
            waiting.extend(getattr(item, each) for each in reversed(type(item).content))
        elif isinstance(item, tuple):
            pieces.append("(")
            waiting.append(_CLOSING)
            waiting.extend(reversed(item))
        else:
            pieces.append(json.dumps(item))
    return " ".join(pieces)


class _Closing:
    """Stands on the stack where a parenthesis closes."""


_CLOSING = _Closing()
