import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError
from krl.runtime.access import delete_path, get, item, put_path, set_path
from krl.runtime.regexp import RegExp
from krl.runtime.values import ordered

INSIDES = ["__class__", "__dict__", "__init__", "__proto__", "constructor", "toString", "length", "keys", "append"]

keys = st.sampled_from(["a", "b", "0", "1", "01", "-1", 0, 1, 2, 0.5, None, True])
leaves = st.none() | st.integers(0, 3) | st.sampled_from(["", "xy"])
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "1"]), inner, max_size=3).map(ordered)
    ),
    max_leaves=8,
)
paths = keys | st.lists(keys, max_size=3)


@pytest.mark.parametrize(
    ("value", "key", "found"),
    [
        ({"a": 1}, "a", 1),
        ({"a": 1}, "b", None),
        ({"7": "x"}, 7, "x"),
        ({"true": 1}, True, 1),
        ({"null": 1}, None, 1),
        ({"1.5": 1}, 1.5, 1),
        ({"[Array]": 1}, [9], 1),
        ({"a.b": 1}, "a.b", 1),
        ({"a": {"b": 1}}, "a.b", None),
        ([10, 20], 1, 20),
        ([10, 20], "1", 20),
        ([10, 20], "01", None),
        ([10, 20], 2, None),
        ([10, 20], -1, None),
        ([10, 20], 0.5, None),
        ([10, 20], True, None),
        ("abc", 0, None),
        (None, "a", None),
    ],
)
def test_item(value, key, found):
    assert item(value, key) == found


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ({"a": [5, 6]}, ["a", 1], 6),
        ({"a": {"b": 1}}, ["a", "x", "y"], None),
        ({"a": 1}, [], None),
        ({"a": "text"}, ["a", 0], None),
        ({"a": 1}, "a", 1),
    ],
)
def test_get(value, path, found):
    assert get(value, path) == found


@pytest.mark.parametrize("key", INSIDES)
def test_no_look_up_reaches_what_python_or_javascript_hang_on_values(key):
    for value in ({}, [1], "abc", 5, None, True, RegExp("a"), lambda h: 1):
        assert item(value, key) is None
        assert get({"in": value}, ["in", key]) is None


@pytest.mark.parametrize("key", INSIDES)
def test_such_names_are_ordinary_keys(h, key):
    assert item(set_path(h, {}, key, 1), key) == 1
    assert item(put_path(h, {}, key, 1), key) == 1


@pytest.mark.parametrize(
    ("value", "path", "result"),
    [
        ({}, ["a", 0], {"a": [1]}),
        ({}, ["a", "1"], {"a": [None, 1]}),
        ({}, ["a", "01"], {"a": {"01": 1}}),
        ({}, ["a", 0, "b"], {"a": [{"b": 1}]}),
        ({"a": {"0": "z"}}, ["a", 0], {"a": {"0": 1}}),
        ({"a": 5}, ["a", "b"], {"a": {"b": 1}}),
        ({"a": 5}, ["a", 0], {"a": [1]}),
        ([7, 8], 3, [7, 8, None, 1]),
        ([7, 8], "k", {"0": 7, "1": 8, "k": 1}),
        (None, "a", {"a": 1}),
        ("text", ["a", "b"], {"a": {"b": 1}}),
        ({"a": 5}, [], {"a": 5}),
        ({"b": 0}, "3", {"3": 1, "b": 0}),
    ],
)
def test_set(h, value, path, result):
    assert set_path(h, value, path, 1) == result


@pytest.mark.parametrize(
    ("value", "path", "new", "result"),
    [
        ({}, ["a", 0], 1, {"a": {"0": 1}}),
        ({"a": {"x": 1}}, ["a", "y"], 2, {"a": {"x": 1, "y": 2}}),
        ({"a": {"x": 1}}, "a", {"y": 2}, {"a": {"y": 2}}),
        ({"a": [1, 2]}, ["a", 2], 9, {"a": [1, 2, 9]}),
        ({"a": [1, 2]}, ["a", 5], 9, {"a": {"0": 1, "1": 2, "5": 9}}),
        ({"a": [1]}, ["a", "b", "c"], 2, {"a": {"0": 1, "b": {"c": 2}}}),
        ({"a": "s"}, ["a", "b"], 1, {"a": {"b": 1}}),
        ([1], 3, 9, [1, None, None, 9]),
        ([], [0, "a"], 1, [{"a": 1}]),
        (5, "a", 1, 5),
        (None, [], {"a": 1}, None),
        ({"a": 1}, [], {"0": 3, "a": 2}, {"0": 3, "a": 2}),
        ([1, 2, 3], [], [9], [9, 2, 3]),
        ([1], [], [7, 8], [7, 8]),
        ({"a": 1}, [], "whole", "whole"),
    ],
)
def test_put(h, value, path, new, result):
    assert put_path(h, value, path, new) == result


def test_a_merge_keeps_the_places_of_keys(h):
    assert list(put_path(h, {"b": 1, "a": 2}, [], {"a": 3, "c": 4, "0": 5})) == ["0", "b", "a", "c"]


@pytest.mark.parametrize(
    ("value", "path", "result"),
    [
        ({"a": 1, "b": 2}, "a", {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, ["a", "b"], {"a": {"c": 2}}),
        ({"a": {"b": 1}}, ["a", "x", "y"], {"a": {"b": 1}}),
        ([1, 2, 3], 0, [None, 2, 3]),
        ([1, 2, 3], 9, [1, 2, 3]),
        ([{"a": 1, "b": 2}], [0, "a"], [{"b": 2}]),
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, ["a", "b"], {"a": 1}),
        ("abc", 0, "abc"),
    ],
)
def test_delete(value, path, result):
    assert delete_path(value, path) == result


@given(values, paths)
def test_changes_leave_the_operand_as_it_was(new_host, value, path):
    before = copy.deepcopy(value)

    set_path(new_host(), value, path, "new")
    put_path(new_host(), value, path, "new")
    delete_path(value, path)

    assert value == before


@given(values, paths)
def test_what_was_set_or_put_is_found(new_host, value, path):
    if path != []:
        assert get(set_path(new_host(), value, path, "new"), path) == "new"
        if isinstance(value, list | dict):
            assert get(put_path(new_host(), value, path, "new"), path) == "new"


@given(values, paths)
def test_what_was_deleted_is_found_no_more(value, path):
    assert get(delete_path(value, path), path) is None


def test_an_index_beyond_the_limit_is_refused_by_name(new_host):
    h = new_host(max_items=100)

    with pytest.raises(KRLLimitError, match="max_items"):
        set_path(h, [], 4294967294, 1)
    with pytest.raises(KRLLimitError, match="max_items"):
        put_path(h, [], 4294967294, 1)


def test_a_long_path_takes_no_stack(h):
    value = set_path(h, {}, ["a"] * 200_000, 1)

    assert get(delete_path(value, ["a"] * 199_999), ["a"] * 200_000) is None
