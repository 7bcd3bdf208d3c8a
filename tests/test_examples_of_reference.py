"""Each operator and each member of a module has an example in the documents, and the example is what happens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine import MODULES
from krl import Source, compile_ruleset, evaluate, operator_entries, simulate, to_json
from tests.examples.engine_process import ROOT
from tests.transports.running_engine import UI, RunningEngine, running_engine

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("operators", "modules")}
BLOCKS = [
    block for page in PAGES.values() for block in re.findall(r"^```krl\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
]
RULESETS = {block.split()[1]: block for block in BLOCKS if block.startswith("ruleset ")}
VALUES = [line.rsplit("// = ", 1) for block in BLOCKS for line in block.splitlines() if "// = " in line]
EXECUTED = "\n".join([expression for expression, _ in VALUES] + list(RULESETS.values()))

NEEDS_MORE = {"email"}
"""Modules whose members need a service outside the engine; their own page has examples."""


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[expression.strip() for expression, _ in VALUES])
def test_an_example_has_the_value_that_stands_behind_it(expression: str, value: str) -> None:
    assert json.loads(to_json(evaluate(expression))) == json.loads(value)


@pytest.mark.parametrize("name", sorted(operator_entries()))
def test_each_operator_has_an_example(name: str) -> None:
    assert re.search(rf"(?<![A-Za-z:]){name}\(", EXECUTED)


def members() -> Iterator[str]:
    for domain, module in MODULES.items():
        if domain not in {"stdlib", *NEEDS_MORE}:
            yield from (f"{domain}:{name}" for name in module)


@pytest.mark.parametrize("name", sorted(members()))
def test_each_member_of_a_module_has_an_example(name: str) -> None:
    assert re.search(rf"{name}\b", EXECUTED)


def test_the_example_of_the_event_runs() -> None:
    program = compile_ruleset(Source(RULESETS["example.event"]))

    [result] = simulate(program, [{"domain": "example", "type": "asked", "attrs": {"n": 3}, "time": 5}])

    told = result["directives"][0]["options"]
    assert told["which"][:3] == ["example", "asked", "asked"]
    assert (told["attributes"], told["one"], told["running"][4:]) == ({"n": 3}, 3, [True, False])


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with running_engine() as engine:
        engine.install(RULESETS["example.pico"])
        yield engine


@pytest.fixture(scope="module")
def eci(engine: RunningEngine) -> str:
    return engine.channel("reference")


@pytest.fixture(scope="module")
def other(engine: RunningEngine) -> str:
    """A channel of another pico with the same ruleset."""
    engine.event(engine.root, "engine_ui", "new", name="other")
    [child] = engine.query(engine.root, UI, "box")["children"]
    engine.install(RULESETS["example.pico"], child)
    return engine.channel("reference", child)


@pytest.mark.parametrize(
    ("type", "told"),
    [
        ("channels", {"mine": True, "url": True}),
        ("child", {"found": True, "tagged": 2, "asked": "example.pico"}),
        ("installs", None),
        ("sends", {"of": "example.pico"}),
        ("later", None),
        ("never", None),
        ("asks", {"codes": [200, 200, 405, 405, 405, 405]}),
    ],
)
def test_the_example_of_a_pico_runs(engine: RunningEngine, eci: str, other: str, type: str, told: Any) -> None:
    reply = engine.event(eci, "example", type, other=other, url=f"{engine.url}/healthz")

    assert [each["options"] for each in reply["directives"]] == ([] if told is None else [told])


def test_the_example_of_a_pico_tells_of_itself(engine: RunningEngine, eci: str) -> None:
    told = engine.query(eci, "example.pico", "itself")

    assert told["ruleset"] == ["example.pico", "Example", "Uses every member once", "nobody", "1.0.0"]
    assert told["pico"][4] == "Array"
