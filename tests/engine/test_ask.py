"""Picos that ask one another: in turn, without ever waiting for themselves."""

import asyncio

import pytest

from engine import RuleFailed

ASKER = """ruleset asker { meta { shares n, ask }
  global {
    n = function() { ent:n }
    ask = function(eci, rid, name, args) { ctx:query(eci, rid, name, args) }
  }
  rule set { select when x set fired { ent:n := event:attrs{"n"} } }
  rule ask { select when x ask
    pre { answer = ctx:query(event:attrs{"of"}, "asker", event:attrs{"name"}, event:attrs{"args"}) }
    send_directive("answer", {"answer": answer})
    fired { ent:n := "asked" } }
  rule set_and_ask { select when x set_and_ask
    ctx:eventQuery(event:attrs{"of"}, "x", "set", {"n": event:attrs{"n"}}, "asker", "n") setting(answer)
    fired { ent:answer := answer; raise x event "tell" }
  }
  rule tell { select when x tell send_directive("answer", {"answer": ent:answer}) }
}"""


@pytest.fixture
async def two(root):
    picos = [await root.child(name) for name in ("one", "two")]
    for pico in picos:
        await pico.install(ASKER)
    return picos


async def test_a_query_to_another_pico_answers_from_its_state(two):
    one, other = two
    await other.send("x", "set", n=5)

    reply = await one.send("x", "ask", of=other.eci, name="n")

    assert reply.directives[0]["options"] == {"answer": 5}


async def test_a_query_that_comes_back_sees_the_state_before_or_with_the_running_event(two):
    """one's event asks two, whose query asks one: only queries of that event stand between."""
    one, other = two
    await one.send("x", "set", n="before")

    reply = await one.send("x", "ask", of=other.eci, name="ask", args={"eci": one.eci, "rid": "asker", "name": "n"})

    assert reply.directives[0]["options"] == {"answer": "before"}


async def test_two_picos_that_ask_each_other_at_once_both_get_answers(two):
    one, other = two
    asked = [
        a.send("x", "ask", of=b.eci, name="ask", args={"eci": a.eci, "rid": "asker", "name": "n"})
        for a, b in ((one, other), (other, one)) * 10
    ]

    replies = await asyncio.wait_for(asyncio.gather(*asked), 20)

    assert all(reply.directives[0]["name"] == "answer" for reply in replies)


async def test_an_awaited_event_of_another_pico_has_happened_when_it_is_asked(two):
    one, other = two

    reply = await one.send("x", "set_and_ask", of=other.eci, n=9)

    assert reply.directives[0]["options"] == {"answer": 9}
    assert await other.query("asker", "n") == 9


async def test_an_awaited_event_to_oneself_is_an_error_that_names_the_loop(two):
    one, _ = two

    with pytest.raises(RuleFailed, match="events that wait for each other"):
        await one.send("x", "set_and_ask", of=one.eci, n=9)

    assert await one.query("asker", "n") is None


async def test_a_long_chain_of_questions_is_an_error_that_names_it(two):
    one, other = two
    args = {"eci": one.eci, "rid": "asker", "name": "n", "args": {}}
    for number in range(40):
        args = {"eci": (other, one)[number % 2].eci, "rid": "asker", "name": "ask", "args": args}

    with pytest.raises(RuleFailed, match="ask one another in a chain"):
        await one.send("x", "ask", of=other.eci, name="ask", args=args)
