"""What one cycle did, noted down as it happens and read afterwards: why did a rule fire, or not?

A trace is a flat list of small entries, cheap to append and encoded once, in respond. An entry's first member says
what it is (Kind); who reads the list in order knows from the entries before what it belongs to:

    event, turn, skip | rule, round, fired, directive | action | set | raise | promise | log …, end, …

Values are bounded and without secrets (shown.py), on the way in or, where that would cost too much, on the way out.
What the event changed stands in its log row's `changes`; the trace adds what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

from ..document import dumps, loads
from .shown import shown

MAX_ENTRIES = 2000
MAX_BYTES = 256 * 1024
LARGE_BYTES = 16 * 1024  # a trace that is larger keeps only what may be shown of raised attributes

Entry = tuple[Any, ...]


class Kind:
    """The first member of an entry; behind each name, its other members."""

    EVENT = "event"  # domain, type: the turns that follow are about this event
    TURN = "turn"  # rid: its rules are asked
    SKIP = "skip"  # rule, Why: it was not selected
    RULE = "rule"  # rule, what its event expression captured: it was selected
    ROUND = "round"  # of the rule's body
    FIRED = "fired"  # the condition's value, whether it held
    DIRECTIVE = "directive"  # name; the response has the rest
    ACTION = "action"  # name, arguments, result
    STEP = "step"  # kind, whom it asks, attempts, whether the event was put aside for it
    SET = "set"  # rid, name of an entity variable that was written
    RAISE = "raise"  # domain, type, attributes, the only ruleset that is meant
    PROMISE = "promise"  # "at" or "repeat", the event map, the job's id
    LOG = "log"  # the line, as the journal made it
    END = "end"  # "last" or "error": the ruleset's turn ended before its time
    CLEARED = "cleared"  # what was still scheduled was forgotten


class Why:
    """Why a rule was not selected."""

    TEST = "test"
    PROGRESS = "progress"
    WAITING = "waiting"


REASONS = {
    Why.TEST: "an attribute test or `where` did not hold",
    Why.PROGRESS: "the event expression went on, and is not complete",
    Why.WAITING: "the event expression waits for another event, or a test did not hold",
}


_ROUND = (Kind.ROUND,)


class Trace:
    """The notes of one cycle."""

    __slots__ = (
        "_before",
        "_began",
        "_entered",
        "_entries",
        "_missed",
        "_note",
        "_received",
        "_scheduled",
        "at",
        "source",
    )

    def __init__(self, source: str, at: int, received: int | None = None, entered: int | None = None) -> None:
        """The cycle begins, at `at` ms by the engine's clock; `received` and `entered` are monotonic nanoseconds."""
        self.source = source
        self.at = at
        self._received = received
        self._entered = entered
        self._began = perf_counter_ns()
        self._scheduled = self._began
        self._entries: list[Entry] = []
        self._note: Callable[[Entry], None] = self._entries.append
        self._missed = 0
        self._before: list[tuple[str, str, Any]] = []

    # --- noting -------------------------------------------------------------------------------------------

    def _check_room(self) -> None:
        """Asked wherever a rule can loop; what stands between two such places is not much."""
        if len(self._entries) >= MAX_ENTRIES:
            self._note = self._miss

    def _miss(self, entry: Entry) -> None:
        self._missed += 1

    def scheduled(self) -> None:
        """The schedule phase is over."""
        self._scheduled = perf_counter_ns()

    def turn(self, rid: str, domain: str, type: str, *, same_event: bool) -> None:
        """A ruleset is offered an event, the same as the last one or another."""
        self._check_room()
        if not same_event:
            self._note((Kind.EVENT, domain, type))
        self._note((Kind.TURN, rid))

    def skipped(self, rule: str, *, simple: bool, moved: bool) -> None:
        """The rule was not selected: its expression is a single primitive, or it moved, or it did not."""
        self._note((Kind.SKIP, rule, Why.TEST if simple else Why.PROGRESS if moved else Why.WAITING))

    def selected(self, rule: str, captured: Mapping[str, Any]) -> None:
        """The rule was selected."""
        self._note((Kind.RULE, rule, shown(captured) if captured else None))

    def ended(self, word: str) -> None:
        """`last`, or `error error`: the ruleset's other rules are not asked."""
        self._note((Kind.END, word))

    def cleared(self) -> None:
        """The schedule was emptied."""
        self._note((Kind.CLEARED,))

    def round(self) -> None:
        """A round of the selected rule's body begins."""
        self._check_room()
        self._note(_ROUND)

    def fired(self, condition: Any, fired: bool) -> None:
        """The round's condition was decided."""
        self._note((Kind.FIRED, condition if type(condition) is bool else shown(condition), fired))

    def directive(self, name: str) -> None:
        """A directive was made."""
        self._note((Kind.DIRECTIVE, name))

    def action(self, name: str, arguments: Mapping[str, Any], result: Any) -> None:
        """An action of a module was run."""
        self._check_room()
        self._note((Kind.ACTION, name, shown(arguments), shown(result)))

    def step(self, kind: str, target: str, attempts: int, *, aside: bool) -> None:
        """A call has its answer; `aside`: the event was put aside meanwhile."""
        self._note((Kind.STEP, kind, target, attempts, aside))

    def set(self, rid: str, name: str) -> None:
        """An entity variable was written."""
        self._note((Kind.SET, rid, name))

    def raised(self, domain: str, type: str, attrs: Mapping[str, Any], for_rid: str | None) -> None:
        """An event was raised."""
        self._note((Kind.RAISE, domain, type, attrs, for_rid))

    def promised(self, timing: str, event: Mapping[str, Any], job: Any) -> None:
        """An event was scheduled for later."""
        self._note((Kind.PROMISE, timing, shown(event), job))

    def log(self, line: dict[str, Any]) -> None:
        """A line was written into the journal; its values are shown already."""
        self._check_room()
        self._note((Kind.LOG, line))

    # --- the end ------------------------------------------------------------------------------------------

    def before(self, rid: str, name: str, value: Any) -> None:
        """A variable that the event has changed had this value."""
        self._before.append((rid, name, shown(value)))

    def encoded(self) -> bytes:
        """The stored form: the entries, the times of the phases, and variables as they were before."""
        stored: dict[str, Any] = {
            "source": self.source,
            "at": self.at,
            "clock": (self._received, self._entered, self._began, self._scheduled, perf_counter_ns()),
            "entries": self._entries,
        }
        if self._before:
            stored["before"] = self._before
        if self._missed:
            stored["missed"] = self._missed
        body = dumps(stored)
        return body if len(body) <= LARGE_BYTES else _fitting(stored)


