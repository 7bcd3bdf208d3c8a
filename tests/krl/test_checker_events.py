"""Event expressions. Rules: docs/language.md, "Event expressions"; our decisions on counts and captures."""

import pytest

from krl import Source, check, diagnose, parse


def select(expression: str) -> str:
    return f"ruleset a {{ rule r {{ select when {expression} }} }}"


def found(expression: str) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in diagnose(Source(select(expression)))]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("any 0 (a:b, a:c)", "bad-count"),
        ("any 3 (a:b, a:c)", "bad-count"),
        ("count 0 (a:b)", "bad-count"),
        ("repeat 0 (a:b)", "bad-count"),
        ("count 2 (a:b) max(_m)", "aggregate-without-test"),
        ("a:b setting(_x)", "setting-without-test"),
        ("count 2 (a:b x re#(.)# setting(_m)) max(_m)", "name-twice"),
        ("a:b x re#(#", "invalid-regex"),
        ("a:b x re#.# where nowhere", "undefined-name"),
        ('a:b before a:c within "5" minutes', "bad-limit"),
        ("a:b before a:c within -1 minutes", "bad-limit"),
        ("count 1000000 (a:b)", "large-eventex"),
        ("and(" + ", ".join(f"a:b{number}" for number in range(40)) + ")", "large-eventex"),
    ],
)
def test_what_can_never_match_or_be_built_is_an_error(expression, code):
    assert found(expression) == [("error", code)]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("a:b x re#(.)# where _y setting(_y)", "where-before-setting"),
        ("a:b x re#.# setting(_y)", "name-without-group"),
        (r"a:b x re#[(](?:.)\(# setting(_y)", "name-without-group"),
        ("count 2 (a:b x re#(.)#) max(_m, _n)", "name-without-group"),
        ("a:b within 5 minutes", "useless-within"),
        ("a:b or a:c within 5 minutes", "useless-within"),
    ],
)
def test_what_is_doubtful_in_an_event_expression(expression, code):
    assert found(expression) == [("warning", code)]


@pytest.mark.parametrize(
    "expression",
    [
        "any 1 (a:b, a:c) or any 2 (a:b, a:c)",
        "a:b x re#(.)# setting(_x) or a:c y re#(.)# setting(_x)",
        "a:b x re#(?<n>.)# y re#(.)# setting(_x, _y)",
        'a:b x re#.#.klog("x") setting(_x)',
        "a:b x re#(.)# setting(_x) before a:c y re#(.)# where event:attrs{_x}",
        "count 2 (a:b x re#(.)# setting(_x)) max(_m)",
        "a:b before a:c within 2 * 3 minutes",
        "a:b before a:c within 0 minutes",
    ],
)
def test_what_is_fine_in_an_event_expression(expression):
    assert found(expression) == []


def test_a_name_in_where_is_probably_an_attribute():
    (error,) = diagnose(Source(select("a:b where colour == 1")))

    assert error.hint == 'for an attribute write event:attrs{"colour"}'


def test_in_the_old_dialect_a_name_in_where_is_an_attribute():
    source = Source(select("a:b where colour == 1"))

    found = check(parse(source), source, dialect="0.x")

    assert [(each.severity, each.code) for each in found] == [("warning", "attribute-as-name")]


def test_the_limit_knows_no_captures():
    """It is computed when the ruleset is loaded."""
    assert found("a:b x re#(.)# setting(_x) before a:c within _x minutes") == [("error", "undefined-name")]
