"""io.picolabs.wrangler: children, channels and rulesets, as a client sees them."""

import pytest

from engine import EngineError, RuleFailed
from tests.rulesets.picos import ALL_EVENTS, ALL_QUERIES, UI, WRANGLER, Pico

LISTENER = """
ruleset listener {
  meta { shares heard }
  global { heard = function() { ent:heard || [] } }
  rule hear {
    select when wrangler child_initialized or wrangler child_deleted or wrangler channel_created
             or wrangler channel_deleted or wrangler ruleset_installed or wrangler ruleset_uninstalled
             or wrangler rulesets_flushed or wrangler new_child_created
    fired { ent:heard := heard().append({"name": event:name, "attrs": event:attrs}) }
  }
}"""


@pytest.fixture
async def listened(root: Pico) -> Pico:
    """The root with a ruleset that notes wrangler's events."""
    await root.install(LISTENER)
    return root


async def heard(pico: Pico, name: str) -> list[dict]:
    return [each["attrs"] for each in await pico.query("listener", "heard") if each["name"] == name]


# --- who am I ---


async def test_a_root_is_called_pico_and_has_no_parent(root: Pico) -> None:
    me = await root.query(WRANGLER, "myself")

    assert me == {"name": "Pico", "id": await root.query(WRANGLER, "id"), "eci": me["id"]}
    assert await root.query(WRANGLER, "parent_eci") is None


async def test_a_child_knows_its_name_and_its_family(root: Pico) -> None:
    child = await root.new_child("Ann")
    [known] = await root.query(WRANGLER, "children")

    me = await child.query(WRANGLER, "myself")

    assert (me["name"], me["eci"]) == ("Ann", known["eci"])
    assert known == {"eci": me["eci"], "name": "Ann", "parent_eci": await child.query(WRANGLER, "parent_eci")}


async def test_a_new_name_does_not_touch_the_box(root: Pico) -> None:
    child = await root.new_child("Ann")

    await child.event("wrangler", "name_changed", name="Anna")

    assert await child.query(WRANGLER, "name") == "Anna"
    assert (await child.box())["name"] == "Ann"


# --- children ---


async def test_a_child_has_the_system_rulesets_in_order(root: Pico) -> None:
    child = await root.new_child("Ann")

    assert await child.rids() == [
        "io.picolabs.pico-engine-ui",
        "io.picolabs.wrangler",
        "io.picolabs.pds",
        "io.picolabs.subscription",
        "io.picolabs.did-o",
    ]


async def test_a_child_has_a_box_that_leads_to_its_parent(root: Pico) -> None:
    child = await root.new_child("Ann", backgroundColor="#112233")

    box = await child.box()

    assert (box["parent"], box["backgroundColor"]) == (root.ui, "#112233")


async def test_without_a_name_no_child_is_made(root: Pico) -> None:
    assert await root.event("wrangler", "new_child_request", backgroundColor="#112233") == []
    assert await root.query(WRANGLER, "children") == []


async def test_attributes_of_the_request_reach_everyone_concerned(listened: Pico) -> None:
    await listened.new_child("Ann", extra=[1])

    [created], [initialized] = await heard(listened, "new_child_created"), await heard(listened, "child_initialized")

    assert (created["name"], created["extra"], initialized["extra"]) == ("Ann", [1], [1])
    assert created["eci"] == initialized["eci"]


async def test_attributes_of_the_request_do_not_choose_what_the_child_installs(root: Pico) -> None:
    child = await root.new_child("Ann", config={"a": 1}, absoluteURL="http://x/y.krl", rid="y", source="ruleset z {}")

    assert len(await child.rids()) == 5
    assert await child.query(WRANGLER, "rulesetConfig", rid="io.picolabs.pds") == {}


async def test_a_deleted_child_is_forgotten_by_wrangler_and_box(listened: Pico) -> None:
    await listened.new_child("Ann")
    [known] = await listened.query(WRANGLER, "children")

    await listened.event("wrangler", "child_deletion_request", eci=known["eci"], note="bye")

    assert await listened.query(WRANGLER, "children") == []
    assert (await listened.box())["children"] == []
    assert [each["note"] for each in await heard(listened, "child_deleted")] == ["bye"]


async def test_a_child_can_ask_to_be_deleted(root: Pico) -> None:
    child = await root.new_child("Ann")

    await child.event("wrangler", "ready_for_deletion")

    assert await root.query(WRANGLER, "children") == []


async def test_a_root_cannot_be_deleted(root: Pico) -> None:
    await root.event("wrangler", "ready_for_deletion")

    assert await root.query(WRANGLER, "name") == "Pico"


async def test_only_an_own_child_can_be_deleted(root: Pico) -> None:
    with pytest.raises(RuleFailed, match="not found in children ECIs"):
        await root.event("wrangler", "child_deletion_request", eci="nobody")


# --- channels ---


async def test_channels_are_found_by_their_tags_in_any_order_and_case(root: Pico) -> None:
    await root.ui_event("new_channel", tags=["One", "two"])

    [made] = await root.channels("TWO", "one")

    assert made["tags"] == ["one", "two"]
    assert await root.query(WRANGLER, "channels", tags="two, One") == [made]
    assert await root.channels("one") == []
    assert made in await root.query(WRANGLER, "channels")


