import pytest

from krl.runtime.calls import Action
from krl.runtime.regexp import RegExp
from krl.runtime.values import index_key, is_number, normal, ordered_map, truth, typeof, with_key

INFINITY = float("inf")


def shout(h, v_x=None):
    return v_x


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "Null"),
        (True, "Boolean"),
        (0, "Number"),
        (-0.5, "Number"),
        ("", "String"),
        ("0x", "String"),
        ("0xfg", "String"),
        ("0x1F\n", "String"),
        ("0XaB", "Hex"),
        ([], "Array"),
        ({}, "Map"),
        (RegExp("a"), "RegExp"),
        (shout, "Function"),
        (Action(shout), "Action"),
        (Action(shout, "ActionFunction"), "ActionFunction"),
        (INFINITY, "JSObject"),
        (-INFINITY, "JSObject"),
    ],
)
def test_each_value_has_its_type(value, name):
    assert typeof(value) == name


@pytest.mark.parametrize("value", [None, False, 0, 0.0, ""])
def test_false_values(value):
    assert truth(value) is False


@pytest.mark.parametrize("value", [True, -1, 0.1, INFINITY, "false", "0", " ", [], {}, RegExp(""), shout])
def test_all_other_values_are_true(value):
    assert truth(value) is True


@pytest.mark.parametrize("value", [True, "1", None, INFINITY])
def test_what_is_no_number(value):
    assert not is_number(value)


@pytest.mark.parametrize(
    ("number", "kept", "kind"),
    [
        (2.0, 2, int),
        (-0.0, 0, int),
        (2.5, 2.5, float),
        (2**53, 2**53, int),
        (2**53 + 1, 2.0**53, float),
        (1e300, 1e300, float),
        (10**400, INFINITY, float),
        (-(10**400), -INFINITY, float),
    ],
)
def test_numbers_are_kept_as_ints_where_a_double_is_exact(number, kept, kind):
    result = normal(number)

    assert result == kept and type(result) is kind


def test_not_a_number_becomes_null():
    assert normal(float("nan")) is None


@pytest.mark.parametrize("key", ["0", "7", "10", "4294967294"])
def test_index_keys(key):
    assert index_key(key) == int(key)


@pytest.mark.parametrize("key", ["", "-1", "01", "00", "1.0", "1e3", " 1", "4294967295", "99999999999", "²", "٣"])
def test_other_keys_are_no_index(key):
    assert index_key(key) is None


def test_maps_begin_with_index_keys_in_ascending_order():
    result = ordered_map([("b", 1), ("10", 2), ("9", 3), ("a", 4), ("007", 5)])

    assert list(result) == ["9", "10", "b", "a", "007"]


def test_a_repeated_key_has_the_last_value_in_the_first_place():
    assert list(ordered_map([("a", 1), ("b", 2), ("a", 3)]).items()) == [("a", 3), ("b", 2)]


def test_a_new_index_key_is_put_in_its_place_and_the_original_kept():
    original = {"5": 1, "x": 2}

    assert list(with_key(original, "3", 0)) == ["3", "5", "x"]
    assert list(original) == ["5", "x"]
