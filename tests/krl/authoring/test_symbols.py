"""What names mean: each declaration with the places where it is named."""

from __future__ import annotations

import pytest

from krl import Source, analyse

HEAD = "ruleset a { meta { shares f } global { f = function(x) { x } } rule r { select when a:b "


def places(marked: str) -> str:
    """The text with `«»` around each place of the symbol at the `¦`."""
    offset = marked.index("¦")
    text = marked.replace("¦", "")
    symbol = analyse(Source(text)).at(offset)
    for place in sorted(symbol.places, reverse=True) if symbol else ():
        text = text[: place.start] + "«" + text[place.start : place.end] + "»" + text[place.end :]
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1; ¦x + x", "«x» = 1; «x» + «x»"),
        ("x = 1; f = function(x) { ¦x }; f(x)", "x = 1; f = function(«x») { «x» }; f(x)"),
        ("x = 1; f = function(x) { x }; f(¦x)", "«x» = 1; f = function(x) { x }; f(«x»)"),
        ("f = function(a, b) { a + b }; f(1, ¦b = 2)", "f = function(a, «b») { a + «b» }; f(1, «b» = 2)"),
        ("f = function(a, b = ¦a) { b }; f(1)", "f = function(«a», b = «a») { b }; f(1)"),
        ("f = function() { ¦g() }; g = function() { 1 }", "f = function() { «g»() }; «g» = function() { 1 }"),
        ("twice = function(n) { n * 2 }; 3.¦twice()", "«twice» = function(n) { n * 2 }; 3.«twice»()"),
        ("x = <<a #{¦x}>>", "x = <<a #{x}>>"),
        ("n = 1; {\"n\": ¦n}", "«n» = 1; {\"n\": «n»}"),
    ],
)  # fmt: skip
def test_names_are_found_where_they_mean_the_same(text: str, expected: str) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ruleset a { meta { shares ¦f } global { f = function() { f() } } }",
            "ruleset a { meta { shares «f» } global { «f» = function() { «f»() } } }",
        ),
        (
            "ruleset a { rule r { select when a b n re#(.)# setting(n) or a c n re#(.)# setting(n) noop(¦n) } }",
            "ruleset a { rule r { select when a b n re#(.)# setting(«n») or a c n re#(.)# setting(«n») noop(«n») } }",
        ),
        (
            "ruleset a { rule r { select when a:b foreach [1] setting(¦v, i) noop(v) } }",
            "ruleset a { rule r { select when a:b foreach [1] setting(«v», i) noop(«v») } }",
        ),
        (
            "ruleset a { rule r { select when a:b fired { ent:n := ent:¦n + 1; clear ent:n; ent:m := 1 } } }",
            "ruleset a { rule r { select when a:b fired { ent:«n» := ent:«n» + 1; clear ent:«n»; ent:m := 1 } } }",
        ),
        (
            "ruleset a { meta { use module b.c alias m } rule r { select when a:b pre { x = ¦m:f() } noop(x) } }",
            "ruleset a { meta { use module b.c alias «m» } rule r { select when a:b pre { x = «m»:f() } noop(x) } }",
        ),
        (
            "ruleset a { meta { keys k {} } rule r { select when a:b pre { x = keys:¦k } noop(x) } }",
            "ruleset a { meta { keys «k» {} } rule r { select when a:b pre { x = keys:«k» } noop(x) } }",
        ),
        (
            "ruleset a { rule r { select when a:b fired { z = 1; log info z } finally { log info ¦z } } }",
            "ruleset a { rule r { select when a:b fired { «z» = 1; log info «z» } finally { log info «z» } } }",
        ),
        (
            "ruleset a { rule r { select when a:b every { a:b() setting(¦d) c:d() setting(d) }"
            " fired { log info d } } }",
            "ruleset a { rule r { select when a:b every { a:b() setting(«d») c:d() setting(«d») }"
            " fired { log info «d» } } }",
        ),
    ],
)  # fmt: skip
def test_a_ruleset_names_more_than_expressions_do(text: str, expected: str) -> None:
    assert places(text) == expected


def test_the_place_behind_a_name_belongs_to_it() -> None:
    assert places("abc = 1; abc¦") == "«abc» = 1; «abc»"


def test_an_operator_has_no_declaration() -> None:
    symbol = analyse(Source("[1].map(uc)")).at(5)

    assert symbol is not None
    assert (symbol.name, symbol.kind, symbol.declared, symbol.parameters) == ("map", "operator", None, ("val", "iter"))


def test_a_text_with_faults_has_diagnostics_and_no_symbols() -> None:
    found = analyse(Source("x = ; x"))

    assert found.diagnostics and not found.symbols


def test_a_text_with_mistakes_that_parses_has_both() -> None:
    found = analyse(Source("x = y; x"))

    assert [each.code for each in found.diagnostics] == ["undefined-name"]
    assert [each.name for each in found.symbols] == ["x"]
