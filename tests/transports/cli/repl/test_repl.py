"""The prompt, through a pipe and at a terminal, by itself and in a pico of a real engine."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.transports.running_engine import RunningEngine, running_engine
from transports.cli import command_line
from transports.cli.repl import reading

ROOT = Path(__file__).parents[4]
RULESET = """ruleset counter {
  meta { shares total }
  global { total = function(start) { start + ent:n.defaultsTo(0) } step = 2 }
  rule count { select when counter stepped by re#(.+)# setting(by) fired { ent:n := total(0) + by * step } }
}"""

Run = Callable[..., Result]


@pytest.fixture
def repl() -> Run:
    def run(text: str, *arguments: str) -> Result:
        return CliRunner().invoke(command_line(), ["repl", *arguments], input=text)

    return run


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with running_engine() as engine:
        engine.install(RULESET)
        yield engine


@pytest.fixture(scope="module")
def eci(engine: RunningEngine) -> str:
    return engine.channel("prompt")


def test_each_input_is_answered_on_a_line(repl: Run) -> None:
    assert repl("x = 20\nx + 1\n[x].map(function(n) { n * 2 })\n").output == "21\n[40]\n"


def test_an_input_goes_on_while_it_is_not_whole(repl: Run) -> None:
    assert repl("f = function(n) {\n  y = n\n  y + 1\n}\nf(\n1)").output == "2\n"


def test_an_empty_line_ends_an_input_that_is_not_whole(repl: Run) -> None:
    done = repl("1 +\n\n2\n")

    assert (done.exit_code, done.stdout) == (1, "2\n")
    assert "expected an expression" in done.stderr


def test_a_mistake_is_shown_with_a_caret_and_the_next_input_is_answered(repl: Run) -> None:
    done = repl('x = 1; y\n"a" - 1\n2\n')

    assert done.stderr.splitlines() == [
        "input:1:8: error: `y` is not defined",
        "    x = 1; y",
        "           ^",
        "TypeError: 1 cannot be subtracted from a",
    ]
    assert (done.exit_code, done.stdout) == (1, "2\n")


def test_each_answer_can_be_json(repl: Run) -> None:
    answers = [json.loads(line) for line in repl("[null, re#a#]\ny\n", "--json").output.splitlines()]

    assert answers[0]["value"][0] is None
    assert "not defined" in answers[1]["error"]


def test_commands_tell_of_themselves(repl: Run) -> None:
    output = repl("x = 1\n:names\n:help\n:quit\n1\n").output

    assert output.startswith("x\n")
    assert ":quit" in output and not output.endswith("1\n")


@pytest.mark.parametrize("text", [":rid a\n", ":send a:b\n", ":nonsense\n"])
def test_a_command_that_makes_no_sense_is_refused(repl: Run, text: str) -> None:
    assert repl(text).exit_code == 1


def test_in_a_pico_its_ruleset_is_seen(repl: Run, engine: RunningEngine, eci: str) -> None:
    arguments = ("--engine", engine.url, "--eci", eci, "--rid", "counter")
    engine.event(eci, "counter", "stepped", by=3)
    before = engine.query(eci, "counter", "total", start=0)

    done = repl("n = 10\ntotal(n)\nent:n\nstep\nctx:rid\n[n].map(total)\n", *arguments)

    assert done.output.splitlines() == [str(before + 10), str(before), "2", '"counter"', f"[{before + 10}]"]


def test_a_pico_is_changed_by_events_and_only_if_that_is_wanted(repl: Run, engine: RunningEngine, eci: str) -> None:
    arguments = ("--engine", engine.url, "--eci", eci, "--rid", "counter")
    before = engine.query(eci, "counter", "total", start=0)

    refused = repl(":send counter:stepped by:=1\n", *arguments)
    unchanged = repl("ent:n := 1\n", *arguments)
    written = repl(":send counter:stepped by:=1\nent:n\n", *arguments, "--write")

    assert (refused.exit_code, unchanged.exit_code, written.exit_code) == (1, 1, 0)
    assert "--write" in refused.stderr
    assert written.output.splitlines() == ["[]", str(before + 2)]


def test_an_event_to_a_pico_by_name_comes_by_a_channel_that_lets_it_in(
    repl: Run, engine: RunningEngine, eci: str
) -> None:
    """Its UI channel lets in only what a UI needs."""
    before = engine.query(eci, "counter", "total", start=0)
    arguments = ("--engine", engine.url, "--pico", "Pico", "--write")

    assert repl(":send counter:stepped by:=1\n", *arguments).exit_code == 0
    assert engine.query(eci, "counter", "total", start=0) != before


def test_a_mistake_in_a_pico_is_told(repl: Run, engine: RunningEngine, eci: str) -> None:
    arguments = ("--engine", engine.url, "--eci", eci)

    assert "`total` is not defined" in repl("total(1)\n", *arguments).stderr
    assert "cannot be subtracted" in repl('"a" - 1\n', *arguments).stderr
    assert "none" in repl("1\n", *arguments, "--rid", "none").stderr


def test_a_terminal_has_history_and_input_of_several_lines(tmp_path: Path) -> None:
    screen = Terminal(tmp_path)
    screen.read_until("krl> ")
    screen.type("x = [1,\r")
    screen.type("2]\r")
    screen.type("x.map(function(n) { n * 21 })\r")
    screen.read_until("[21,42]")
    screen.read_until("krl> ")
    screen.type(":quit\r")

    assert screen.ended() == 0
    assert "x.map" in (tmp_path / "picoengine" / "repl_history").read_text()


class Terminal:
    """`picoengine repl` at the other end of a terminal."""

    def __init__(self, state: Path) -> None:
        self._screen, theirs = pty.openpty()
        environment = {**os.environ, "XDG_STATE_HOME": str(state), "TERM": "dumb", "PROMPT_TOOLKIT_NO_CPR": "1"}
        command = [sys.executable, "-m", "transports.cli", "repl"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
        )
        os.close(theirs)
        self._seen = ""

    def read_until(self, text: str, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while text not in self._seen:
            ready, _, _ = select.select([self._screen], [], [], max(0, until - time.monotonic()))
            assert ready, f"waited for {text!r}, saw {self._seen!r}"
            self._seen += os.read(self._screen, 65536).decode(errors="replace")
        self._seen = self._seen.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def ended(self) -> int:
        try:
            return self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._screen)


def test_the_history_is_in_the_folder_for_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert reading.history_file() == tmp_path / "picoengine" / "repl_history"
