"""A pico that is awake: its row, its rulesets, and what of its state has been read so far.

Sleeping picos are rows only. An awake one holds the state as of its last finished event, whether or not that is
on disk yet; what a running event alters is in its Changes and comes here in respond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from krl import Instance

from .changes import Memory
from .registry.code import CodeSet
from .salience import Salience
from .store.interface import PicoRow


@dataclass(slots=True, eq=False)
class Pico:
    """One awake pico."""

    id: str
    row: PicoRow
    code: CodeSet
    instances: Mapping[str, Instance]  # by rid; a ruleset that could not be loaded is missing
    salience: Salience
    head_seq: int
    head_hash: bytes
    variables: dict[tuple[str, str], Any] = field(default_factory=dict)  # (rid, name); None: known to be unset
    memory: dict[tuple[str, str], tuple[str, Memory]] = field(default_factory=dict)  # (rid, rule)
    next_child_no: int | None = None  # None: not asked for yet
    registry_version: int = 0  # of the registry when the code was last compared with it
    time: int = 0  # when its latest event was finished; the times of one log never run backwards, as a clock may
