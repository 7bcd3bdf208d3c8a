"""io.picolabs.did-o: present, quiet, and no pretender."""

import pytest

from engine import RuleFailed
from tests.rulesets.picos import Pico

RID = "io.picolabs.did-o"


@pytest.mark.parametrize("name", ["routes", "didDocs", "didMap", "pendingRotations"])
async def test_there_is_nothing(root: Pico, name: str) -> None:
    assert await root.query(RID, name) == {}


async def test_its_events_pass_without_effect(root: Pico) -> None:
    assert await root.event("dido", "didcommv2_message", protected="…") == []


async def test_sending_fails_and_says_why(root: Pico) -> None:
    await root.install("""
        ruleset sender {
          meta { use module io.picolabs.did-o alias did }
          rule r { select when a b pre { x = did:send("did:peer:2.x", {}) } }
        }""")

    with pytest.raises(RuleFailed, match="dido"):
        await root.event("a", "b")
