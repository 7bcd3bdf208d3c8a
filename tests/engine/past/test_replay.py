"""A pico's events evaluated again come to what the log has; another version of a ruleset comes to something else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine import RuleFailed, RulesetNotFound, RulesetRefused
from engine.document import dumps, loads
from engine.event_json import event_from
from engine.past.snapshots import snapshot_of
from engine.past.state import past
from engine.recorder import search_asked
from engine.store.interface import LogRow, Writes
from engine.store.memory import MemoryStore
from tests.engine import conftest
from tests.engine.gate import open_gate

VECTORS = json.loads((Path(__file__).parents[2] / "conformance" / "events.json").read_text())

INPUTS = """ruleset inputs {
  meta { shares n }
  global { n = function() { ent:n }  since = time:now()  lucky = random:integer(1000000) }
  rule count { select when x count
    fired { ent:n := ent:n.defaultsTo(0) + 1; ent:at := time:now(); ent:id := random:uuid(); raise x event "counted" } }
  rule counted { select when x counted
    send_directive("counted", {"n": ent:n, "lucky": random:number(), "luck": lucky, "since": since}) }
  rule half { select when x one then x two within 1 hour send_directive("both") }
  rule send { select when x send
    event:send({"eci": event:attrs{"eci"}, "domain": "x", "type": "count", "attrs": {"by": time:now()}}) }
  rule ask { select when x ask pre { n = ctx:query(event:attrs{"eci"}, "inputs", "n") } fired { ent:asked := n } }
  rule own { select when x own pre { n = ctx:query(meta:picoId, "inputs", "n") } fired { ent:own := n } }
  rule fetch { select when x fetch pre { page = http:get(event:attrs{"url"}) } fired { ent:page := page{"content"} } }
  rule post { select when x post http:post(event:attrs{"url"}, json={"n": ent:n}) }
  rule later { select when x later fired { schedule x event "count" at time:add(time:now(), {"seconds": 5}) } }
  rule stop { select when x stop fired { ent:jobs := schedule:list(); ent:logs := ctx:logs().length() } }
  rule fail { select when x fail every { ctx:newChannel(["lost"]) event:send("nobody") } }
  rule told { select when system error fired { ent:told := event:attrs } }
  rule slow { select when x slow where event:attrs{"text"}.match(re#^(a|aa)+$#) send_directive("slow") }
}"""


def id_of(pico: conftest.TestPico) -> str:
    return str(pico.engine.reports.pico_row(pico.eci).id)


def store_of(pico: conftest.TestPico) -> MemoryStore:
    return pico.engine._store  # type: ignore[return-value]


def found(pico: conftest.TestPico, source: str | None = None, to: int | None = None) -> list[dict[str, Any]]:
    """Every divergence of a replay, or of a back-test."""
    replay = pico.engine.history.replay(id_of(pico), source)
    return [each.as_json() for each in replay.run(to) if each is not None]


def rows(pico: conftest.TestPico) -> list[LogRow]:
    return store_of(pico).log(id_of(pico), 0, 10_000)


def put(pico: conftest.TestPico, row: LogRow) -> None:
    """Have this row in the log."""
    store_of(pico)._replace_log(row)


@pytest.fixture
async def busy(root, clock) -> conftest.TestPico:
    """A pico that has taken every kind of input."""
    one, other = await root.child("one"), await root.child("other")
    for pico in (one, other):
        await pico.install(INPUTS)
    await other.send("x", "count")
    for type in ("count", "one", "two", "stop", "own", "later"):
        clock.advance(1)
        await one.send("x", type)
    clock.advance(10)
    await conftest.eventually(lambda: one.query("inputs", "n"), 2)
    await one.send("x", "send", eci=other.eci)
    await one.send("x", "send", eci="nobody")
    await one.send("x", "ask", eci=other.eci)
    async with open_gate() as gate:
        gate.open()
        await one.send("x", "fetch", url=gate.url)
        await one.send("x", "post", url=gate.url)
    with pytest.raises(RuleFailed):
        await one.send("x", "fail")
    await one.child("grandchild")
    await one.install("ruleset extra { global { at = time:now() } }")
    return one


# --- the same again -------------------------------------------------------------------------------------------


async def test_a_replay_of_every_kind_of_event_comes_to_the_log_and_to_the_stored_state(busy):
    for id in store_of(busy).pico_ids():
        replay = busy.engine.history.replay(id)
        assert [each.as_json() for each in replay.run() if each is not None] == []
        assert replay.tally.seq == store_of(busy).pico(id).head_seq


async def test_a_replay_changes_nothing(busy):
    before = (rows(busy), busy.engine.history.state(busy.eci), store_of(busy).inbox())
    found(busy)

    assert (rows(busy), busy.engine.history.state(busy.eci), store_of(busy).inbox()) == before


async def test_a_search_that_ran_out_of_time_runs_out_again_however_quick_it_would_be(pico):
    """The text is one that any machine searches at once; only the log says that it did not."""
    await pico.install(INPUTS)
    await pico.send("x", "slow", text="b")
    row = rows(pico)[-1]
    put(pico, replace(row, io=dumps([["regex", search_asked("re#^(a|aa)+$#", "b", 0), None]])))

    (divergence,) = [each for each in found(pico) if each["what"] == "status"]
    assert (divergence["expected"], divergence["actual"], divergence["rule"]) == ("ok", "failed", "slow")


async def test_a_replay_goes_up_to_an_event(busy):
    replay = busy.engine.history.replay(busy.eci)
    for _ in replay.run(5):
        pass

    assert replay.tally.seq == 5


async def test_of_a_cut_log_what_remains_is_replayed(busy):
    store, id = store_of(busy), id_of(busy)
    store.write([Writes(snapshots=[snapshot_of(past(store, id, 8).state())])])
    store.cut_log(id, 8, 100)

    assert found(busy) == []


async def test_a_child_whose_own_log_was_cut_does_not_disturb_its_parents_replay(busy):
    store, id = store_of(busy), id_of(busy)
    (child,) = [row.id for row in store.children(id)]
    store.write([Writes(snapshots=[snapshot_of(past(store, child, 2).state())])])
    store.cut_log(child, 2, 100)

    assert found(busy) == []


# --- what does not fit ----------------------------------------------------------------------------------------


async def test_every_recorded_input_that_is_taken_away_is_noticed(busy):
    checked = 0
    for row in rows(busy):
        inputs = loads(row.io)
        for number, (kind, *_) in enumerate(inputs):
            if kind in ("act", "within", "globals"):
                continue
            put(busy, replace(row, io=dumps(inputs[:number] + inputs[number + 1 :])))
            assert any(each["what"] == "input" and "actual" in each for each in found(busy, to=row.seq)), inputs[number]
            checked += 1
        put(busy, row)
    assert checked > 20


async def test_an_input_that_no_rule_asks_for_is_told(busy):
    row = rows(busy)[-1]
    put(busy, replace(row, io=dumps([*loads(row.io), ["random", None, 0.5]])))

    (divergence,) = found(busy)
    assert (divergence["what"], divergence["expected"]) == ("input", ["random", None])


async def test_another_answer_leads_to_other_changes_that_name_their_rule(busy):
    row = next(row for row in rows(busy) if event_from(row.eid, row.event).type == "ask")
    inputs = [[*each[:2], 99] if each[0] == "query" else each for each in loads(row.io)]
    put(busy, replace(row, io=dumps(inputs)))

    (divergence,) = found(busy, to=row.seq)
    assert divergence["what"] == "changes/ent/inputs/asked"
    assert (divergence["actual"], divergence["rid"], divergence["rule"]) == (99, "inputs", "ask")


async def test_a_stored_value_that_no_event_has_written_is_told(busy):
    store_of(busy).write([Writes(variables={(id_of(busy), "inputs", "n"): b"77"})])

    (divergence,) = found(busy)
    assert (divergence["what"], divergence["expected"], divergence["actual"]) == ("stored/ent/inputs/n", 2, 77)


# --- another version ------------------------------------------------------------------------------------------


async def test_the_same_text_has_nothing_to_tell(busy):
    assert found(busy, INPUTS) == []


async def test_another_version_tells_what_it_would_have_done_from_the_first_event_on(pico):
    """It goes on from its own state, not from what the old version left."""
    version = "ruleset a {{ rule r {{ select when x y fired {{ ent:n := ent:n.defaultsTo(0) + {} }} }} }}"
    await pico.install(version.format(1))
    for _ in range(3):
        await pico.send("x", "y")

    told = [(each["what"], each["expected"], each["actual"], each["rule"]) for each in found(pico, version.format(2))]
    assert told == [("changes/ent/a/n", n, 2 * n, "r") for n in (1, 2, 3)]


async def test_another_version_may_select_other_rules(pico):
    await pico.install('ruleset a { rule r { select when x y send_directive("old") } }')
    await pico.send("x", "y")
    await pico.send("x", "z")

    told = [each["what"] for each in found(pico, 'ruleset a { rule r { select when x z send_directive("new") } }')]
    assert told == ["response/directives/0", "response/directives/0"]


async def test_what_another_version_wants_to_know_and_the_log_does_not_is_told(pico):
    await pico.install("ruleset a { rule r { select when x y } }")
    await pico.send("x", "y")

    divergences = found(
        pico, 'ruleset a { rule r { select when x y pre { p = http:get("http://example.com") } fired { ent:p := p } } }'
    )
    assert divergences[0]["what"] == "input"
    assert divergences[0]["actual"][0] == "http"
    assert (divergences[0]["rid"], divergences[0]["rule"]) == ("a", "r")


async def test_nothing_leaves_in_a_back_test(pico):
    await pico.install("ruleset a { rule r { select when x y } }")
    async with open_gate() as gate:
        gate.open()
        await pico.send("x", "y", url=gate.url)
        found(pico, 'ruleset a { rule r { select when x y http:post(event:attrs{"url"}) } }')

        assert (gate.keys, store_of(pico).outbox(1 << 60)) == ([], [])


async def test_a_text_that_does_not_compile_or_that_the_pico_never_had_is_refused(pico):
    with pytest.raises(RulesetRefused):
        found(pico, "ruleset a { rule }")
    with pytest.raises(RulesetNotFound):
        found(pico, "ruleset never.installed { }")


# --- property: whatever the rules, whatever the events --------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
async def test_random_rulesets_and_events_replay_to_their_log(root, clock, seed):
    chance = Random(seed)
    vectors = chance.sample([each for each in VECTORS if each.get("events")], 6)
    events = [event for vector in vectors for event in vector["events"]]
    pico = await root.child("any")
    for vector in vectors:
        try:
            await pico.install(vector["ruleset"])
        except RuleFailed:
            continue  # some are meant not to load
    for event in chance.choices(events, k=40):
        clock.advance(chance.choice([0.001, 1, 100]))
        try:
            await pico.send(event["domain"], event["type"], **event.get("attrs", {}))
        except RuleFailed:
            continue

    assert found(pico) == []
    assert len(rows(pico)) >= 40
