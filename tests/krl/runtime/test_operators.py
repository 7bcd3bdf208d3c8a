import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError, KRLPatternError, KRLTypeError
from krl.runtime import operators as op
from krl.runtime.regexp import RegExp

INFINITY = float("inf")


def function(h):
    return None


scalars = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 1.5, 2.0**60]) | st.text("a1 ", max_size=3)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab1", max_size=2), inner, max_size=3)
)


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        (1, 2, 3),
        (0.5, 0.5, 1),
        ("1", 2, "12"),
        (None, 1, "null1"),
        (True, True, "truetrue"),
        ([1], {}, "[Array][Map]"),
        (2**53, 1, 2**53),
        (INFINITY, 1, "[JSObject]1"),
        ("\ud83d", "\ude00", "😀"),
    ],
)
def test_add(h, a, b, result):
    assert op.add(h, a, b) == result


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [("5", " 3 ", 2), ([7, 7, 7], {"k": 0}, 2), (None, 1, -1), (True, "", 1), (-(2**53), 1, -(2**53))],
)
def test_subtract(a, b, result):
    assert op.subtract(a, b) == result


@pytest.mark.parametrize(("a", "b", "result"), [("3", "4", 12), (True, 8, 8), (1e308, 10, INFINITY), (3, 0.5, 1.5)])
def test_multiply(a, b, result):
    assert op.multiply(a, b) == result


def test_products_round_as_doubles_do():
    assert op.multiply(123456789, 987654321) == 123456789.0 * 987654321.0


@pytest.mark.parametrize(
    ("a", "b", "result"), [(7, 2, 3.5), (6, 3, 2), (1, 3, 1 / 3), (1e308, 1e-10, INFINITY), (-1e308, 1e-10, -INFINITY)]
)
def test_divide(h, a, b, result):
    assert op.divide(h, a, b) == result


@pytest.mark.parametrize("divisor", [0, None, "", [], "0x0"])
def test_division_by_zero_is_zero_and_logged(h, divisor):
    assert op.divide(h, 7, divisor) == 0
    assert [line[0] for line in h.lines] == ["debug"]


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [(-7, 3, -1), (7, -3, 1), (5.5, 2, 1.5), (4, 0, 0), ("17", "5", 2), (2**53, 10, 2), (-4, 2, 0)],
)
def test_modulo_has_the_sign_of_the_left_side(h, a, b, result):
    assert op.modulo(h, a, b) == result


@pytest.mark.parametrize(("a", "result"), [("12", -12), ([4, 4], -2), (None, 0), (0.5, -0.5)])
def test_negate(a, result):
    assert op.negate(a) == result


@pytest.mark.parametrize("bad", ["pear", RegExp("1"), function, INFINITY])
def test_arithmetic_refuses_what_is_no_number(h, bad):
    for operation in (
        lambda: op.subtract(1, bad),
        lambda: op.subtract(bad, 1),
        lambda: op.multiply(bad, 1),
        lambda: op.divide(h, 1, bad),
        lambda: op.divide(h, bad, 0),
        lambda: op.modulo(h, bad, 0),
        lambda: op.negate(bad),
    ):
        with pytest.raises(KRLTypeError):
            operation()


def test_messages_show_the_operands_as_text(h):
    with pytest.raises(KRLTypeError, match=r"^pear cannot be subtracted from \[Array\]$"):
        op.subtract([1], "pear")
    with pytest.raises(KRLTypeError, match=r"^pear cannot be multiplied by 2$"):
        op.multiply("pear", 2)
    with pytest.raises(KRLTypeError, match=r"^2 cannot be divided by pear$"):
        op.divide(h, 2, "pear")
    with pytest.raises(KRLTypeError, match=r"^Cannot calculate pear modulo 2$"):
        op.modulo(h, "pear", 2)
    with pytest.raises(KRLTypeError, match=r"^Cannot negate pear$"):
        op.negate("pear")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (0, -0.0),
        ([1, [2, None]], [1, [2, None]]),
        ({"a": [1], "b": 2}, {"b": 2, "a": [1]}),
        (RegExp("a", "ig"), RegExp("a", "gi")),
        (function, function),
        (INFINITY, INFINITY),
    ],
)
def test_equal(a, b):
    assert op.equal(a, b) is True


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, "1"),
        (True, 1),
        ([True], [1]),
        (0, None),
        ("", None),
        ({"a": None}, {}),
        ({"a": 1}, {"b": 1}),
        ([], {}),
        ([[]], [{}]),
        ([1, 2], [1]),
        (RegExp("a"), RegExp("a", "i")),
        (function, lambda h: None),
        (INFINITY, 1),
    ],
)
def test_unequal(a, b):
    assert op.equal(a, b) is False and op.unequal(a, b) is True


@given(values, values, values)
def test_equality_is_an_equivalence(a, b, c):
    assert op.equal(a, a)
    assert op.equal(a, b) == op.equal(b, a)
    assert not (op.equal(a, b) and op.equal(b, c)) or op.equal(a, c)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_equality_of_deeply_nested_values_takes_no_stack():
    assert op.equal(nested(200_000), nested(200_000))


def test_equality_of_values_that_share_parts_takes_no_exponential_time():
    a, b = [1], [1]
    for _ in range(60):
        a, b = [a, a], [b, b]

    assert op.equal(a, b)


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("10", "9", 1),
        ("0x10", 16, 0),
        ("pear", 5, 1),
        (None, "", 0),
        ([7, 8], 2, 0),
        ("2021-05-01", "2021-10-01", -1),
        (RegExp("a"), "re#a#", 0),
    ],
)
def test_compare_is_by_number_if_both_have_one_else_by_text(a, b, result):
    assert op.compare(a, b) == result


@given(values, values)
def test_the_four_orderings_are_the_signs_of_compare(a, b):
    sign = op.compare(a, b)

    assert [op.less(a, b), op.less_equal(a, b), op.greater(a, b), op.greater_equal(a, b)] == [
        sign < 0,
        sign <= 0,
        sign > 0,
        sign >= 0,
    ]


@pytest.mark.parametrize(
    ("a", "b", "result"), [(10, 9, -1), ({}, {"a": 1}, 0), ("b", "a", 1), ("😀", "｡", -1), ("é", "z", 1)]
)
def test_text_compare(a, b, result):
    assert op.text_compare(a, b) == result


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("banana", "^b.*n", True),
        (12345, RegExp("34"), True),
        (None, "ul", True),
        ("a", RegExp("A"), False),
        (5, 5, True),
    ],
)
def test_like_searches(h, a, b, result):
    assert op.like(h, a, b) is result


def test_like_refuses_a_bad_pattern(h):
    with pytest.raises(KRLPatternError):
        op.like(h, "x", "(")


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ([1, 2], "2", False),
        ([[1]], [1], True),
        ({"7": 0}, 7, True),
        ({"a": 0}, "A", False),
        ("abc", "a", False),
        (None, None, False),
    ],
)
def test_membership(a, b, result):
    assert op.has_element(a, b) is result


@pytest.mark.parametrize("key", ["a.b", ["a", "b"]])
def test_membership_does_not_look_into_a_map(key):
    assert op.has_element({"a": {"b": 1}}, key) is False


def test_a_text_beyond_the_limit_is_refused_by_name(new_host):
    h = new_host(max_text_units=3_000)

    with pytest.raises(KRLLimitError, match="max_text_units"):
        op.add(h, "x" * 2_000, "y" * 2_000)


def test_building_long_texts_spends_steps(h):
    before = h.steps

    op.add(h, "x" * 1024 * 1024, "y")

    assert before - h.steps == 1024
