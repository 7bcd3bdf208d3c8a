"""`picoengine trace`, against a real server in front of an engine with one event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine import Query, Reply, Request
from tests.transports.conftest import EID
from transports.cli import command_line
from transports.cli.trace import lines

Run = Callable[..., Result]

LINE = f"2023-11-14T22:13:20.000Z  {EID}  failed  x:y  Error: no"
BOXES = {
    "root-ui": {"name": "Pico", "eci": "root-ui", "children": ["kid-1"]},
    "kid-1": {"name": "Ann", "eci": "kid-1", "children": []},
}


@pytest.fixture
def run(port: int) -> Run:
    def run(*arguments: str) -> Result:
        environment = {"PICO_ENGINE_URL": f"http://127.0.0.1:{port}"}
        return CliRunner().invoke(command_line(), ["trace", *arguments], env=environment, prog_name="picoengine")

    return run


def answering_boxes(request: Request) -> Reply:
    assert isinstance(request, Query)
    return Reply("q", value=BOXES[request.eci], is_query=True)


def test_an_event_is_written_from_the_top(run: Run) -> None:
    assert run(EID).stdout.splitlines() == [
        LINE,
        "  pico pico-id, channel E",
        "  attributes {}",
        "  (not traced)",
        "  failed in rule one of r line 3: Error: no; nothing of it remains",
    ]


def test_an_event_is_written_as_json(run: Run) -> None:
    assert json.loads(run(EID, "--json").stdout)["failure"]["rule"] == "one"


@pytest.mark.parametrize(
    ("deed", "line"),
    [
        (
            {"step": "http", "target": "POST http://a", "attempts": 1, "put_aside": False},
            "called POST http://a (attempts: 1)",
        ),
        ({"step": "event", "target": "x:y", "attempts": 2, "put_aside": True}, "awaited x:y (attempts: 2, put aside)"),
    ],
)
def test_a_call_is_told_with_its_attempts(deed: dict[str, Any], line: str) -> None:
    fired = {"fired": True, "condition": True, "did": [deed]}
    rule = {"rule": "one", "selected": True, "captured": {}, "did": [], "rounds": [fired]}
    events = [{"domain": "x", "type": "y", "rulesets": [{"rid": "r", "rules": [rule]}]}]
    event = {"eid": EID, "status": "ok", "domain": "x", "type": "y", "pico": "p", "eci": "E", "attrs": {}}

    told = list(lines({**event, "trace": {"source": "http", "times": {}, "events": events}}))

    assert told[-1].strip() == line


def test_an_unknown_event_is_not_found(run: Run) -> None:
    result = run("nope")

    assert (result.exit_code, result.stdout) == (5, "")
    assert "no event 'nope' is known" in result.stderr


def test_without_an_event_the_latest_are_listed(front: Any, run: Run) -> None:
    assert run("--status", "failed", "--last", "3").stdout == LINE + "\n"
    assert front.engine.reports.chosen == [{"pico": None, "status": "failed", "after": None, "limit": 3}]


def test_a_list_is_one_json_value(front: Any, run: Run) -> None:
    assert json.loads(run("--json").stdout) == [front.engine.reports.summary]


@pytest.mark.parametrize("name", ["pico-id", "kid-1", "Ann"])
def test_a_pico_is_named_by_id_channel_or_name(front: Any, run: Run, name: str) -> None:
    front.engine.outcome = answering_boxes

    result = run("--pico", name)

    assert result.stdout == LINE + "\n"
    assert front.engine.reports.chosen[0]["pico"] == "pico-id"


def test_an_unknown_pico_is_not_found(front: Any, run: Run) -> None:
    front.engine.outcome = answering_boxes

    result = run("--pico", "Zoe")

    assert result.exit_code == 5 and "no pico is called 'Zoe'" in result.stderr


def test_following_writes_each_event_until_the_stream_ends(front: Any, run: Run) -> None:
    front.engine.reports.streamed = 2

    result = run("--follow", "--pico", "pico-id")

    assert result.exit_code == 0
    assert result.stdout.count(LINE) == 2
    assert front.engine.reports.chosen == [{"pico": "pico-id", "status": None}]


def test_following_as_json_writes_a_value_a_line(front: Any, run: Run) -> None:
    front.engine.reports.streamed = 2

    lines = run("--follow", "--json").stdout.splitlines()

    assert [json.loads(line)["eid"] for line in lines] == [EID, EID]


def test_what_was_missed_is_told_beside_the_data(front: Any, run: Run) -> None:
    front.engine.reports.streamed = 300

    result = run("--follow", "--json")

    assert len(result.stdout.splitlines()) == 256
    assert result.stderr == "44 events were too many to be shown in time\n"


@pytest.mark.parametrize("arguments", [(EID, "--follow"), (EID, "--pico", "x"), (EID, "--status", "ok")])
def test_one_event_or_many_not_both(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
