"""What holds for every method, whatever it is given."""

from hypothesis import given, settings
from hypothesis import strategies as st

from krl.errors import KRLRuntimeError
from krl.runtime.calls import call
from krl.runtime.methods import METHODS
from krl.runtime.operators import equal
from krl.runtime.regexp import RegExp

WORDS = ["", "a", "10", "0x1F", "-1", "😀", "\ud83d", "(", "a,b", "[1]", "__class__", "numeric", "RegExp", "$1$&"]


def function(h, v_a=None, v_b=None):
    return v_a


callables = [function, METHODS["noop"], METHODS["uc"], METHODS["send_directive"]]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | st.sampled_from([0.5, float("inf"), float("-inf"), 2.0**70])
    | st.sampled_from(WORDS)
    | st.sampled_from([RegExp("a"), RegExp("(a)|,", "g"), RegExp("")])
    | st.sampled_from(callables),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "0", "b"]), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(sorted(set(METHODS) - {"noop", "send_directive"}))
KRL_TYPES = {type(None), bool, int, float, str, list, dict, RegExp, type(function), type(METHODS["noop"])}


def copied(value):
    """With collections of its own, and the same callables."""
    if isinstance(value, list):
        return [copied(each) for each in value]
    return {key: copied(each) for key, each in value.items()} if isinstance(value, dict) else value


def parts(value):
    yield value
    if isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from parts(each)


@settings(max_examples=1_000)
@given(names, st.lists(values, max_size=4))
def test_it_yields_a_krl_value_or_a_krl_error_and_changes_no_argument(new_host, name, args):
    before = copied(args)

    try:
        result = call(new_host(), METHODS[name], args)
    except KRLRuntimeError:
        result = None

    assert {type(each) for each in parts(result)} <= KRL_TYPES
    assert equal(args, before)


@settings(max_examples=300)
@given(names, st.lists(values, max_size=4))
def test_it_yields_no_function_but_one_it_was_given(new_host, name, args):
    """So nothing of Python's can be had and called."""
    try:
        result = call(new_host(), METHODS[name], args)
    except KRLRuntimeError:
        return

    given = [each for each in parts(args) if callable(each)]
    assert all(any(each is one for one in given) for each in parts(result) if callable(each))


@settings(max_examples=300)
@given(names, st.lists(values, max_size=4))
def test_it_leaves_no_callback_counted_as_running(new_host, name, args):
    h = new_host()
    try:
        call(h, METHODS[name], args)
    except KRLRuntimeError:
        return

    assert h.callback_depth == 0
