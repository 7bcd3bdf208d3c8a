"""One event evaluated again: the engine's own loop around a past pico, with inputs from the log.

The store, the clock and the network that rules meet here are stand-ins: what an event took from outside stands in
its log row, and whatever else a rule asks for is told as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any, NoReturn

from krl import Instance, Program

from ..changes import Changes
from ..clock import Chance
from ..cycle import Cycle, Parts
from ..directory import Directory
from ..document import loads
from ..effects.web import WebAnswer, WebFailed, WebRequest
from ..errors import Failed, SourceUnavailable
from ..event_json import event_from
from ..host import Host
from ..loading_host import LoadingHost
from ..loop.ask import Inside
from ..loop.cycle import run_rules
from ..loop.outcome import outcome
from ..modules import MODULES
from ..pico import Pico
from ..recorder import BROKEN, NOTHING, ONE_ANSWER, Globals, Recorded
from ..registry.code import EMPTY, CodeSet, code_set_from_json
from ..registry.loading import Loader
from ..registry.registry import Registry
from ..settings import Settings
from ..store.interface import LogRow, Store
from ..timers.timetable import Promises
from ..witness.journal import Journal, Line
from .divergence import ABSENT, Divergence, Place, differences, told
from .state import Past

Blame = tuple[str | None, str | None]
"""The ruleset and the rule that did something."""


class Rerun:
    """What comes of one row's event this time."""

    def __init__(self, row: LogRow) -> None:
        self.row = row
        self.event = event_from(row.eid, row.event)
        self.divergences: list[Divergence] = []
        self.changes = Changes()
        self.setters: dict[tuple[str, str], Blame] = {}  # who has set a variable

    def add(self, place: Place, expected: Any, actual: Any, blame: Blame = (None, None)) -> None:
        """A divergence of this event."""
        words = f"{self.event.domain}:{self.event.type}"
        found = Divergence(self.row.seq, self.row.eid, words, "/".join(place), expected, actual, *blame)
        self.divergences.append(found)

    def compare(self, logged: LogRow | None, actual: LogRow, *place: str) -> None:
        """Note where the row that comes out tells something else than the one in the log."""
        if logged is not None and _columns(logged) == _columns(actual):
            return
        was, now = {} if logged is None else told(logged), told(actual)
        for there, expected, found in differences(was, now, *place):
            self.add(there, expected, found, self._blame(there, now["response"]))

    def _blame(self, place: Place, response: dict[str, Any]) -> Blame:
        match place:
            case ("response", "directives", number, *_) if int(number) < len(response.get("directives", ())):
                meta = response["directives"][int(number)]["meta"]
                return meta["rid"], meta["rule_name"]
            case ("response" | "status", *_) if "failure" in response:
                return response["failure"].get("rid"), response["failure"].get("rule")
            case ("changes", "ent", rid, name, *_):
                return self.setters.get((rid, name), (None, None))
            case ("changes", "memory", rid, rule, *_):
                return rid, rule
            case _:
                return None, None


def _columns(row: LogRow) -> tuple[str, bytes, bytes, bytes]:
    return row.status, row.changes, row.effects, row.response


