"""A short story that touches everything the protocol does, told by one client, who goes on where an engine died.

Two picos have the ruleset of the torture (lists, sends, a timer, effects, an event that fails) and one for what that
does not do: raises in one cycle, a call whose answer is used, and a child that is made and deleted. Some deliveries are
repeated under their keys.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import History, Settings, examine_file, open_history, verify_file
from tests.engine.crash.engines import Crashed, Engine
from transports.torture import Record, Sent
from transports.torture.record import LISTS
from transports.torture.round import left, logged
from transports.torture.workload import RID, RULESET, UI

WRANGLER = "io.picolabs.wrangler"
MORE = """ruleset more {
  meta { shares raised, asked, kid
         use module io.picolabs.wrangler alias wrangler }
  global { raised = function() { ent:raised.defaultsTo([]) }
           asked = function() { ent:asked.defaultsTo([]) }
           kid = function() { wrangler:children().map(function(each) { each{"name"} }) } }
  rule raises { select when more raises
    fired { raise more event "raised" attributes {"n": 1}; raise more event "raised" attributes {"n": 2} } }
  rule raised { select when more raised fired { ent:raised := raised().append(event:attrs{"n"}) } }
  rule asks { select when more asks
    http:post(event:attrs{"sink"}, json = {"id": "step"}) setting(answer)
    fired { ent:asked := asked().append(answer{"status_code"}) } }
  rule child { select when more child
    fired { raise wrangler event "new_child_request" attributes {"name": "kid"} } }
  rule no_child { select when more no_child foreach wrangler:children() setting(each)
    fired { raise wrangler event "child_deletion_request" attributes {"eci": each{"eci"}} } }
}"""

ASKS = "event-wait/more/asks"
UNAVAILABLE = 503
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Cast:
    """The picos, and where they are reached."""

    root: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery of the client."""

    path: str  # behind the pico's ECI
    attrs: dict[str, Any] = field(default_factory=dict)
    key: str = ""


def steps(cast: Cast, sink: str) -> list[Step]:
    """What the client does, one after the other."""
    first = Step("event-wait/torture/enter", {"id": "a1", "to": "other", "eci": cast.other, "sink": sink}, "a1")
    accepted = Step("event/torture/enter", {"id": "a4", "to": "other", "eci": cast.other, "sink": sink}, "a4")
    return [
        first,
        Step("event/torture/enter", {"id": "a2", "later": True}, "a2"),
        Step("event-wait/torture/fail", {"id": "f1", "sink": sink}, "f1"),
        first,
        Step("event-wait/more/raises", {}, "m1"),
        Step(ASKS, {"sink": sink}, "m4"),
        Step("event/more/child", {}, "m2"),
        Step(f"event/torture/enter/query/{RID}/entries", {"id": "a3"}, "a3"),
        accepted,
        Step("event-wait/more/no_child", {}, "m3"),
        accepted,
    ]


def prepare(engine: Engine) -> Cast:
    """The picos of the story, in a home where nothing has happened yet."""
    root = _get(engine, "/api/ui-context")["eci"]
    return Cast(root, *(_new_pico(engine, root, name) for name in ("one", "other")))


def _new_pico(engine: Engine, root: str, name: str) -> str:
    before = _get(engine, f"/c/{root}/query/{UI}/box")["children"]
    _post(engine, f"/c/{root}/event-wait/engine_ui/new", {"name": name})
    [ui] = [eci for eci in _get(engine, f"/c/{root}/query/{UI}/box")["children"] if eci not in before]
    for source in (RULESET, MORE):
        _post(engine, f"/c/{ui}/event-wait/engine_ui/install", {"source": source})
    _post(engine, f"/c/{ui}/event-wait/engine_ui/new_channel", {"tags": ["story"]})
    channels = _get(engine, f"/c/{ui}/query/{UI}/pico")["channels"]
    return str(next(each["id"] for each in channels if each["tags"] == ["story"]))


def _get(engine: Engine, path: str) -> Any:
    status, answer = engine.ask("GET", path)
    assert status == 200, (path, answer)
    return answer


def _post(engine: Engine, path: str, attrs: dict[str, Any]) -> None:
    status, answer = engine.ask("POST", path, attrs)
    assert status == 200, (path, answer)


