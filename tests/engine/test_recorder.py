"""What a cycle takes from outside is noted, and handed out again in the same order."""

from __future__ import annotations

from typing import Any

import pytest

from engine.document import loads
from engine.errors import ChannelNotFound, InvalidValue, RuleFailed, RulesetRefused, StoreUnavailable
from engine.recorder import NOTHING, Globals, InputMissing, Recorded, Recording, globals_from, search_asked
from krl import KRLLimitError, KRLTypeError
from tests.engine.gate import open_gate


def noted(recording: Recording) -> Any:
    return loads(recording.encoded())


def again(recording: Recording) -> tuple[Recorded, list[Any]]:
    """The recording as a replay gets it, and the list of what it will have missed."""
    missed: list[Any] = []
    return Recorded.of(recording.encoded(), lambda kind, asked: missed.append((kind, asked))), missed


def fail(error: Exception) -> Any:
    raise error


# --- noting ---------------------------------------------------------------------------------------------------


def test_a_cycle_that_takes_nothing_notes_nothing():
    assert Recording().encoded() == NOTHING


def test_a_time_that_stands_still_is_noted_once():
    recording = Recording()
    for ms in (5, 5, 5, 7):
        recording.now(lambda ms=ms: ms)

    assert noted(recording) == [["now", 3, 5], ["now", 1, 7]]


def test_what_it_takes_to_find_an_answer_is_not_noted_for_itself():
    recording = Recording()
    recording.take("query", ["eci"], lambda: recording.now(lambda: 5) + 1)

    assert noted(recording) == [["query", ["eci"], 6]]


def test_what_is_asked_is_noted_by_a_digest_if_it_is_long():
    recording = Recording()
    recording.take("query", ["x" * 1000], lambda: 1)

    ((_, asked, _),) = noted(recording)
    assert len(asked) == 16


def test_a_store_that_cannot_be_read_is_no_input():
    """The event has not happened then."""
    recording = Recording()
    with pytest.raises(StoreUnavailable):
        recording.take("channel", "eci", lambda: fail(StoreUnavailable("no disk")))

    assert recording.encoded() == NOTHING


def test_globals_are_noted_once_in_a_cycle_and_kept_under_their_hash():
    recording, globals = Recording(), globals_from(b'[["now",1,5]]')
    for _ in range(2):
        recording.uses("globals", "rid", globals)

    assert noted(recording) == [["globals", "rid", globals.hash]]
    assert recording.blobs == {globals.hash: globals.inputs}


# --- handing out ----------------------------------------------------------------------------------------------


def test_inputs_come_back_in_their_order():
    recording = Recording()
    for number in (1, 2):
        recording.draw("random", lambda number=number: number)
        recording.now(lambda: 5)
    recorded, missed = again(recording)

    drawn = [recorded.draw("random", lambda: 0), recorded.draw("random", lambda: 0)]
    assert (drawn, recorded.now(lambda: 0), recorded.now(lambda: 0), missed) == ([1, 2], 5, 5, [])


def test_answers_are_told_apart_by_what_was_asked():
    recording = Recording()
    for asked in ("a", "b"):
        recording.take("query", asked, lambda asked=asked: asked.upper())
    recorded, _ = again(recording)

    assert [recorded.take("query", asked, lambda: None) for asked in ("b", "a")] == ["B", "A"]


@pytest.mark.parametrize(
    "error",
    [
        ChannelNotFound("c1"),
        InvalidValue("no URL"),
        RulesetRefused("bad text", [{"line": 1}], "ParseError"),
        KRLTypeError("5 is not a function"),
        KRLLimitError("too much"),
    ],
)
def test_an_error_comes_back_as_it_was(error):
    recording = Recording()
    with pytest.raises(type(error)):
        recording.take("x", None, lambda: fail(error))
    recorded, _ = again(recording)

    with pytest.raises(type(error)) as raised:
        recorded.take("x", None, lambda: None)

    assert (raised.value.kind, raised.value.message) == (error.kind, error.message)
    assert getattr(raised.value, "diagnostics", ()) == getattr(error, "diagnostics", ())


def test_an_answer_that_the_log_lacks_is_told_and_is_an_error():
    recorded, missed = again(Recording())

    with pytest.raises(InputMissing, match="query"):
        recorded.take("query", ["eci"], lambda: 1)

    assert missed == [("query", ["eci"])]


def test_for_a_number_that_the_log_lacks_another_stands_in():
    recorded, missed = again(Recording())

    assert (recorded.draw("random", lambda: 0.5), missed) == (0.5, [("random", None)])


