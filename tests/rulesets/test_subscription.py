"""io.picolabs.subscription: how two picos come to a relation, use it, and end it."""

from dataclasses import dataclass
from typing import Any

import pytest

from engine import ChannelNotFound, RuleFailed
from tests.rulesets.picos import Pico, send

RID = "io.picolabs.subscription"
LISTENER = """
ruleset listener {
  meta { shares heard }
  global { heard = function() { ent:heard || [] } }
  rule hear {
    select when wrangler outbound_pending_subscription_added or wrangler inbound_pending_subscription_added
             or wrangler subscription_added or wrangler subscription_removed
             or wrangler inbound_subscription_cancelled or wrangler outbound_subscription_cancelled
             or wrangler wellKnown_Tx_format_failure or wrangler no_Tx_failure
             or wrangler auto_accepted_subscription_request or wrangler autoAcceptConfigUpdate_failure
             or wrangler failed_to_send_event_to_sub or talk hello
    fired { ent:heard := heard().append({"name": event:name, "attrs": event:attrs}) }
  }
}"""


@dataclass
class Pair:
    """Two picos of which one may ask the other."""

    al: Pico
    bo: Pico

    async def ask(self, **attrs: Any) -> str:
        """Al asks Bo; the relation's Id."""
        well_known = (await self.bo.query(RID, "wellKnown_Rx"))["id"]
        members = {"wellKnown_Tx": well_known, "Rx_role": "client", "Tx_role": "server"} | attrs
        await self.al.event("wrangler", "subscription", **members)
        await self.bo.query(RID, "inbound")  # behind the request in Bo's mailbox; what Bo sends stands in Al's then
        id: str = (await self.al.query(RID, "outbound") or await self.al.query(RID, "established"))[-1]["Id"]
        return id

    async def agree(self, **attrs: Any) -> str:
        """Al asks Bo and Bo agrees; the relation's Id."""
        id = await self.ask(**attrs)
        await self.bo.event("wrangler", "pending_subscription_approval", Id=id)
        return id

    async def state(self, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """A list of Al's, and Bo's."""
        return await self.al.query(RID, name), await self.bo.query(RID, name)


async def heard(pico: Pico) -> list[str]:
    return [each["name"] for each in await pico.query("listener", "heard")]


@pytest.fixture
async def pair(root: Pico) -> Pair:
    pair = Pair(await root.new_child("Al"), await root.new_child("Bo"))
    await pair.al.install(LISTENER)
    await pair.bo.install(LISTENER)
    return pair


# --- coming to it ---


async def test_a_request_is_outbound_here_and_inbound_there(pair: Pair) -> None:
    id = await pair.ask()

    [outbound], [inbound] = await pair.al.query(RID, "outbound"), await pair.bo.query(RID, "inbound")
    assert outbound["Id"] == inbound["Id"] == id
    assert outbound["Rx"] == inbound["Tx"]
    assert (outbound["Rx_role"], inbound["Rx_role"]) == ("client", "server")
    assert "Tx_host" not in inbound


async def test_an_agreed_relation_is_the_same_from_both_ends(pair: Pair) -> None:
    id = await pair.agree()

    [here], [there] = await pair.state("established")
    assert here == {"Id": id, "Rx": there["Tx"], "Tx": there["Rx"], "Rx_role": "client", "Tx_role": "server"}
    assert await pair.state("outbound") == await pair.state("inbound") == ([], [])


async def test_both_sides_are_told_of_each_step(pair: Pair) -> None:
    await pair.agree()

    assert await heard(pair.al) == ["outbound_pending_subscription_added", "subscription_added"]
    assert await heard(pair.bo) == ["inbound_pending_subscription_added", "subscription_added"]


async def test_the_channels_of_a_relation_carry_its_name(pair: Pair) -> None:
    await pair.agree(name="deal", channel_type="biz")

    [here], [there] = await pair.state("established")
    assert [each["id"] for each in await pair.al.channels("deal", "biz")] == [here["Rx"]]
    assert [each["id"] for each in await pair.bo.channels("deal", "biz")] == [there["Rx"]]


async def test_a_request_needs_somebody_to_ask(pair: Pair) -> None:
    await pair.al.event("wrangler", "subscription", Rx_role="client")
    await pair.al.event("wrangler", "new_subscription_request", Rx_role="client")

    assert await heard(pair.al) == ["wellKnown_Tx_format_failure", "no_Tx_failure"]
    assert await pair.state("outbound") == ([], [])


async def test_a_request_that_comes_twice_counts_once(pair: Pair) -> None:
    for _ in range(2):
        await pair.bo.event("wrangler", "new_subscription_request", Id="same", Tx=pair.al.eci)

    assert len(await pair.bo.query(RID, "inbound")) == 1


async def test_an_unknown_id_means_no_relation_at_all(pair: Pair) -> None:
    await pair.agree()
    [bus] = await pair.bo.query(RID, "established")

    await send(pair.bo.engine, bus["Rx"], "wrangler", "subscription_cancellation", {"Id": "other"})

    assert await pair.bo.query(RID, "established") == [bus]


async def test_without_an_id_the_channel_tells_which_relation_is_meant(pair: Pair) -> None:
    await pair.agree()
    [bus] = await pair.bo.query(RID, "established")

    await send(pair.bo.engine, bus["Rx"], "wrangler", "subscription_cancellation", {})

    assert await pair.state("established") == ([], [])


async def test_headers_of_the_asker_stay_with_the_asker(pair: Pair) -> None:
    await pair.ask(_headers={"authorization": "secret"})

    [step] = await pair.bo.query("listener", "heard")
    assert "_headers" not in step["attrs"]


async def test_relations_can_be_picked_by_a_member(pair: Pair) -> None:
    id = await pair.agree()

    assert [bus["Id"] for bus in await pair.al.query(RID, "established", key="Tx_role", value="server")] == [id]
    assert await pair.al.query(RID, "established", key="Tx_role", value="client") == []


async def test_a_pico_may_subscribe_to_itself(root: Pico) -> None:
    alone = Pair(root, root)

    id = await alone.agree()
    assert len(await root.query(RID, "established")) == 2

    await root.event("wrangler", "subscription_cancellation", Id=id)
    assert await root.query(RID, "established") == []


# --- ending it ---


@pytest.mark.parametrize("who", ["al", "bo"])
async def test_either_side_can_cancel(pair: Pair, who: str) -> None:
    id = await pair.agree()
    buses = [bus for [bus] in await pair.state("established")]

    await getattr(pair, who).event("wrangler", "subscription_cancellation", Id=id)

    assert await pair.state("established") == ([], [])
    assert [(await heard(each))[-1] for each in (pair.al, pair.bo)] == ["subscription_removed"] * 2
    for bus in buses:
        with pytest.raises(ChannelNotFound):
            await send(pair.al.engine, bus["Rx"], "x", "y", {})


async def test_who_was_asked_can_reject(pair: Pair) -> None:
    id = await pair.ask()

    await pair.bo.event("wrangler", "inbound_rejection", Id=id)

    assert (await pair.state("outbound"), await pair.state("inbound")) == (([], []), ([], []))
    assert (await heard(pair.al))[-1] == "outbound_subscription_cancelled"
    assert (await heard(pair.bo))[-1] == "inbound_subscription_cancelled"


async def test_who_asked_can_withdraw(pair: Pair) -> None:
    id = await pair.ask()

    await pair.al.event("wrangler", "outbound_cancellation", Id=id)

    assert (await pair.state("outbound"), await pair.state("inbound")) == (([], []), ([], []))


async def test_a_relation_whose_channel_is_gone_can_still_be_ended(pair: Pair) -> None:
    id = await pair.agree()
    [bus] = await pair.al.query(RID, "established")
    await pair.al.ui_event("del_channel", eci=bus["Rx"])

    await pair.al.event("wrangler", "subscription_cancellation", Id=id)

    assert await pair.al.query(RID, "established") == []


async def test_everything_can_be_ended_at_once(pair: Pair) -> None:
    await pair.agree()
    await pair.ask()
    await pair.ask()

    await pair.al.event("wrangler", "cancel_subscriptions")

    for name in ("established", "outbound", "inbound"):
        assert await pair.state(name) == ([], [])


# --- using it ---


async def test_an_event_can_be_sent_by_role(pair: Pair) -> None:
    await pair.agree()

    await pair.al.event(
        "wrangler", "send_event_on_subs", Tx_role="server", domain="talk", type="hello", attrs={"text": "hi"}
    )

    assert (await pair.bo.query("listener", "heard"))[-1] == {"name": "hello", "attrs": {"text": "hi"}}


async def test_sending_to_nobody_says_what_is_missing(pair: Pair) -> None:
    await pair.al.event("wrangler", "send_event_on_subs", Tx_role="server", domain="talk")

    [failure] = await pair.al.query("listener", "heard")
    assert failure["name"] == "failed_to_send_event_to_sub"
    assert {name: failure["attrs"][name] for name in ("foundSubsToSendTo", "domainGiven", "typeGiven")} == {
        "foundSubsToSendTo": False,
        "domainGiven": True,
        "typeGiven": False,
    }


# --- automatic acceptance ---


async def test_a_request_that_matches_is_accepted_at_once(pair: Pair) -> None:
    await pair.bo.event(
        "wrangler", "autoAcceptConfigUpdate", config={"configName": "clients", "entries": {"Rx_role": ["^serv"]}}
    )

    await pair.ask()

    assert len(await pair.al.query(RID, "established")) == 1
    assert (await heard(pair.bo))[1:] == ["auto_accepted_subscription_request", "subscription_added"]


async def test_a_request_that_does_not_match_waits(pair: Pair) -> None:
    await pair.bo.event(
        "wrangler", "autoAcceptConfigUpdate", configName="a", regexMap='{"Rx_role": ["^x"], "password": ["."]}'
    )

    await pair.ask()

    assert len(await pair.bo.query(RID, "inbound")) == 1


async def test_a_configuration_is_shown_without_its_password(pair: Pair) -> None:
    await pair.bo.event(
        "wrangler", "autoAcceptConfigUpdate", config={"configName": "a", "password": "p", "entries": {"x": ["y"]}}
    )

    assert await pair.bo.query(RID, "autoAcceptConfig") == {"a": {"configName": "a", "entries": {"x": ["y"]}}}


async def test_a_configuration_with_a_password_is_changed_by_who_knows_it(pair: Pair) -> None:
    await pair.bo.event("wrangler", "autoAcceptConfigUpdate", config={"configName": "a", "password": "p"})

    await pair.bo.event("wrangler", "autoAcceptConfigUpdate", configName="a", delete=True)
    assert (await heard(pair.bo))[-1] == "autoAcceptConfigUpdate_failure"

    await pair.bo.event("wrangler", "autoAcceptConfigUpdate", configName="a", password="p", delete=True)
    assert await pair.bo.query(RID, "autoAcceptConfig") == {}


async def test_an_expression_that_is_none_is_refused_when_it_is_given(pair: Pair) -> None:
    with pytest.raises(RuleFailed):
        await pair.bo.event("wrangler", "autoAcceptConfigUpdate", config={"configName": "a", "entries": {"x": ["("]}})

    assert await pair.bo.query(RID, "autoAcceptConfig") == {}


# --- the well-known channel ---


async def test_a_root_has_its_well_known_channel(root: Pico) -> None:
    """A root misses the events by which children get theirs; it gets it when the engine has started."""
    assert (await root.query(RID, "wellKnown_Rx"))["tags"] == ["wellknown_rx", "tx_rx"]


async def test_the_well_known_channel_is_made_once(root: Pico) -> None:
    before = await root.query(RID, "wellKnown_Rx")

    await root.event("wrangler", "need_wellKnown_Rx")

    assert await root.channels("wellKnown_Rx", "Tx_Rx") == [before]
