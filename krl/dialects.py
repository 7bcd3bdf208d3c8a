"""The dialects of KRL that are understood: the language as it is, and that of the engines before version 1.

Nothing in a text says in which dialect it was written; whoever has it read says so. In "0.x" a name that means nothing
else in a `where` is an attribute of the event, with a warning.
"""

from __future__ import annotations

from typing import Literal

Dialect = Literal["1.x", "0.x"]
DIALECTS: tuple[Dialect, ...] = ("1.x", "0.x")
