"""io.picolabs.pico-engine-ui: what a user interface sees and asks for."""

import pytest

from engine import PolicyRefused, RuleFailed
from tests.rulesets.picos import UI, WRANGLER, Pico, ask, send


async def test_a_box_has_its_defaults(root: Pico) -> None:
    assert await root.box() == {
        "eci": root.ui,
        "parent": None,
        "children": [],
        "name": "Pico",
        "backgroundColor": "#87cefa",
        "x": 100,
        "y": 100,
        "width": 100,
        "height": 100,
    }


async def test_a_box_takes_what_is_given_and_of_use(root: Pico) -> None:
    await root.ui_event("box", x="12.5", y=30, name=77, backgroundColor="#ABCDEF", zz=1)
    await root.ui_event("box", x=0, width="wide", backgroundColor="red", name="")

    box = await root.box()
    assert (box["x"], box["y"], box["width"]) == (12.5, 30, 100)
    assert (box["name"], box["backgroundColor"]) == ("77", "#ABCDEF")


async def test_a_new_child_takes_after_its_parent(root: Pico) -> None:
    await root.ui_event("box", name="Old", backgroundColor="#112233")

    await root.ui_event("new")

    [child] = (await root.box())["children"]
    box = await ask(root.engine, child, UI, "box", {})
    assert (box["name"], box["backgroundColor"]) == ("Old", "#112233")


async def test_children_stand_in_order_of_creation(root: Pico) -> None:
    names = ["c", "a", "b"]
    for name in names:
        await root.ui_event("new", name=name)

    assert [await ask(root.engine, eci, UI, "name", {}) for eci in (await root.box())["children"]] == names


async def test_a_child_is_deleted_by_its_ui_channel(root: Pico) -> None:
    await root.ui_event("new", name="Ann")
    [child] = (await root.box())["children"]

    await root.ui_event("del", eci=child)

    assert (await root.box())["children"] == []
    assert await root.query(WRANGLER, "children") == []


async def test_nobody_else_can_be_deleted(root: Pico) -> None:
    with pytest.raises(RuleFailed, match=r"delPico\(undefined\) - not found"):
        await root.ui_event("del", eci=root.ui)


async def test_the_ui_channel_lets_nothing_else_in(root: Pico) -> None:
    with pytest.raises(PolicyRefused):
        await send(root.engine, root.ui, "wrangler", "new_child_request", {"name": "x"})
    with pytest.raises(PolicyRefused):
        await ask(root.engine, root.ui, WRANGLER, "name", {})


async def test_installing_needs_a_url_or_a_text(root: Pico) -> None:
    before = await root.rids()

    assert await root.ui_event("install", config={}) == []
    assert await root.rids() == before


async def test_a_text_that_does_not_compile_leaves_what_was_there(root: Pico) -> None:
    await root.install("ruleset mine { meta { shares v } global { v = 1 } }")

    with pytest.raises(RuleFailed):
        await root.install("ruleset mine { meta { shares v } global { v = } }")

    assert await root.query("mine", "v") == 1


async def test_a_ruleset_is_uninstalled_by_its_rid(root: Pico) -> None:
    await root.install("ruleset mine { }")

    await root.ui_event("uninstall", rid="mine")

    assert "mine" not in await root.rids()


async def test_a_channel_comes_and_goes(root: Pico) -> None:
    await root.ui_event("new_channel", tags=["x"])
    [channel] = await root.channels("x")

    await root.ui_event("del_channel", eci=channel["id"])

    assert await root.channels("x") == []


async def test_the_channel_for_trying_out_is_remembered(root: Pico) -> None:
    assert await root.query(UI, "testingECI") is None

    await root.ui_event("testing_eci", eci=root.eci)

    assert await root.query(UI, "testingECI") == root.eci


async def test_the_details_show_channels_and_rulesets(root: Pico) -> None:
    await root.install('ruleset mine { meta { name "Mine" } }', a=1)

    details = await root.query(UI, "pico")

    [mine] = [each for each in details["rulesets"] if each["rid"] == "mine"]
    assert (mine["config"], mine["meta"]["krlMeta"]["name"]) == ({"a": 1}, "Mine")
    assert root.eci in [channel["id"] for channel in details["channels"]]


async def test_a_box_shows_every_child_that_has_a_ui_channel(root: Pico) -> None:
    """Also one made by hand, which has no wrangler; one without this ruleset spoils nothing."""
    await root.install("""
        ruleset by.hand {
          rule make {
            select when by hand
            every {
              ctx:newPico([])
              ctx:newPico([{"url": "bundled:///io.picolabs.pico-engine-ui.krl"}]) setting(eci)
              ctx:eventQuery(eci, "engine_ui", "setup", {}, "io.picolabs.pico-engine-ui", "uiECI", {}) setting(ui)
              send_directive("made", {"ui": ui})
            }
          }
        }""")

    [made] = await root.event("by", "hand")

    assert (await root.box())["children"] == [made["options"]["ui"]]


async def test_logs_show_what_was_asked_and_said(root: Pico) -> None:
    await root.install('ruleset mine { rule r { select when lg go send_directive("x".klog("mark")) } }')
    await root.event("lg", "go", k=1)

    newest = (await root.query(UI, "logs"))[0]

    assert newest["header"] == f'EVENT {root.eci} lg:go {{"k":1}}'
    assert any("[KLOG] mark" in entry for entry in newest["entries"])
