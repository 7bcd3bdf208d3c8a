import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError
from krl.runtime.calls import Action
from krl.runtime.json_text import MAX_NESTING, decode, encode
from krl.runtime.regexp import RegExp
from krl.runtime.values import ordered

numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner).map(ordered),
)


@given(values)
def test_a_value_comes_back_from_its_text(value):
    assert decode(encode(value)) == value


@given(values, st.integers(0, 10))
def test_indentation_does_not_change_the_value(value, indent):
    assert decode(encode(value, indent)) == value


@given(values)
def test_the_text_is_json_for_others(value):
    assert json.loads(encode(value), parse_int=float) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("[1, 2]", [1, 2]),
        (" \t\r\n[ ] ", []),
        ("1.50", 1.5),
        ("-0", 0),
        ("1e400", float("inf")),
        ("9007199254740993", 2**53),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ud83d"),
        ('"\\ud83d\ude00"', "😀"),
        ('"\ud83d\\ude00 \\\\"', "😀 \\"),
    ],
)
def test_decode(written, value):
    assert decode(written) == value


def test_decoded_numbers_are_ints_where_they_can():
    assert [type(each) for each in decode("[1.0, 1e2, 100000000000000000000, 0.5]")] == [int, int, float, float]


def test_decoded_maps_have_their_keys_in_order_and_the_last_of_equal_ones():
    assert list(decode('{"x": 1, "10": 2, "9": 3, "x": 4}').items()) == [("9", 3), ("10", 2), ("x", 4)]


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "not json",
        "NaN",
        "Infinity",
        "-Infinity",
        "[NaN]",
        "01",
        "+1",
        ".5",
        "1.",
        "[1,]",
        "{'a': 1}",
        "{a: 1}",
        "[1] x",
        "\u00a0null",
        "\ufeffnull",
        '"\\q"',
        '"a\nb"',
        '"\\\ud83d"',
        "١",
        '"open',
        "[" * 5,
    ],
)
def test_what_is_no_json_stays_as_it_is(written):
    assert decode(written) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ([True, 1.0, 0.1, 1e21, 1e-7, -0.0], "[true,1,0.1,1e+21,1e-7,0]"),
        ('"\\/\b\t\n\x1f\x7f\u2028é😀', '"\\"\\\\/\\b\\t\\n\\u001f\x7f\u2028é😀"'),
        ("\ud83d", '"\\ud83d"'),
        ({"\ude00": 1}, '{"\\ude00":1}'),
        ([RegExp("a", "i"), lambda h: 1, float("inf")], '["re#a#i","[Function]","[JSObject]"]'),
        ({"f": Action(lambda h: 1, "ActionFunction")}, '{"f":"[ActionFunction]"}'),
    ],
)
def test_encode(value, written):
    assert encode(value) == written


def test_indented_text_has_one_item_a_line_and_nothing_in_empty_collections():
    assert encode({"a": [1, {}], "b": []}, 2) == '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}'


def test_nesting_is_limited_both_ways():
    deepest = "[" * MAX_NESTING + "1" + "]" * MAX_NESTING

    assert encode(decode(deepest)) == deepest
    with pytest.raises(KRLLimitError):
        decode("[" + deepest + "]")
    with pytest.raises(KRLLimitError):
        encode([decode(deepest)])


def test_brackets_in_strings_do_not_nest():
    assert decode('["' + "[" * 5_000 + '"]') == ["[" * 5_000]


def test_brackets_beside_each_other_do_not_nest():
    assert len(decode("[" + ",".join(["[]"] * 5_000) + "]")) == 5_000


def test_a_value_that_shares_parts_cannot_fill_the_memory():
    value = ["part"]
    for _ in range(60):
        value = [value, value]

    with pytest.raises(KRLLimitError):
        encode(value, max_length=10_000)
