"""Values as JSON text."""

import json

import pytest

from krl import KRLLimitError, evaluate, to_json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ([1, 2.5, True, "a"], '[1,2.5,true,"a"]'),
        ({"b": {}, "a": []}, '{"b":{},"a":[]}'),
        (float("inf"), '{"$type":"Infinity"}'),
        ("\ud83d", '"\\ud83d"'),
    ],
)
def test_plain_values(value, text):
    assert to_json(value) == text


def test_what_json_cannot_hold_is_shown_at_any_depth():
    assert json.loads(to_json(evaluate('{"a": [re#x#gi, uc, send_directive, noop]}'))) == {
        "a": [
            {"$type": "RegExp", "source": "x", "flags": "gi"},
            {"$type": "Function"},
            {"$type": "Action"},
            {"$type": "ActionFunction"},
        ]
    }


def test_a_value_that_holds_one_part_many_times_is_refused_in_time():
    value = ["x"]
    for _ in range(64):
        value = [value, value]

    with pytest.raises(KRLLimitError):
        to_json(value)


def test_a_value_nested_too_deeply_is_refused():
    value = []
    for _ in range(200_000):
        value = [value]

    with pytest.raises(KRLLimitError):
        to_json(value)
