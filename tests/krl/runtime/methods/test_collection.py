import pytest

from krl.errors import KRLTypeError
from krl.runtime.calls import Action
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp

WITH_CALLBACK = ["all", "notall", "any", "none", "filter", "map", "collect"]


def even(h, v_x=None):
    return v_x % 2 == 0


def seen(h, v_value=None, v_key=None, v_whole=None):
    return [v_value, v_key, v_whole]


@pytest.mark.parametrize(
    ("name", "none_of_it", "some_of_it", "all_of_it", "empty"),
    [
        ("all", False, False, True, True),
        ("notall", True, True, False, False),
        ("any", False, True, True, False),
        ("none", True, False, False, True),
    ],
)
def test_predicates(run, name, none_of_it, some_of_it, all_of_it, empty):
    assert run(name, [1, 3], even) is none_of_it
    assert run(name, {"a": 1, "b": 2}, even) is some_of_it
    assert run(name, [2, 4], even) is all_of_it
    assert run(name, [], even) is empty


@pytest.mark.parametrize(("name", "rounds"), [("all", 1), ("notall", 1), ("any", 2), ("none", 2)])
def test_predicates_ask_no_further_than_they_must(run, name, rounds):
    asked = []

    def ask(h, v_x=None):
        asked.append(v_x)
        return even(h, v_x)

    run(name, [1, 2, 3], ask)

    assert len(asked) == rounds


def test_map_keeps_the_kind_and_the_keys(run):
    assert run("map", [5], seen) == [[5, 0, [5]]]
    assert run("map", {"b": 1, "a": 2}, seen) == {"b": [1, "b", {"b": 1, "a": 2}], "a": [2, "a", {"b": 1, "a": 2}]}


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (lambda h: 7, [7]),
        (lambda h, v_a=None: v_a, ["x"]),
        (lambda h, v_a=None, v_b=None: v_b, [0]),
        (lambda h, v_a=None, v_b=None, v_c=None, v_d="default": v_d, ["default"]),
        (METHODS["uc"], ["X"]),
        (METHODS["noop"], [None]),
    ],
)
def test_a_callback_gets_as_many_arguments_as_it_declares(run, function, result):
    assert run("map", ["x"], function) == result


def test_filter(run):
    assert run("filter", [1, 2, 3, 4], even) == [2, 4]
    assert run("filter", {"a": 1, "b": 2}, even) == {"b": 2}
    assert run("filter", [0, "a", None, []]) == ["a", []]


def test_collect_groups_by_the_text_of_the_result(run):
    assert run("collect", [1, 2, 3], even) == {"false": [1, 3], "true": [2]}
    assert run("collect", {"x": 1, "y": 1}) == {"1": [1, 1]}
    assert list(run("collect", ["b", 10, 9])) == ["9", "10", "b"]
    assert run("collect", [[1], [2]]) == {"[Array]": [[1], [2]]}


@pytest.mark.parametrize("name", WITH_CALLBACK)
@pytest.mark.parametrize("value", ["abc", None, 5, RegExp("a")])
def test_only_collections(run, name, value):
    with pytest.raises(KRLTypeError) as failure:
        run(name, value, even)
    assert failure.value.message == "only works on collections"


@pytest.mark.parametrize("name", WITH_CALLBACK)
def test_what_is_no_callback_is_noticed_at_the_first_element(run, name):
    run(name, [], 5)
    run(name, {}, METHODS["send_directive"])
    with pytest.raises(KRLTypeError):
        run(name, [1], METHODS["send_directive"])


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ([1, [2, 3]], 2),
        ({"a": 1}, 1),
        ({"length": 5}, 1),
        (5, 0),
        (None, 0),
        ("", 0),
        ("héllo", 5),
        ("a😀b", 3),
        ("e\u0301", 1),
        ("\u0301", 1),
        ("a\u0302\u0301", 1),
        ("👍🏽👍", 2),
        ("🏽🏽", 2),
        ("🇫🇷🇩🇪", 2),
        ("🇫🇷🇩", 2),
        ("👨‍👩‍👧", 1),
        ("🏳️‍🌈", 1),
        ("x\u200dy", 1),
        ("क्षि", 4),
        ("\ud83d\n😀", 3),
    ],
)
def test_length_counts_what_is_seen(run, value, length):
    assert run("length", value) == length


@pytest.mark.parametrize("value", ["", [], {}, 5, True, None, RegExp("a")])
def test_empty(run, value):
    assert run("isEmpty", value) is True


@pytest.mark.parametrize("value", [" ", [None], {"a": None}, even, Action(even), METHODS["noop"]])
def test_not_empty(run, value):
    assert run("isEmpty", value) is False
