"""KRL names as Python identifiers, and back.

A KRL name is ASCII (`[A-Za-z_$][A-Za-z0-9_$]*`); `$` becomes `ø`, and a prefix says what the name is, so that no name
of a user can meet one of ours:

    v_n       a parameter: callers name it, so it is the same in every function
    d_n d_n·2 a declared name; each declaration of a ruleset has its own identifier, which is all there is to shadowing
    m_n       an operator of the library
    p_n       a name whose block has ended: nothing is ever assigned to it, so reading it fails

Whatever else stands in compiled code (`h`, `here`, `t1`, `rule_3` …) has none of these prefixes.
"""

from __future__ import annotations

from collections import Counter


def parameter(name: str) -> str:
    """The Python identifier of a KRL parameter."""
    return "v_" + name.replace("$", "ø")


def library(name: str) -> str:
    """The Python identifier of a library operator in the namespace of compiled code."""
    return "m_" + name


def past(name: str) -> str:
    """The Python identifier of a name that has lost its value."""
    return "p_" + name.replace("$", "ø")


def is_past(identifier: str) -> bool:
    """Whether it was made by `past`."""
    return identifier.startswith("p_")


class Declared:
    """Gives every declaration of one program an identifier of its own."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def identifier(self, name: str) -> str:
        """A fresh identifier for a declaration of `name`."""
        self._seen[name] += 1
        plain = "d_" + name.replace("$", "ø")
        count = self._seen[name]
        return plain if count == 1 else f"{plain}·{count}"


def original(identifier: str) -> str:
    """The KRL name behind an identifier made here; other identifiers are returned as they are."""
    if not identifier.startswith(("v_", "d_", "m_", "p_")):
        return identifier
    return identifier[2:].partition("·")[0].replace("ø", "$")
