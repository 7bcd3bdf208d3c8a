"""What the library offers, as its own code tells it: names, parameters and a line of explanation.

An operator is the function that runs, a member of a module the one that is called: their parameters are the
parameters, their docstrings the explanation. So there is one place for each, and it cannot be out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..checker.signatures import Kind, Signature, operators
from ..runtime.calls import Action
from ..runtime.host import Member, Module
from ..runtime.methods import METHODS


@dataclass(frozen=True, slots=True)
class Entry:
    """An operator, or a member of a module."""

    name: str
    kind: Kind
    parameters: tuple[str, ...]
    text: str  # the first sentence of its explanation
    domain: str | None = None

    @property
    def signature(self) -> str:
        """How it is written: `x.split(str)`, `math:round(number, precision)`, `ctx:parent`."""
        if self.domain is None and self.kind == "function":
            operand, *others = self.parameters
            return f"{operand}.{self.name}({', '.join(others)})"
        name = f"{self.domain}:{self.name}" if self.domain else self.name
        return name if self.kind == "value" else f"{name}({', '.join(self.parameters)})"


@cache
def operator_entries() -> Mapping[str, Entry]:
    """The operators and actions of the library, by name."""
    return {name: _operator(name, signature) for name, signature in operators().items()}


def _operator(name: str, signature: Signature) -> Entry:
    value = METHODS[name]
    run = value.run if isinstance(value, Action) else value
    return Entry(name, signature.kind, signature.parameters or (), first_sentence(run))


def member_entries(offered: Mapping[str, Module]) -> Mapping[str, Mapping[str, Entry]]:
    """The members of these modules, by domain."""
    return {
        domain: {name: _member(domain, name, member) for name, member in module.items()}
        for domain, module in offered.items()
    }


def _member(domain: str, name: str, member: Member) -> Entry:
    kind: Kind = "value" if member.kind == "property" else member.kind
    return Entry(name, kind, member.params, first_sentence(member.call), domain)


def first_sentence(run: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, on one line, without its full stop."""
    paragraph = (inspect.getdoc(run) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).removesuffix(".")
