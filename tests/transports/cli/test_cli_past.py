"""`picoengine state` and `picoengine replay`, against a running engine and against its file when it is closed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import Settings
from tests.transports.running_engine import RunningEngine, running_engine
from transports.cli import command_line

Run = Callable[..., Result]

VERSION = """ruleset counter { rule adds { select when n add
  fired { ent:n := ent:n.defaultsTo(0) + %s; ent:at := time:now() } } }"""


def command(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(command_line(), list(arguments), env=environment, prog_name="picoengine")


def busy(engine: RunningEngine) -> str:
    """A channel of the root, which has counted to 3."""
    engine.install(VERSION % 1)
    eci = engine.channel("test")
    for _ in range(3):
        engine.event(eci, "n", "add")
    return eci


@pytest.fixture(scope="module", params=["running", "closed"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, str]]:
    """How to run a verb where the root has counted, and a channel of it."""
    store = tmp_path_factory.mktemp("past") / "store.db"
    with running_engine(Settings(store=str(store))) as engine:
        eci = busy(engine)
        if request.param == "running":
            yield lambda *arguments: command(*arguments, PICO_ENGINE_URL=engine.url), eci
    if request.param == "closed":
        yield lambda *arguments: command(*arguments, "--store", str(store)), eci


def test_state_shows_variables_and_channels(place: tuple[Run, str]) -> None:
    run, eci = place
    result = run("state", eci)

    assert result.exit_code == 0
    assert "  ent:n = 3\n" in result.output
    assert f"channel {eci}  test\n" in result.output


def test_state_at_an_earlier_event_is_what_it_was(place: tuple[Run, str]) -> None:
    run, eci = place
    now = json.loads(run("state", eci, "--json").stdout)
    before = json.loads(run("state", eci, "--at", str(now["seq"] - 1), "--json").stdout)

    assert (now["variables"]["counter"]["n"], before["variables"]["counter"]["n"]) == (3, 2)


@pytest.mark.parametrize("early", ["2001-01-01T00:00:00Z", "0"])
def test_state_before_everything_is_refused_and_says_when_the_pico_began(place: tuple[Run, str], early: str) -> None:
    run, eci = place
    result = run("state", eci, "--at", early)

    assert (result.exit_code, result.stdout) == (5, "")
    assert re.search(r"then; it began at 20\d\d-\d\d-\d\dT", result.stderr)


@pytest.mark.parametrize(("arguments", "code"), [(("--at", "soon"), 2), (("--at", "99999"), 5)])
def test_state_at_no_time_and_at_an_event_that_is_not_there(
    place: tuple[Run, str], arguments: tuple[str, ...], code: int
) -> None:
    run, eci = place

    assert run("state", eci, *arguments).exit_code == code


def test_state_of_nobody_is_not_found(place: tuple[Run, str]) -> None:
    run, _ = place

    assert run("state", "nobody").exit_code == 5


def test_a_replay_of_what_happened_has_nothing_to_tell(place: tuple[Run, str]) -> None:
    run, eci = place
    result = run("replay", eci)

    assert (result.exit_code, result.stdout) == (0, "")
    assert ": no divergences" in result.stderr


def test_another_version_tells_what_it_would_have_done(place: tuple[Run, str], tmp_path: Path) -> None:
    run, eci = place
    file = tmp_path / "counter.krl"
    file.write_text(VERSION % 10)
    result = run("replay", eci, "--with", str(file))

    assert result.exit_code == 1
    assert result.stdout.count("rule adds of counter: changes/ent/counter/n") == 3
    assert "  expected  3\n  actual    30\n" in result.stdout


def test_a_back_test_with_a_file_that_does_not_compile_is_refused(place: tuple[Run, str], tmp_path: Path) -> None:
    run, eci = place
    file = tmp_path / "bad.krl"
    file.write_text("ruleset counter { rule }")
    result = run("replay", eci, "--with", str(file))

    assert result.exit_code == 1
    assert f"{file}:1:24: error: " in result.stderr
    assert "    ruleset counter { rule }\n                           ^\n" in result.stderr


def test_replay_as_json_ends_with_how_far_it_came(place: tuple[Run, str]) -> None:
    run, eci = place
    report = json.loads(run("replay", eci, "--to", "3", "--json").stdout)

    assert (report["seq"], report["divergences"]) == (3, 0)
