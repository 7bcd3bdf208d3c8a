"""Run events through one ruleset in memory, with each event's time as the clock.

The events come one by one, as from outside; what rules raise is offered in the same turn, in the order of raising.
An event is all or nothing: a runtime error undoes what it did to entity variables, to the memory of event
expressions, to jobs and to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import KRLRuntimeError
from .eventex.step import Memory, step
from .local import LocalHost, Offer, user_of
from .program import Instance, Program, Rule, failing_line
from .runtime.host import EventFacts, Here, Limits
from .runtime.plain import plain

Result = dict[str, Any]


def simulate(
    program: Program,
    events: Iterable[Mapping[str, Any]],
    *,
    limits: Limits | None = None,
    seed: int = 0,
    modules: Mapping[str, Program] | None = None,
) -> Iterator[Result]:
    """One result for each event, given as {"domain", "type", "attrs", "time" (ms)}; missing attributes are none.

    A result is {"selected": [rule names, once for each `foreach` round], "directives": [{"name", "options", "meta"}],
    "error": None or {"kind", "message", "rule", "line"}, "entities": {…}}. `modules` are the rulesets that this one
    may use. Raises KRLLoadError or KRLRuntimeError if the ruleset cannot be loaded.
    """
    simulation = Simulation(program, limits, seed, modules or {})
    return (simulation.offer(event) for event in events)


class Simulation:
    """One ruleset with its entity variables and the memory of its event expressions."""

    def __init__(self, program: Program, limits: Limits | None, seed: int, modules: Mapping[str, Program]) -> None:
        self.time = 0
        self.count = 0
        self.program = program
        self.host = LocalHost(limits=limits, clock=lambda: self.time, seed=seed)
        self.memories: dict[str, Memory] = {}
        here = Here(program.rid, meta=program.meta)
        self.instance: Instance = program.load(self.host, here, user_of(self.host, modules))

    def offer(self, event: Mapping[str, Any]) -> Result:
        """The result of one event and of all that it raises."""
        self.count += 1
        self.time = event.get("time", self.time)
        facts = EventFacts(
            eid=f"event-{self.count}",
            eci="simulated",
            domain=event["domain"],
            type=event["type"],
            attrs=plain(event.get("attrs") or {}),
            time=self.time,
        )
        host, memories = self.host, dict(self.memories)
        state = host.mark()
        host.begin()
        try:
            self.run(Offer(facts))
            error = None
        except KRLRuntimeError as problem:
            error = self.described(problem)
            host.roll_back(state)
            host.directives = []
            self.memories = memories
        finally:
            host.event = host.rid = host.rule_name = None
        return self.result(error)

    def run(self, first: Offer) -> None:
        """Offer the event to the rules, then in turn the events that they raise."""
        host = self.host
        host.offers.append(first)
        while host.offers:
            offer = host.offers.popleft()
            if offer.for_rid is not None and offer.for_rid != self.program.rid:
                host.log(None, "warn", f"event for {offer.for_rid}, which is not installed")
                continue
            host.event, host.rid = offer.event, self.program.rid
            self.try_rules()

    def try_rules(self) -> None:
        """Offer the event in hand to each rule that listens for it, until one ends the ruleset's turn."""
        host = self.host
        for rule in self.instance.rules:
            if not listens(rule, host.event):
                continue
            host.rule_name = rule.name
            self.memories[rule.name], captured = step(rule, host, self.memories.get(rule.name))
            if captured is not None and rule.body(host, captured) is not None:
                return

    def described(self, problem: KRLRuntimeError) -> dict[str, Any]:
        """The error as a result shows it: kind, message, and the rule and line that failed."""
        line = failing_line(problem, self.program)
        return {"kind": problem.kind, "message": problem.message, "rule": self.host.rule_name, "line": line}

    def result(self, error: dict[str, Any] | None) -> Result:
        """What the event has come to, in the form in which results are compared."""
        directives = [
            {
                "name": each["name"],
                "options": each["options"],
                "meta": {key: each["meta"][key] for key in ("rid", "rule_name")},
            }
            for each in self.host.directives
        ]
        return {
            "selected": self.host.selected,
            "directives": directives,
            "error": error,
            "entities": dict(self.host.entities.get(self.program.rid, {})),
        }


def listens(rule: Rule, event: EventFacts | None) -> bool:
    """Whether the event is one of those on which the rule's expression depends."""
    wanted = rule.machine.subscriptions
    return wanted is None or (event is not None and (event.domain, event.type) in wanted)
