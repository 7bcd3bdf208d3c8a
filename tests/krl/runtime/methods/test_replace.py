import pytest

from krl.errors import KRLLimitError, KRLPatternError
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp


def arguments(h, v_a=None, v_b=None, v_c=None, v_d=None, v_e=None):
    return f"<{v_a} {v_b} {v_c} {v_d} {v_e}>"


def shout(h, v_match=None):
    return v_match.upper()


@pytest.mark.parametrize(
    ("value", "pattern", "replacement", "result"),
    [
        ("banana", "a", "o", "bonana"),
        ("a.b.c", ".", "-", "a-b.c"),
        ("banana", RegExp("a"), "o", "bonana"),
        ("banana", RegExp("a", "g"), "o", "bonono"),
        ("banana", "an", None, "bana"),
        ("banana", "z", "x", "banana"),
        ("x1y", 1, [1], "x[Array]y"),
        (None, "l", "L", "nuLl"),
        ("abc", "", "^", "^abc"),
        ("abc", RegExp("", "g"), "-", "-a-b-c-"),
        ("axb", RegExp("x*", "g"), "-", "-a--b-"),
        ("😀b", "b", "c", "😀c"),
    ],
)
def test_replacing_by_text(run, value, pattern, replacement, result):
    assert run("replace", value, pattern, replacement) == result


def test_without_a_pattern_the_value_is_not_even_converted(run):
    assert run("replace", [1]) == [1]


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("$2, $1 [$&]", "S, J [J S]"),
        ("$$1", "$1"),
        ("<$`|$'>", "<x |!>"),
        ("$3 $0 $00", "$3 $0 $00"),
        ("$02$10$21", "SJ0S1"),
        ("$<a> $", "$<a> $"),
        ("$<$1>", "$<J>"),
    ],
)
def test_dollar_forms(run, template, result):
    assert run("replace", "x J S!", RegExp(r"(\w) (\w)(?=!)"), template) == f"x {result}!"


def test_dollar_forms_of_named_groups(run):
    assert run("replace", "ab", RegExp("(?<x>a)(?<y>z)?"), "[$<x>$<y>$<none>$2]$<x") == "[a]$<xb"


def test_a_string_pattern_has_no_groups(run):
    assert run("replace", "abc", "b", "[$&$`$'$$$1]") == "a[bac$$1]c"


@pytest.mark.parametrize(
    ("value", "pattern", "function", "result"),
    [
        ("banana", RegExp("a", "g"), shout, "bAnAnA"),
        ("banana", "a.", shout, "bANana"),
        ("xay", RegExp("(a)(z)?"), arguments, "x<a a None 1 xay>y"),
        ("😀a", "a", arguments, "😀<a 2 😀a None None>"),
        ("a😀a", RegExp("a", "g"), lambda h, v_match=None, v_at=None: v_at, "0😀3"),
        ("ab", RegExp("", "g"), lambda h: None, "nullanullbnull"),
        ("a", "a", lambda h: "$&", "$&"),
        ("a", "a", lambda h: [1], "[Array]"),
        ("a", "a", METHODS["noop"], "null"),
    ],
)
def test_replacing_by_the_results_of_a_function(run, value, pattern, function, result):
    assert run("replace", value, pattern, function) == result


def test_with_a_function_a_string_must_be_a_pattern(run):
    assert run("replace", "a(c", "(", "x") == "axc"
    with pytest.raises(KRLPatternError):
        run("replace", "a(c", "(", shout)


def test_halves_of_a_character_that_meet_are_one(run):
    assert run("replace", "\ud83dx\ude00", "x", "") == "😀"


def test_replacements_are_stopped_before_they_fill_the_memory(new_host):
    h = new_host(max_text_units=100_000)

    with pytest.raises(KRLLimitError, match="max_text_units"):
        METHODS["replace"](h, "ab" * 20_000, RegExp("b", "g"), "$`$'")
