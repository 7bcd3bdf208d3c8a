"""`math`; most expected values are worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLTypeError, KRLValueError
from krl.library.math import ALGORITHMS
from krl.runtime.host import Limits
from tests.krl.library.hosting import Clockwork, use

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((2.675, 2), 2.68),
        ((-2.675, 2), -2.67),
        ((0.49999999999999994,), 0),
        ((-0.5,), 0),
        ((1.5,), 2),
        ((4503599627370497,), 4503599627370497),
        ((99.995, 2), 100),
        ((15, -1), 20),
        ((14.99, -1), 10),
        (("1.25", "1"), 1.3),
        ((1.25, 1.99), 1.3),
        ((7, None), 7),
        ((7.7, "x"), 8),
        ((123.456, 400), 123.456),
        ((123.456, -500), 0),
        ((1e300, 292), None),
        ((True,), 1),
        (("",), 0),
        (("pear",), None),
        ((None,), None),
        (([1],), None),
        ((math.inf,), None),
    ],
)
def test_round(args, expected):
    assert use("math:round", *args) == expected


@pytest.mark.parametrize(
    ("member", "args", "expected"),
    [
        ("math:ceiling", (4.004, 2), 4.01),
        ("math:ceiling", (-0.2,), 0),
        ("math:ceiling", (1, -300), 1e300),
        ("math:floor", (-1.231, 2), -1.24),
        ("math:floor", (0.3, 1), 0.3),
        ("math:int", (-4.9,), -4),
        ("math:int", (1e300,), 1e300),
        ("math:abs", ("-5",), 5),
        ("math:abs", ({},), None),
    ],
)
def test_other_numeric_functions(member, args, expected):
    assert use(member, *args) == expected


def test_whole_results_are_ints_and_never_negative_zero():
    assert repr(use("math:round", -0.2)) == "0"


@given(st.decimals(-1000, 1000, places=3, allow_nan=False), st.integers(0, 4))
def test_round_is_between_floor_and_ceiling(number, places):
    low, near, high = (use(f"math:{how}", float(number), places) for how in ("floor", "round", "ceiling"))

    assert low <= near <= high
    assert low <= float(number) <= high


@given(st.sampled_from(["round", "floor", "ceiling", "abs", "int"]), anything, anything)
def test_numeric_functions_never_fail(member, number, precision):
    result = use(f"math:{member}", number, precision) if member not in ("abs", "int") else use(f"math:{member}", number)

    assert result is None or type(result) in (int, float)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("hi",), "aGk="),
        (("é",), "w6k="),
        (("\ud83d",), "77+9"),
        (("é€", "latin1"), "6aw="),
        (("7a7b7", "hex"), "ens="),
        (("zz", "HEX"), ""),
        (("_-8", "base64url"), "/+8="),
        (("hi", "ucs2"), "aABpAA=="),
        ((12, ""), "MTI="),
    ],
)
def test_base64encode(args, expected):
    assert use("math:base64encode", *args) == expected


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("aGk",), "hi"),
        (("a G\nk*=garbage",), "hi"),
        (("aGkA_",), "hi\0"),
        (("/w==",), "\ufffd"),
        (("4oKs", "utf8"), "€"),
        (("PdgA", "utf16le"), "\ud83d"),
        (("//8=", "ascii"), "\x7f\x7f"),
        (("_-8", "base64url"), "_-8"),
        (("",), ""),
    ],
)
def test_base64decode(args, expected):
    assert use("math:base64decode", *args) == expected


def test_unknown_encoding_is_a_type_error():
    with pytest.raises(KRLTypeError, match="Unknown encoding: rot13"):
        use("math:base64encode", "x", "rot13")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf8", "utf16le"]))
def test_base64_there_and_back(written, encoding):
    assert use("math:base64decode", use("math:base64encode", written, encoding), encoding) == written


@given(st.text(), st.sampled_from(["utf8", "utf16le", "latin1", "ascii", "hex", "base64", "base64url"]))
def test_any_text_decodes_somehow(written, encoding):
    assert isinstance(use("math:base64decode", written, encoding), str)
    assert isinstance(use("math:base64encode", written, encoding), str)


def test_too_long_a_text_is_refused_before_it_is_built():
    h = Clockwork()
    h.limits = Limits(max_text_units=10_000)

    with pytest.raises(Exception, match="max_text_units"):
        use("math:base64encode", "x" * 9_000, h=h)


def test_hash_of_the_text_of_any_value():
    assert use("math:hash", "md5", [1]) == use("math:hash", "md5", "[Array]") != use("math:hash", "md5", "[1]")


def test_hash_in_hex_unless_base64_is_wanted():
    assert use("math:hash", "md5", "a") == "0cc175b9c0f1b6a831c399e269772661"
    assert use("math:hash", "md5", "a", "base64") == "DMF1ucDxtqgxw5niaXcmYQ=="
    assert use("math:hash", "md5", "a", 0) == use("math:hash", "md5", "a", "hex")


def test_hmac_of_rfc_2202():
    assert use("math:hmac", "md5", "Jefe", "what do ya want for nothing?") == "750c783e6ab0b503eaa86e310a5db738"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_listed_algorithm_works(algorithm):
    assert use("math:hash", algorithm, "x") != use("math:hmac", algorithm, "k", "x")


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (("SHA256", "x"), KRLValueError, "math:hash doesn't recognize the hash algorithm SHA256"),
        ((7, "x", "nope"), KRLTypeError, "math:hash was given 7 instead of a algorithm string"),
        (("md5", "x", "oct"), KRLValueError, 'math:hash encoding must be "hex" or "base64" but was oct'),
        (("md5", "x", [1]), KRLValueError, 'math:hash encoding must be "hex" or "base64" but was [Array]'),
    ],
)
def test_hash_errors(args, error, message):
    with pytest.raises(error) as caught:
        use("math:hash", *args)

    assert caught.value.message == message


def test_hmac_misses_the_key_before_all_else():
    with pytest.raises(KRLValueError) as caught:
        use("math:hmac", 7, None, "x")

    assert caught.value.message == "math:hmac needs a key string"


def test_older_spelling_of_the_algorithms_warns():
    h = Clockwork()

    assert use("math:hashFunctions", h=h) == use("math:hashAlgorithms")
    assert [level for level, _ in h.logged] == ["warn"]
