"""The picos of an engine as its UI rulesets show them: names, UI channels, children."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from .client import UI, Client, Failure

NOT_FOUND = 5
_ID = re.compile("[a-z][a-z0-9]{25}")


@dataclass(slots=True)
class Pico:
    """One pico: its name, its UI channel, and its children in order of creation."""

    name: str
    eci: str
    children: list[Pico] = field(default_factory=list)

    def walk(self) -> Iterator[Pico]:
        """The pico and all below it, parents first."""
        waiting = [self]
        while waiting:
            pico = waiting.pop()
            yield pico
            waiting.extend(reversed(pico.children))


def read_tree(client: Client, eci: str | None = None) -> Pico:
    """The pico with this UI channel, or the root, and all below it."""
    root, children = _read(client, eci or client.root())
    waiting = [(root, children)]
    while waiting:
        parent, ecis = waiting.pop()
        for child_eci in ecis:
            child, children = _read(client, child_eci)
            parent.children.append(child)
            waiting.append((child, children))
    return root


def _read(client: Client, eci: str) -> tuple[Pico, list[str]]:
    """A pico, and the UI channels of its children."""
    box = client.query(eci, UI, "box")
    return Pico(box["name"], box["eci"]), box.get("children") or []


def ui_channel(client: Client, eci: str | None, name: str | None) -> str:
    """The UI channel that is meant: `eci` itself, that of the only pico called `name`, else the root's."""
    if eci is not None and name is not None:
        raise click.UsageError("give --eci or --pico, not both")
    if name is None:
        return eci or client.root()
    found = [pico for pico in read_tree(client).walk() if pico.name == name]
    if not found:
        raise Failure(f"no pico is called {name!r}", NOT_FOUND)
    if len(found) > 1:
        raise click.UsageError(f"{len(found)} picos are called {name!r}; say which with --eci")
    return found[0].eci


def pico_id(client: Client, pico: str) -> str:
    """The id of a pico that is named by its id, an ECI of it, or its name; an id that is gone is left as it is."""
    try:
        found = client.get("api", "v1", "picos", pico)
    except Failure as failure:
        if failure.exit_code != NOT_FOUND:
            raise
        if _ID.fullmatch(pico):
            return pico  # a deleted pico has a past, and perhaps dead letters
        found = client.get("api", "v1", "picos", ui_channel(client, None, pico))
    return str(found["id"])