def test_an_input_that_nobody_asks_for_is_left():
    recording = Recording()
    recording.draw("id", lambda: "x1")
    recorded, _ = again(recording)

    assert recorded.unused() == [("id", None)]


def test_a_search_that_ran_out_of_time_is_known_by_pattern_text_and_place():
    recording = Recording()
    recording.note("regex", search_asked("re#a#", "text", 3))
    recorded, _ = again(recording)

    slow = recorded.known_slow
    assert slow is not None
    assert [slow("re#a#", "text", 3), slow("re#a#", "text", 0), slow("re#b#", "text", 3)] == [True, False, False]


def test_what_globals_were_computed_from_has_one_name():
    assert globals_from(b"x") == Globals("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", b"x")


# --- in cycles ------------------------------------------------------------------------------------------------


def inputs(pico: Any) -> list[Any]:
    """What the latest event of the pico has noted."""
    row = pico.engine.reports.pico_row(pico.eci)
    (log,) = pico.engine._store.log(row.id, row.head_seq - 1, 1)
    return loads(log.io)  # type: ignore[no-any-return]


def kinds(pico: Any) -> list[str]:
    return [entry[0] for entry in inputs(pico)]


async def test_an_event_that_needs_its_state_only_notes_nothing(pico):
    await pico.install("ruleset a { rule r { select when x y fired { ent:n := ent:n.defaultsTo(0) + 1 } } }")
    await pico.send("x", "y")

    assert inputs(pico) == []


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("time:now()", "now"),
        ("random:number()", "random"),
        ("random:uuid()", "id"),
        ("meta:host", "base_url"),
        ("ctx:logs()", "logs"),
        ("ctx:rulesets", "registered"),
        ("schedule:list()", "jobs"),
    ],
)
async def test_each_thing_from_outside_is_noted(pico, expression, kind):
    await pico.install(
        f"ruleset a {{ rule r {{ select when x y pre {{ v = {expression} }} fired {{ ent:v := v }} }} }}"
    )
    await pico.send("x", "y")

    assert kind in kinds(pico)


async def test_whether_a_send_was_taken_is_noted(root):
    one, other = await root.child("one"), await root.child("other")
    await one.install("""ruleset a { rule r { select when x y
      event:send({"eci": event:attrs{"eci"}, "domain": "a", "type": "b"}) } }""")

    await one.send("x", "y", eci=other.eci)
    taken = inputs(one)[0]
    await one.send("x", "y", eci="nobody")
    refused = inputs(one)[0]

    assert taken[:2] == ["target", [other.eci, "event", "a", "b"]]
    assert refused[3] == {"class": "ChannelNotFound", "kind": "Error", "message": "ECI not found nobody"}


async def test_answers_of_other_picos_and_of_the_network_are_noted(root):
    one, other = await root.child("one"), await root.child("other")
    await other.install("ruleset b { meta { shares n } global { n = function() { 5 } } }")
    await one.install("""ruleset a { rule r { select when x y
      pre { n = ctx:query(event:attrs{"eci"}, "b", "n")  page = http:get(event:attrs{"url"}) }
      fired { ent:n := n } } }""")

    async with open_gate() as gate:
        gate.open()
        await one.send("x", "y", eci=other.eci, url=gate.url)

    answers = {entry[0]: entry[2] for entry in inputs(one)}
    assert (answers["query"], answers["http"]["content"]) == (5, "open")


async def test_a_ruleset_is_noted_by_the_hash_under_which_its_text_is_kept(pico):
    await pico.install("ruleset a { }")

    noted = next(entry for entry in inputs(pico) if entry[0] == "ruleset")
    assert pico.engine._store.ruleset(noted[2][1]) == ("a", "ruleset a { }")


async def test_the_text_that_a_failed_event_has_taken_is_kept_too(pico):
    await pico.install("""ruleset b { rule r { select when x y every {
      ctx:installSource(event:attrs{"source"})
      event:send("nobody") } } }""")
    with pytest.raises(RuleFailed, match="expects a map"):
        await pico.send("x", "y", source="ruleset a { }")

    noted = next(entry for entry in inputs(pico) if entry[0] == "ruleset")
    assert pico.engine._store.ruleset(noted[2][1]) == ("a", "ruleset a { }")


async def test_globals_that_are_not_pure_are_noted_by_the_events_that_use_them(pico):
    await pico.install("""ruleset a { global { since = time:now() }
      rule r { select when x y fired { ent:since := since } } }""")
    await pico.send("x", "y")

    kind, rid, hash = inputs(pico)[0]
    assert (kind, rid, loads(pico.engine._store.blob(hash))[0][0]) == ("globals", "a", "now")
