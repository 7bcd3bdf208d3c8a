"""`picoengine fmt`: which files it writes, what it tells, and how it exits."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from transports.cli.fmt import command as fmt

UGLY = "ruleset a{rule one{select when a b noop()}}"
TIDY = "ruleset a {\n  rule one {\n    select when a b\n    noop()\n  }\n}\n"
OLD = 'ruleset a { rule one { select when a b where n > 1 send_directive(event:attr("x")) } }'
BROKEN = "ruleset a {\n  rule one { select wen a b }\n}\n"


def run(*arguments: object, text: str = "") -> Result:
    return CliRunner().invoke(fmt, [str(each) for each in arguments], input=text)


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    return written(tmp_path / "ugly.krl", UGLY)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_laid_out_in_its_place(ugly: Path) -> None:
    result = run(ugly)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"changed {ugly}\n")
    assert ugly.read_text() == TIDY
    assert list(ugly.parent.iterdir()) == [ugly]


def test_a_tidy_file_is_not_written(tmp_path: Path) -> None:
    path = written(tmp_path / "tidy.krl", TIDY)
    os.utime(path, ns=(5, 5))

    assert (run(path).output, path.stat().st_mtime_ns) == ("", 5)


def test_a_file_keeps_its_permissions_and_a_link_stays_one(ugly: Path) -> None:
    ugly.chmod(0o640)
    link = ugly.parent / "link.krl"
    link.symlink_to(ugly)

    run(link)

    assert link.is_symlink()
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert ugly.read_text() == TIDY


def test_a_folder_that_cannot_be_written_leaves_the_file_whole(ugly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)

    result = run(ugly)

    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert ugly.read_text() == UGLY
    assert list(ugly.parent.iterdir()) == [ugly]


def test_check_writes_nothing_and_fails_where_something_would_change(ugly: Path, tmp_path: Path) -> None:
    tidy = written(tmp_path / "tidy.krl", TIDY)

    assert [run("--check", ugly).exit_code, run("--check", tidy).exit_code] == [1, 0]
    assert run("--check", ugly, tidy).stderr == f"would change {ugly}\n"
    assert ugly.read_text() == UGLY


def test_diff_shows_what_would_change(ugly: Path) -> None:
    result = run("--diff", ugly)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[:5] == [
        f"--- {ugly}",
        f"+++ {ugly}",
        "@@ -1 +1,6 @@",
        f"-{UGLY}",
        "\\ No newline at end of file",
    ]
    assert ugly.read_text() == UGLY


def test_the_standard_input_is_written_to_the_standard_output() -> None:
    result = run("-", text=UGLY)

    assert (result.exit_code, result.stdout, result.stderr) == (0, TIDY, "")


def test_a_file_that_does_not_parse_is_told_of_and_left_alone(ugly: Path, tmp_path: Path) -> None:
    broken = written(tmp_path / "broken.krl", BROKEN)

    result = run(broken, ugly)

    assert result.exit_code == 1
    assert f"{broken}:2:21: error:" in result.stderr
    assert "      rule one { select wen a b }\n                        ^\n" in result.stderr
    assert broken.read_text() == BROKEN
    assert ugly.read_text() == TIDY


def test_a_broken_standard_input_yields_no_text() -> None:
    result = run("-", text=BROKEN)

    assert (result.exit_code, result.stdout) == (1, "")


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path / "missing.krl").exit_code == 2


def test_json_tells_what_became_of_each_file(ugly: Path, tmp_path: Path) -> None:
    broken = written(tmp_path / "broken.krl", BROKEN)

    first, second = json.loads(run("--json", ugly, broken).stdout)

    assert first == {"file": str(ugly), "changed": True, "findings": []}
    assert [each["code"] for each in second["findings"]] == ["expected-when-or-where"]


def test_json_holds_the_text_of_the_standard_input() -> None:
    [told] = json.loads(run("--json", "-", text=UGLY).stdout)

    assert told["text"] == TIDY


def test_modernise_replaces_and_tells(tmp_path: Path) -> None:
    path = written(tmp_path / "old.krl", OLD)

    result = run("--modernise", path)

    assert 'select when a b where event:attrs{"n"} > 1\n    send_directive(event:attrs{"x"})' in path.read_text()
    assert result.stderr.splitlines() == [
        f'{path}:1:46: replaced: n by event:attrs{{"n"}}',
        f'{path}:1:67: replaced: event:attr("x") by event:attrs{{"x"}}',
        f"changed {path}",
    ]


def test_modernise_of_a_text_of_today_leaves_names_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "old.krl", OLD)

    result = run("--modernise", "--dialect", "1.x", path)

    assert "where n > 1" in path.read_text()
    assert "`n` is not defined" in result.stderr


def test_modernise_json_lists_what_was_replaced_and_what_was_left(tmp_path: Path) -> None:
    path = written(tmp_path / "old.krl", OLD.replace("n > 1", "n(1)"))

    [told] = json.loads(run("--modernise", "--json", path).stdout)

    assert [each["new"] for each in told["replaced"]] == ['event:attrs{"x"}']
    assert [each["code"] for each in told["left"]] == ["left-as-it-is", "undefined-name"]


def test_modernise_check_writes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "old.krl", OLD)

    assert run("--modernise", "--check", path).exit_code == 1
    assert path.read_text() == OLD
