"""Values as text and as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.runtime.numbers import hexadecimal, number, signed32, text_number
from krl.runtime.regexp import RegExp
from krl.runtime.text import number_text, text
from krl.runtime.values import normal

INFINITY = float("inf")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (12, "12"),
        ("as it is", "as it is"),
        ([1], "[Array]"),
        ({}, "[Map]"),
        (RegExp("a/b", "ig"), "re#a/b#gi"),
        (lambda h: 1, "[Function]"),
        (INFINITY, "[JSObject]"),
    ],
)
def test_text_of_each_type(value, written):
    assert text(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (100.0, "100"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (-1.5, "-1.5"),
        (1e-6, "0.000001"),
        (-1.25e-5, "-0.0000125"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (1e16, "10000000000000000"),
        (12345678901234567890.0, "12345678901234567000"),
        (-1.2e20, "-120000000000000000000"),
        (1e21, "1e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_are_laid_out_as_javascript_does(value, written):
    assert number_text(value) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_from_its_text(value):
    assert text_number(number_text(value)) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", 0),
        (" \t\n\ufeff\u3000", 0),
        ("  +5 ", 5),
        ("5.", 5),
        (".5", 0.5),
        ("-1.5e-2", -0.015),
        ("1E+3", 1000),
        ("007", 7),
        ("0x1F", 31),
        ("0Xff", 255),
        ("0b101", 5),
        ("0O17", 15),
        ("9007199254740993", 2**53),
        ("0x20000000000001", 2.0**53),
    ],
)
def test_texts_that_are_numbers(written, value):
    assert number(written) == value


@pytest.mark.parametrize(
    "written",
    [
        "pear",
        "1,000",
        "1_000",
        "1e",
        ".",
        "-",
        "+-",
        "-0x10",
        "+0b1",
        "0x",
        "0b2",
        "0o8",
        "0xg",
        "1e400",
        "Infinity",
        "NaN",
        "inf",
        "nan",
        "1e5x",
        "١٢",
        "１２",
        "12\x85",
    ],
)
def test_texts_that_are_no_numbers(written):
    assert number(written) is None


def test_a_hexadecimal_beyond_the_doubles_is_no_number():
    assert number("0x" + "f" * 300) is None


@pytest.mark.parametrize(("value", "size"), [(None, 0), (True, 1), ([7, 7, 7], 3), ({"k": 1}, 1), (2.5, 2.5)])
def test_numbers_of_other_types(value, size):
    assert number(value) == size


@pytest.mark.parametrize("value", [RegExp("1"), lambda h: 1, INFINITY])
def test_values_that_count_as_no_number(value):
    assert number(value) is None


@pytest.mark.parametrize(
    ("value", "bits"),
    [(5.9, 5), (-1.5, -1), (2**31, -(2**31)), (2**32 + 1, 1), (-(2**31) - 1, 2**31 - 1), (1e20, 1661992960)],
)
def test_bit_operations_see_32_bits_with_sign(value, bits):
    assert signed32(value) == bits


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (0, "0"),
        (255, "ff"),
        (-16, "-10"),
        (0.5, "0.8"),
        (-2.5, "-2.8"),
        (0.1, "0.1999999999999a"),
        (2.0**60, "1" + "0" * 15),
    ],
)
def test_hexadecimal(value, digits):
    assert hexadecimal(value) == digits


@given(st.floats(allow_nan=False, allow_infinity=False, max_value=1e30, min_value=-1e30))
def test_hexadecimal_is_exact(value):
    whole, _, fraction = hexadecimal(abs(value)).partition(".")
    read = int(whole + fraction, 16) / 16 ** len(fraction)

    assert normal(read) == normal(abs(value))
