"""`picoengine test`: what it prints, and how it exits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, Timer
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from transports.cli import command_line
from transports.testing.watching import changes

ROOT = Path(__file__).parents[3]
RULESET = "ruleset shop { rule one { select when x:y fired { ent:n := 1 } else { ent:n := 2 } } }"
GOOD = '[[test]]\nname = "good"\nevent = "x:y"\nexpect.state.n = 1\n'
BAD = '[[test]]\nname = "bad"\nevent = "x:y"\nexpect.state.n = 3\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command_line(), ["test", *map(str, arguments)], prog_name="picoengine")


def test_when_all_is_as_expected_there_is_little_to_say(write):
    result = run(write(GOOD, RULESET))

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("1 test in 1 file: 1 passed (")


def test_a_test_that_fails_is_told_and_fails_the_command(write):
    path = write(GOOD + BAD, RULESET)

    result = run(path.parent)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"FAILED {path}: bad",
        "  step 1: event x:y",
        "    state n, by rule one (shop.krl:1)",
        "      expected  3",
        "      actual    1",
        "",
    ]


def test_colours_are_for_terminals(write):
    assert "\x1b" not in run(write(BAD, RULESET)).output


def test_tests_are_chosen_by_a_part_of_their_name(write):
    assert run(write(GOOD + BAD, RULESET), "-k", "GOO").exit_code == 0


@pytest.mark.parametrize("arguments", [("-k", "nothing"), ("--min-coverage", "120")])
def test_to_ask_for_what_is_not_there_is_wrong_usage(write, arguments):
    assert run(write(GOOD, RULESET), *arguments).exit_code == 2


def test_a_file_that_is_no_test_is_wrong_usage(write):
    result = run(write("[[tset]]", RULESET))

    assert result.exit_code == 2
    assert "unknown key 'tset' (did you mean 'test'?)" in result.stderr


def test_coverage_is_a_table_behind_the_tests(write):
    result = run(write(GOOD, RULESET), "--coverage")

    assert result.stdout.splitlines() == [
        "shop.krl (shop)",
        "  one                                2/2",
        "100.0 % of the ways through the rules",
    ]


def test_too_little_coverage_fails_the_command(write):
    path = write('[[test]]\nname = "t"\nevent = "x:z"\n', RULESET)

    result = run(path, "--min-coverage", 50)

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "coverage is 0.0 %, below 50 %")


def test_one_json_value_tells_all(write):
    told = json.loads(run(write(GOOD + BAD, RULESET), "--json", "--coverage").stdout)

    assert [each["status"] for each in told["tests"]] == ["passed", "failed"]
    assert told["coverage"]["percent"] == 100


def test_a_report_is_written_for_servers(write, tmp_path):
    run(write(GOOD + BAD, RULESET), "--junit", tmp_path / "report.xml")

    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("failures") == "1"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Iterator[set[Path]]]:
    found = changes([tmp_path])
    yield found
    found.close()  # type: ignore[attr-defined]


def test_a_change_of_a_ruleset_or_a_test_is_noticed(watched, tmp_path):
    stop = Event()
    (tmp_path / "a.txt").write_text("no ruleset")
    writer = Thread(target=_write_again_and_again, args=(tmp_path / "a.krl", "ruleset a { }", stop))
    writer.start()
    try:
        assert next(watched) == {tmp_path / "a.krl"}
    finally:
        stop.set()
        writer.join()


def test_while_watched_a_change_lets_all_run_again(write):
    path = write(GOOD, RULESET)
    command = [sys.executable, "-m", "transports.cli", "test", str(path), "--watch"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        stop = Event()
        writer = Thread(target=_write_again_and_again, args=(path, GOOD + BAD, stop))
        writer.start()
        while (second := process.stderr.readline()) and not second.strip():
            pass
        stop.set()
        writer.join()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()

    assert first.startswith("1 test in 1 file: 1 passed (")
    assert second.startswith("2 tests in 1 file: 1 passed, 1 failed (")


def _write_again_and_again(path: Path, text: str, stop: Event) -> None:
    """Until somebody has noticed: who watches needs a moment to begin."""
    while not stop.wait(0.1):
        path.write_text(text)
