"""What compiled KRL may ask of the world.

Compiled code receives a host as its first argument everywhere (`h`), and knows its own installation as `here`.
Everything that is not a pure function of values goes through one of the two: state, clock, chance, log, events.
The engine's host buffers writes and records inputs; the one of `simulate` keeps all in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..facts import fact

# A KRL value: None, bool, int or float (ints within ±2**53), str, list, dict with str keys, RegExp, a plain Python
# function (a KRL function), Action. A type alias for readers; the checker sees Any, since JSON is recursive.
Value = Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Deterministic limits of one cycle: counted, never timed (but for the regexp's own time-out)."""

    max_steps: int = 2_000_000  # function calls and loop rounds: some seconds, see docs/settings.md, "Limits"
    max_depth: int = 5_000  # KRL functions within KRL functions; at least 3,000 are promised
    max_callback_depth: int = 600  # callbacks within callbacks; at least 500 are promised
    max_text_units: int = 16 * 1024 * 1024  # characters of a string that is built
    max_items: int = 1_000_000  # items of a list or map that is built
    max_raises: int = 10_000  # raised events of one cycle
    regex_seconds: float = 1.0  # per match


@fact
class EventFacts:
    """The event that a rule answers, as KRL sees it."""

    eid: str
    eci: str
    domain: str
    type: str
    attrs: dict[str, Value]
    time: int  # milliseconds since 1970, when the engine accepted it


@fact
class QueryFacts:
    """The query that a function answers."""

    eid: str
    eci: str
    rid: str
    name: str
    args: dict[str, Value]


@dataclass(slots=True)
class Here:
    """One loaded ruleset, as the code of that ruleset knows itself.

    `in_module` is true when another ruleset uses it as a module: then the event and the query are not its business.
    """

    rid: str
    url: str | None = None
    config: dict[str, Value] = field(default_factory=dict)
    in_module: bool = False
    meta: Any = None  # the program's RulesetMeta
    origin: Any = None  # the host's own: what it wants to know of this loading


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a built-in module.

    `call(h, here, *args)`: arguments in the order of `params`, missing ones left out (the function has its own
    defaults), surplus ones dropped by the caller.
    """

    kind: Literal["property", "function", "action", "both"]
    call: Callable[..., Value]
    params: tuple[str, ...] = ()


Module = Mapping[str, Member]


class Host(Protocol):
    """The world as compiled code sees it. Implementations are `engine.host.Host` and `krl.local`'s."""

    limits: Limits
    steps: int  # left in this cycle; compiled code counts down and raises KRLLimitError below zero
    depth: int  # of KRL functions now running
    callback_depth: int  # of library callbacks now running
    event: EventFacts | None  # None in queries and while loading
    query: QueryFacts | None
    rid: str | None  # the ruleset and the rule that are running; None in queries and while loading
    rule_name: str | None
    result_used: bool  # set before a module's action runs: whether the rule binds what it returns
    pico_id: str | None
    modules: Mapping[str, Module]  # the built-in modules by domain
    known_slow: Callable[[str, str, int], bool] | None
    """In a replay: whether the search for a pattern in a text, from there on, ran out of time. None: it is tried."""

    @property
    def base_url(self) -> str:
        """How others reach this engine."""
        ...

    # --- inputs; recorded by the engine in call order ---
    def now(self) -> int:
        """Milliseconds since 1970."""
        ...

    def random(self) -> float:
        """A float in [0, 1)."""
        ...

    def new_id(self) -> str:
        """A fresh identifier: a letter and 25 of [a-z0-9]."""
        ...

    def too_slow(self, pattern: str, subject: str, pos: int) -> None:
        """A search for the pattern in the text, from `pos` on, has run out of time, the only limit that is timed."""
        ...

    # --- state ---
    def get_variable(self, rid: str, name: str) -> Value:
        """The entity variable's value with this cycle's own writes, None when unset."""
        ...

    def set_variable(self, rid: str, name: str, value: Value) -> None:
        """Keep the value as plain JSON; None deletes."""
        ...

    def set_variable_path(self, rid: str, name: str, path: list[Value], value: Value) -> None:
        """`ent:name{path} := value`, by the rules of `.set()`."""
        ...

    def clear_variable(self, rid: str, name: str, path: list[Value] | None) -> None:
        """Delete the variable, or the last step of the path if it is there."""
        ...

    # --- what rules do ---
    def begin_round(self) -> None:
        """A round of the running rule's body begins: once, or once for each `foreach` round."""
        ...

    def fired(self, condition: Value, fired: bool) -> None:
        """The action block's condition was decided (also called where there is no condition)."""
        ...

    def send_directive(self, here: Here, name: Value, options: Value) -> Value:
        """Append a directive to the response and return it."""
        ...

    def raise_event(self, here: Here, domain: Value, type: Value, attrs: Value, for_rid: Value) -> None:
        """Append an event to this cycle's schedule. Domain None: `type` is text of the form `domain:type`.

        Raises KRLValueError for a blank word, KRLTypeError for attributes that are no map.
        """
        ...

    def schedule_event(self, here: Here, domain: Value, type: Value, attrs: Value, timing: str, when: Value) -> Value:
        """Promise an event for later (`timing` is "at" or "repeat"); the job as KRL sees it."""
        ...

    def raise_error(self, here: Here, level: str, data: Value) -> None:
        """`error level data`: queue `system:error` for the own ruleset; for level "error" clear the schedule first."""
        ...

    def log(self, here: Here | None, level: str, message: Value, fields: dict[str, Value] | None = None) -> None:
        """A log line: level error, warn, info, klog or debug."""
        ...
