"""KRL's `stdlib`: the operators as members of a module, `stdlib:uc("a")` for `"a".uc()`.

A ruleset that shadows an operator's name still reaches it this way.

Source: docs/modules.md, "Look-up of a domain".
"""

from __future__ import annotations

from collections.abc import Callable

from ..runtime.calls import parameters
from ..runtime.host import Here, Host, Member, Module, Value
from ..runtime.methods import METHODS
from ..runtime.values import Action


def _member(operator: Callable[..., Value] | Action) -> Member:
    run = operator.run if isinstance(operator, Action) else operator

    def call(h: Host, here: Here, *args: Value) -> Value:
        return run(h, *args)

    call.__doc__ = run.__doc__
    if not isinstance(operator, Action):
        return Member("function", call, parameters(run))
    return Member("both" if operator.kind == "ActionFunction" else "action", call, parameters(run))


def send_directive(h: Host, here: Here, name: Value = None, options: Value = None) -> Value:
    """Append a directive in the name of the ruleset that says so."""
    return h.send_directive(here, name, options)


MODULE: Module = {name: _member(operator) for name, operator in METHODS.items()} | {
    "send_directive": Member("action", send_directive, ("name", "options")),
}
