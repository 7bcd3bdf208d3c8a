"""Which regular expressions can take exponential time."""

import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from krl.checker.backtracking import can_explode


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "^(a*)*$",
        "((a)*)*",
        "(a|a)*",
        "(a|aa)+",
        "([a-z]+)*",
        r"(\w+\s?)*",
        r"(\d\d+)*",
        "([^,]*,?)*",
        r'(\\.|[^"])*',
        "(?=(a+)+)b",
        "(a+){2,}",
        "(a+){20}",
        "(.*)*",
        r"(\x61|a)*",
        "(é|é)*",
    ],
)
def test_two_ways_around_a_loop_explode(pattern):
    assert can_explode(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "a+",
        "(a|b)*",
        r"(,\d+)*",
        r"(\w+\s)*",
        "(x+y)*",
        "(.*),(.*)",
        r'(\\.|[^"\\])*',
        "(a+){3}",
        r"(\)*)",
        "([(]*)b*",
        "(a|A)*",
        "",
    ],
)
def test_one_way_around_each_loop_does_not(pattern):
    assert not can_explode(pattern)


def test_without_regard_to_case_more_is_the_same():
    assert can_explode("(a|A)*", ignore_case=True)


def test_a_pattern_too_large_to_judge_counts_as_harmless():
    assert not can_explode("(" + "|".join("abcdefghij" * 20) + ")*")


PIECES = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\w", r"\d", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(?:" + "|".join(parts) + ")"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2,}", "{1,3}"])).map(lambda pair: f"({pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)


@given(PIECES)
def test_what_is_judged_harmless_is_matched_in_polynomial_time(pattern):
    """Forty letters and a character that never matches: a lifetime if there are two ways for each letter."""
    if not can_explode(pattern):
        compiled = regex.compile(f"(?:{pattern})\x00", regex.VERSION0)
        started = time.process_time()

        compiled.match("a" * 20 + "b" * 20 + "!", timeout=20.0)

        assert time.process_time() - started < 20.0


@given(st.text(alphabet=r"ab(|)*+?{}2,[]^-\dwsxu0!=<>:k1", max_size=40))
def test_any_text_is_judged(text):
    assert can_explode(text) in (True, False)
