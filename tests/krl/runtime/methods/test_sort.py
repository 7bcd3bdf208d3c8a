from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError
from krl.runtime.methods import METHODS
from krl.runtime.operators import compare, text_compare

numbers = st.lists(st.integers(-20, 20), max_size=30)
pairs = st.lists(st.tuples(st.integers(0, 3), st.integers()).map(list), max_size=30)


@pytest.mark.parametrize(
    ("array", "by", "result"),
    [
        ([5, 12, 1], None, [1, 12, 5]),
        ([5, 12, 1], "bogus", [1, 12, 5]),
        ([5, 12, 1], 7, [1, 12, 5]),
        ([5, 12, 1], "default", [1, 12, 5]),
        ([5, 12, 1], "reverse", [5, 12, 1]),
        ([5, 12, 1], "numeric", [1, 5, 12]),
        ([5, 12, 1], "ciremun", [12, 5, 1]),
        (["10", 9, True, "7.5"], "numeric", [True, "7.5", 9, "10"]),
        (["z", "é", "Z", "a"], None, ["Z", "a", "z", "é"]),
        (["😀", "｡", "z"], None, ["z", "😀", "｡"]),
        ([[1, 2], [1], []], "numeric", [[], [1], [1, 2]]),
        ("cab", None, "cab"),
        ({"b": 1, "a": 2}, None, {"b": 1, "a": 2}),
    ],
)
def test_sort(run, array, by, result):
    assert run("sort", array, by) == result


@pytest.mark.parametrize("by", ["default", "reverse", "numeric", "ciremun"])
def test_nulls_come_last_in_any_direction(run, by):
    assert run("sort", [None, 1, None, 2], by)[2:] == [None, None]


@pytest.mark.parametrize("by", ["default", "reverse", "numeric", "ciremun"])
def test_equal_elements_keep_their_order(run, by):
    assert run("sort", [[1], [2], [3]], by) == [[1], [2], [3]]


def test_words_among_numbers_are_compared_by_text(run):
    assert run("sort", ["pear", 10, 9], "numeric") in ([9, 10, "pear"], [10, 9, "pear"])
    assert run("sort", ["b", "a", "c"], "ciremun") == ["c", "b", "a"]


@given(numbers)
def test_any_kind_of_answer_does_for_a_comparison(new_host, array):
    def sorted_by(f):
        return METHODS["sort"](new_host(), array, f)

    assert sorted_by(lambda h, v_a=None, v_b=None: v_a - v_b) == sorted(array)
    assert sorted_by(lambda h, v_a=None, v_b=None: str(compare(v_a, v_b))) == sorted(array)
    assert sorted_by(lambda h, v_a=None, v_b=None: v_a > v_b) == sorted(array)
    assert sorted_by(lambda h, v_a=None, v_b=None: v_a < v_b) == sorted(array, reverse=True)


@given(pairs)
def test_sorting_by_a_function_is_stable(new_host, array):
    result = METHODS["sort"](new_host(), array, lambda h, v_a=None, v_b=None: v_a[0] - v_b[0])

    assert result == sorted(array, key=lambda pair: pair[0])


@given(st.lists(st.text("ab😀｡", max_size=3)))
def test_sorting_by_text_agrees_with_cmp(new_host, array):
    result = METHODS["sort"](new_host(), array)

    assert all(text_compare(a, b) <= 0 for a, b in pairwise(result))


@pytest.mark.parametrize(
    ("answer", "result"), [(None, [1, 2, 3]), ([], [1, 2, 3]), (["x"], [3, 2, 1]), ("word", [3, 2, 1])]
)
def test_odd_answers_count_by_their_number_and_none_as_after(run, answer, result):
    assert run("sort", [1, 2, 3], lambda h: answer) == result


def test_the_operand_is_not_sorted_itself(run):
    array = [2, 1]
    run("sort", array)
    run("sort", array, lambda h, v_a=None, v_b=None: v_a - v_b)

    assert array == [2, 1]


def test_comparisons_are_steps(new_host):
    with pytest.raises(KRLLimitError, match="max_steps"):
        METHODS["sort"](new_host(steps=1_000), list(range(1_000)), lambda h: 0)
