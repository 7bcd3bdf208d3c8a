"""`check`, `eval` and `simulate`: what they write where, and how they exit."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from transports.cli.check import command as check
from transports.cli.evaluate import command as evaluate
from transports.cli.simulate import command as simulate

COUNTER = """ruleset counter {
  rule count {
    select when a b n re#(.+)# setting(n)
    send_directive("counted", {"n": n - 1})
    fired { ent:seen := (ent:seen || []).append(n) }
  }
}
"""


def run(command, *arguments, text: str | bytes = "") -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], input=text)


def json_lines(result: Result) -> list:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def ruleset(tmp_path: Path) -> Path:
    return written(tmp_path / "counter.krl", COUNTER)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- check ---


def test_check_is_silent_about_a_good_file(ruleset):
    result = run(check, ruleset)

    assert (result.exit_code, result.output) == (0, "")


def test_check_writes_one_finding_a_line(tmp_path):
    path = written(tmp_path / "a.krl", "ruleset a {\n  global { _x = lenght([]) _y = 😀 }\n}".replace("😀", "nowhere"))

    result = run(check, path)

    assert result.stdout.splitlines() == [
        f"{path}:2:17: error: `lenght` is not defined [undefined-name] (did you mean `length`?)",
        f"{path}:2:33: error: `nowhere` is not defined [undefined-name]",
    ]
    assert result.stderr == "2 errors, 0 warnings\n"


def test_check_fails_for_errors_only(tmp_path):
    bad = written(tmp_path / "bad.krl", "ruleset a { global { _x = y } }")
    doubtful = written(tmp_path / "doubtful.krl", "ruleset a { global { x = 1 } }")

    assert [run(check, bad).exit_code, run(check, doubtful).exit_code] == [1, 0]


def test_check_json_has_utf16_columns_and_an_exclusive_end(tmp_path):
    path = written(tmp_path / "a.krl", '"😀" + nowhere')

    (finding,) = json.loads(run(check, "--json", path).stdout)

    assert finding == {
        "file": str(path),
        "line": 1,
        "column": 8,
        "end_line": 1,
        "end_column": 15,
        "severity": "error",
        "code": "undefined-name",
        "message": "`nowhere` is not defined",
        "hint": None,
    }


def test_check_json_of_a_good_file_is_an_empty_array(ruleset):
    assert json.loads(run(check, "--json", ruleset).stdout) == []


def test_check_reads_the_standard_input():
    result = run(check, "-", text="nowhere")

    assert result.stdout.startswith("<stdin>:1:1: error")


def test_check_takes_several_files(ruleset, tmp_path):
    bad = written(tmp_path / "bad.krl", "nowhere")

    assert run(check, ruleset, bad).stdout.startswith(f"{bad}:1:1: error")


def test_check_of_bytes_that_are_no_text_says_where():
    result = run(check, "-", text=b"a = 1\n\xff")

    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        ["<stdin>:2:1: error: the file is not in UTF-8 here [bad-encoding]"],
    )


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    assert run(check, tmp_path / "absent.krl").exit_code == 2


# --- eval ---


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("6 * 7", 42),
        ("a = 6; a * 7", 42),
        ('{"a": [1.5, null, true]}', {"a": [1.5, None, True]}),
        ("re#a+#gi", {"$type": "RegExp", "source": "a+", "flags": "gi"}),
        ("[uc, noop, send_directive]", [{"$type": "Function"}, {"$type": "ActionFunction"}, {"$type": "Action"}]),
        ('"😀".split("")', ["\ud83d", "\ude00"]),
    ],
)
def test_eval_prints_the_value_as_json(expression, value):
    result = run(evaluate, expression)

    assert (result.exit_code, json.loads(result.stdout)) == (0, value)


def test_eval_reports_a_failure_on_standard_error():
    result = run(evaluate, "5()")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "TypeError: 5 is not a function\n")


def test_eval_shows_where_a_text_is_wrong():
    result = run(evaluate, "1 + nowhere")

    assert result.exit_code == 1
    assert "1 + nowhere\n        ^" in result.stderr


def test_eval_wants_an_expression_or_lines():
    assert [run(evaluate).exit_code, run(evaluate, "1", "--jsonl").exit_code] == [2, 2]


def test_eval_answers_line_by_line():
    requests = [
        {"id": 1, "expr": "1 + 1"},
        {"id": "x", "expr": '"a" - 1'},
        {"id": None, "expr": "nowhere"},
        {"id": 4},
    ]

    result = run(evaluate, "--jsonl", text="\n".join(json.dumps(each) for each in requests) + "\n\nnonsense\n")

    assert result.exit_code == 0
    answers = json_lines(result)
    assert answers[0] == {"id": 1, "value": 2}
    assert answers[1]["error"]["kind"] == "TypeError"
    assert [each.get("error", {}).get("kind") for each in answers[2:]] == ["CompileError", "Error", "Error"]


def test_one_line_leaves_nothing_for_the_next():
    lines = '{"id": 1, "expr": "x = 5; x"}\n{"id": 2, "expr": "x"}\n'

    assert "error" in json_lines(run(evaluate, "--jsonl", text=lines))[1]


def test_a_value_too_large_to_show_is_an_error_of_its_line():
    doubling = "1.range(60).reduce(function(a, i){ [a, a] }, [])"

    (answer,) = json_lines(run(evaluate, "--jsonl", text=json.dumps({"id": 1, "expr": doubling})))

    assert answer["error"]["kind"] == "LimitError"


# --- simulate ---


def test_simulate_writes_an_object_for_each_event(ruleset, tmp_path):
    events = [{"domain": "a", "type": "b", "attrs": {"n": 5}, "time": 1}, {"domain": "a", "type": "c"}]
    path = written(tmp_path / "events.jsonl", "\n".join(json.dumps(each) for each in events))

    result = run(simulate, ruleset, "--events", path)

    assert result.exit_code == 0
    assert json_lines(result) == [
        {
            "selected": ["count"],
            "directives": [{"name": "counted", "options": {"n": 4}, "meta": {"rid": "counter", "rule_name": "count"}}],
            "error": None,
            "entities": {"seen": ["5"]},
        },
        {"selected": [], "directives": [], "error": None, "entities": {"seen": ["5"]}},
    ]


def test_a_failed_event_is_undone_and_makes_the_command_fail(ruleset):
    event = {"domain": "a", "type": "b", "attrs": {"n": "x"}, "time": 1}

    result = run(simulate, ruleset, "--events", "-", text=json.dumps(event))

    (outcome,) = json_lines(result)
    assert (result.exit_code, outcome["directives"], outcome["entities"]) == (1, [], {})
    assert (outcome["error"]["rule"], outcome["error"]["line"]) == ("count", 4)


def test_simulate_of_a_bad_ruleset_writes_its_findings(tmp_path):
    bad = written(tmp_path / "bad.krl", "ruleset a { global { _x = y } }")

    plain = run(simulate, bad, "--events", "-")
    as_json = run(simulate, bad, "--events", "-", "--json")

    assert (plain.exit_code, plain.stdout, as_json.exit_code) == (1, "", 1)
    assert "`y` is not defined" in plain.stderr
    assert json.loads(as_json.stdout)[0]["code"] == "undefined-name"


def test_simulate_of_a_ruleset_that_fails_to_load_says_why(tmp_path):
    bad = written(tmp_path / "bad.krl", 'ruleset a { global { _x = "a" - "b" } }')

    result = run(simulate, bad, "--events", "-", "--json")

    assert (result.exit_code, json.loads(result.stdout)[0]["code"]) == (1, "load-failed")


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"domain": "a"}'])
def test_a_line_that_is_no_event_is_a_usage_error(ruleset, line):
    assert run(simulate, ruleset, "--events", "-", text=line).exit_code == 2
