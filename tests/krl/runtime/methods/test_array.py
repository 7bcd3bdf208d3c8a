import pytest

from krl.errors import KRLLimitError, KRLRuntimeError, KRLTypeError, KRLValueError
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp


def add(h, v_a=None, v_b=None):
    return v_a + v_b


def all_of_it(h, v_acc=None, v_value=None, v_index=None, v_whole=None):
    return [*(v_acc if isinstance(v_acc, list) else [v_acc]), v_value, v_index, len(v_whole)]


@pytest.mark.parametrize(
    ("args", "result"),
    [
        (([1], [2, [3]], 4), [1, 2, [3], 4]),
        (("a", "b"), ["a", "b"]),
        ((None, 1), [None, 1]),
        (({"a": 1},), [{"a": 1}]),
        (([1], None), [1, None]),
    ],
)
def test_append(run, args, result):
    assert run("append", *args) == result


def test_head_and_tail(run):
    assert [run("head", each) for each in ([7, 8], [], "abc")] == [7, None, "abc"]
    assert [run("tail", each) for each in ([7, 8, 9], [], "abc")] == [[8, 9], [], []]


def test_index_is_by_equality(run):
    assert run("index", [1, [2], True], [2]) == 1
    assert run("index", [1, True], True) == 1
    assert run("index", [1], "1") == -1


@pytest.mark.parametrize(
    ("args", "result"),
    [
        (([1, None, [2]], "-"), "1-null-[Array]"),
        ((["a", "b"],), "a,b"),
        ((["a", "b"], 0), "a0b"),
        (([], "-"), ""),
        ((5, "-"), "5"),
        ((["\ud83d", "\ude00"], ""), "😀"),
    ],
)
def test_join(run, args, result):
    assert run("join", *args) == result


def test_a_join_beyond_the_limit_is_refused_by_name(new_host):
    with pytest.raises(KRLLimitError, match="max_text_units"):
        METHODS["join"](new_host(max_text_units=10_000), [""] * 200, "x" * 100)


@pytest.mark.parametrize(
    ("columns", "result"),
    [([[1, 2], [10, 20]], [11, 22]), (["a", "b"], ["ab"]), ([["a"], "b"], ["ab"]), ([[], []], [])],
)
def test_pairwise(run, columns, result):
    assert run("pairwise", columns, add) == result


def test_pairwise_fills_short_columns_with_nulls(run):
    assert run("pairwise", [[1, 2], [3], 4], lambda h, v_a=None, v_b=None, v_c=None: [v_a, v_b, v_c]) == [
        [1, 3, 4],
        [2, None, None],
    ]


@pytest.mark.parametrize(
    ("value", "function", "message"),
    [
        ("abc", 5, "The .pairwise() operator cannot be called on abc"),
        ([1], 5, "The .pairwise() operator needs a longer array"),
        ([1, 2], None, "The .pairwise() operator cannot use null as a function"),
    ],
)
def test_pairwise_refuses_in_this_order(run, value, function, message):
    with pytest.raises(KRLTypeError) as failure:
        run("pairwise", value, function)
    assert failure.value.message == message


@pytest.mark.parametrize(
    ("args", "result"),
    [
        (([1, 2, 3], add), 6),
        (([1, 2, 3], add, 10), 16),
        (([5], add), 5),
        (([], None), 0),
        (([], 5, None), None),
        ((["x", "y"], all_of_it), ["x", "y", 1, 2]),
        ((["x", "y"], all_of_it, None), [None, "x", 0, 2, "y", 1, 2]),
        (([1, 2], lambda h: "last"), "last"),
        (([1, 2], lambda h, v_a=None: [v_a], 0), [[0]]),
        (([1, 2, 3], lambda h, v_a=None, v_b=None, v_i=None: v_i), 2),
    ],
)
def test_reduce(run, args, result):
    assert run("reduce", *args) == result


@pytest.mark.parametrize(
    ("args", "kind"), [(([5], "f"), KRLValueError), (([5, 6], "f", 1), KRLValueError), (([5], "f", 1), KRLTypeError)]
)
def test_reduce_refuses_what_is_no_function(run, args, kind):
    with pytest.raises(KRLRuntimeError) as failure:
        run("reduce", *args)
    assert type(failure.value) is kind


def test_reverse(run):
    assert run("reverse", [1, [2, 3]]) == [[2, 3], 1]


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ((), [5, 6, 7, 8]),
        ((1,), [5, 6]),
        ((None,), [5]),
        ((1.9,), [5, 6]),
        ((4,), [5, 6, 7, 8]),
        ((5,), []),
        ((-1,), []),
        ((-2,), [5, 6, 7]),
        ((2, 0), [5, 6, 7]),
        ((1, 4), []),
        ((-1, 2), []),
        ((0.9, 1.9), [5, 6]),
        (([1], "2"), [6, 7]),
    ],
)
def test_slice(run, args, result):
    assert run("slice", [5, 6, 7, 8], *args) == result


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ((1, 1, ["X", "Y"]), ["a", "X", "Y", "c"]),
        ((1, 0, None), ["a", None, "b", "c"]),
        ((1, 1, [["X"]]), ["a", ["X"], "c"]),
        ((1, -1), ["a"]),
        ((-5, 1), ["b", "c"]),
        ((9, 0, "Z"), ["a", "b", "Z", "c"]),
        ((1,), ["a", "b", "c"]),
        ((1.9, 1.9), ["a"]),
    ],
)
def test_splice(run, args, result):
    assert run("splice", ["a", "b", "c"], *args) == result


def test_an_empty_array_is_not_even_looked_at(run):
    assert run("slice", [], "x") == [] == run("splice", [], "x", 0, "Z")


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("slice", ("x",), "The .slice() operator cannot use x as an index"),
        ("slice", (1, RegExp("a")), "The .slice() operator cannot use re#a# as the other index"),
        ("splice", ("x", 1), "The .splice() operator cannot use xas an index"),
        ("splice", (1, "{}"), "The .splice() operator cannot use {}as a number of elements"),
    ],
)
def test_places_must_be_numbers(run, name, args, message):
    with pytest.raises(KRLTypeError) as failure:
        run(name, [1, 2], *args)
    assert failure.value.message == message


@pytest.mark.parametrize("name", ["index", "reverse", "slice", "splice", "reduce"])
@pytest.mark.parametrize("value", ["abc", {"a": 1}, None, 5])
def test_only_arrays(run, name, value):
    with pytest.raises(KRLTypeError) as failure:
        run(name, value, 0)
    assert failure.value.message == "only works on Arrays"


def test_appending_beyond_the_limit_is_refused_by_name(new_host):
    with pytest.raises(KRLLimitError, match="max_items"):
        METHODS["append"](new_host(max_items=100), [0] * 60, [0] * 60)
