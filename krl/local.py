"""A host in memory, for everything that needs no engine: `eval`, `simulate`, tests.

It keeps one event's changes apart: `mark` before the event, `roll_back` if it fails. Clock and chance are given.
"""

from __future__ import annotations

import random
import string
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from .checker.signatures import Signature
from .checker.signatures import modules as known_modules
from .errors import KRLLimitError, KRLLoadError, KRLValueError
from .library import LIBRARY
from .program import Instance, Program, Use, UseModule
from .runtime.access import delete_path, set_path
from .runtime.host import EventFacts, Here, Host, Limits, Member, Module, QueryFacts, Value
from .runtime.plain import plain
from .runtime.text import text

LETTERS_AND_DIGITS = string.ascii_lowercase + string.digits


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """An event that waits to be offered to rules: to those of every ruleset, or of one only."""

    event: EventFacts
    for_rid: str | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a rule has said to the log."""

    level: str
    message: Value
    fields: Mapping[str, Value]


@dataclass(slots=True)
class State:
    """What an event may change, and a failed event leaves as it was."""

    entities: dict[str, dict[str, Value]]  # by ruleset
    jobs: list[Value]
    chance: Any  # of random.Random


class LocalHost:
    """The world of compiled code, in memory (the protocol is krl/runtime/host.py's).

    A host runs one evaluation after the other. `begin` sets the counters back; what rules do is collected in
    `directives`, `offers` (raised events), `jobs` and `logged`.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        clock: Callable[[], int] = wall_clock,
        seed: int | None = None,
        modules: Mapping[str, Module] | None = None,
        base_url: str = "http://localhost:3000",
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.modules = local_modules() if modules is None else modules
        self.base_url = base_url
        self.known_slow: Callable[[str, str, int], bool] | None = None
        self.event: EventFacts | None = None
        self.query: QueryFacts | None = None
        self.rid: str | None = None
        self.rule_name: str | None = None
        self.result_used = True
        self.pico_id: str | None = "local"
        self.entities: dict[str, dict[str, Value]] = {}
        self.jobs: list[Value] = []
        self.logged: list[LogLine] = []
        self.selected: list[str] = []
        self.directives: list[dict[str, Value]] = []
        self.offers: deque[Offer] = deque()
        self._chance = random.Random(seed)
        self.begin()

    def begin(self) -> None:
        """A new cycle begins: all counters, and what the last one has collected, are set back."""
        self.steps = self.limits.max_steps
        self.depth = 0
        self.callback_depth = 0
        self.raised = 0
        self.selected = []
        self.directives = []
        self.offers = deque()

    def mark(self) -> State:
        """The state as it is now."""
        entities = {rid: dict(variables) for rid, variables in self.entities.items()}
        return State(entities, list(self.jobs), self._chance.getstate())

    def roll_back(self, state: State) -> None:
        """Return to a state that `mark` has given."""
        self.entities, self.jobs = state.entities, state.jobs
        self._chance.setstate(state.chance)

    # --- inputs -------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self.clock()

    def random(self) -> float:
        return self._chance.random()

    def too_slow(self, pattern: str, subject: str, pos: int) -> None:
        pass

    def new_id(self) -> str:
        first, *rest = (self._chance.randrange(36) for _ in range(26))
        return LETTERS_AND_DIGITS[first % 26] + "".join(LETTERS_AND_DIGITS[each] for each in rest)

    # --- entity variables ---------------------------------------------------------------------------------

    def get_variable(self, rid: str, name: str) -> Value:
        return self.entities.get(rid, {}).get(name)

    def set_variable(self, rid: str, name: str, value: Value) -> None:
        kept = plain(value)
        if kept is None:
            self.entities.get(rid, {}).pop(name, None)
        else:
            self.entities.setdefault(rid, {})[name] = kept

    def set_variable_path(self, rid: str, name: str, path: list[Value], value: Value) -> None:
        self.set_variable(rid, name, set_path(self, self.get_variable(rid, name), path, plain(value)))

    def clear_variable(self, rid: str, name: str, path: list[Value] | None) -> None:
        value = self.get_variable(rid, name)
        self.set_variable(rid, name, None if path is None else delete_path(value, path))

    # --- what rules do ------------------------------------------------------------------------------------

    def begin_round(self) -> None:
        self.selected.append(self.rule_name or "")

    def fired(self, condition: Value, fired: bool) -> None:
        pass

    def send_directive(self, here: Here, name: Value, options: Value) -> Value:
        directive = {
            "type": "directive",
            "name": plain(name),
            "options": {} if options is None else plain(options),
            "meta": {"rid": self.rid, "rule_name": self.rule_name, "txnId": self._eid()},
        }
        self.directives.append(directive)
        return directive

    def raise_event(self, here: Here, domain: Value, type: Value, attrs: Value, for_rid: Value) -> None:
        facts = self._caused(event_words(domain, type), event_attributes(attrs))
        self._queue(Offer(facts, for_rid))

    def schedule_event(self, here: Here, domain: Value, type: Value, attrs: Value, timing: str, when: Value) -> Value:
        facts = self._caused(event_words(domain, type), event_attributes(attrs))
        event = {
            "eci": facts.eci,
            "domain": facts.domain,
            "name": facts.type,
            "data": {"attrs": facts.attrs},
            "time": 0,
        }
        moment = {"time" if timing == "at" else "timespec": plain(when)}
        job: Value = {"id": self.new_id(), "type": timing, **moment, "event": event}
        self.jobs.append(job)
        return job

    def raise_error(self, here: Here, level: str, data: Value) -> None:
        if level == "error":
            self.offers.clear()
        attrs = {"level": level, "data": data, "rid": here.rid, "rule_name": self.rule_name, "genus": "user"}
        self._queue(Offer(self._caused(("system", "error"), plain(attrs)), here.rid))

    def log(self, here: Here | None, level: str, message: Value, fields: dict[str, Value] | None = None) -> None:
        self.logged.append(LogLine(level, message, fields or {}))

    def _queue(self, offer: Offer) -> None:
        self.raised += 1
        if self.raised > self.limits.max_raises:
            raise KRLLimitError(f"too many raised events (limit max_raises: {self.limits.max_raises})")
        self.offers.append(offer)

    def _eid(self) -> str | None:
        return self.event.eid if self.event is not None else None

    def _caused(self, words: tuple[str, str], attrs: dict[str, Value]) -> EventFacts:
        """An event that the one in hand causes: same channel, same id, a time of its own."""
        if self.event is None:
            raise KRLValueError("there is no event to raise another one from")
        return replace(self.event, domain=words[0], type=words[1], attrs=attrs, time=self.now())


def event_words(domain: Value, type_: Value) -> tuple[str, str]:
    """The domain and type of an event to raise, trimmed.

    Without a domain the text of `type_`, all its white space removed, says both, the first colon between them.
    Raises KRLValueError for a word that is missing.
    """
    if domain is None:
        domain, _, type_ = "".join(text(type_).split()).partition(":")
    for word, value in (("domain", domain), ("name", type_)):
        if type(value) is not str or not value.strip():
            raise KRLValueError(f"missing event.{word}")
    return domain.strip(), type_.strip()


def event_attributes(attrs: Value) -> dict[str, Value]:
    """The attributes as plain JSON. Raises KRLTypeError for what is no map; null counts as an empty one."""
    if attrs is None:
        return {}
    if type(attrs) is not dict:
        raise KRLValueError("Expected a JSON map for event.data.attrs")
    kept: dict[str, Value] = plain(attrs)
    return kept


# --- modules ----------------------------------------------------------------------------------------------


@cache
def local_modules() -> Mapping[str, Module]:
    """The modules that need no pico, and of all others what can be had without one: an error that says so."""
    found: dict[str, dict[str, Member]] = {}
    for domain, members in known_modules().items():
        own = LIBRARY.get(domain, {})
        found[domain] = {name: own.get(name) or absent(domain, name, each) for name, each in members.items()}
    return found


def absent(domain: str, name: str, signature: Signature) -> Member:
    """A member with the same kind and parameters as the engine's, which fails when it is used."""

    def fail(h: Host, here: Here, *_: Value) -> Value:
        raise KRLValueError(f"{domain}:{name} needs an engine")

    match signature.kind:
        case "function" | "action" | "both":
            return Member(signature.kind, fail, signature.parameters or ())
        case _:
            return Member("property", fail)


def user_of(host: Host, programs: Mapping[str, Program]) -> UseModule:
    """How rulesets reach each other when these programs are all there are. Each use has an instance of its own."""

    def use(wanted: Use, configuration: Mapping[str, Value], chain: tuple[str, ...] = ()) -> Instance:
        if wanted.rid in chain:
            raise KRLLoadError(f"Dependency Cycle Found: {' -> '.join((*chain, wanted.rid))}")
        program = programs.get(wanted.rid)
        if program is None:
            raise KRLLoadError(f"Module not found: {wanted.rid}")
        here = Here(wanted.rid, in_module=True, meta=program.meta)

        def deeper(inner: Use, given: Mapping[str, Value]) -> Instance:
            return use(inner, given, (*chain, wanted.rid))

        return program.load(host, here, deeper, configuration)

    return use
