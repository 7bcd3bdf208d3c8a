"""Calls, qualified names, literals. Rules: docs/language.md, "Functions and actions"; docs/modules.md."""

import pytest

from krl import Source, diagnose

EVENT = "ruleset a { rule r { select when a b "


def found(text: str) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in diagnose(Source(text))]


def hints(text: str) -> list[str | None]:
    return [each.hint for each in diagnose(Source(text))]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('send_directive("x")', "not-a-function"),
        ('"x".send_directive()', "not-a-function"),
        ("d = defaction(){ noop() }; d()", "not-a-function"),
        ("x = 5; x()", "not-a-function"),
        ("f = function(a, b){ a }; f(a = 1, 2)", "positional-after-named"),
        ("function(a = 1, b){ b }", "required-after-default"),
        ('event:attrs("x")', "attrs-called"),
        ('"x".event:attrs()', "attrs-called"),
        ("defaction(){ uc() }", "not-an-action"),
        ("x = 1; defaction(){ x() }", "not-an-action"),
        ("defaction(){ noop() setting(a, b) return a }", "surplus-setting"),
        ("defaction(way){ choose way { noop() } }", "missing-label"),
        ("re#a(#", "invalid-regex"),
    ],
)
def test_what_can_never_work_is_an_error(text, code):
    assert found(text) == [("error", code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5(1)", "not-a-function"),
        ('ctx:newPico([])', "not-a-function"),
        ("meta:rid()", "not-a-function"),
        ("ctx:newPico", "action-as-value"),
        ("defaction(){ ctx:query() }", "not-an-action"),
        ("math:sqrt(4)", "unknown-member"),
        ("maths:abs(4)", "unknown-module"),
        ("app:x", "unknown-module"),
        ("keys:sms", "unknown-module"),
        ("event:attrs()", "deprecated-call"),
        ('event:attr{"x"}', "attr-as-map"),
        ("{}.name", "deprecated-member"),
        ('{"a": 1, "a": 2}', "duplicate-key"),
        ("f = function(a){ a }; f(1, 2)", "surplus-argument"),
        ("f = function(a){ a }; 1.f(2)", "surplus-argument"),
        ("[].length(1)", "surplus-argument"),
        ("ctx:logs(1)", "surplus-argument"),
        ("f = function(length){ length }; f(lenght = 1)", "unknown-argument"),
        ("f = function(a){ a }; f(1, a = 2)", "argument-twice"),
        ("f = function(a){ a }; f(a = 1, a = 2)", "argument-twice"),
        ("re#(a+)+$#", "exponential-regex"),
    ],
)  # fmt: skip
def test_what_loads_but_is_not_meant_is_a_warning(text, code):
    assert found(text) == [("warning", code)]


@pytest.mark.parametrize(
    "text",
    [
        "f = function(g){ g() }; f(uc)",
        "function(x){ x }(1)",
        "defaction(act){ act() }",
        "defaction(){ noop() }",
        "noop()",
        "time:now().time:add({})",
        "event:attr(\"x\"); event:type; event:attrs{\"x\"}",
        "http:get(\"u\", qs = {}); defaction(){ http:get(\"u\") setting(r) return r }",
        "email:header(\"m\")",
        "[1].map(function(x, i, all){ x })",
    ],
)  # fmt: skip
def test_what_works_is_left_alone(text):
    assert found(text) == []


def test_members_of_a_used_module_are_not_known_here():
    text = "ruleset a { meta { use module x alias time shares f } global { f = function(){ time:anything(1, 2) } } }"

    assert found(text) == [("warning", "shadowed-module")]


def test_declared_keys_may_be_named():
    text = 'ruleset a { meta { keys sms {"id": 1} shares f } global { f = function(){ keys:sms("id") + keys:smz } } }'

    assert found(text) == [("warning", "unknown-member")]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("math:celing(4)", "did you mean `ceiling`?"),
        ("maths:abs(4)", "did you mean `math`?"),
        ('event:attrs("x")', 'write event:attrs{"name"} for one attribute'),
        ("app:x", "only `ent:` holds variables"),
        ("{}.length", 'write {"length"}, or .length() for the operator'),
        ("bank:f()", "a ruleset is named in `meta`: use module its.rid alias bank"),
        ("[].push(1)", "write .append(value), which makes a new array"),
        ('"a".toUpperCase()', "write .uc()"),
        ("undefined", "write null"),
    ],
)
def test_the_hint_says_what_to_write(text, hint):
    assert hints(text) == [hint]


def test_an_entity_variable_that_is_never_set_is_probably_misspelt():
    text = EVENT + "fired { ent:trail := ent:trial } } }"

    assert hints(text) == ["did you mean `ent:trail`?"]


def test_an_entity_variable_that_is_set_under_a_condition_is_set():
    assert found(EVENT + "fired { ent:n := (ent:n || 0) + 1 if event:name } } }") == []


def test_data_cannot_be_called():
    assert found(EVENT + "fired { ent:n := 1; log info ent:n() } } }") == [("warning", "not-a-function")]
