"""An engine for rehearsals: time that is moved, chance that is the same, a network that is a function."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine import ChannelNotFound, Rehearsal, RuleFailed, RulesetNotFound, WebAnswer, WebFailed, WebRequest
from engine import open_rehearsal as rehearse
from engine.rehearsal import Clock

AT = 1_925_000_000_000
URL = "https://example.com/a.krl"
RULESET = """ruleset a {
  meta { shares twice }
  global { base = ent:base || 0
           twice = function(n) { n * 2 + base } }
  rule one { select when x:y fired { schedule x event "later" at time:add(time:now(), {"hours": 2}) } }
  rule two { select when x:later fired { ent:at := time:now() } }
  rule three { select when x:post http:post("https://example.com/hook", json = {"n": 1}) }
  rule four {
    select when x:wait http:post("https://example.com/hook") setting(r) fired { ent:status := r{"status_code"} } }
  rule again { select when x:again n re#^([1-9].*)$# setting(n)
    fired { ent:left := n - 1
            schedule x event "again" at time:now() attributes {"n": n - 1} } }
  rule five { select when x:send event:send({"eci": "bob", "domain": "p", "type": "q"}) }
  rule six { select when x:fail fired { ent:n := "a" - 1 } }
  rule seven { select when x:draw fired { ent:drawn := [random:number(), random:uuid()] } }
}"""


class Web:
    """Answers the request of this number, and none before it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers_from = 0

    async def fetch(self, request: WebRequest) -> WebAnswer:
        self.asked.append(f"{request.method} {request.url}")
        if len(self.asked) <= self.answers_from:
            raise WebFailed(request.url, "nobody is there")
        return WebAnswer(204, "No Content", {}, b"", request.url)


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
async def rehearsal(web: Web) -> AsyncIterator[Rehearsal]:
    async with rehearse("ann", web.fetch, at=AT, texts={URL: RULESET}) as rehearsal:
        await rehearsal.install("ann", URL, {})
        rehearsal.news()
        yield rehearsal


async def test_a_timer_fires_at_its_time_and_not_before(rehearsal):
    await rehearsal.send("ann", "x", "y", {})

    await rehearsal.advance(7_199_999)
    before = rehearsal.variable("ann", "a", "at")
    await rehearsal.advance(3_600_000)

    assert (before, rehearsal.variable("ann", "a", "at")) == (None, "2031-01-01T04:13:20.000Z")


async def test_what_is_due_at_once_has_happened_when_the_picos_rest(rehearsal):
    await rehearsal.send("ann", "x", "again", {"n": 30})

    assert rehearsal.variable("ann", "a", "left") == 0


async def test_an_effect_is_repeated_as_time_passes(rehearsal, web):
    web.answers_from = 3

    await rehearsal.send("ann", "x", "post", {})
    at_once = len(web.asked)
    await rehearsal.advance(3_600_000)

    assert (at_once, len(web.asked)) == (1, 4)


async def test_a_rule_that_waits_for_an_answer_has_it_when_its_event_is_done(rehearsal):
    await rehearsal.send("ann", "x", "wait", {})

    assert rehearsal.variable("ann", "a", "status") == 204


async def test_picos_come_to_rest_before_anything_is_looked_at(rehearsal):
    await rehearsal.add_pico("bob")
    rehearsal.news()

    await rehearsal.send("ann", "x", "send", {})

    assert [(each["pico"], each["domain"]) for each in rehearsal.news()] == [("ann-id", "x"), ("bob-id", "p")]


async def test_a_child_has_its_name_and_its_channel(rehearsal):
    await rehearsal.add_pico("kid", parent="ann")

    assert rehearsal.children("ann") == ["kid"]
    assert rehearsal.child("ann", "kid") == rehearsal.pico_id("kid") == "kid-id"


async def test_state_that_is_set_is_seen_by_globals(rehearsal):
    await rehearsal.set_state("ann", "a", {"base": 100})

    assert await rehearsal.ask("ann", "a", "twice", {"n": 2}) == 104


async def test_state_of_a_ruleset_that_is_not_there_cannot_be_set(rehearsal):
    with pytest.raises(RulesetNotFound):
        await rehearsal.set_state("ann", "b", {"base": 100})


async def test_a_failure_is_raised_and_told(rehearsal):
    with pytest.raises(RuleFailed):
        await rehearsal.send("ann", "x", "fail", {})

    [told] = rehearsal.news()
    assert (told["status"], told["failure"]["rule"], told["failure"]["line"]) == ("failed", "six", 14)


async def test_an_unknown_channel_is_one(rehearsal):
    with pytest.raises(ChannelNotFound):
        await rehearsal.send("eve", "x", "y", {})


async def test_nothing_is_cut_or_masked_in_the_news(rehearsal):
    await rehearsal.send("ann", "x", "y", {"text": "a" * 10_000, "password": "p"})

    assert rehearsal.news()[0]["attrs"] == {"text": "a" * 10_000, "password": "p"}


async def test_chance_is_the_same_in_every_rehearsal(web):
    drawn = []
    for _ in range(2):
        async with rehearse("ann", web.fetch, at=AT, texts={URL: RULESET}) as rehearsal:
            await rehearsal.install("ann", URL, {})
            await rehearsal.send("ann", "x", "draw", {})
            drawn.append(rehearsal.variable("ann", "a", "drawn"))

    assert drawn[0] == drawn[1] != [None, None]


async def test_who_sleeps_wakes_when_the_clock_is_moved_so_far():
    import asyncio

    clock = Clock(1000)
    sleeper = asyncio.ensure_future(clock.sleep(2))
    await asyncio.sleep(0)

    clock.move(2999)
    await asyncio.sleep(0)
    too_early = sleeper.done()
    clock.move(clock.next_waking)
    await sleeper

    assert (too_early, clock.now(), clock.next_waking) == (False, 3000, None)
