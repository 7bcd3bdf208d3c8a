"""What can be expected of a step, and how each expectation is written.

Most are lists of things that happen: `raised = […]` are all of them in their order, `raised_include = […]` are among
them, `not_raised = […]` are not. A thing is written as a text or, to say more of it, as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .tables import Table

Reader = Callable[[Table, str], Any]
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of thing that happens: what a text says of it, and what can be said of it beside."""

    name: str  # as it stands in the file
    noun: str  # as it stands in a report
    short: str  # what a text in the place of a table is
    members: tuple[str, ...]
    ordered: bool = True  # a list of all is one in order; else each counts once


FACETS = (
    Facet("selected", "rules selected", "rule", ("rule",), ordered=False),
    Facet("fired", "rules fired", "rule", ("rule",), ordered=False),
    Facet("directives", "directives", "name", ("name", "options", "rule")),
    Facet("raised", "events raised", "event", ("event", "attrs", "for", "rule")),
    Facet("sent", "events sent", "event", ("event", "attrs", "to")),
    Facet("scheduled", "events scheduled", "event", ("event", "attrs", "at", "repeat", "rule")),
    Facet("requests", "requests", "request", ("request", "body", "json", "headers")),
    Facet("logs", "log lines", "message", ("message", "level", "rule")),
)

OF_HEADERS = "headers"  # those that are named, others may be there


def _items(facet: Facet) -> Reader:
    def read(table: Table, key: str) -> tuple[Item, ...]:
        found = []
        for each in table.tables(key, short=facet.short):
            item = {name: each.value(name, expected=True) for name in facet.members if each.has_value(name)}
            for name in facet.members:
                each.get(name)
                each.get(f"{name}:=")
            each.end()
            if not item:
                each.fail(f"there is none of {', '.join(facet.members)}")
            found.append(item)
        return tuple(found)

    return read


def _failed(table: Table, key: str) -> dict[str, Any]:
    """`true`, a part of the message, or a table of `rule`, `line`, `message` and `kind`."""
    written = table.get(key, bool, str, dict)
    match written:
        case bool():
            return {"failed": written}
        case str():
            return {"failed": True, "message": written}
        case _:
            inner = table.table(key)
            known = {name: inner.get(name, str) for name in ("rule", "message", "kind")}
            known["line"] = inner.get("line", int)
            inner.end()
            return {"failed": True, **{name: value for name, value in known.items() if value is not None}}


def _refused(table: Table, key: str) -> dict[str, Any]:
    written = table.get(key, bool, str)
    return {"failed": written} if isinstance(written, bool) else {"failed": True, "message": written}


EXPECTATIONS: dict[str, Reader] = {
    **{f"{prefix}{facet.name}{suffix}": _items(facet) for facet in FACETS for prefix, suffix in (
        ("", ""), ("", "_include"), ("not_", ""))},
    "state": lambda table, key: table.map(key, expected=True),
    "unset": lambda table, key: table.texts(key),
    "children": lambda table, key: table.texts(key),
    "answer": lambda table, key: table.value(key, expected=True),
    "failed": _failed,
    "refused": _refused,
}  # fmt: skip
"""Each expectation by its key, and how its value is read."""
