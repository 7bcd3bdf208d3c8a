"""The system rulesets: KRL text that every pico starts with.

`source(rid)` gives the text of one. `RIDS` names them in the order in which a root pico installs them; a child gets
the first two from its parent and the others from its own wrangler. Rulesets answer in the order of their
installation, so the order shows.
"""

from functools import cache
from importlib.resources import files

RIDS = (
    "io.picolabs.pico-engine-ui",
    "io.picolabs.wrangler",
    "io.picolabs.subscription",
    "io.picolabs.did-o",
    "io.picolabs.pds",
)

__all__ = ["RIDS", "source"]


@cache
def source(rid: str) -> str:
    """The text of a system ruleset; LookupError if there is none of this rid."""
    if rid not in RIDS:
        raise LookupError(f"no system ruleset {rid!r}")
    return (files(__name__) / f"{rid}.krl").read_text(encoding="utf-8")
