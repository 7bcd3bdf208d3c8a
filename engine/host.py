"""The engine's host: all that compiled KRL may ask of the world, for one pico in one cycle.

Reads see the cycle's own writes; writes land in Changes; whatever is not a function of stored state (time, chance,
names, answers) is taken from the engine's Chance or through `suspend.wait`, here and in the modules only.

Hosts of one cycle share a Cycle: the host of the pico whose turn it is, and those of the children it makes, whose
rows, rulesets and nested events belong to the same commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from krl import (
    EventFacts,
    Here,
    Instance,
    KRLLimitError,
    KRLLoadError,
    KRLRuntimeError,
    KRLTypeError,
    KRLValueError,
    Limits,
    QueryFacts,
    delete_path,
    plain,
    set_path,
    text,
)

from .changes import Memory
from .cycle import Cycle, Parts, Raised
from .document import loads
from .effect import event_effect
from .effects.steps import Asked, answer_of
from .errors import Conflict, EngineError
from .event import Directive, Event
from .pico import Pico
from .recorder import search_asked
from .registry.code import CodeSet, Installed
from .witness.trace import Trace


class Host:
    """One pico's world in one cycle; implements krl's Host protocol."""

    __slots__ = (
        "callback_depth",
        "cleared",
        "code",
        "cycle",
        "depth",
        "directives",
        "event",
        "inputs",
        "instances",
        "known_slow",
        "limits",
        "loading",
        "modules",
        "parts",
        "pico",
        "pico_id",
        "query",
        "raised",
        "result_used",
        "rid",
        "rule_name",
        "salience",
        "steps",
        "trace",
    )

    def __init__(self, parts: Parts, pico: Pico, cycle: Cycle, trace: Trace | None = None) -> None:
        self.parts = parts
        self.pico = pico
        self.cycle = cycle
        self.inputs = cycle.inputs
        self.known_slow = cycle.inputs.known_slow
        self.limits: Limits = parts.settings.limits
        self.steps = self.limits.max_steps
        self.depth = 0
        self.callback_depth = 0
        self.event: EventFacts | None = None
        self.query: QueryFacts | None = None
        self.rid: str | None = None
        self.rule_name: str | None = None
        self.pico_id: str | None = pico.id
        self.modules = parts.modules
        self.code: CodeSet = pico.code
        self.instances = pico.instances
        self.salience = pico.salience
        self.directives: list[Directive] = []
        self.raised: list[Raised] = []
        self.result_used = True  # whether the rule binds what the running action returns
        self.loading = False  # globals are being computed
        self.cleared = False  # `error error` has emptied the schedule
        self.trace = trace

    # --- inputs -------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.inputs.now(self.parts.chance.now)

    def random(self) -> float:
        """A float in [0, 1)."""
        return self.inputs.draw("random", self.parts.chance.random)

    def new_id(self) -> str:
        """A fresh, unguessable identifier."""
        return self.inputs.draw("id", self.parts.chance.new_id)

    def new_eid(self) -> str:
        """A fresh name for an event."""
        return self.inputs.draw("eid", self.parts.chance.new_eid)

    @property
    def base_url(self) -> str:
        """How others reach this engine."""
        url: str = self.inputs.take("base_url", None, lambda: self.parts.settings.base_url)
        return url

    def step(self, kind: str, noted: Any, asked: Asked) -> Any:
        """The answer to a call that is journalled, an input. Raises the error that came instead, or Diverged."""
        journal = self.cycle.journal

        def live(inputs: bytes, blobs: dict[str, bytes]) -> Any:
            if journal is None:
                raise Conflict(f"only the rules of an event can make a call: {asked.target}")
            row = self.parts.steps.make(journal, asked, inputs, blobs)
            if self.trace is not None:
                self.trace.step(row.kind, row.target, row.attempts, aside=row.n in journal.item.waited)
            return answer_of(row)

        return self.inputs.step(kind, noted, live)

    def too_slow(self, pattern: str, subject: str, pos: int) -> None:
        """A search by a regular expression has run out of time."""
        self.inputs.note("regex", search_asked(pattern, subject, pos))

    # --- entity variables ---------------------------------------------------------------------------------

    def get_variable(self, rid: str, name: str) -> Any:
        """The variable with this cycle's own writes; None when unset."""
        changes = self.cycle.changes
        pico = self.pico
        if changes.variables:
            key = (pico.id, rid, name)
            if key in changes.variables:
                return changes.variables[key]
        if changes.forgotten and (pico.id, rid) in changes.forgotten:
            return None
        return self.kept_variable(rid, name)

    def kept_variable(self, rid: str, name: str) -> Any:
        """The variable as it was before this cycle; None when unset."""
        pico = self.pico
        try:
            return pico.variables[rid, name]
        except KeyError:
            stored = self.parts.store.variable(pico.id, rid, name)
            value = None if stored is None else loads(stored)
            pico.variables[rid, name] = value
            return value

    def set_variable(self, rid: str, name: str, value: Any) -> None:
        """Keep the value as plain JSON; None deletes."""
        self.cycle.changes.variables[self.pico.id, rid, name] = plain(value)
        if self.trace is not None:
            self.trace.set(rid, name)

    def set_variable_path(self, rid: str, name: str, path: list[Any], value: Any) -> None:
        """`ent:name{path} := value`: a copy with the value at the path replaces the variable."""
        self.set_variable(rid, name, set_path(self, self.get_variable(rid, name), path, value))

    def clear_variable(self, rid: str, name: str, path: list[Any] | None) -> None:
        """Delete the variable, or the last step of the path if it is there."""
        if path is None:
            self.set_variable(rid, name, None)
        else:
            self.set_variable(rid, name, delete_path(self.get_variable(rid, name), path))

    # --- expression memory --------------------------------------------------------------------------------

    def memory_of(self, rid: str, rule: str, expression: str) -> Memory:
        """What the rule's event expression has matched so far; None when nothing or when the expression changed."""
        changes = self.cycle.changes
        kept = changes.memory.get((self.pico.id, rid, rule)) if changes.memory else None
        if kept is None:
            if changes.forgotten and (self.pico.id, rid) in changes.forgotten:
                return None
            kept = self.pico.memory.get((rid, rule))
        return kept[1] if kept is not None and kept[0] == expression else None

    def remember(self, rid: str, rule: str, expression: str, memory: Memory) -> None:
        """Keep what the rule's event expression has matched."""
        self.cycle.changes.memory[self.pico.id, rid, rule] = (expression, memory)

    # --- what rules do ------------------------------------------------------------------------------------

    def begin_round(self) -> None:
        """A round of the running rule's body begins."""
        if self.trace is not None:
            self.trace.round()

    def fired(self, condition: Any, fired: bool) -> None:
        """The action block's condition was decided."""
        if self.trace is not None:
            self.trace.fired(condition, fired)

    def send_directive(self, here: Here, name: Any, options: Any) -> Directive:
        """Append a directive to the response and return it."""
        directive: Directive = {
            "type": "directive",
            "name": text(name),
            "options": {} if options is None else plain(options),
            "meta": {"rid": self.rid, "rule_name": self.rule_name, "txnId": self.cycle.eid},
        }
        self.directives.append(directive)
        if self.trace is not None:
            self.trace.directive(directive["name"])
        return directive

    def raise_event(self, here: Here, domain: Any, type: Any, attrs: Any, for_rid: Any) -> None:
        """Append an event to this cycle's schedule; it has the eid and the channel of the one being handled."""
        if domain is None:
            domain, type = split_event(type)
        if not isinstance(type, str) or not type.strip():
            raise KRLValueError("missing event.name")
        if not isinstance(domain, str) or not domain.strip():
            raise KRLValueError("missing event.domain")
        self._raise(domain.strip(), type.strip(), event_attributes(attrs), None if for_rid is None else text(for_rid))

    def raise_error(self, here: Here, level: str, data: Any) -> None:
        """Queue `system:error` for the own ruleset; level "error" empties the schedule first."""
        if level == "error":
            self.raised.clear()
            self.cleared = True
            if self.trace is not None:
                self.trace.cleared()
        attrs = {"level": level, "data": plain(data), "rid": self.rid, "rule_name": self.rule_name, "genus": "user"}
        self._raise("system", "error", attrs, self.rid)

    def _raise(self, domain: str, type: str, attrs: dict[str, Any], for_rid: str | None) -> None:
        cause = self.event
        if cause is None:
            raise KRLTypeError("only a rule can raise an event")
        self.cycle.raises += 1
        if self.cycle.raises > self.limits.max_raises:
            raise KRLLimitError(f"more than {self.limits.max_raises} events raised in one cycle (max_raises)")
        event = Event(cause.eid, cause.eci, domain, type, attrs, self.now(), for_rid)
        if for_rid is not None and for_rid not in self.instances:
            self.log(None, "warn", f"no ruleset {for_rid!r} for the raised event {domain}:{type}")
        self.raised.append(Raised(event, self.instances, self.salience))
        if self.trace is not None:
            self.trace.raised(domain, type, attrs, for_rid)

    def schedule_event(self, here: Here, domain: Any, type: Any, attrs: Any, timing: str, when: Any) -> dict[str, Any]:
        """Promise an event to this pico for later, through the channel of the event being handled."""
        if domain is None:
            domain, type = split_event(type)
        eci = self.event.eci if self.event is not None else self.pico.id
        event = {
            "eci": eci,
            "domain": text(domain),
            "name": text(type),
            "data": {"attrs": event_attributes(attrs)},
            "time": 0,
        }
        job = self.parts.timetable.promise(self, here.rid, event, timing, when)
        if self.trace is not None:
            self.trace.promised(timing, event, job["id"])
        return job

    def log(self, here: Here | None, level: str, message: Any, fields: dict[str, Any] | None = None) -> None:
        """A line in the pico's journal: in the cycle's trace if it has one."""
        journal = self.parts.journal
        if self.inputs.again and self.trace is None:
            return  # it was kept the first time
        line = journal.say(
            self.pico.id,
            level,
            message,
            rid=here.rid if here else self.rid,
            eid=self.cycle.eid,
            rule=self.rule_name,
            fields=fields,
            aloud=not self.inputs.again,
        )
        if self.trace is not None:
            self.trace.log(line)
        else:
            journal.keep(self.pico.id, line)

    def post_event(self, eci: str, domain: str, type: str, attrs: dict[str, Any], host: str) -> None:
        """Send an event to a pico of another engine; it leaves after the commit."""
        self.cycle.changes.effects.append(event_effect(host, eci, domain, type, attrs))

    # --- rulesets ----------------------------------------------------------------------------------------

    def install(self, new: Installed) -> None:
        """Load the ruleset into this cycle's set of rulesets, and again those that use it, so that they call it.

        Raises KRLLoadError, KRLRuntimeError or EngineError; then nothing has changed. A user that does not load with
        the new module goes on as it was, and the journal is told.
        """
        loader, code = self.parts.loader, self.code.with_installed(new)
        instances = {**self.instances, new.rid: loader.load(new, code, self)}
        for user in loader.users_of(new.rid, code):
            try:
                instances[user.rid] = loader.load(user, code, self)
            except (KRLLoadError, KRLRuntimeError, EngineError) as error:
                self.parts.journal.note(self.pico.id, "error", f"{user.rid} does not load with {new.rid}: {error}")
        self._adopt(code, instances)

    def uninstall(self, rid: str) -> None:
        """Drop the ruleset and all that it has stored."""
        self.cycle.changes.forget_ruleset(self.pico.id, rid)
        self._adopt(self.code.without(rid), {r: instance for r, instance in self.instances.items() if r != rid})

    def _adopt(self, code: CodeSet, instances: Mapping[str, Instance]) -> None:
        self.code = code
        self.instances = {each.rid: instances[each.rid] for each in code if each.rid in instances}
        self.salience = self.parts.loader.salience(code)
        self.cycle.changes.codes[self.pico.id] = code


def split_event(event: Any) -> tuple[str, str]:
    """The two words of `domain:type`, white space removed; further colons belong to the type."""
    domain, colon, type = "".join(text(event).split()).partition(":")
    if not colon or not type:
        raise KRLValueError("missing event.name")
    return domain, type


def event_attributes(attrs: Any) -> dict[str, Any]:
    """Attributes as plain JSON; null is none. Raises KRLValueError for anything but a map."""
    if attrs is None:
        return {}
    if not isinstance(attrs, dict):
        raise KRLValueError("Expected a JSON map for event.data.attrs")
    attributes: dict[str, Any] = plain(attrs)
    return attributes
