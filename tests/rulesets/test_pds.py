"""io.picolabs.pds: data, settings, profile."""

from typing import Any

import pytest

from tests.rulesets.picos import Pico

RID = "io.picolabs.pds"
LISTENER = """
ruleset listener {
  meta { shares heard }
  global { heard = function() { ent:heard || [] } }
  rule hear {
    select when pds data_added or pds data_updated or pds data_deleted or pds namespace_deleted
             or pds new_map_added or pds profile_updated or pds settings_added
    fired { ent:heard := heard().append({"name": event:name, "attrs": event:attrs}) }
  }
}"""


@pytest.fixture
async def pds(root: Pico) -> Pico:
    await root.install(LISTENER)
    return root


async def heard(pico: Pico) -> list[dict[str, Any]]:
    all_: list[dict[str, Any]] = await pico.query("listener", "heard")
    return all_


async def items(pico: Pico, **args: Any) -> Any:
    return (await pico.query(RID, "items", **args))["general"]


async def test_an_item_is_kept_by_namespace_and_key(pds: Pico) -> None:
    await pds.event("pds", "new_data_available", namespace="n", key="k", value={"v": 1})

    assert await pds.query(RID, "items", namespace="n", key="k") == {"status": "success", "general": {"v": 1}}
    assert await items(pds, namespace="n") == {"k": {"v": 1}}
    assert await pds.query(RID, "get_keys", namespace="n") == ["k"]
    assert await heard(pds) == [{"name": "data_added", "attrs": {"namespace": "n", "keyvalue": "k"}}]


async def test_a_key_may_look_like_an_index(pds: Pico) -> None:
    await pds.event("pds", "new_data_available", namespace="n", key="3", value="x")

    assert await items(pds, namespace="n") == {"3": "x"}


async def test_an_update_changes_member_by_member(pds: Pico) -> None:
    await pds.event("pds", "new_data_available", namespace="n", key="k", value={"a": 1, "b": 1})

    await pds.event("pds", "updated_data_available", namespace="n", key="k", value={"b": 2, "c": 2})

    assert await items(pds, namespace="n", key="k") == {"a": 1, "b": 2, "c": 2}
    assert [each["name"] for each in await heard(pds)] == ["data_added", "data_updated", "data_updated"]


async def test_items_and_namespaces_can_be_removed(pds: Pico) -> None:
    for key in ("a", "b"):
        await pds.event("pds", "new_data_available", namespace="n", key=key, value=1)

    await pds.event("pds", "remove_old_data", namespace="n", key="a")
    assert await items(pds, namespace="n") == {"b": 1}

    await pds.event("pds", "remove_namespace", namespace="n")
    assert await pds.query(RID, "items") == {"status": "failed", "general": {}}


@pytest.mark.parametrize("values", [{"a": 1}, '{"a": 1}'])
async def test_a_namespace_can_be_replaced_by_a_map_or_its_json(pds: Pico, values: Any) -> None:
    await pds.event("pds", "new_data_available", namespace="n", key="old", value=1)

    await pds.event("pds", "map_item", namespace="n", mapvalues=values)

    assert await items(pds, namespace="n") == {"a": 1}
    assert (await heard(pds))[-1] == {"name": "new_map_added", "attrs": {"namespace": "n", "mapvalues": {"a": 1}}}


async def test_a_profile_update_keeps_what_every_profile_has_and_drops_the_rest(pds: Pico) -> None:
    await pds.event("pds", "updated_profile", name="Ann", email="a@b", hobby="go")

    await pds.event("pds", "updated_profile", phone="1", _headers={"cookie": "x"})

    profile = (await pds.query(RID, "profile"))["profile"]
    assert (profile["name"], profile["email"], profile["phone"]) == ("Ann", "a@b", "1")
    assert "hobby" not in profile
    assert "_headers" not in profile
    assert len(profile["_modified"]) == len("20210304T050607+0000")


async def test_a_profile_update_with_nothing_in_it_fails_and_says_so(pds: Pico) -> None:
    before = await pds.query(RID, "profile")

    await pds.event("pds", "updated_profile", _headers={})

    assert await pds.query(RID, "profile") == before
    assert (await heard(pds))[-1]["attrs"]["_status"] == "failure"


async def test_a_new_pico_has_a_profile_of_its_name(root: Pico) -> None:
    child = await root.new_child("Ann")

    assert (await child.query(RID, "profile", key="name"))["profile"] == "Ann"
    assert (await root.query(RID, "profile", key="name"))["profile"] == "Pico"


async def test_settings_are_kept_by_ruleset(pds: Pico) -> None:
    await pds.event("pds", "add_settings", name="N", keyed_rid="r.x", data_key="a", value=1)
    await pds.event("pds", "add_settings", keyed_rid="r.x", data_key="b", value=2)

    assert await pds.query(RID, "settings", Rid="r.x") == {
        "status": "success",
        "settings": {"name": "N", "rid": "r.x", "data": {"a": 1, "b": 2}},
    }
    assert await pds.query(RID, "get_setting_data_value", setRID="r.x", setKey="b") == 2
    assert (await pds.query(RID, "settings", Rid="r.x", Key="data", detail="a"))["settings"] == 1
    assert await pds.query(RID, "settings_names") == [{"setRID": "r.x", "setName": "N"}]


async def test_everything_can_be_cleared(pds: Pico) -> None:
    await pds.event("pds", "new_data_available", namespace="n", key="k", value=1)
    await pds.event("pds", "add_settings", name="N", keyed_rid="r.x")

    await pds.event("pds", "clear_all_data")

    assert await items(pds) == {}
    assert (await pds.query(RID, "settings"))["settings"] == {}
    assert (await pds.query(RID, "profile"))["profile"] is None


async def test_installing_again_makes_no_second_channel(root: Pico) -> None:
    before = await root.query(RID, "getChannelEci")

    await root.ui_event("install", url="bundled:///io.picolabs.pds.krl")

    assert [each["id"] for each in await root.channels("pds")] == [before]
