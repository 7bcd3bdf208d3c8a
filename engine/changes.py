"""What a cycle will alter, kept aside until respond.

Every write of a cycle lands here and every read of it looks here first, so an event that fails leaves nothing
behind: its changes are simply forgotten. A child made in the same event is here as a whole, with its parent's.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from krl import record

from .channel import Channel
from .effect import Effect
from .registry.code import CodeSet
from .store.interface import CallbackRow, InboxRow, PicoRow, RegistryRow, TimerRow

Memory = dict[str, Any] | None


@record
class Changes:
    """All that one cycle alters, of its own pico and of those that it makes or deletes. None deletes."""

    variables: dict[tuple[str, str, str], Any] = field(default_factory=dict)  # (pico, rid, name)
    forgotten: dict[tuple[str, str], None] = field(default_factory=dict)  # (pico, rid) without variables any more
    memory: dict[tuple[str, str, str], tuple[str, Memory]] = field(default_factory=dict)
    """(pico, rid, rule) → (hash of the expression, its memory)."""
    picos: dict[str, PicoRow | None] = field(default_factory=dict)
    codes: dict[str, CodeSet] = field(default_factory=dict)
    channels: dict[str, Channel | None] = field(default_factory=dict)
    timers: dict[str, TimerRow | None] = field(default_factory=dict)
    callbacks: dict[str, CallbackRow] = field(default_factory=dict)  # new ones
    registry: dict[str, RegistryRow] = field(default_factory=dict)
    rulesets: dict[str, tuple[str, str]] = field(default_factory=dict)  # hash → (rid, source)
    sends: list[InboxRow] = field(default_factory=list)  # their arrival numbers are given at respond
    effects: list[Effect] = field(default_factory=list)  # what is to leave the engine

    def forget_ruleset(self, pico: str, rid: str) -> None:
        """Drop the ruleset's variables and expression memory, written in this cycle or before."""
        self.forgotten[pico, rid] = None
        for key in [key for key in self.variables if key[0] == pico and key[1] == rid]:
            del self.variables[key]
        for rule in [key for key in self.memory if key[0] == pico and key[1] == rid]:
            del self.memory[rule]

    def forget_pico(self, pico: str) -> None:
        """Drop all that this cycle wrote for a pico that it deletes."""
        for variable in [key for key in self.variables if key[0] == pico]:
            del self.variables[variable]
        for rule in [key for key in self.memory if key[0] == pico]:
            del self.memory[rule]
        for ruleset in [key for key in self.forgotten if key[0] == pico]:
            del self.forgotten[ruleset]
        for callback in [id for id, row in self.callbacks.items() if row.pico == pico]:
            del self.callbacks[callback]
        self.codes.pop(pico, None)
        self.picos[pico] = None
