"""The host with which globals are computed: all that they depend on is noted, state included, and apart.

Globals are computed when a ruleset is loaded, and used by events long after. Whoever evaluates such an event again
needs the same globals, so the event notes which inputs they were computed from.
"""

from __future__ import annotations

from typing import Any

from .host import Host
from .recorder import NOTHING, Globals, globals_from


class LoadingHost(Host):
    """Loads one ruleset for the pico of another host."""

    __slots__ = ("_outer", "_recording", "_rid")

    def __init__(self, host: Host, rid: str) -> None:
        super().__init__(host.parts, host.pico, host.cycle)
        self.code, self.instances, self.salience = host.code, host.instances, host.salience
        self.loading = True
        self.inputs = self._recording = host.inputs.computing(rid)
        self.known_slow = self.inputs.known_slow
        self._outer = host
        self._rid = rid

    def get_variable(self, rid: str, name: str) -> Any:
        """The variable with this cycle's own writes; None when unset."""
        return self.inputs.take("ent", [rid, name], lambda: super(LoadingHost, self).get_variable(rid, name))

    def done(self) -> Globals | None:
        """What the globals were computed from, None if from the text alone; noted in the cycle that loads, too."""
        inputs = self._recording.encoded()
        if inputs == NOTHING:
            return None
        globals = globals_from(inputs)
        self._outer.inputs.uses("loaded", self._rid, globals)
        return globals
