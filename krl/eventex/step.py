"""Offer an event to a rule: its memory before and after, and what it captured if the event selects it.

Memory is plain JSON, or None for a rule at its start:

    {"states": [2, 5], "captured": {"x": "1"}, "windows": {"0": [["1"], ["2"]]}, "since": 1700000001000}

`windows` holds, by primitive, the groups of the last matches of a counted primitive; `since` is when the attempt
began, null for a rule without a time limit. Memory is never changed in place, so an event that fails simply keeps
the old one.

Source: docs/language.md, "Event expressions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..runtime.host import Host, Value
from .aggregates import aggregated
from .machine import END, START, Awaited, Machine, Move

Memory = dict[str, Any] | None

_Answers = dict[int, dict[str, Value] | None]  # what each primitive that was asked captured, None if it refused
_Guard = Callable[[Host, dict[str, Value]], dict[str, Value] | None]  # krl/program.py: Guard

_AT_START = (START,)
_NOTHING: dict[str, Value] = {}  # shared; guards do not change what they are given


class Watching(Protocol):
    """The parts of a rule that matter here (krl/program.py: Rule)."""

    @property
    def machine(self) -> Machine:
        """Of the rule's event expression."""
        ...

    @property
    def guards(self) -> Sequence[_Guard]:
        """One for each of the machine's primitives, in the order of the text."""
        ...

    @property
    def within(self) -> int | float | None:
        """Milliseconds that a match may take from its first event; None: as long as it likes."""
        ...


def step(rule: Watching, h: Host, memory: Memory) -> tuple[Memory, dict[str, Value] | None]:
    """Offer `h.event`, one that the rule subscribes to; answers the new memory, and the captures if it is selected.

    Each primitive that is awaited is asked once at most, in the order of the expression. What a guard raises passes
    through. The memory is the very same object if nothing about it changed.
    """
    if rule.machine.simple:
        return None, rule.guards[0](h, _NOTHING)
    assert h.event is not None, "rules are offered events only"
    attempt = _in_time(memory, rule.within, h.event.time)
    since = _since(attempt, rule.within, h.event.time)
    answers: _Answers = {}
    taken, targets = _offer(rule, h, attempt, answers)
    if not targets and attempt and not rule.machine.rests.isdisjoint(attempt["states"]):
        # What a rest does not take is offered to the start as if nothing were active.
        taken, targets = _offer(rule, h, None, answers)
        if targets:
            attempt, since = None, _since(None, rule.within, h.event.time)
    if not targets:
        return _with_since(attempt, since), None
    after, captured = _moved(rule.machine, attempt, since, taken, targets, answers)
    return memory if after == memory else after, captured


def _in_time(memory: Memory, within: int | float | None, time: int) -> Memory:
    """The memory, or None when the attempt has taken longer than the limit; exactly at the limit is in time."""
    if memory is None or within is None or memory["since"] is None or time - memory["since"] <= within:
        return memory
    return None


def _since(attempt: Memory, within: int | float | None, time: int) -> int | None:
    """When the clock started: at the start each event restarts it."""
    if within is None:
        return None
    if attempt is None or attempt["since"] is None or START in attempt["states"]:
        return time
    since: int = attempt["since"]
    return since


def _with_since(attempt: Memory, since: int | None) -> Memory:
    return attempt if attempt is None or attempt["since"] == since else {**attempt, "since": since}


def _offer(rule: Watching, h: Host, attempt: Memory, answers: _Answers) -> tuple[list[Move], list[int]]:
    """The moves that the event takes from the active states, and all states that it leads to.

    `answers` keeps what each primitive said, so that none is asked twice for an event.
    """
    machine = rule.machine
    states, captured = (attempt["states"], attempt["captured"]) if attempt else (_AT_START, _NOTHING)
    moves = [move for state in states for move in machine.moves_from.get(state, ())]
    for number in sorted({move.primitive for move in moves} - answers.keys()):
        answers[number] = _ask(machine.primitives[number], rule.guards[number], h, captured)
    taken = [move for move in moves if answers[move.primitive] is not None]
    fallbacks = [each for state in states for each in machine.fallbacks_from.get(state, ())]
    targets = {move.target for move in taken}
    targets.update(each.target for each in fallbacks if any(answers[number] is None for number in each.primitives))
    return taken, sorted(targets)


def _ask(awaited: Awaited, guard: _Guard, h: Host, captured: dict[str, Value]) -> dict[str, Value] | None:
    event = h.event
    if event is None or event.type != awaited.type or event.domain != awaited.domain:
        return None
    return guard(h, captured)


def _moved(
    machine: Machine, attempt: Memory, since: int | None, taken: list[Move], targets: list[int], answers: _Answers
) -> tuple[Memory, dict[str, Value] | None]:
    """The memory behind the taken moves, and the captures if one of them ended a match."""
    captured, windows = _kept(machine, attempt, taken, answers)
    rests = [state for state in targets if state in machine.rests]
    if not rests and END not in targets:
        if targets == [START]:
            return None, None  # back at nothing but the start: this attempt is over
        return {"states": targets, "captured": captured, "windows": windows, "since": since}, None
    selected = {name: captured.get(name) for name in machine.names}
    if not rests:
        return None, selected
    # Of several alternatives that one event completes, it is the `repeat`s among them that count.
    return {"states": rests, "captured": {}, "windows": windows, "since": since}, selected


def _kept(
    machine: Machine, attempt: Memory, taken: list[Move], answers: _Answers
) -> tuple[dict[str, Value], dict[str, list[list[Value]]]]:
    """Captures and windows with what the taken moves bring; later primitives overwrite earlier ones' names."""
    captured = dict(attempt["captured"]) if attempt else {}
    windows = dict(attempt["windows"]) if attempt else {}
    widths: dict[int, int] = {}
    for move in taken:
        widths[move.primitive] = max(move.window, widths.get(move.primitive, 0))
    for number in sorted(widths):
        answer = answers[number] or {}
        captured.update((name, value) for name, value in answer.items() if name)
        awaited = machine.primitives[number]
        if awaited.aggregate:
            # One event is one match however many moves it takes. Whoever is at position n has seen the last n
            # matches, so the widest window serves all.
            rows = [*windows.get(str(number), ()), answer.get("", [])][-widths[number] :]
            windows[str(number)] = rows
            captured.update(aggregated(awaited.aggregate, awaited.names, rows))
    return captured, windows