class Rules:
    """The rulesets of a past pico, ready to evaluate events of its log."""

    def __init__(self, past: Past, settings: Settings, instead: Program | None = None) -> None:
        """`instead` takes the place of every version of the ruleset with its rid."""
        self.rids: set[str] = set()  # of all rulesets that the pico has had
        self._past = past
        self._row: LogRow | None = None
        self._rerun: Rerun | None = None
        self._host: Host | None = None
        self._code: CodeSet | None = None
        self._instances: dict[str, Instance] = {}
        self._globals: dict[str, str] = {}  # by rid: the hash of what the loaded globals were computed from
        self._parts = self._join(replace(settings, trace=False), instead)

    def _join(self, settings: Settings, instead: Program | None) -> Parts:
        store = self._past.store
        journal = Silence(self._now)
        registry = Programs(store, settings, self._now, instead)
        loader = Loader(registry, journal, self._globals_host)
        world = (Directory(store), registry, loader, stand_ins(self._now), journal)
        parts = Parts(settings, store, *world, MODULES, no_network, Promises(store))
        parts.neighbours = Inside()
        return parts

    def _now(self) -> int:
        return 0 if self._row is None else self._row.t_in

    def evaluate(self, row: LogRow) -> Rerun:
        """What comes of the row's event on the present state of the past pico."""
        self._row, self._rerun = row, Rerun(row)
        rerun = self._rerun
        self._parts.directory = Directory(self._past.store)  # the last one knows channels as they were
        inputs = Recorded.of(row.io, self._missing)
        host = self._host = WatchedHost(self._parts, self._pico(row, inputs), Cycle(row.eid, inputs=inputs), rerun)
        failure = run_rules(host, rerun.event, inputs.next(ONE_ANSWER) is not None)
        out = outcome(host, rerun.event, failure)
        rerun.changes = out.changes
        fired = loads(row.changes).get("fired")
        rerun.compare(row, out.log_row(host, rerun.event, "" if fired is None else f"timer:{fired}"))
        if failure is None:
            self._compare_nested(host.cycle.nested)
        for kind, asked in inputs.unused():
            rerun.add(("input",), [kind, asked], ABSENT)
        return rerun

    def _compare_nested(self, nested: list[LogRow]) -> None:
        """Events that newborn picos have evaluated within this one stand in logs of their own, until those are cut."""
        assert self._rerun is not None
        for row in nested:
            cut, _ = self._past.present.cut(row.pico)
            if row.seq > cut:
                logged = next(iter(self._past.present.log(row.pico, row.seq - 1, 1)), None)
                self._rerun.compare(logged, row, "within", row.pico, str(row.seq))

    def _missing(self, kind: str, asked: Any) -> None:
        assert self._rerun is not None
        blame = (None, None) if self._host is None else (self._host.rid, self._host.rule_name)
        self._rerun.add(("input",), ABSENT, [kind, asked], blame)

    # --- the pico, awake ----------------------------------------------------------------------------------

    def _pico(self, row: LogRow, inputs: Recorded) -> Pico:
        """The pico as it was when the event had its turn."""
        code = self._code_set(row.code)
        was = self._past.row
        pico = Pico(was.id, was, code, {}, self._parts.loader.salience(code), was.head_seq, was.head_hash)
        for rid, rule, expression, memory in self._past.store.memory(was.id):
            pico.memory[rid, rule] = (expression, loads(memory))
        self._load(code, pico, inputs)
        broken = inputs.next(BROKEN)
        absent = () if broken is None else broken[2]
        pico.instances = {rid: each for rid, each in self._instances.items() if rid not in absent}
        return pico

    def _code_set(self, hash: str) -> CodeSet:
        if self._code is not None and self._code.hash == hash:
            return self._code
        body = self._past.store.blob(hash)
        return EMPTY if body is None else code_set_from_json(body)

    def _load(self, code: CodeSet, pico: Pico, inputs: Recorded) -> None:
        """Load the rulesets, unless they are: with the globals that this event has used."""
        used = {rid: entry[2] for rid in code.rids() if (entry := inputs.pop("globals", rid)) is not None}
        if code == self._code and all(self._globals.get(rid) == hash for rid, hash in used.items()):
            return
        self._code = code
        self._globals |= used
        self._host = None
        self.rids.update(code.rids())
        waking = Host(self._parts, pico, Cycle(""))
        self._instances = dict(self._parts.loader.instances(code, waking))

    def _globals_host(self, host: Any, rid: str) -> GlobalsHost:
        """Globals that an event has computed are computed from what it noted; others from what was noted last.

        Globals of which nothing is known were not used: whatever they ask for may be null.
        """
        if isinstance(host.inputs, Recorded):
            entry = host.inputs.pop("loaded", rid)
            hash = None if entry is None else entry[2]
            lenient = False
        else:
            hash = self._globals.get(rid)
            lenient = hash is None
        body = NOTHING if hash is None else self._past.store.blob(hash)
        if body is None:
            self._missing("globals", rid)
            body, lenient = NOTHING, True
        inputs = Recorded.of(body, self._missing, lenient=lenient)
        return GlobalsHost(host, rid, inputs, None if hash is None else Globals(hash, body))


class WatchedHost(Host):
    """A host that knows which rule has set a variable."""

    __slots__ = ("_rerun",)

    def __init__(self, parts: Parts, pico: Pico, cycle: Cycle, rerun: Rerun) -> None:
        super().__init__(parts, pico, cycle)
        self._rerun = rerun

    def set_variable(self, rid: str, name: str, value: Any) -> None:
        """Keep the value as plain JSON; None deletes."""
        super().set_variable(rid, name, value)
        self._rerun.setters[rid, name] = (self.rid, self.rule_name)


class GlobalsHost(LoadingHost):
    """Computes globals from what was noted when they were computed first."""

    __slots__ = ("_globals",)

    def __init__(self, host: Host, rid: str, inputs: Recorded, globals: Globals | None) -> None:
        super().__init__(host, rid)
        self.inputs = inputs
        self.known_slow = inputs.known_slow
        self._globals = globals

    def done(self) -> Globals | None:
        """What they were computed from."""
        return self._globals


class Programs(Registry):
    """The programs of stored texts, one of them replaced."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], int], instead: Program | None) -> None:
        super().__init__(store, settings, no_source, now)
        self._instead = instead

    def program(self, hash: str) -> Program:
        """The program of the text, or the one that takes the place of all that have its rid."""
        program = super().program(hash)
        return self._instead if self._instead is not None and self._instead.rid == program.rid else program


class Silence(Journal):
    """A journal into which nothing is written: it was, when it happened."""

    def say(self, pico: str | None, level: str, message: Any, **facts: Any) -> Line:
        """Answer an empty line."""
        return {}

    def keep(self, pico: str, line: Line) -> None:
        """Keep nothing."""

    def failed(self, pico: str, failure: Failed) -> None:
        """Say nothing."""


def stand_ins(now: Callable[[], int]) -> Chance:
    """Time, chance and names for whoever asks for more of them than the log has."""
    numbers = count(1)
    return Chance(
        now=now,
        random=Random(0).random,
        new_id=lambda: f"x{next(numbers):025}",
        new_eid=lambda: f"00000000-0000-7000-8000-{next(numbers):012}",
    )


async def no_network(request: WebRequest) -> WebAnswer:
    """Answers of the network are inputs, and come from the log."""
    raise WebFailed(request.url, "a replay reaches nobody")


def no_source(url: str, headers: Mapping[str, str]) -> NoReturn:
    """Texts of rulesets are inputs, too."""
    raise SourceUnavailable(f"request to {url} failed, reason: a replay reaches nobody")
