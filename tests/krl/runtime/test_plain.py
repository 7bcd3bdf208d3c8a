import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError
from krl.runtime.calls import Action
from krl.runtime.plain import MAX_NESTING, plain
from krl.runtime.regexp import RegExp


def function(h):
    return None


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([function, Action(function), RegExp("a")]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_left_is_json(value):
    assert orjson.loads(orjson.dumps(plain(value))) == plain(value)


@given(values)
def test_what_is_plain_stays_as_it_is(value):
    assert plain(plain(value)) == plain(value)


def test_what_json_cannot_hold_is_lost():
    value = {"f": function, "a": Action(function), "r": RegExp("a"), "i": float("inf"), "l": [function, float("-inf")]}

    assert plain(value) == {"r": {}, "i": None, "l": [None, None]}


def test_json_from_elsewhere_gets_the_numbers_and_the_order_of_krl():
    result = plain({"x": 1.0, "2": 2**60})

    assert list(result) == ["2", "x"]
    assert [type(each) for each in result.values()] == [float, int]


def test_the_copy_shares_nothing_with_the_value():
    value = {"a": [{}]}
    copy = plain(value)

    assert copy is not value and copy["a"] is not value["a"] and copy["a"][0] is not value["a"][0]


def test_the_deepest_value_can_be_written_and_a_deeper_one_is_refused():
    value = []
    for _ in range(MAX_NESTING - 1):
        value = [value]

    orjson.dumps(plain(value))
    with pytest.raises(KRLLimitError):
        plain([value])


def test_a_value_that_shares_parts_cannot_fill_the_memory():
    value = ["x" * 1_000_000]
    for _ in range(10):
        value = [value, value]

    with pytest.raises(KRLLimitError):
        plain(value)


def test_a_value_of_very_many_small_parts_is_refused_before_it_fills_the_memory():
    value = []
    for _ in range(21):
        value = [value, value]

    with pytest.raises(KRLLimitError, match="too large"):
        plain(value)


def test_the_largest_list_that_rules_can_build_is_kept():
    assert plain([0] * 1_000_000) == [0] * 1_000_000


@pytest.mark.parametrize("number", [2**53, 2**53 + 1, -(2**60)])
def test_a_small_map_has_its_numbers_as_krl_has_them(number):
    assert plain({"n": number, "s": "x"}) == {"n": plain([number])[0], "s": "x"}
    assert type(plain({"n": number})["n"]) is type(plain([number])[0])


def test_a_small_map_is_copied_and_in_order():
    value = {"b": 1, "1": None}
    copy = plain(value)

    assert copy is not value
    assert list(copy) == ["1", "b"]
