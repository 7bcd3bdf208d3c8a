import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.errors import KRLLimitError, KRLPatternError
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("capitalize", "hello you", "Hello you"),
        ("capitalize", "ßa", "SSa"),
        ("capitalize", "", ""),
        ("capitalize", "𐐨a", "𐐨a"),
        ("capitalize", None, "Null"),
        ("lc", "ΑΣ", "ας"),
        ("uc", "straße", "STRASSE"),
        ("uc", RegExp("a", "i"), "RE#A#I"),
        ("ord", "A", 65),
        ("ord", "😀", 55357),
        ("ord", "", None),
        ("trim", "\ufeff\u3000 x \n", "x"),
        ("trim", "\x1cx\x85", "\x1cx\x85"),
        ("trimLeading", "  x ", "x "),
        ("trimTrailing", "  x ", "  x"),
        ("decode", "[1]", [1]),
        ("decode", "[1,", "[1,"),
        ("decode", 5, 5),
    ],
)
def test_methods_without_parameters(run, name, value, result):
    assert run(name, value) == result


@pytest.mark.parametrize(
    ("name", "value", "target", "result"),
    [
        ("startsWith", "planet", "pla", True),
        ("startsWith", "planet", "Pla", False),
        ("endsWith", 1234, "34", True),
        ("endsWith", "xnull", None, True),
        ("contains", "planet", "", True),
        ("contains", [1], "rra", True),
        ("contains", "planet", RegExp("a"), False),
    ],
)
def test_parts_of_a_text(run, name, value, target, result):
    assert run(name, value, target) is result


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ((3,), "board"),
        ((3, 2), "bo"),
        ((3, 0), "board"),
        ((3, -1), "boar"),
        ((3, -6), "y"),
        ((3, -100), "key"),
        ((-3,), "keyboard"),
        ((-3, 5), "ke"),
        ((9,), ""),
        (("x", 2), "keyboard"),
        ((2, "x"), "yboard"),
        ((1.9, 2.9), "eyb"),
        ((), "keyboard"),
    ],
)
def test_substr(run, args, result):
    assert run("substr", "keyboard", *args) == result


def test_substr_counts_code_units(run):
    assert run("substr", "a😀b", 1, 2) == "😀"
    assert run("substr", "a😀b", 2, 1) == "\ude00"


@pytest.mark.parametrize(
    ("value", "regex", "result"),
    [
        ("banana", RegExp("nan"), True),
        ("banana", RegExp("NAN"), False),
        ("banana", "^b.*a$", True),
        (505, RegExp("^5"), True),
        ("5", 5, False),
        ("null", None, False),
    ],
)
def test_match(run, value, regex, result):
    assert run("match", value, regex) is result


def test_match_refuses_a_bad_pattern(run):
    with pytest.raises(KRLPatternError):
        run("match", "x", "[")


@pytest.mark.parametrize(
    ("value", "regex", "result"),
    [
        ("k=v", RegExp(r"(\w)=(\w)"), ["k", "v"]),
        ("a1b22", RegExp(r"([a-z])\d", "g"), ["a1", "b2"]),
        ("aaa", RegExp("a*?", "g"), ["", "", "", ""]),
        ("ab", RegExp("b"), []),
        ("a", RegExp("(a)|(z)"), ["a", None]),
        ("ab", "(b)", ["b"]),
        (5512, RegExp(r"(\d)1"), ["5"]),
        ("x", RegExp("(y)"), []),
    ],
)
def test_extract(run, value, regex, result):
    assert run("extract", value, regex) == result


def test_extract_without_a_pattern_is_empty(run):
    assert run("extract", "x") == []


@pytest.mark.parametrize(
    ("value", "separator", "parts"),
    [
        ("a,b,", ",", ["a", "b", ""]),
        ("", ",", [""]),
        ("", "", []),
        ("ab", "", ["a", "b"]),
        ("😀", "", ["\ud83d", "\ude00"]),
        ("a.b", ".", ["a", "b"]),
        ("anullb", None, ["a", "b"]),
        ("a1b", RegExp(r"(\d)"), ["a", "1", "b"]),
        ("a1b", RegExp(r"(\d)|(x)"), ["a", "1", None, "b"]),
        ("abc", RegExp(""), ["a", "b", "c"]),
        ("abc", RegExp("b*"), ["a", "c"]),
        ("ab", RegExp("(?=b)"), ["a", "b"]),
        (",a,", RegExp(","), ["", "a", ""]),
        ("ab", RegExp("$"), ["ab"]),
        ("", RegExp("x*"), []),
        ("", RegExp("x"), [""]),
        ("aXbxc", RegExp("x", "gi"), ["a", "b", "c"]),
    ],
)
def test_split(run, value, separator, parts):
    assert run("split", value, separator) == parts


@given(st.text("ab,;", max_size=12), st.sampled_from([",", ",;", "a"]))
def test_splitting_and_joining_gives_the_text_back(new_host, value, separator):
    h = new_host()

    assert METHODS["join"](h, METHODS["split"](h, value, separator), separator) == value
    assert METHODS["split"](h, value, RegExp(separator)) == METHODS["split"](h, value, separator)


@pytest.mark.parametrize("separator", [",", "", RegExp(","), RegExp("")])
def test_more_parts_than_allowed_are_refused(new_host, separator):
    h = new_host(max_items=100)

    with pytest.raises(KRLLimitError, match="max_items"):
        METHODS["split"](h, "a," * 101, separator)


def test_more_matches_than_allowed_are_refused(new_host):
    with pytest.raises(KRLLimitError, match="max_items"):
        METHODS["extract"](new_host(max_items=100), "a" * 101, RegExp("a", "g"))
