"""`picoengine trace EID --as-test`, of an event of an engine that runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.examples.engine_process import EngineProcess
from transports.cli import command_line

COOKBOOK = Path(__file__).parents[3] / "docs" / "cookbook"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with EngineProcess(tmp_path / "home") as engine:

        def run(*arguments: object) -> Result:
            environment = {"PICO_ENGINE_URL": engine.url}
            words = [str(each) for each in arguments]
            return CliRunner().invoke(command_line(), words, env=environment, prog_name="picoengine")

        yield run


def placed(run: Run, recipe: str, *events: str) -> tuple[str, str]:
    """Install a recipe and let events happen: the channel, and the eid of the last one."""
    assert run("install", COOKBOOK / f"{recipe}.krl").exit_code == 0
    eci = run("channel", "new", "test").stdout.strip()
    eid = ""
    for event in events:
        eid = json.loads(run("event", eci, *event.split(), "--json").stdout)["eid"]
    return eci, eid


def test_what_has_happened_on_an_engine_happens_again_in_the_test(run: Run, tmp_path: Path) -> None:
    eci, eid = placed(run, "approval", "approval:wanted id=a1 what=trip", "approval:wanted id=a2 what=tea")

    made = run("trace", eid, "--as-test", tmp_path / "made.test.toml")
    tested = run("test", tmp_path / "made.test.toml")

    assert (made.exit_code, made.stdout, made.stderr) == (0, f"{tmp_path / 'made.test.toml'}\n", "")
    assert (tested.exit_code, tested.stdout) == (0, "")
    assert eci not in (tmp_path / "made.test.toml").read_text()


def test_an_event_that_nobody_knows_is_not_found(run: Run, tmp_path: Path) -> None:
    assert run("trace", "nosuch", "--as-test", tmp_path / "made.test.toml").exit_code == 5


def test_without_an_event_there_is_nothing_to_make_a_test_of(run: Run, tmp_path: Path) -> None:
    assert run("trace", "--as-test", tmp_path / "made.test.toml").exit_code == 2
