"""Every event sequence of events.json selects, captures and fails as the vector states.

Vectors marked as quirk show accidents of the peer that are not copied; the only one that cannot be loaded is one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from krl.compiler import compile_ruleset
from krl.simulation import simulate
from krl.source import Source

VECTORS = json.loads((Path(__file__).parent / "events.json").read_text(encoding="utf-8"))
REQUIRED = [each for each in VECTORS if not each.get("quirk")]


def results(vector: dict[str, Any]) -> list[dict[str, Any]]:
    return list(simulate(compile_ruleset(Source(vector["ruleset"])), vector["events"]))


def seen(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What the directives named `seen` show of a rule's captures."""
    directives = [each for each in result["directives"] if each["name"] == "seen"]
    return [{"rule": each["meta"]["rule_name"], "vars": each["options"]} for each in directives]


@pytest.mark.parametrize("vector", REQUIRED, ids=[each["id"] for each in REQUIRED])
def test_events_select_the_stated_rules(vector: dict[str, Any]) -> None:
    found = results(vector)

    assert [each["selected"] for each in found] == vector["selected"]
    assert [each["error"] is not None for each in found] == vector.get("failed", [False] * len(found))
    if "captured" in vector:
        assert [seen(each) for each in found] == vector["captured"]
