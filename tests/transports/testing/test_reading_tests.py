"""What a test file may say, and what is told of one that says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from transports.testing import FormatError
from transports.testing.finding import find_files
from transports.testing.reading import read_file
from transports.testing.values import BadValue, equal, span, value_of

TEST = '[[test]]\nname = "t"\nevent = "x:y"\n'

WRONG = {
    "[[test]": "no TOML: Expected ']]' at the end of an array declaration (at line 1, column 7)",
    "": "there is no [[test]]",
    "[[tset]]\nname = 't'": "unknown key 'tset' (did you mean 'test'?)",
    "[[test]]\nevent = 'x:y'": "test 1: 'name' is missing",
    "[[test]]\nname = 't'": 'test "t": there is nothing to do: no event, no query, no [[test.step]]',
    TEST + TEST: "two tests are called 't'",
    "[[test]]\nname = 't'\nevent = 'xy'": "test \"t\": expected domain:type, found 'xy'",
    "[[test]]\nname = 't'\nevent = 7": "test \"t\": 'event' must be a text, found 7",
    TEST + "query = 'f'": 'test "t": a step has an event or a query, not both',
    TEST + "args = {}": "test \"t\": 'args' belongs to a query, and there is none",
    TEST + "[[test.step]]\nevent = 'x:y'": "test \"t\": 'event' belongs into a [[test.step]], since there are some",
    TEST + "after = 'soon'": "test \"t\": 'after': expected a time such as 90s, 5m or 1d 12h, found 'soon'",
    TEST + "at = 'soon'": "test \"t\": 'at': Invalid isoformat string: 'soon'",
    TEST + "expect.selcted = []": "test \"t\", expect: unknown key 'selcted' (did you mean 'selected'?)",
    TEST + "expect.answer = 1": "test \"t\": 'answer' is expected of a query, and there is none",
    TEST + "expect.raised = [{ evnt = 'a:b' }]": (
        "test \"t\", expect, raised 1: unknown key 'evnt' (did you mean 'event'?)"
    ),
    TEST + "expect.raised = [7]": "test \"t\", expect: 'raised' must be an array of tables or texts, found 7",
    TEST + "expect.state = { a = { '$matches' = '(' } }": (
        "test \"t\", expect: 'state': '(' is no regular expression: missing ), unterminated subpattern at position 0"
    ),
    TEST + "expect.state = { a = { '$like' = 1 } }": (
        "test \"t\", expect: 'state': '$like' is none of $any, $type, $matches, $includes"
    ),
    TEST + "attrs = { 'a:=' = '{' }": (
        "test \"t\": 'attrs': 'a:=' must have JSON text: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)"
    ),
    "[given]\nrulesets = ['shp.krl']\n" + TEST: (
        "given, rulesets 1: there is no ruleset 'shp.krl' in {folder} (did you mean 'shop.krl'?)"
    ),
    "[given]\nhttp = [{ request = 'https://x' }]\n" + TEST: (
        "given, http 1: 'request' must be such as \"GET https://example.com/*\", found 'https://x'"
    ),
    "[given]\nhttp = [{ request = 'GET x', no_answer = 'gone', status = 200 }]\n" + TEST: (
        "given, http 1: 'no_answer' says that there is none: it stands without 'status', 'body' and 'json'"
    ),
    "[given]\npicos = ['pico']\n" + TEST: "given: two picos are called 'pico'",
    "[given]\nsubscriptions = [{ between = ['pico', 'bob'] }]\n" + TEST: (
        "given, subscriptions 1: there is no pico 'bob' (known: pico)"
    ),
    "[given]\nintroduce = 'no'\n" + TEST: "given: 'introduce' must be true or false, found 'no'",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_no_test_says_where_and_why(write, text):
    path = write(text)

    with pytest.raises(FormatError) as caught:
        read_file(path)

    assert str(caught.value) == f"{path}: {WRONG[text].format(folder=path.parent)}"


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FormatError, match="cannot be read: No such file or directory"):
        read_file(tmp_path / "a.test.toml")


def test_a_file_that_is_not_in_utf_8_says_so(write):
    path = write("")
    path.write_bytes(b'[[test]]\nname = "\xff"\n')

    with pytest.raises(FormatError, match="not in UTF-8"):
        read_file(path)


def test_what_a_test_gives_lies_over_what_the_file_gives(write):
    shared = "[given]\ntime = 2030-01-01\nstate = { a = 1, b = 1 }\n[[given.http]]\nrequest = 'GET b'\n"
    own = "[test.given]\nstate = { b = 2 }\n[[test.given.http]]\nrequest = 'GET a'\n"

    [test] = read_file(write(f"{shared}{TEST}{own}")).tests

    assert test.given.picos[0].state == {"a": 1, "b": 2}
    assert [each.url for each in test.given.stubs] == ["a", "b"]


def test_folders_are_searched_and_files_taken_once(tmp_path):
    (tmp_path / "in").mkdir()
    files = [tmp_path / "b.test.toml", tmp_path / "in" / "a.test.toml"]
    for each in files:
        each.touch()

    assert find_files([tmp_path, files[0]]) == files


@pytest.mark.parametrize("place", ["", "a.krl"])
def test_a_place_without_tests_says_so(tmp_path: Path, place: str) -> None:
    with pytest.raises(FormatError, match=r"\*\.test\.toml"):
        find_files([tmp_path / place])


@pytest.mark.parametrize(
    ("expected", "actual", "are_equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (True, 1, False),
        ("1", 1, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"$includes": {"a": 1}}, {"a": 1, "b": 2}, True),
        ({"$includes": [2]}, [1, 2], True),
        ({"$includes": "b"}, "abc", True),
        ({"$includes": {"a": {"$type": "Number"}}}, {"a": 7}, True),
        ({"$any": True}, 0, True),
        ({"$any": True}, None, False),
        ({"$any": False}, None, True),
        ({"$type": "Null"}, None, True),
        ({"$type": "Number"}, True, False),
        ({"$matches": "^b"}, "abc", False),
        ([1, 2], [2, 1], False),
        ([{"$any": True}], ["x"], True),
        (None, None, True),
    ],
)
def test_values_are_compared(expected, actual, are_equal):
    assert equal(expected, actual) is are_equal


def test_values_that_toml_does_not_have_are_written_in_json():
    assert value_of({"a:=": "[null]", "b": {"c:=": "null"}}) == {"a": [None], "b": {"c": None}}


def test_where_nothing_is_expected_a_dollar_is_a_letter_like_others():
    assert value_of({"$any": 1}) == {"$any": 1}
    with pytest.raises(BadValue):
        value_of({"$any": 1, "a": 2}, expected=True)


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("90s", 90_000), ("1d 2h", 93_600_000), ("1.5m", 90_000), ("5ms", 5)]
)
def test_spans_of_time(text, milliseconds):
    assert span(text) == milliseconds
