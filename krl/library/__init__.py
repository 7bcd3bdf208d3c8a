"""The modules of KRL that need no pico: `math random time stdlib`, and what `event` and `meta` tell of the host.

A module is a table of members. Clock, chance and ids come from the host, so the same code runs in the engine, in
`eval` and in a replay. The modules that need a pico, and `event:send`, are the engine's.
"""

from ..runtime.host import Module
from . import event, math, meta, random, stdlib, time

LIBRARY: dict[str, Module] = {
    "event": event.MODULE,
    "math": math.MODULE,
    "meta": meta.MODULE,
    "random": random.MODULE,
    "stdlib": stdlib.MODULE,
    "time": time.MODULE,
}

__all__ = ["LIBRARY"]
