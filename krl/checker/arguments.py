"""Arguments against parameters, where it is known what is called.

Source: docs/language.md, "Functions and actions"; a surplus or unknown argument is dropped without a word at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile

from ..tree import Argument, Name
from .findings import Findings
from .signatures import Signature


def check_arguments(findings: Findings, arguments: Sequence[Argument], signature: Signature, *, taken: int) -> None:
    """Check the order of the arguments, and that each has a parameter; the first `taken` ones are given already."""
    behind = [each for each in dropwhile(_has_no_name, arguments) if _has_no_name(each)]
    for each in behind:
        findings.error(each, "positional-after-named", "an argument without a name cannot follow one with a name")
    if signature.parameters is not None and not behind:
        _fit(findings, arguments, signature.parameters, taken)


def _has_no_name(argument: Argument) -> bool:
    return argument.name is None


def _fit(findings: Findings, arguments: Sequence[Argument], parameters: Sequence[str], taken: int) -> None:
    free = max(len(parameters) - taken, 0)
    positional = [each for each in arguments if each.name is None]
    for each in positional[free:]:
        findings.warning(each, "surplus-argument", f"only {free} can be given here: this argument is dropped")
    given = set(parameters[: taken + len(positional)])
    for name in (each.name for each in arguments if each.name is not None):
        _fit_named(findings, name, parameters, given)
        given.add(name.name)


def _fit_named(findings: Findings, name: Name, parameters: Sequence[str], given: set[str]) -> None:
    if name.name not in parameters:
        hint = findings.proposal(name.name, parameters)
        findings.warning(name, "unknown-argument", f"there is no parameter `{name.name}`: it is dropped", hint)
    elif name.name in given:
        findings.warning(name, "argument-twice", f"`{name.name}` is given twice; the last one counts")
