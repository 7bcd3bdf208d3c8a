"""Views of an engine: events, picos, queues, what is broken, what happens right now."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import EventNotFound, PicoNotFound, RuleFailed
from engine.witness.feed import BACKLOG

FAILING = 'ruleset bad { rule r { select when x bad pre { n = 1 - "one" } } }'


@pytest.fixture
def reports(engine: Any) -> Any:
    return engine.reports


async def fail(pico: Any) -> str:
    """The id of an event that fails."""
    await pico.install(FAILING)
    with pytest.raises(RuleFailed) as caught:
        await pico.send("x", "bad")
    return str(caught.value.eid)


def types(page: dict[str, Any]) -> list[str]:
    return [f"{each['domain']}:{each['type']}" for each in page["events"]]


# --- one event ------------------------------------------------------------------------------------------------


async def test_an_event_is_told_with_what_came_in_and_what_went_out(reports, pico):
    await pico.install('ruleset a { rule r { select when x y send_directive("d", {"n": 1}) } }')
    reply = await pico.send("x", "y", n=1)

    told = reports.event(reply.eid)

    assert (told["status"], told["eci"], told["attrs"]) == ("ok", pico.eci, {"n": 1})
    assert told["directives"] == reply.directives
    assert told["time"] == "2023-11-14T22:13:20.000Z"


async def test_a_failed_event_is_told_with_its_failure(reports, pico):
    told = reports.event(await fail(pico))

    assert (told["status"], told["error"]) == ("failed", "TypeError: one cannot be subtracted from 1")
    assert told["failure"]["rid"] == "bad" and told["failure"]["line"] == 1
    assert "directives" not in told


async def test_an_event_under_way_is_told_as_such(reports, pico):
    receipts = [asyncio.ensure_future(pico.engine.accept(pico.delivery("event", "x", "y", n=n))) for n in range(2)]
    await asyncio.sleep(0)

    waiting = [row for row in (reports.event(eid) for eid in list(reports._in_flight)) if row["type"] == "y"]

    assert [(each["status"], each["attrs"]) for each in waiting] == [("waiting", {"n": 0}), ("waiting", {"n": 1})]
    await asyncio.gather(*receipts)


async def test_an_unknown_event_is_not_found(reports):
    with pytest.raises(EventNotFound, match="no event 'nope' is known"):
        reports.event("nope")


async def test_installing_tells_the_rulesets_before_and_after(reports, pico):
    before = [each["rid"] for each in reports.pico(pico.eci)["rulesets"]]
    await pico.install("ruleset a { }")

    events = reports.events(pico=pico.eci, limit=500)["events"]

    changes = [reports.event(each["eid"])["changes"] for each in events]
    assert {"before": before, "after": [*before, "a"]} in [each.get("rulesets") for each in changes]


# --- pages ----------------------------------------------------------------------------------------------------


async def test_the_events_of_a_pico_come_page_by_page(reports, pico):
    start = reports.pico(pico.eci)["events"]
    for n in range(5):
        await pico.send("x", f"y{n}")

    first = reports.events(pico=pico.eci, after=start, limit=3)
    second = reports.events(pico=pico.eci, after=first["after"], limit=3)

    assert types(first) + types(second) == [f"x:y{n}" for n in range(5)]
    assert reports.events(pico=pico.eci, after=second["after"]) == {"events": [], "after": second["after"]}


async def test_without_a_place_the_page_is_the_last_one(reports, pico):
    for n in range(5):
        await pico.send("x", f"y{n}")

    page = reports.events(pico=pico.eci, limit=2)

    assert types(page) == ["x:y3", "x:y4"]
    await pico.send("x", "next")
    assert types(reports.events(pico=pico.eci, after=page["after"])) == ["x:next"]


async def test_events_can_be_chosen_by_status(reports, pico):
    eid = await fail(pico)
    for _ in range(60):
        await pico.send("x", "y")

    assert [each["eid"] for each in reports.events(pico=pico.eci, status="failed")["events"]] == [eid]
    assert [each["eid"] for each in reports.events(status="failed")["events"]] == [eid]
    assert [each["eid"] for each in reports.events(pico=pico.eci, status="failed", after=0)["events"]] == [eid]


async def test_the_latest_events_of_all_picos_come_in_the_order_of_their_ends(reports, pico, root):
    page = reports.events()
    for each in (pico, root, pico):
        await each.send("x", "y")

    after = reports.events(after=page["after"])

    assert types(after) == ["x:y"] * 3
    assert [each["eci"] for each in after["events"]] == [pico.eci, root.eci, pico.eci]


async def test_events_of_an_unknown_pico_are_not_found(reports):
    with pytest.raises(PicoNotFound):
        reports.events(pico="nobody")


# --- picos ----------------------------------------------------------------------------------------------------


async def test_a_pico_tells_its_family_channels_and_rulesets(reports, root, pico):
    await pico.install("ruleset a { }")

    told, parent = reports.pico(pico.eci), reports.pico(root.eci)

    assert told["name"] == "pico" and told["parent"] == parent["id"] and parent["children"] == [told["id"]]
    assert pico.eci in [each["id"] for each in told["channels"]]
    assert [(each["rid"], each["broken"]) for each in told["rulesets"]][-1] == ("a", None)
    assert (told["waiting"], told["running"], told["awake"]) == (0, None, True)


async def test_a_pico_is_found_by_its_id(reports, pico):
    id = reports.pico(pico.eci)["id"]

    assert reports.pico(id)["id"] == id


async def test_the_tree_has_every_pico_below_its_parent(reports, root, pico):
    await pico.child("grandchild")

    (top,) = reports.tree()

    assert [each["name"] for each in top["children"]] == ["pico"]
    assert [each["name"] for each in top["children"][0]["children"]] == ["grandchild"]


async def test_a_tree_that_is_too_large_says_how_many_are_missing(reports, root):
    for n in range(3):
        await root.child(f"child {n}")

    (top,) = reports.tree(limit=2)

    assert [each["name"] for each in top["children"]] == ["child 0"] and top["more"] == 2


async def test_queues_tell_what_waits_and_where(reports, pico):
    receipts = [asyncio.ensure_future(pico.engine.accept(pico.delivery("event", "x", "y"))) for _ in range(3)]
    await asyncio.sleep(0)

    told = reports.queues()

    assert (told["waiting"], told["unfinished"]) == (3, 3)
    assert [(each["pico"], each["waiting"]) for each in told["picos"]] == [(reports.pico(pico.eci)["id"], 3)]
    await asyncio.gather(*receipts)


async def test_a_broken_ruleset_is_listed_with_the_reason(reports, engine):
    engine._parts.loader.broken["a.b@c0ffee"] = "it does not load"

    assert reports.broken() == [{"rid": "a.b", "hash": "c0ffee", "error": "it does not load"}]


# --- live -----------------------------------------------------------------------------------------------------


async def test_a_follower_gets_what_finishes_from_now_on(reports, pico, root):
    with reports.follow(pico=pico.eci) as follower:
        await root.send("x", "other")
        reply = await pico.send("x", "y")

        dropped, finished = await follower.take(5)

    assert (dropped, [each.eid for each in finished]) == (0, [reply.eid])
    assert reports.finished(finished[0])["eid"] == reply.eid


async def test_a_follower_may_want_failures_only(reports, pico):
    with reports.follow(status="failed") as follower:
        eid = await fail(pico)

        _, finished = await follower.take(5)

    assert [each.eid for each in finished] == [eid]


async def test_a_slow_follower_loses_the_oldest_and_is_told_how_many(reports, pico):
    with reports.follow(pico=pico.eci) as follower:
        replies = [await pico.send("x", "y") for _ in range(BACKLOG + 3)]

        dropped, finished = await follower.take(5)

    assert dropped == 3
    assert [each.eid for each in finished] == [reply.eid for reply in replies[3:]]


async def test_who_follows_does_not_wait_for_ever(reports):
    with reports.follow() as follower:
        assert await follower.take(0) == (0, [])


async def test_followers_are_let_go_when_the_engine_stops(reports, engine):
    with reports.follow() as follower:
        taking = asyncio.ensure_future(follower.take(60))
        await asyncio.sleep(0)

        reports.feed.end()

        assert await taking == (0, []) and follower.ended
    assert reports.follow().ended


async def test_who_has_left_is_not_served(reports, pico):
    with reports.follow() as follower:
        pass

    await pico.send("x", "y")

    assert await follower.take(0) == (0, [])