async def test_a_channel_request_with_all_parts_makes_one(listened: Pico) -> None:
    await listened.event("wrangler", "new_channel_request", tags=["x"], eventPolicy=ALL_EVENTS, queryPolicy=ALL_QUERIES)

    [created] = await heard(listened, "channel_created")
    assert await listened.channels("x") == [created["channel"]]


async def test_a_channel_request_without_policies_makes_none(listened: Pico) -> None:
    await listened.event("wrangler", "new_channel_request", tags=["x"], eventPolicy=ALL_EVENTS)

    assert await listened.channels("x") == []
    assert await heard(listened, "channel_created") == []


async def test_a_channel_can_be_deleted(listened: Pico) -> None:
    await listened.ui_event("new_channel", tags=["x"])
    [channel] = await listened.channels("x")

    await listened.event("wrangler", "channel_deletion_request", eci=channel["id"])

    assert await listened.channels("x") == []
    assert [each["eci"] for each in await heard(listened, "channel_deleted")] == [channel["id"]]


# --- rulesets ---


async def test_a_ruleset_can_be_installed_from_its_text(listened: Pico) -> None:
    source = 'ruleset from.text { meta { name "T" } }'

    await listened.event("wrangler", "install_ruleset_request", source=source, config={"a": 1})

    assert await listened.query(WRANGLER, "rulesetConfig", rid="from.text") == {"a": 1}
    assert (await listened.query(WRANGLER, "rulesetMeta", rid="from.text"))["name"] == "T"
    installed = (await heard(listened, "ruleset_installed"))[-1]
    assert installed["rids"] == ["from.text"]
    assert "source" not in installed


async def test_a_ruleset_can_be_installed_from_beside_another(root: Pico) -> None:
    before = await root.rids()
    await root.event("wrangler", "uninstall_ruleset_request", rid="io.picolabs.did-o")

    await root.event(
        "wrangler", "install_ruleset_request", absoluteURL="bundled:///io.picolabs.pds.krl", rid="io.picolabs.did-o"
    )

    assert sorted(await root.rids()) == sorted(before)


async def test_an_uninstalled_ruleset_is_gone(listened: Pico) -> None:
    await listened.install("ruleset soon.gone {}")

    await listened.event("wrangler", "uninstall_ruleset_request", rid="soon.gone")

    assert "soon.gone" not in await listened.rids()
    assert [each["rid"] for each in await heard(listened, "ruleset_uninstalled")] == ["soon.gone"]


async def test_a_request_without_url_installs_nothing(root: Pico) -> None:
    before = await root.rids()

    assert await root.event("wrangler", "install_ruleset_request", config={}) == []
    assert await root.rids() == before


async def test_flushing_all_is_told_once(listened: Pico) -> None:
    await listened.event("wrangler", "rulesets_need_flushing")

    assert await heard(listened, "rulesets_flushed") == [{}]


async def test_an_unknown_ruleset_has_neither_configuration_nor_meta(root: Pico) -> None:
    assert await root.query(WRANGLER, "rulesetConfig", rid="no.such") is None
    assert await root.query(WRANGLER, "rulesetMeta", rid="no.such") is None


# --- asking other picos ---


async def test_a_relative_is_asked_directly(root: Pico) -> None:
    await root.new_child("Ann")
    [known] = await root.query(WRANGLER, "children")

    assert await root.query(WRANGLER, "picoQuery", eci=known["eci"], mod=WRANGLER, func="name") == "Ann"


async def test_who_asks_itself_is_told_so(root: Pico) -> None:
    answer = await root.query(WRANGLER, "picoQuery", eci=root.eci, mod=WRANGLER, func="name")

    assert answer == {
        "status_code": 400,
        "status_line": "HTTP/1.1 400 Pico should not query itself",
        "content": '{"error":"Pico should not query itself"}',
    }


async def test_who_asks_itself_over_the_web_is_told_so_too(root: Pico) -> None:
    answer = await root.query(WRANGLER, "skyQuery", eci=root.eci, mod=WRANGLER, func="name")

    assert answer["error"] == "sky query request was unsuccesful."
    assert answer["httpStatus"]["code"] == 400


async def test_a_did_is_answered_by_what_this_engine_does_not_speak(root: Pico) -> None:
    answer = await root.query(WRANGLER, "picoQuery", eci="did:peer:2.x", mod=WRANGLER, func="name")

    assert answer["httpStatus"] == {"code": 501, "message": "this engine does not speak DIDComm"}


async def test_an_unknown_pico_is_an_error(root: Pico) -> None:
    with pytest.raises(EngineError, match="ECI not found nobody"):
        await root.query(WRANGLER, "picoQuery", eci="nobody", mod=WRANGLER, func="name")


async def test_wrangler_offers_six_queries_to_try(root: Pico) -> None:
    assert len((await root.query(WRANGLER, "__testing"))["queries"]) == 6
    assert (await root.query(UI, "__testing"))["queries"][0] == {"name": "uiECI", "args": []}