def _fitting(stored: dict[str, Any]) -> bytes:
    """A large trace in at most MAX_BYTES: raised attributes bounded, then cut at its end until it fits."""
    stored["entries"] = entries = [_bounded(entry) for entry in stored["entries"]]
    body = dumps(stored)
    while len(body) > MAX_BYTES and entries:
        half = len(entries) // 2
        stored["missed"] = stored.get("missed", 0) + len(entries) - half
        stored["entries"] = entries = entries[:half]
        stored.pop("before", None)
        body = dumps(stored)
    return body


def _bounded(entry: Entry) -> Entry:
    match entry:
        case (Kind.RAISE, domain, type, attrs, for_rid):
            return (Kind.RAISE, domain, type, shown(attrs), for_rid)
        case _:
            return entry


# --- reading --------------------------------------------------------------------------------------------------


def read(body: bytes) -> dict[str, Any] | None:
    """The stored form, None for an event that was not traced."""
    stored: dict[str, Any] | None = loads(body) if body else None
    return stored


def story(
    stored: Mapping[str, Any], directives: list[dict[str, Any]], show: Callable[[Any], Any] = shown
) -> dict[str, Any]:
    """The trace as a person reads it: events, in them rulesets, in them rules, in them rounds and what each did.

    `directives` are the response's, in order; of a failed event, whose response has none, the names alone are known.
    `show` says what may be shown of directives' options and raised attributes.
    """
    teller = _Teller(directives, show)
    for entry in stored["entries"]:
        teller.take(entry)
    told = {"source": stored["source"], "times": _times(*stored["clock"]), "events": teller.events}
    if stored.get("missed"):
        told["missed"] = stored["missed"]
    return told


