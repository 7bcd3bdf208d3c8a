"""A new name must not change what a program means."""

from __future__ import annotations

import pytest

from krl import RenameRefused, Source, analyse, renamed


def rename(marked: str, name: str) -> str:
    """The text after the name at the `¦` has become another."""
    found = analyse(Source(marked.replace("¦", "")))
    symbol = found.at(marked.index("¦"))
    assert symbol is not None
    return renamed(found, symbol, name)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("¦x = 1; x + x", "total", "total = 1; total + total"),
        ("x = 1; f = function(¦x) { x }; f(x)", "y", "x = 1; f = function(y) { y }; f(x)"),
        ("f = function(¦a) { a }; f(a = 1)", "b", "f = function(b) { b }; f(b = 1)"),
        ("¦long = 1; long * long", "$a", "$a = 1; $a * $a"),
        ("¦x = 1; x", "rule", "rule = 1; rule"),
    ],
)
def test_all_places_get_the_name(text: str, name: str, expected: str) -> None:
    assert rename(text, name) == expected


@pytest.mark.parametrize("name", ["null", "function", "like", "count", "", "1a", "a-b", "a b", "ä", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(RenameRefused, match="no name"):
        rename("¦x = 1; x", name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("¦x = 1; y = 2; x + y", "y"),  # taken
        ("y = 1; f = function(¦x) { x + y }; f(1)", "y"),  # would capture the outer y
        ("¦x = 1; f = function(y) { x + y }; f(2)", "y"),  # would be captured by the parameter
        ("¦x = 1; [x].map(uc)", "map"),  # would hide an operator in use
        ("¦x = 1; [x].map(uc)", "uc"),
        ("ruleset a { rule r { select when a:b fired { ent:¦x := 1; ent:y := ent:x } } }", "y"),  # two would be one
        ("ruleset a { meta { use module b alias ¦m } rule r { select when a:b noop(m:f(time:now())) } }", "time"),
        ("ruleset a { rule r { select when a:b n re#(.)# setting(n) pre { ¦x = n } noop(x) } }", "n"),  # bound already
        ("¦x = 1; x + z", "z"),  # z is not declared, and would be
    ],
)
def test_a_name_that_would_change_the_meaning_is_refused(text: str, name: str) -> None:
    with pytest.raises(RenameRefused, match="means something else"):
        rename(text, name)


def test_a_word_that_is_a_keyword_in_its_place_is_refused() -> None:
    with pytest.raises(RenameRefused, match="keyword"):
        rename("ruleset a { global { ¦go = defaction() { noop() } } rule r { select when a:b go() } }", "every")
