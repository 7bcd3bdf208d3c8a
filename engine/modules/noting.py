"""Actions of modules, noted in the trace of the event that runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from krl import Here, Member, Module

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
