"""Members of modules, and who is told when they are used.

Actions leave a note in the trace of the event that runs them. What is told of the pico while globals are computed
is an input: the globals live longer than what they were computed from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from krl import Here, Member, Module, plain

from ..host import Host


def noting(domain: str, module: Module) -> Module:
    """The module with actions that leave their name, arguments and result in the trace when they are done."""
    return {
        name: replace(member, call=_noting(f"{domain}:{name}", member)) if member.kind in ("action", "both") else member
        for name, member in module.items()
    }


def _noting(name: str, member: Member) -> Callable[..., Any]:
    call, params = member.call, member.params

    @wraps(call)  # the language looks at the signature for its defaults
    def run(h: Host, here: Here, *arguments: Any) -> Any:
        result = call(h, here, *arguments)
        if h.trace is not None:
            h.trace.action(name, dict(zip(params, arguments, strict=False)), result)
        return result

    return run


def telling(domain: str, module: Module) -> Module:
    """The module with functions and properties that tell of the pico."""
    return {
        name: replace(member, call=_telling(f"{domain}:{name}", member)) if member.kind != "action" else member
        for name, member in module.items()
    }


def _telling(name: str, member: Member) -> Callable[..., Any]:
    call = member.call

    @wraps(call)
    def run(h: Host, here: Here, *arguments: Any) -> Any:
        if not h.loading:
            return call(h, here, *arguments)
        asked = [here.rid, *map(plain, arguments)]
        return h.inputs.take(name, asked, lambda: plain(call(h, here, *arguments)))

    return run
