"""Callbacks: an event that somebody outside may send once; and the engine tells when nobody has."""

from __future__ import annotations

import asyncio

import pytest

from engine import CallbackEnded, CallbackNotFound, StoreUnavailable, back_up, restore
from tests.engine.conftest import eventually
from tests.engine.homes import Home

PAYER = """ruleset payer { meta { shares url, got }
  global { url = function() { ent:url } got = function() { ent:got.defaultsTo([]) } }
  rule make { select when x make
    ctx:newCallback("pay", "done", {"order": 7, "by": "rule"}, event:attrs{"expires"}) setting(url)
    fired { ent:url := url } }
  rule fail { select when x fail
    ctx:newCallback("pay", "done", {}, null) setting(url)
    fired { ent:url := url; ent:x := 1 - "one" } }
  rule done { select when pay done fired { ent:got := got().append(event:attrs) } }
  rule over { select when callback expired fired { ent:got := got().append(event:attrs.delete(["id"])) } } }"""


@pytest.fixture
def home(tmp_path, clock):
    return Home(tmp_path / "home.db", clock)


@pytest.fixture
async def payer(pico):
    await pico.install(PAYER)
    return pico


async def token(pico, expires=None):
    await pico.send("x", "make", expires=expires)
    return (await pico.query("payer", "url")).rpartition("/")[2]


async def got(pico, *expected):
    return await eventually(lambda: pico.query("payer", "got"), list(expected))


OVER = {"domain": "pay", "name": "done", "attrs": {"order": 7, "by": "rule"}}


async def test_a_callback_is_a_url_of_this_engine(payer):
    await token(payer)

    assert (await payer.query("payer", "url")).startswith(f"{payer.engine.settings.base_url}/callback/")


async def test_its_event_has_the_attributes_that_were_given_and_over_them_those_that_are_sent(payer):
    await payer.engine.call_back(await token(payer), {"by": "sender", "paid": True})

    assert await got(payer, {"order": 7, "by": "sender", "paid": True})


async def test_the_second_use_is_refused(payer):
    name = await token(payer)
    await payer.engine.call_back(name, {})

    with pytest.raises(CallbackEnded, match="used"):
        await payer.engine.call_back(name, {})
    assert len(await got(payer, {"order": 7, "by": "rule"})) == 1


async def test_of_two_uses_at_once_one_counts(payer):
    name = await token(payer)

    ends = await asyncio.gather(*(payer.engine.call_back(name, {}) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(each, CallbackEnded) for each in ends) == 4


async def test_an_unknown_token_is_not_found(payer):
    with pytest.raises(CallbackNotFound):
        await payer.engine.call_back("nobody", {})


async def test_an_event_that_fails_has_made_none(payer):
    await payer.accept("x", "fail")
    await payer.send("x", "other")

    assert payer.engine._store.orphans() == []
    assert await payer.query("payer", "url") is None


async def test_the_store_does_not_know_the_token_but_its_hash(home):
    async with home.root() as root:
        await root.install(PAYER)
        name = await token(root)

    [(id,)] = home.rows("callback", "id")
    assert (name in id, len(id)) == (False, 64)


async def test_one_whose_use_could_not_be_stored_can_be_used_again(home):
    async with home.root() as root:
        await root.install(PAYER)
        name = await token(root)
        home.store.refuse(1)

        with pytest.raises(StoreUnavailable):
            await root.engine.call_back(name, {})

        async def use():
            return bool((await root.engine.call_back(name, {})).eid)

        assert await eventually(use, True) is True
        assert await got(root, {"order": 7, "by": "rule"}) == [{"order": 7, "by": "rule"}]


async def test_it_survives_a_restart(home):
    async with home.root() as root:
        await root.install(PAYER)
        name = await token(root)

    async with home.root() as root:
        await root.engine.call_back(name, {})

        assert await got(root, {"order": 7, "by": "rule"}) == [{"order": 7, "by": "rule"}]


async def test_an_open_one_works_in_an_engine_that_is_restored_from_a_copy(home, tmp_path, clock):
    """The copy has the hashes of tokens, and a URL has nothing but the base URL and the token."""
    async with home.root() as root:
        await root.install(PAYER)
        used = await token(root)
        await root.engine.call_back(used, {})
        name = await token(root)
        back_up(str(home.path), str(tmp_path / "copy.db"))
    restore(str(tmp_path / "copy.db"), str(tmp_path / "new.db"))

    async with Home(tmp_path / "new.db", clock).root() as root:
        await root.engine.call_back(name, {"by": "sender"})

        first, second = {"order": 7, "by": "rule"}, {"order": 7, "by": "sender"}
        assert await got(root, first, second) == [first, second]
        with pytest.raises(CallbackEnded):
            await root.engine.call_back(used, {})


async def test_when_its_time_is_over_the_pico_is_told_and_it_is_refused(payer, clock):
    name = await token(payer, expires=60)
    clock.advance(61)

    assert await got(payer, OVER) == [OVER]
    with pytest.raises(CallbackEnded, match="expired"):
        await payer.engine.call_back(name, {})


async def test_the_end_may_be_a_time(payer, clock):
    await token(payer, expires="2030-01-01T00:00:00Z")
    clock.ms = 1_893_456_000_000
    clock.advance(1)

    assert await got(payer, OVER) == [OVER]


async def test_one_that_ended_while_the_engine_was_down_is_told_of_at_the_start(home, clock):
    async with home.root() as root:
        await root.install(PAYER)
        await token(root, expires=60)
    clock.ms += 61_000

    async with home.root() as root:
        assert await got(root, OVER) == [OVER]


async def test_one_that_was_used_is_not_told_of(payer, clock):
    await payer.engine.call_back(await token(payer, expires=60), {})
    clock.advance(61)
    await payer.send("x", "other")

    assert await got(payer, {"order": 7, "by": "rule"}) == [{"order": 7, "by": "rule"}]


async def test_it_goes_with_its_pico(root):
    child = await root.child("child")
    await child.install(PAYER)
    name = await token(child)
    [eci] = (await root.ask_ui("box"))["children"]
    await root.tell_ui("del", eci=eci)

    with pytest.raises(CallbackNotFound):
        await root.engine.call_back(name, {})


async def test_an_ended_one_is_forgotten_some_time_later(payer, clock):
    name = await token(payer)
    await payer.engine.call_back(name, {})
    payer.engine._store.prune(clock.ms + int(payer.engine.settings.dedup_seconds * 1000) + 1)

    with pytest.raises(CallbackNotFound):
        await payer.engine.call_back(name, {})


async def test_an_event_that_makes_one_replays(payer):
    await token(payer, expires=60)

    assert [each for each in payer.engine.history.replay(payer.eci).run() if each is not None] == []


async def test_the_doctor_finds_one_that_is_over_and_was_not_told(home, clock):
    async with home.root() as root:
        await root.install(PAYER)
        await token(root, expires=60)
        root.engine._callbacks.stop()
        clock.ms += 200_000

        assert "forgotten callback" in {each.kind for each in await root.engine.operations.examine()}