class Teller:
    """The client: it knows what it was told, over all the engines that die meanwhile."""

    def __init__(self, cast: Cast, sink: str) -> None:
        self._cast = cast
        self._steps = steps(cast, sink)
        self._place = 0
        self.answers: list[tuple[int, Any]] = []  # of each step, without eids
        self.sent: dict[str, Sent] = {}
        self.step_key = ""  # of the call whose answer a rule uses

    def tell(self, engine: Engine) -> None:
        """Go on until every step was answered and nothing is unfinished. Raises Crashed."""
        try:
            while self._place < len(self._steps):
                self._take(engine, self._steps[self._place])
                self._place += 1
        except ConnectionRefusedError:
            raise Crashed from None
        self._wait_until_done(engine)

    def _take(self, engine: Engine, step: Step) -> None:
        id = step.attrs.get("id")
        if id is not None and id not in self.sent:
            word = step.path.split("/")[2]
            self.sent[id] = Sent(id, "teller", len(self.sent), "one", word, time.monotonic())
        path = f"/c/{self._cast.one}/{step.path}"
        while (told := engine.ask("POST", path, step.attrs, step.key))[0] == UNAVAILABLE:
            time.sleep(POLL_SECONDS)
        status, answer = told
        if id is not None:
            known = self.sent[id]
            eid = answer.get("eid") if isinstance(answer, dict) else answer if isinstance(answer, str) else None
            eids = known.eids if eid is None else (*known.eids, eid)
            self.sent[id] = replace(known, acked_at=known.acked_at or time.monotonic(), eids=eids)
        if step.path == ASKS:
            self.step_key = f"{answer['eid']}/0"
        self.answers.append((status, _without_eid(answer)))

    def _wait_until_done(self, engine: Engine) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        quiet = 0
        while quiet < 2 and time.monotonic() < end:
            engine.raise_if_crashed()
            with open_history(settings(engine.home)) as history:
                quiet = 0 if list(left(history)) else quiet + 1
            time.sleep(POLL_SECONDS)


def _without_eid(answer: Any) -> Any:
    """What is the same each time that the story is told."""
    if isinstance(answer, dict):
        return {name: _without_eid(each) for name, each in answer.items() if name not in ("eid", "txnId", "meta")}
    if isinstance(answer, list):
        return [_without_eid(each) for each in answer]
    return "an eid" if isinstance(answer, str) and answer.count("-") == 4 else answer


def settings(home: Path) -> Settings:
    """Where the store is."""
    return Settings(store=f"sqlite:///{home / 'picoengine.db'}")


def state(engine: Engine, cast: Cast) -> dict[str, Any]:
    """What queries tell in the end; the same each time that the story is told."""
    found: dict[str, Any] = {}
    for name, eci in (("one", cast.one), ("other", cast.other)):
        for rid, query in (*((RID, each) for each in LISTS), *(("more", each) for each in ("raised", "asked", "kid"))):
            found[f"{name}/{query}"] = _get(engine, f"/c/{eci}/query/{rid}/{query}")
    return found


def record(home: Path, cast: Cast, told: dict[str, Any], teller: Teller, arrived: dict[str, int]) -> Record:
    """Everything for the verdict, from the files that the last engine has left."""
    place = settings(home)
    with open_history(place) as history:
        picos = {"one": cast.one, "other": cast.other}
        return Record(
            sent=tuple(teller.sent.values()),
            log={name: tuple(logged(history, eci)) for name, eci in picos.items()},
            lists={(name, each): tuple(told[f"{name}/{each}"]) for name in picos for each in LISTS},
            arrived={key: times for key, times in arrived.items() if key not in ("", teller.step_key)},
            differences=tuple(text for eci in (cast.root, *picos.values()) for text in _differences(history, eci)),
            breaks=tuple(each.what for each in (*verify_file(place.store), *examine_file(place.store))),
            left=tuple(left(history)),
        )


def _differences(history: History, eci: str) -> list[str]:
    return [f"event {each.seq}: {each.what}" for each in history.replay(eci).run() if each is not None]


def events(home: Path, cast: Cast) -> dict[str, list[tuple[str, ...]]]:
    """What the logs say has happened, in an order that does not depend on who was quicker."""
    with open_history(settings(home)) as history:
        return {
            name: sorted((row["domain"], row["type"], row["status"]) for row in history.log(eci))
            for name, eci in (("one", cast.one), ("other", cast.other))
        }


def root_of(home: Path) -> dict[str, Any]:
    """What an engine that has only been started is made of; the same however often its start was broken off."""
    place = settings(home)
    with open_history(place) as history:
        [root] = history.roots()
        state = history.state(root)
        return {
            "rulesets": [each["rid"] for each in state["rulesets"]],
            "channels": sorted(repr((each["tags"], each["eventPolicy"])) for each in state["channels"]),
            "variables": sorted((rid, name) for rid, names in state["variables"].items() for name in names),
            "greetings": {(row["domain"], row["type"], repr(row["attrs"])) for row in history.log(root)},
            "differences": _differences(history, root),
            "findings": [each.what for each in (*verify_file(place.store), *examine_file(place.store))],
        }
