"""Picos and their channels: made, used, deleted."""

import asyncio

import pytest

from engine import ChannelNotFound, PolicyRefused, RuleFailed
from engine.channel import clean_tags, event_policy
from engine.errors import InvalidValue

ALLOW_P_A = {"allow": [{"domain": "p", "name": "a"}], "deny": []}
NOTHING = {"allow": [], "deny": []}


async def test_a_child_has_its_parents_word_for_it(root):
    child = await root.child("kid")

    assert (await child.ask_ui("box"))["name"] == "kid"
    assert (await child.ask_ui("box"))["parent"] == root.ui


async def test_a_child_that_is_deleted_takes_its_descendants_and_their_channels_along(root):
    child = await root.child()
    grandchild = await child.child()

    await root.tell_ui("del", eci=child.ui)

    for gone in (child, grandchild):
        with pytest.raises(ChannelNotFound):
            await gone.send("x", "y")
    assert (await root.ask_ui("box"))["children"] == []


async def test_only_a_child_can_be_deleted(root):
    child = await root.child()
    grandchild = await child.child()

    with pytest.raises(RuleFailed, match="not found in children ECIs"):
        await root.tell_ui("del", eci=grandchild.ui)


async def test_a_policy_lets_pass_what_it_allows_and_nothing_else(pico):
    pico.eci = await pico.channel(eventPolicy=ALLOW_P_A, queryPolicy=NOTHING)

    assert (await pico.send("p", "a")).directives == []
    with pytest.raises(PolicyRefused, match="Not allowed by channel policy"):
        await pico.send("p", "b")
    with pytest.raises(PolicyRefused):
        await pico.query("io.picolabs.wrangler", "name")


async def test_a_denied_word_is_denied_even_where_all_is_allowed(pico):
    everything = [{"domain": "*", "name": "*"}]
    pico.eci = await pico.channel(eventPolicy={"allow": everything, "deny": [{"domain": "p", "name": "*"}]})

    with pytest.raises(PolicyRefused, match="Denied by channel policy"):
        await pico.send("p", "a")


async def test_family_channels_admit_the_family_only(root):
    child = await root.child()
    family = next(c["id"] for c in (await child.ask_ui("pico"))["channels"] if c["tags"] == ["system", "child"])

    with pytest.raises(PolicyRefused, match="only the owner can use it"):
        await child.deliver("event", "x", "y", via=family)


async def test_a_deleted_channel_is_unknown(pico):
    await pico.tell_ui("del_channel", eci=pico.eci)

    with pytest.raises(ChannelNotFound):
        await pico.send("x", "y")


async def test_a_raised_event_asks_no_policy(pico):
    await pico.install("""ruleset a { rule one { select when p a fired { raise q event "b" } }
        rule two { select when q b send_directive("seen") } }""")
    pico.eci = await pico.channel(eventPolicy=ALLOW_P_A)

    assert await pico.directives("p", "a") == ["seen"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["A b!"], ("a-b",)),
        (["wellKnown_Rx"], ("wellknown_rx",)),
        (["a--b!!"], ("a-b",)),
        (["b", "a", "b"], ("b", "a", "b")),
        (None, ()),
    ],
)
def test_tags_are_cleaned_and_keep_their_order(given, kept):
    assert clean_tags(given) == kept


@pytest.mark.parametrize("tags", ["a", [1], ["!!"], ["  "], ["System"]])
def test_a_tag_of_which_nothing_remains_is_refused(tags):
    with pytest.raises(InvalidValue):
        clean_tags(tags)


@pytest.mark.parametrize(
    "policy",
    [
        None,
        [],
        {"allow": []},
        {"allow": [], "deny": [], "more": []},
        {"allow": {}, "deny": []},
        {"allow": [{"domain": "a"}], "deny": []},
        {"allow": [{"domain": "a", "name": " "}], "deny": []},
        {"allow": [{"rid": "a", "name": "b"}], "deny": []},
    ],
)
def test_a_policy_of_another_shape_is_refused(policy):
    with pytest.raises(InvalidValue, match="EventPolicy"):
        event_policy(policy)


def test_words_of_a_policy_are_trimmed_and_match_as_a_whole():
    policy = event_policy({"allow": [{"domain": " pi* ", "name": "a"}], "deny": []})

    assert policy.allows("pi*", "a")
    assert not policy.allows("pico", "a")


async def test_a_child_answers_before_its_birth_is_on_disk(root):
    """Its parent's next event may ask it while the commit that makes it is still under way."""
    await root.install("""ruleset a {
        rule make { select when x make every { ctx:newPico([{"url": "bundled:///io.picolabs.pico-engine-ui.krl"}])
            setting(eci)
            ctx:eventQuery(eci, "engine_ui", "box", {"name": "kid"}, "io.picolabs.pico-engine-ui", "name") } }
        rule ask { select when x ask
            send_directive("name", {"name": ctx:query(ctx:children[0], "io.picolabs.pico-engine-ui", "name")}) } }""")

    _, reply = await asyncio.gather(root.send("x", "make"), root.send("x", "ask"))

    assert [each["options"] for each in reply.directives] == [{"name": "kid"}]
    assert (await root.send("x", "ask")).directives[0]["options"] == {"name": "kid"}
