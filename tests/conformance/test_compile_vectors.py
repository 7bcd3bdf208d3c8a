"""`parse.json`, `events.json` and the rulesets of the scenarios: what compiles in the Node engine compiles here.

The checker may not refuse more than the peer does, but for what our decisions refuse on purpose. The scenarios'
rulesets that the peer refuses are listed by what is wrong with them.
"""

import json
from pathlib import Path

import pytest

from krl import Source, diagnose

HERE = Path(__file__).parent
SOURCES = [each for each in json.loads((HERE / "parse.json").read_text()) if each["kind"] == "ok"]
EVENTS = [each for each in json.loads((HERE / "events.json").read_text()) if not each.get("quirk")]
SCENARIOS = [json.loads(path.read_text()) for path in sorted((HERE / "scenarios").glob("*.json"))]
RULESETS = [pair for scenario in SCENARIOS for pair in scenario.get("rulesets", {}).items()]

REFUSED = {
    "c52.a": "not-an-action",
    "c52.b": "not-a-function",
    "c64.s": "dependency-cycle",
    "c98.a": "expected-identifier",
    "c98.b": "duplicate-rule",
    "c98.c": "undefined-export",
    "c98.d": "missing-select",
    "c98.e": "undefined-name",
    "c98.g": "expected-token",
    "c98.h": "duplicate-name",
}


def errors(text: str) -> list[str]:
    return [each.code for each in diagnose(Source(text)) if each.severity == "error"]


@pytest.mark.parametrize("vector", SOURCES, ids=lambda each: each["id"])
def test_a_source_compiles_where_it_does_in_the_peer(vector):
    assert (errors(vector["source"]) == []) == vector["compiles"]


@pytest.mark.parametrize("vector", EVENTS, ids=lambda each: each["id"])
def test_a_ruleset_with_events_compiles_where_it_does_in_the_peer(vector):
    assert errors(vector["ruleset"]) == [] or vector.get("load_error")


@pytest.mark.parametrize(("rid", "text"), RULESETS, ids=[rid for rid, _ in RULESETS])
def test_a_ruleset_of_the_scenarios_compiles_where_it_does_in_the_peer(rid, text):
    assert errors(text)[:1] == ([REFUSED[rid]] if rid in REFUSED else [])
