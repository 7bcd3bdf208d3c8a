import pytest

from krl.errors import KRLLimitError, KRLTypeError
from krl.runtime.calls import (
    Action,
    begin_callbacks,
    call,
    call0,
    call1,
    call2,
    call3,
    callback,
    end_callbacks,
    is_function,
    parameters,
    run_action,
)
from krl.runtime.methods import METHODS


def triple(h, v_a=None, v_b="B", v_ø=None):
    return [v_a, v_b, v_ø]


def nothing(h):
    return "called"


def test_parameters_have_their_krl_names():
    assert parameters(triple) == ("a", "b", "$")
    assert parameters(METHODS["join"]) == ("val", "str")


def test_missing_arguments_are_left_to_the_defaults_and_surplus_ones_dropped(h):
    assert call(h, triple, []) == [None, "B", None]
    assert call(h, triple, [1, 2, 3, 4]) == [1, 2, 3]


def test_a_null_that_is_passed_is_no_missing_argument(h):
    assert call(h, triple, [1, None]) == [1, None, None]


def test_named_arguments_beat_positional_ones_and_unknown_names_are_ignored(h):
    assert call(h, triple, [1, 2], {"a": "x", "$": "y", "z": 0}) == ["x", 2, "y"]


@pytest.mark.parametrize("arity", range(4))
def test_the_short_calls_do_as_the_long_one(h, arity):
    short = (call0, call1, call2, call3)[arity]
    args = list(range(arity))

    assert short(h, triple, *args) == call(h, triple, args)
    assert short(h, nothing, *args) == "called"
    assert short(h, METHODS["noop"], *args) is None
    with pytest.raises(KRLTypeError, match="5 is not a function"):
        short(h, 5, *args)


@pytest.mark.parametrize(
    ("value", "shown"), [(5, "5"), (None, "null"), ([1], "[Array]"), (Action(nothing), "[Action]"), (len, "[JSObject]")]
)
def test_what_is_no_function_cannot_be_called(h, value, shown):
    with pytest.raises(KRLTypeError) as failure:
        call(h, value, [])
    assert failure.value.message == f"{shown} is not a function"
    assert not is_function(value)


def test_actions_run_with_the_arguments_of_a_function(h):
    assert run_action(h, Action(triple), [1], {"b": 2}) == [1, 2, None]
    assert run_action(h, METHODS["noop"], []) is None


@pytest.mark.parametrize(("value", "shown"), [(nothing, "[Function]"), (None, "null")])
def test_what_is_no_action_cannot_run(h, value, shown):
    with pytest.raises(KRLTypeError) as failure:
        run_action(h, value, [])
    assert failure.value.message == f"{shown} is not an action"


@pytest.mark.parametrize("declared", range(6))
def test_a_callback_gets_what_it_declares(h, declared):
    names = "".join(f", v_{n}=None" for n in range(declared))
    function = eval(f"lambda h{names}: [{', '.join(f'v_{n}' for n in range(declared))}]")

    given = callback(h, function, 4, rounds=1)("a", "b", "c", "d")

    assert given == ["a", "b", "c", "d", None][:declared]


def test_callbacks_spend_a_step_a_round(h):
    before = h.steps

    begin_callbacks(h, nothing, 7)

    assert before - h.steps == 7


def test_callbacks_within_callbacks_are_limited(new_host):
    h = new_host(max_callback_depth=2)
    for _ in range(2):
        begin_callbacks(h, nothing, 1)

    with pytest.raises(KRLLimitError, match="max_callback_depth"):
        begin_callbacks(h, nothing, 1)


def test_a_loop_that_ended_does_not_count(new_host):
    h = new_host(max_callback_depth=1)

    for _ in range(3):
        begin_callbacks(h, nothing, 1)
        end_callbacks(h)

    assert h.callback_depth == 0


def test_steps_run_out(new_host):
    h = new_host(steps=10)

    with pytest.raises(KRLLimitError, match="max_steps"):
        begin_callbacks(h, nothing, 11)


def recursive(h, v_n=None):
    return v_n if v_n == 0 else call1(h, recursive, v_n - 1)


def test_three_thousand_levels_of_functions(h):
    assert recursive(h, 3_000) == 0


@pytest.mark.parametrize("name", ["map", "filter", "collect", "all", "any", "sort", "reduce", "pairwise"])
def test_five_hundred_callbacks_within_callbacks(h, name):
    def inner(h, v_a=None, v_b=None):
        nonlocal depth
        depth += 1
        if depth < 500:
            METHODS[name](h, [[depth], [0]], inner)
        return depth

    depth = 0
    METHODS[name](h, [[1], [2]], inner)

    assert depth >= 500 and h.callback_depth == 0


def test_five_hundred_replacements_within_replacements(h):
    def inner(h, v_match=None):
        nonlocal depth
        depth += 1
        return METHODS["replace"](h, "x", "x", inner) if depth < 500 else "end"

    depth = 0

    assert METHODS["replace"](h, "x", "x", inner) == "end"
