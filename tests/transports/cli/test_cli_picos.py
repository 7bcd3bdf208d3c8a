"""`pico`, `ruleset` and `completion`, against a running engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import Settings
from tests.transports.running_engine import UI, RunningEngine, running_engine
from transports.cli import command_line
from transports.cli.completion import SHELLS

Run = Callable[..., Result]

OOPS = """\
    ruleset own { oops }
                  ^
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[RunningEngine]:
    with running_engine(Settings(file_folders=(str(tmp_path),))) as engine:
        yield engine


@pytest.fixture
def run(engine: RunningEngine) -> Run:
    def run(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(command_line(), list(arguments), input=input, env={"PICO_ENGINE_URL": engine.url})

    return run


def test_pico_new_writes_the_new_ui_channel(engine: RunningEngine, run: Run) -> None:
    ann = run("pico", "new", "Ann").stdout.strip()
    kid = run("pico", "new", "Kid", "--pico", "Ann").stdout.strip()

    assert engine.query(engine.root, UI, "box")["children"] == [ann]
    assert engine.query(ann, UI, "box")["children"] == [kid]


def test_pico_show_tells_what_a_pico_has(run: Run) -> None:
    ann = run("pico", "new", "Ann").stdout.strip()

    shown = run("pico", "show", "--eci", ann)

    assert shown.stdout.startswith(f"Ann  {ann}\n")
    assert "  ruleset  io.picolabs.wrangler  bundled:///io.picolabs.wrangler.krl\n" in shown.stdout
    assert json.loads(run("pico", "show", "--eci", ann, "--json").stdout)["name"] == "Ann"


def test_pico_delete_asks_before_it_deletes_a_family(engine: RunningEngine, run: Run) -> None:
    ann = run("pico", "new", "Ann").stdout.strip()
    run("pico", "new", "Kid", "--eci", ann)

    refused = run("pico", "delete", ann, input="n\n")
    assert refused.exit_code == 1 and "delete Ann, Kid?" in refused.stderr
    assert engine.query(engine.root, UI, "box")["children"] == [ann]

    assert run("pico", "delete", ann, "--yes").exit_code == 0
    assert engine.query(engine.root, UI, "box")["children"] == []


def test_a_root_cannot_be_deleted(engine: RunningEngine, run: Run) -> None:
    result = run("pico", "delete", engine.root, "--yes")

    assert result.exit_code == 1 and "root" in result.stderr


def test_a_ruleset_is_listed_flushed_and_uninstalled(engine: RunningEngine, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "own.krl"
    file.write_text("ruleset own { meta { shares n } global { n = function() { 1 } } }")
    url = f"file://{file}"
    run("install", url)
    channel = engine.channel("own")

    assert f"own  {url}\n" in run("ruleset", "list").stdout
    assert url in [each["url"] for each in json.loads(run("ruleset", "list", "--all", "--json").stdout)]

    file.write_text("ruleset own { meta { shares n } global { n = function() { 2 } } }")
    assert run("ruleset", "flush", url).exit_code == 0
    assert engine.query(channel, "own", "n") == 2

    assert run("ruleset", "uninstall", "own").exit_code == 0
    assert f"own  {url}\n" not in run("ruleset", "list").stdout


def test_a_flush_of_a_wrong_text_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.krl").write_text("ruleset own { oops }")

    result = run("ruleset", "flush", f"file://{tmp_path}/own.krl")

    assert result.exit_code == 1
    assert result.stderr.endswith("own.krl:1:15: error: expected '}', found 'oops'\n" + OOPS)


def test_a_file_that_is_refused_is_told_with_every_mistake_and_its_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "own.krl"
    file.write_text("ruleset own {\n  global { a = fooo(1) b = 1.mapp(2) }\n}\n")

    result = run("install", str(file))

    assert result.exit_code == 1
    assert f"{file}:2:16: error: `fooo` is not defined\n      global {{ a = fooo(1)" in result.stderr
    assert f"{file}:2:30: error: there is no operator" in result.stderr
    assert "\n    hint: did you mean `map`?\n" in result.stderr
    assert "warning" not in result.stderr


def test_a_ruleset_that_a_pico_has_not_cannot_be_uninstalled(run: Run) -> None:
    result = run("ruleset", "uninstall", "nono")

    assert result.exit_code == 5 and "the pico has no ruleset 'nono'" in result.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_for_the_shell(shell: str) -> None:
    result = CliRunner().invoke(command_line(), ["completion", shell])

    assert result.exit_code == 0 and "_PICOENGINE_COMPLETE" in result.stdout


def test_the_words_of_verbs_are_completed() -> None:
    script = "import sys; from transports.cli import main; main()"
    environment = {
        **os.environ,
        "_PICOENGINE_COMPLETE": "bash_complete",
        "COMP_WORDS": "picoengine ch",
        "COMP_CWORD": "1",
    }

    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)

    assert done.stdout.split() == ["plain,channel", "plain,check"]
