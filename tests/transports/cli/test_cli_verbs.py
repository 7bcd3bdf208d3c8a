"""The verbs that ask an engine, against a real server."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine import (
    ChannelNotFound,
    EventQuery,
    InvalidValue,
    PolicyRefused,
    Query,
    Reply,
    Request,
    RuleFailed,
    Stopping,
)
from transports.cli import command_line

Run = Callable[..., Result]

CHANNELS = [
    {
        "id": "chan-1",
        "tags": ["a", "b"],
        "eventPolicy": {"allow": [{"domain": "order", "name": "*"}], "deny": [{"domain": "*", "name": "cancel"}]},
        "queryPolicy": {"allow": [{"rid": "r", "name": "f"}], "deny": []},
        "familyChannelPicoID": None,
    },
    {
        "id": "chan-2",
        "tags": ["system", "self"],
        "eventPolicy": {"allow": [{"domain": "*", "name": "*"}], "deny": []},
        "queryPolicy": {"allow": [{"rid": "*", "name": "*"}], "deny": []},
        "familyChannelPicoID": "p",
    },
]
BOXES = {
    "root-ui": {"name": "Pico", "eci": "root-ui", "children": ["kid-1", "kid-2"]},
    "kid-1": {"name": "Ann", "eci": "kid-1", "children": ["kid-3"]},
    "kid-2": {"name": "Bob", "eci": "kid-2", "children": []},
    "kid-3": {"name": "Bob", "eci": "kid-3", "children": None},
}


@pytest.fixture
def run(port: int) -> Run:
    def run(*arguments: str, input: str | None = None) -> Result:
        environment = {"PICO_ENGINE_URL": f"http://127.0.0.1:{port}"}
        return CliRunner().invoke(command_line(), list(arguments), input=input, env=environment, prog_name="picoengine")

    return run


def answering_ui(request: Request) -> Reply:
    """What the UI ruleset of a small family of picos answers."""
    if isinstance(request, EventQuery):
        return Reply("e", [], {"channels": [*CHANNELS, {"id": "chan-3", "tags": ["new"]}]}, is_query=True)
    if isinstance(request, Query):
        return Reply("q", value=BOXES[request.eci] if request.name == "box" else {"channels": CHANNELS}, is_query=True)
    return Reply("e", [])


# --- event and query ------------------------------------------------------------------------------------------


def test_event_sends_texts_and_json(front: Any, run: Run) -> None:
    front.engine.outcome = Reply("e", [{"name": "say", "options": {"n": 1}}])

    result = run("event", "E", "order:new", "item=tea=x", "n:=2", "x:=[null]")

    assert (result.exit_code, result.stdout) == (0, 'say {"n": 1}\n')
    event = front.engine.requests[0]
    assert (event.eci, event.domain, event.type) == ("E", "order", "new")
    assert front.engine.members == {"item": "tea=x", "n": 2, "x": [None]}


def test_event_writes_the_reply_as_json(run: Run) -> None:
    assert json.loads(run("event", "E", "d:n", "--json").stdout) == {"eid": "0193-eid", "directives": []}


def test_event_need_not_wait(front: Any, run: Run) -> None:
    assert run("event", "E", "d:n", "--no-wait").stdout == "0193-eid-1\n"
    assert len(front.engine.accepted) == 1


def test_words_with_slashes_and_blanks_arrive(front: Any, run: Run) -> None:
    run("event", "E", "d:a/b c")

    assert front.engine.requests[0].type == "a/b c"


@pytest.mark.parametrize(
    ("value", "stdout"), [("plain", "plain\n"), ({"a": ["é"]}, '{\n  "a": [\n    "é"\n  ]\n}\n'), (None, "null\n")]
)
def test_query_writes_the_value(front: Any, run: Run, value: Any, stdout: str) -> None:
    front.engine.outcome = Reply("q", value=value, is_query=True)

    assert run("query", "E", "r.x/f", "a=1").stdout == stdout
    assert front.engine.members == {"a": "1"}


def test_query_as_json_is_one_line(front: Any, run: Run) -> None:
    front.engine.outcome = Reply("q", value={"a": [1]}, is_query=True)

    assert run("query", "E", "r/f", "--json").stdout == '{"a":[1]}\n'


# --- exit codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuleFailed("TypeError", "no", "r", "one", 1), 1),
        (InvalidValue("no"), 2),
        (Stopping("no"), 3),
        (PolicyRefused("no"), 4),
        (ChannelNotFound("E"), 5),
    ],
)
def test_exit_codes_tell_what_kind_of_error_it_was(front: Any, run: Run, error: Any, code: int) -> None:
    front.engine.outcome = error

    result = run("event", "E", "d:n")

    assert (result.exit_code, result.stdout) == (code, "")
    assert error.text in result.stderr
    assert "Error: Error:" not in result.stderr


def test_no_engine_is_exit_code_3(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        result = run("tree", "--engine", f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert result.exit_code == 3 and "no engine answers" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("event", "E", "nocolon"),
        ("event", "E", "d:n", "x"),
        ("event", "E", "d:n", "=5"),
        ("event", "E", "d:n", "a:={"),
        ("query", "E", "noslash"),
        ("query", "E", "r/f", "--engine", "ftp://x"),
        ("install", "/no/such/file.krl"),
        ("install", "http://x/", "--config", "[]"),
        ("channel", "new", "t", "--event-policy", "{"),
        ("nosuchverb",),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


# --- picos, rulesets, channels --------------------------------------------------------------------------------


def test_tree_draws_the_family(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    assert run("tree").stdout == (
        "Pico  root-ui\n"
        "├─ Ann  kid-1\n"
        "│  └─ Bob  kid-3\n"
        "└─ Bob  kid-2\n"
    )  # fmt: skip


def test_tree_as_json_nests(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    tree = json.loads(run("tree", "--json").stdout)

    assert tree["children"][0] == {
        "name": "Ann",
        "eci": "kid-1",
        "children": [{"name": "Bob", "eci": "kid-3", "children": []}],
    }


def test_install_sends_the_url_to_the_roots_ui_channel(front: Any, run: Run) -> None:
    result = run("install", "https://x.test/a.krl", "--config", '{"k": 1}')

    event = front.engine.requests[0]
    assert result.exit_code == 0
    assert (event.eci, event.domain, event.type) == ("root-ui", "engine_ui", "install")
    assert front.engine.members == {"url": "https://x.test/a.krl", "config": {"k": 1}}


def test_install_sends_the_text_of_a_file(front: Any, run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.krl").write_text("ruleset a {}")

    run("install", str(tmp_path / "a.krl"), "--eci", "kid-1")

    assert (front.engine.requests[0].eci, front.engine.members["source"]) == ("kid-1", "ruleset a {}")


def test_install_reads_the_standard_input(front: Any, run: Run) -> None:
    run("install", "-", input="ruleset b {}")

    assert front.engine.members["source"] == "ruleset b {}"


@pytest.mark.parametrize(("name", "code"), [("Ann", 0), ("Bob", 2), ("Eve", 5)])
def test_a_pico_can_be_meant_by_a_name_that_only_one_has(front: Any, run: Run, name: str, code: int) -> None:
    front.engine.outcome = answering_ui

    result = run("install", "https://x.test/a.krl", "--pico", name)

    assert result.exit_code == code
    assert [request.eci for request in front.engine.requests if not isinstance(request, Query)] == ["kid-1"] * (
        code == 0
    )


def test_channel_list_shows_ecis_and_tags(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    assert run("channel", "list").stdout == "chan-1  a,b\nchan-2  system,self  (family)\n"


def test_channel_new_writes_the_new_eci(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    assert run("channel", "new", "new", "--query-policy", '{"allow":[],"deny":[]}').stdout == "chan-3\n"
    assert front.engine.members["tags"] == ["new"]
    assert front.engine.members["queryPolicy"] == {"allow": [], "deny": []}


def test_channel_delete_asks_the_pico(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    assert run("channel", "delete", "chan-1", "--eci", "kid-1").exit_code == 0
    assert (front.engine.requests[-1].type, front.engine.members) == ("del_channel", {"eci": "chan-1"})


def test_a_channel_that_the_pico_has_not_is_not_deleted(front: Any, run: Run) -> None:
    front.engine.outcome = answering_ui

    result = run("channel", "delete", "chan-9")

    assert result.exit_code == 5 and "--pico or --eci says which pico is meant" in result.stderr


@pytest.mark.parametrize(
    ("channel", "what", "code"),
    [
        ("chan-1", "order:new", 0),
        ("chan-1", "order:cancel", 4),
        ("chan-1", "other:new", 4),
        ("chan-1", "r/f", 0),
        ("chan-1", "r/g", 4),
        ("chan-2", "order:new", 4),
        ("chan-9", "order:new", 5),
    ],
)
def test_channel_test_tells_what_a_policy_lets_in(front: Any, run: Run, channel: str, what: str, code: int) -> None:
    front.engine.outcome = answering_ui

    assert run("channel", "test", channel, what).exit_code == code
    assert all(isinstance(request, Query) for request in front.engine.requests)


# --- the command itself ---------------------------------------------------------------------------------------


def test_help_lists_every_verb_without_importing_one(run: Run) -> None:
    from transports.cli import VERBS

    result = run("--help")

    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in VERBS)


@pytest.mark.parametrize("verb", ["channel", "config", "event", "install", "query", "run", "tree"])
def test_every_verb_has_help(run: Run, verb: str) -> None:
    result = run(verb, "--help")

    assert result.exit_code == 0 and "Usage: picoengine" in result.stdout


def test_config_show_tells_values_and_sources(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("max_depth = 7")

    result = run("config", "show", "--home", str(tmp_path), "--json")

    assert json.loads(result.stdout)["max_depth"] == {"value": 7, "source": str(tmp_path / "config.toml")}


def test_config_show_refuses_a_wrong_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("max_dept = 7")

    assert run("config", "show", "--home", str(tmp_path)).exit_code == 2
