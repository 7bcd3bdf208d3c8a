import pytest

from krl.errors import KRLLimitError
from krl.runtime.methods import METHODS


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("get", ({"a": [5, 6]}, ["a", 1]), 6),
        ("get", ({"null": 3},), 3),
        ("set", ({"a": 1}, "b"), {"a": 1, "b": None}),
        ("set", ({}, ["a", 0], 1), {"a": [1]}),
        ("put", ({"a": 1},), {"a": 1}),
        ("put", ({"a": 1}, "b"), "b"),
        ("put", ({"a": 1}, None), None),
        ("put", ({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        ("put", ({}, "a", None), {"a": None}),
        ("put", ({}, None, 1), {"null": 1}),
        ("put", (5,), 5),
        ("delete", ({"null": 1, "x": 2},), {"x": 2}),
        ("keys", ([7, 7],), ["0", "1"]),
        ("keys", ({"a": {"b": 1}}, "a"), ["b"]),
        ("keys", ({"a": 1}, []), []),
        ("keys", ({"0": {"x": 1}}, 0), ["x"]),
        ("keys", ({"": {"x": 1}}, ""), ["x"]),
        ("keys", ({"a": "text"}, "a"), []),
        ("keys", ("abc",), []),
        ("values", ({"a": [7, 8]}, "a"), [7, 8]),
        ("values", ({"b": 1, "a": None},), [1, None]),
        ("values", ("abc",), []),
    ],
)
def test_maps(run, name, args, result):
    assert run(name, *args) == result


@pytest.mark.parametrize(
    ("indent", "blanks"),
    [
        (None, 0),
        (2, 2),
        (1.9, 1),
        ("3px", 3),
        (" +2", 2),
        ("x", 0),
        (True, 0),
        (-3, 0),
        (12, 10),
        ("0x2", 0),
        ([2], 2),
        ([], 0),
    ],
)
def test_encode_indents_by_the_integer_its_argument_begins_with(run, indent, blanks):
    expected = '{"a":1}' if not blanks else "{\n" + " " * blanks + '"a": 1\n}'

    assert run("encode", {"a": 1}, indent) == expected


def test_encoding_beyond_the_limit_is_refused_by_name(new_host):
    with pytest.raises(KRLLimitError, match="max_text_units"):
        METHODS["encode"](new_host(max_text_units=1_000), ["x" * 500] * 3)
