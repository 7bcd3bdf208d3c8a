"""Picos that sleep: more of them than may be awake, and still each does one thing at a time."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.gate import open_gate
from tests.engine.homes import Home

SLEEPER = """ruleset sleeper {
  meta { shares seen }
  global { seen = function() { ent:seen.defaultsTo([]) } }
  rule note { select when x note fired { ent:seen := seen().append(event:attrs{"n"}) } }
  rule both { select when x one then x two send_directive("both") }
  rule wait { select when x wait http:get(event:attrs{"url"}) fired { ent:seen := seen().append(event:attrs{"n"}) } }
}"""


@pytest.fixture
async def gate():
    async with open_gate() as gate:
        yield gate


@pytest.fixture
async def picos(tmp_path, clock):
    """Five children on an engine that keeps one pico awake."""
    async with Home(tmp_path / "home.db", clock, awake_picos=1).root() as root:
        children = [await root.child(f"child {number}") for number in range(5)]
        for child in children:
            await child.install(SLEEPER)
        yield children


async def test_a_pico_that_slept_has_its_state(picos):
    for n in range(3):
        for pico in picos:
            await pico.send("x", "note", n=n)

    assert [await pico.query("sleeper", "seen") for pico in picos] == [[0, 1, 2]] * 5


async def test_a_pico_that_slept_has_its_half_matched_expressions(picos):
    for pico in picos:
        await pico.send("x", "one")

    assert [await pico.directives("x", "two") for pico in picos] == [["both"]] * 5


async def test_a_pico_has_one_mailbox_though_all_others_are_busy(picos, gate):
    """With two, two of its events would be evaluated at one time."""
    *busy, last = picos
    waiting = [asyncio.create_task(pico.send("x", "wait", url=gate.url, n=0)) for pico in busy]
    await gate.reached(len(busy))

    waiting += [asyncio.create_task(last.send("x", "wait", url=gate.url, n=n)) for n in range(3)]
    await gate.reached()
    gate.open()
    await asyncio.gather(*waiting)

    assert await last.query("sleeper", "seen") == [0, 1, 2]
    assert gate.most_at_once == len(busy) + 1


async def test_a_pico_that_is_asked_while_all_are_busy_answers(picos, gate):
    *busy, last = picos
    waiting = [asyncio.create_task(pico.send("x", "wait", url=gate.url, n=0)) for pico in busy]
    await gate.reached(len(busy))

    assert await last.query("sleeper", "seen") == []

    gate.open()
    await asyncio.gather(*waiting)
