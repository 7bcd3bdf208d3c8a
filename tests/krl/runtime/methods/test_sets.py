import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError
from krl.runtime.methods import METHODS
from krl.runtime.operators import equal
from krl.runtime.regexp import RegExp

arrays = st.lists(st.sampled_from([None, 0, 1, 1.0, True, False, "1", "", [], [1], [True], {}, {"a": 1}]), max_size=6)


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("intersection", ([3, 1, 1], [1, 3]), [3, 1]),
        ("intersection", (1, [1]), [1]),
        ("intersection", ([1],), []),
        ("intersection", ([None], None), [None]),
        ("union", ([1, 1], [2, 1]), [1, 2]),
        ("union", ([1], {"a": 1}), [1, {"a": 1}]),
        ("union", (5,), 5),
        ("difference", ([1, 1, 2], 2), [1, 1]),
        ("difference", ([[1], 2], [[1]]), [2]),
        ("difference", (5,), 5),
        ("has", ([1, 2, 3], [1, 3]), True),
        ("has", ([1], []), True),
        ("has", ([1], "1"), False),
        ("has", ("abc", "b"), False),
        ("has", ([[1, 2]], [1, 2]), False),
        ("unique", ([1, "1", True, 1.0, [2], [2], None, None],), [1, "1", True, [2], None]),
        ("unique", ([RegExp("a"), RegExp("a"), RegExp("a", "i")],), [RegExp("a"), RegExp("a", "i")]),
        ("unique", ("aab",), "aab"),
        ("once", (["b", "a", "b", {}, {}, {"c": 1}],), ["a", {"c": 1}]),
        ("once", ("aab",), "aab"),
        ("duplicates", (["x", "y", [1], "x", [1], "x"],), ["x", [1]]),
        ("duplicates", (5,), []),
    ],
)
def test_sets(run, name, args, result):
    assert equal(run(name, *args), result)


def occurs(value, array):
    return any(equal(value, each) for each in array)


@given(arrays, arrays)
def test_they_agree_with_their_definitions(new_host, a, b):
    h = new_host()

    def run(name, *args):
        return METHODS[name](h, *args)

    assert equal(run("difference", a, b), [each for each in a if not occurs(each, b)])
    assert equal(run("intersection", a, b), [each for each in run("unique", a) if occurs(each, b)])
    assert equal(run("union", a, b), run("unique", a + b))
    assert run("has", a, b) is all(occurs(each, a) for each in b)


@given(arrays)
def test_once_and_duplicates_part_the_unique_values(new_host, array):
    h = new_host()
    once, duplicates = METHODS["once"](h, array), METHODS["duplicates"](h, array)

    assert all(occurs(each, once) != occurs(each, duplicates) for each in array)
    assert len(once) + len(duplicates) == len(METHODS["unique"](h, array))


def test_comparing_many_collections_spends_steps(new_host):
    with pytest.raises(KRLLimitError, match="max_steps"):
        METHODS["unique"](new_host(steps=100_000), [[each] for each in range(1_000)])
