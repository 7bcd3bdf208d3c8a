import pytest

from krl.errors import KRLLimitError, KRLTypeError
from krl.runtime.regexp import RegExp


@pytest.mark.parametrize(
    ("value", "char"),
    [(65, "A"), ("66", "B"), (97.9, "a"), (65601, "A"), (-1, "\uffff"), (0xD83D, "\ud83d"), ("x", None)],
)
def test_chr(run, value, char):
    assert run("chr", value) == char


@pytest.mark.parametrize(
    ("start", "end", "numbers"),
    [
        (1, 4, [1, 2, 3, 4]),
        (2, -1, [2, 1, 0, -1]),
        (0, 0, [0]),
        (0, 2.5, [0, 1, 2, 3]),
        (5, 3.5, [5, 4, 3]),
        (2.5, 2, [2.5, 1.5]),
        ("1", "3", [1, 2, 3]),
        (None, 1, [0, 1]),
        ("a", "c", []),
        (RegExp("1"), 2, []),
        (2**53 - 1, 2**53, [2**53 - 1, 2**53]),
    ],
)
def test_range(run, start, end, numbers):
    assert run("range", start, end) == numbers


def test_range_adds_ones_as_doubles_do(run):
    assert run("range", 0.1, 3.1) == [0.1, 1.1, 2.1, 3.1]
    assert run("range", -0.7, 1) == [-0.7, 0.30000000000000004, 1.3]


def test_range_without_an_end_is_empty(run):
    assert run("range", 1) == []


def test_a_range_beyond_the_limit_is_refused_before_it_is_built(run):
    with pytest.raises(KRLLimitError, match="max_items"):
        run("range", 0, 1e15)


@pytest.mark.parametrize(
    ("name", "a", "b", "bits"),
    [
        ("band", 5, 3, 1),
        ("band", 4294967295, 255, 255),
        ("band", 5.9, 7.9, 5),
        ("bor", 5, 3, 7),
        ("bor", 2147483648, 0, -2147483648),
        ("bor", "0xF0", None, 240),
        ("bxor", 5, 3, 6),
        ("shiftLeft", 1, 33, 2),
        ("shiftLeft", 1, 31, -2147483648),
        ("shiftLeft", 1, -1, -2147483648),
        ("shiftRight", -256, 4, -16),
        ("shiftRight", 4294967295, 0, -1),
    ],
)
def test_bit_operations(run, name, a, b, bits):
    assert run(name, a, b) == bits


@pytest.mark.parametrize(("value", "bits"), [(5, -6), (None, -1), (2147483647, -2147483648)])
def test_bnot(run, value, bits):
    assert run("bnot", value) == bits


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("band", "pear cannot be bitwise anded 1"),
        ("bor", "pear cannot be bitwise anded 1"),
        ("bxor", "pear cannot be bitwise anded 1"),
        ("shiftLeft", "pear cannot be shifted by 1"),
        ("shiftRight", "pear cannot be shifted by 1"),
    ],
)
def test_bit_operations_refuse_what_is_no_number(run, name, message):
    with pytest.raises(KRLTypeError) as failure:
        run(name, "pear", 1)
    assert failure.value.message == message


def test_bnot_refuses_what_is_no_number(run):
    with pytest.raises(KRLTypeError) as failure:
        run("bnot", "pear")
    assert failure.value.message == "pear cannot be inverted "
