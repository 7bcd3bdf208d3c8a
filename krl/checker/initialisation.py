"""Functions that are called before the names they need have values.

The functions of a block see all its names, also those below; called from a declaration further up, they would read
a name that is not computed yet.

Source: docs/language.md, "Rulesets, scope and loading".
"""

from __future__ import annotations

from .findings import Findings
from .scopes import Binding, Read, Scope

MAX_STEPS = 50_000  # from call to call; what would take longer is left to loading


def check_initialisation(findings: Findings, scope: Scope) -> None:
    """Refuse a declaration of the block that surely calls a function too early; warn if it only may."""
    steps = 0
    for binding in scope.names.values():
        for read in binding.eager:
            if read.binding.scope is not scope or not read.binding.later:
                continue
            early, visited = _early(binding, read, scope)
            if early is not None:
                _report(findings, binding, read, early)
            steps += visited
            if steps > MAX_STEPS:
                return


def _early(binding: Binding, call: Read, scope: Scope) -> tuple[Read | None, int]:
    """What the called function reads of the names from `binding` on, a certain reading first if there is one."""
    doubtful: Read | None = None
    seen = {call.binding}
    waiting = [(call.binding, call.certain and call.called)]
    while waiting:
        function, certain = waiting.pop()
        for read in function.later:
            if read.binding.scope is not scope:
                continue
            if read.binding.order >= binding.order:
                if certain and read.certain:
                    return read, len(seen)
                doubtful = doubtful or read
            elif read.binding not in seen:
                seen.add(read.binding)
                waiting.append((read.binding, certain and read.certain and read.called))
    return (doubtful._replace(certain=False) if doubtful else None), len(seen)


def _report(findings: Findings, binding: Binding, call: Read, early: Read) -> None:
    function, needed = call.binding.name, early.binding
    assert needed.span is not None
    line = findings.line(needed.span)
    message = f"`{function}` is called here, and needs `{needed.name}`, which has no value before line {line}"
    if early.certain:
        findings.error(call.place, "too-early", message, f"declare `{needed.name}` above `{binding.name}`")
    else:
        findings.warning(call.place, "too-early", message, f"declare `{needed.name}` above `{binding.name}`")
