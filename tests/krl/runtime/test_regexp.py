import pytest

from krl.errors import KRLLimitError, KRLPatternError
from krl.runtime.conversions import as_boolean, as_hex, as_regexp, regexp_of
from krl.runtime.regexp import MAX_SUBJECT, RegExp


def spans(h, pattern, subject):
    return [found.span() for found in RegExp(pattern, "g").matches(h, subject)]


def test_flags_are_kept_in_one_order():
    assert RegExp("a", "mig").flags == "gim"
    assert RegExp("a", "ig") == RegExp("a", "gi") != RegExp("a", "g")


def test_a_bad_pattern_is_found_when_it_is_used(h):
    regexp = RegExp("(")

    with pytest.raises(KRLPatternError):
        regexp.search(h, "x")


def test_a_regexp_remembers_nothing(h):
    regexp = RegExp("a", "g")

    assert [bool(regexp.search(h, "a")) for _ in range(3)] == [True] * 3


def test_a_search_from_further_on_still_sees_what_is_before(h):
    assert RegExp("(?<=a)b").search(h, "ab", 1)
    assert not RegExp("^b").search(h, "ab", 1)


@pytest.mark.parametrize(
    ("pattern", "subject", "places"),
    [
        ("a", "banana", [(1, 2), (3, 4), (5, 6)]),
        ("", "ab", [(0, 0), (1, 1), (2, 2)]),
        ("x*", "axb", [(0, 0), (1, 2), (2, 2), (3, 3)]),
        ("$", "ab", [(2, 2)]),
        ("z", "ab", []),
        ("^", "ab", [(0, 0)]),
    ],
)
def test_all_matches_step_as_last_index_does(h, pattern, subject, places):
    assert spans(h, pattern, subject) == places


def test_each_match_is_a_step(h):
    before = h.steps

    spans(h, "a", "banana")

    assert before - h.steps == 3


def test_a_search_that_runs_away_is_stopped_and_named(new_host):
    h = new_host(regex_seconds=0.01)

    with pytest.raises(KRLLimitError, match=r"re#\(a\|aa\)\+\[\^a\]#.*regex_seconds: 0.01"):
        RegExp("(a|aa)+[^a]").search(h, "a" * 60)


def test_a_subject_can_be_too_large(h):
    with pytest.raises(KRLLimitError):
        RegExp("a").search(h, "b" * (MAX_SUBJECT + 1))


@pytest.mark.parametrize(("value", "source"), [("a+", "a+"), (1.5, "1.5"), (None, "null"), ([1], "[Array]")])
def test_other_values_become_regexps_by_their_text(h, value, source):
    assert regexp_of(h, value) == RegExp(source)


def test_compiling_from_text_is_paid_for_by_length(h):
    before = h.steps

    regexp_of(h, "abc" * 10)

    assert before - h.steps == 30


@pytest.mark.parametrize(("value", "source"), [([1], r"\[Array\]"), ({}, r"\[Map\]"), ("[Map]", "[Map]"), (5, "5")])
def test_the_text_of_a_type_is_no_class_when_converted(h, value, source):
    assert as_regexp(h, value) == RegExp(source)


@pytest.mark.parametrize(("value", "result"), [("false", False), ("FALSE", True), ("", False), (0, False), ([], True)])
def test_as_boolean(value, result):
    assert as_boolean(value) is result


@pytest.mark.parametrize(("value", "result"), [(255, "ff"), ("ff", "ff"), (True, "true"), (None, None), ([1], None)])
def test_as_hex(value, result):
    assert as_hex(value) == result