def _times(received: int | None, entered: int | None, began: int, scheduled: int, evaluated: int) -> dict[str, float]:
    """Milliseconds that each phase took; only a delivery is decoded, and what a pico makes itself does not wait."""
    phases = [
        ("decode", received, entered),
        ("wait", entered, began),
        ("schedule", began, scheduled),
        ("evaluate", scheduled, evaluated),
    ]
    return {
        phase: round((end - start) / 1e6, 3) for phase, start, end in phases if start is not None and end is not None
    }


class _Teller:
    """Puts the entries of a trace in their places."""

    def __init__(self, directives: list[dict[str, Any]], show: Callable[[Any], Any]) -> None:
        self._show = show
        self.events: list[dict[str, Any]] = []
        self._directives = iter(directives)
        self._rulesets: list[dict[str, Any]] = []
        self._turn: dict[str, Any] = {}
        self._rule: dict[str, Any] = {}
        self._ahead: list[dict[str, Any]] = []  # what a rule's tests did before it was known what comes of them
        self._did = self._ahead  # where the next deed belongs

    def take(self, entry: list[Any]) -> None:
        """The next entry."""
        match entry:
            case [Kind.EVENT, domain, type]:
                self._rulesets = []
                self.events.append({"domain": domain, "type": type, "rulesets": self._rulesets})
            case [Kind.TURN, rid]:
                self._turn = {"rid": rid, "rules": []}
                self._rulesets.append(self._turn)
                self._rule = {}
                self._did = self._ahead = []
            case [Kind.SKIP, rule, why]:
                self._add_rule({"rule": rule, "selected": False, "why": REASONS[why], "did": self._ahead})
                self._did = self._ahead
            case [Kind.RULE, rule, captured]:
                self._did = self._ahead
                self._add_rule({"rule": rule, "selected": True, "captured": captured or {}, "did": self._did})
                self._rule["rounds"] = []
            case [Kind.ROUND]:
                self._did = []
                self._rule["rounds"].append({"did": self._did})
            case [Kind.FIRED, condition, fired]:
                self._rule["rounds"][-1] |= {"condition": condition, "fired": fired}
            case [Kind.END, word]:
                self._rule["ended"] = word
            case [Kind.LOG, line] if line.get("rule_name") != self._rule.get("rule"):
                self._ahead.append(self._deed(entry))
            case _:
                self._did.append(self._deed(entry))

    def _add_rule(self, rule: dict[str, Any]) -> None:
        self._ahead = []
        self._rule = rule
        self._turn["rules"].append(rule)

    def _deed(self, entry: list[Any]) -> dict[str, Any]:
        match entry:
            case [Kind.DIRECTIVE, name]:
                directive = next(self._directives, None)
                return {"directive": name} | (
                    {} if directive is None else {"options": self._show(directive["options"])}
                )
            case [Kind.ACTION, name, arguments, result]:
                return {"action": name, "arguments": arguments, "result": result}
            case [Kind.STEP, kind, target, attempts, aside]:
                return {"step": kind, "target": target, "attempts": attempts, "put_aside": aside}
            case [Kind.SET, rid, name]:
                return {"set": name, "rid": rid}
            case [Kind.RAISE, domain, type, attrs, for_rid]:
                deed = {"raise": f"{domain}:{type}", "attrs": self._show(attrs)}
                return deed if for_rid is None else {**deed, "for": for_rid}
            case [Kind.PROMISE, timing, event, job]:
                return {"schedule": timing, "event": event, "id": job}
            case [Kind.LOG, line]:
                return {"log": line["msg"], **{name: each for name, each in line.items() if name not in _KNOWN}}
            case [Kind.CLEARED]:
                return {"cleared": True}
            case _:
                raise ValueError(f"{entry!r} is no entry of a trace")


_KNOWN = frozenset({"msg", "time", "txnId", "rule_name", "rid"})
