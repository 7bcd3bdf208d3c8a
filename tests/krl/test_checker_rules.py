"""Rules, postludes and the meta block. Rules: docs/language.md, "Rules", "Postlude", "Compile-time checks"."""

import pytest

from krl import Source, diagnose
from krl.checker.rules import MAX_FOREACH
from krl.compiler import rules


def found(text: str) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in diagnose(Source(text))]


def postlude(text: str, before: str = "if event:name then noop()") -> str:
    return f"ruleset a {{ rule r {{ select when a b {before} {text} }} }}"


def meta(properties: str) -> str:
    return f"ruleset a {{ meta {{ {properties} }} global {{ _f = function(){{ 1 }} _d = defaction(){{ noop() }} }} }}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ruleset a { rule r { select when a b } rule r { select when a c } }", "duplicate-rule"),
        ("ruleset a { rule r { noop() } }", "missing-select"),
        (postlude("fired { app:x := 1 }"), "not-a-variable"),
        (postlude("fired { clear app:x }"), "not-a-variable"),
        (postlude("fired { _x = 1 if event:name }"), "guarded-declaration"),
        (meta('name "x" name "y"'), "duplicate-property"),
        (meta("errors to b"), "unsupported-property"),
        (meta("provides keys k to b"), "unsupported-property"),
        (meta("shares ghost"), "undefined-export"),
        (meta("provides ghost"), "undefined-export"),
        (meta("shares uc"), "undefined-export"),
        (meta("shares _d"), "shared-action"),
        (meta("description <<#{nowhere}>>"), "undefined-name"),
    ],
)
def test_what_keeps_a_ruleset_from_loading(text, code):
    assert found(text) == [("error", code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ruleset a { rule r is inactive { select when a b } }", "inactive-rule"),
        ('ruleset a { version "1" }', "deprecated-version"),
        (meta("logging on"), "deprecated-logging"),
        (meta("use module b"), "unused-module"),
        (postlude("notfired { noop = 1; log info noop }", before=""), "unreachable-block"),
        (postlude("fired { last; log info 1 }"), "unreachable-statement"),
        (postlude('fired { error error "x"; log info 1 }'), "unreachable-statement"),
        (postlude("fired { log info 1 on final }"), "useless-guard"),
        (postlude('fired { ent:x := ent:x.put("k", 1) }'), "whole-variable"),
        (postlude('fired { raise event "word" }'), "bad-event-type"),
        (postlude('fired { raise a event " " }'), "bad-event-type"),
        (postlude("fired { raise a event 5 }"), "bad-event-type"),
        (postlude('fired { raise a event "x" attributes [1] }'), "bad-attributes"),
        (postlude('fired { schedule a event "x" at time:now() attributes "s" }'), "bad-attributes"),
    ],
)
def test_what_is_doubtful_in_a_ruleset(text, code):
    assert found(text) == [("warning", code)]


@pytest.mark.parametrize(
    "text",
    [
        postlude("fired { last if event:name; log info 1 }"),
        postlude("fired { log info 1 } else { log info 2 } finally { log info 3 }"),
        postlude("fired { log info 1 on final }", before="foreach [1] setting(x) send_directive(x)"),
        postlude('fired { raise a event "x" for "r" attributes null }'),
        postlude('fired { raise event "a:x"; raise event event:name; schedule a event "x" repeat "0 * * * *" }'),
        postlude('fired { ent:x := ent:x.put("k") ; ent:x{"k"} := ent:x.put("k", 1) }'),
        meta("shares _f provides _f, _d share __testing"),
        "ruleset null { }",
    ],
)
def test_what_is_fine_in_a_ruleset(text):
    assert found(text) == []


def test_a_ruleset_that_uses_itself_is_a_cycle():
    assert ("error", "dependency-cycle") in found("ruleset a { meta { use module a alias me } }")


def test_what_is_configured_may_be_anything():
    text = "ruleset a { meta { configure using f = null shares g } global { g = function(){ f() } } }"

    assert found(text) == []


def test_configuration_sees_what_was_configured_above():
    assert found("ruleset a { meta { configure using x = 1 use module b alias m with y = x shares f } "
                 "global { f = function(){ m:g() } } }") == []  # fmt: skip


@pytest.mark.parametrize("first", ["always { last }", 'fired { error error "x" }', "always { log info 1; last }"])
def test_a_rule_behind_one_that_always_ends_the_turn_is_never_reached(first):
    text = f"ruleset a {{ rule one {{ select when a b {first} }} rule two {{ select when a b }} }}"

    assert found(text) == [("warning", "unreachable-rule")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("select when a b always { last if event:name }", "select when a b"),
        ("select when a b x re#.# always { last }", "select when a b"),
        ("select when a b where event:name always { last }", "select when a b"),
        ("select when a b foreach [] setting(_x) always { last }", "select when a b"),
        ("select when a b if event:name then noop() fired { last }", "select when a b"),
        ("select when a b always { last }", "select when a b or a c"),
        ("select when a b always { last }", "select where event:name"),
        ("select when a b always { error warn 1 }", "select when a b"),
    ],
)
def test_a_rule_that_may_be_reached_is_not_reported(first, second):
    text = f"ruleset a {{ rule one {{ {first} }} rule two {{ {second} }} }}"

    assert "unreachable-rule" not in [code for _, code in found(text)]


def test_a_rule_has_as_many_foreach_as_the_compiler_takes():
    text = "ruleset a {{ rule r {{ select when a b {} noop() }} }}"
    loops = "foreach [1] setting(_x) "

    assert "too-many-foreach" not in [code for _, code in found(text.format(loops * MAX_FOREACH))]
    assert "too-many-foreach" in [code for _, code in found(text.format(loops * (MAX_FOREACH + 1)))]
    assert MAX_FOREACH == rules.MAX_LOOPS
