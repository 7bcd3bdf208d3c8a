"""Names: which are known, where, and which are of no use. Rules: docs/language.md, "Rulesets, scope and loading"."""

import pytest

from krl import Diagnostic, Source, diagnose
from krl.checker.expressions import MAX_FUNCTIONS_DEEP
from krl.compiler import functions


def findings(text: str) -> list[Diagnostic]:
    return list(diagnose(Source(text)))


def errors(text: str) -> list[str]:
    return [each.code for each in findings(text) if each.severity == "error"]


def warnings(text: str) -> list[str]:
    return [each.code for each in findings(text) if each.severity == "warning"]


def in_global(declarations: str, shares: str = "f") -> str:
    return f"ruleset a {{ meta {{ shares {shares} }} global {{ {declarations} }} }}"


def in_rule(body: str) -> str:
    return f"ruleset a {{ global {{ n = 1 m = n }} rule r {{ select when a b x re#(.)# setting(cap) {body} }} }}"


def test_an_undefined_name_is_an_error_at_its_place():
    (found,) = findings("ruleset a {\n  global { __x = missing }\n}")

    assert (found.code, found.source.position(found.span.start)) == ("undefined-name", (2, 18))


def test_an_undefined_name_comes_with_the_nearest_visible_one():
    (found,) = findings("temperature = 1; temprature + 1")

    assert found.hint == "did you mean `temperature`?"


def test_an_attribute_that_is_tested_and_not_captured_has_no_name():
    text = "ruleset a { rule r { select when a:b colour re#(.)# pre { _x = colour } } }"

    assert [each.hint for each in findings(text)] == [
        "the event's attribute has this name once `setting(colour)` stands behind its tests"
    ]


def test_a_name_that_is_declared_below_is_pointed_at():
    (found,) = findings("ruleset a { global {\n__x = _later\n_later = 1 } }")

    assert found.hint == "it is declared below, on line 3: only functions may use it before"


def test_the_name_of_an_entity_variable_needs_its_domain():
    found = findings("ruleset a { meta { shares f } global { f = function(){ n } } rule r { select when a b "
                     "fired { ent:n := 1 } } }")  # fmt: skip

    assert [each.hint for each in found] == ["did you mean `ent:n`?"]


def test_an_undefined_method_is_an_error():
    assert errors('"x".upcase()') == ["undefined-name"]


def test_a_method_without_arguments_may_have_been_meant_as_a_member():
    (found,) = findings("{}.zzz()")

    assert found.hint == 'for a member of a map write {"zzz"}'


@pytest.mark.parametrize(
    "text",
    [
        in_global("f = function(){ g() } g = function(){ f() }"),
        in_global("f = function(){ later } later = 1"),
        in_global('f = {"k": function(){ later }} later = 1'),
        in_global("f = function(a, b = a){ c = b; function(){ c + a } }"),
        in_global("f = function(){ __testing }"),
        "length([1]).as(\"String\").like(re#1#)",
        "noop()",
    ],
)  # fmt: skip
def test_names_that_are_known(text):
    assert findings(text) == []


@pytest.mark.parametrize(
    "text",
    [
        in_global("f = later later = 1"),
        in_global("f = f + 1"),
        in_global("f = 1 d = defaction(){ d() }"),
        in_global("f = 1 d = defaction(){ send_directive(later) } later = 1"),
        in_global("f = function(a = b, b = 1){ a }"),
        in_rule("foreach p setting(q) pre { p = cap + q }"),
        in_rule("if r then send_directive(cap) setting(r)"),
    ],
)
def test_names_that_are_not_known_there(text):
    assert "undefined-name" in errors(text)


@pytest.mark.parametrize(
    "text",
    [
        in_global("f = 1 f = 2"),
        "ruleset a { meta { configure using f = 1 shares f } global { f = 2 } }",
        in_global("f = function(a, a){ a }"),
        in_global("f = function(a){ a = 1; a }"),
        in_global("f = function(){ a = 1; a = 2; a }"),
        in_rule("pre { cap = 1 }"),
        in_rule("foreach [1] setting(v) pre { v = cap }"),
        in_rule("foreach [1] setting(v, v)"),
        in_rule("pre { z = cap } send_directive(z) setting(z)"),
        in_rule("fired { z = cap; z = n }"),
    ],
)
def test_a_block_has_one_declaration_of_a_name(text):
    assert errors(text) == ["duplicate-name"]


@pytest.mark.parametrize(
    "text",
    [
        in_rule("every { send_directive(cap) setting(z) send_directive(z) setting(z) }"),
        in_rule("fired { z = cap; log info z } else { z = n; log info z }"),
        in_global("f = function(){ x = 1; x } g = function(){ x = 2; x }", "f, g"),
    ],
)
def test_other_blocks_may_use_the_name_again(text):
    assert errors(text) == []


def test_an_inner_declaration_shadows_from_its_place_onward():
    found = findings(in_rule("pre { k = cap; n = n + 1 } send_directive(k, n)"))

    assert [(each.severity, each.code) for each in found] == [("warning", "unused-name"), ("warning", "shadowed-name")]


def test_a_name_of_an_earlier_postlude_block_has_no_value():
    """Peer: compiles, and fails when it runs."""
    found = findings(in_rule("if cap then noop() fired { z = 1; log info z } finally { log info z }"))

    assert [each.code for each in found] == ["unused-name", "past-name"]


def test_a_library_name_hidden_by_a_parameter_is_not_called_by_accident():
    assert warnings(in_global("f = function(keys, m){ m.keys() }")) == ["hidden-operator"]


@pytest.mark.parametrize(
    "text",
    [
        in_global("f = 1 g = function(){ 2 }"),
        in_global("f = 1 g = function(){ g() }"),
        in_global("f = function(){ x = 1; 2 }"),
        in_rule("pre { z = cap }"),
        "ruleset a { rule r { select when a b x re#(.)# setting(z) } }",
        "ruleset a { rule r { select when a b event:send({}) setting(z) } }",
    ],
)
def test_what_is_never_read_is_reported(text):
    assert "unused-name" in warnings(text)


@pytest.mark.parametrize(
    "text",
    [
        in_global("f = 1 _g = 2 __testing = {}"),
        in_global("f = function(a, b){ b }"),
        "ruleset a { meta { provides g } global { g = defaction(){ noop() } } }",
        "ruleset a { rule r { select when a b x re#(.)(.)# setting(y, z) send_directive(z) } }",
        "a = 1",
    ],
)
def test_what_need_not_be_read_is_not_reported(text):
    assert findings(text) == []


def test_a_global_that_calls_a_function_too_early_is_refused():
    """The function needs a name that gets its value below."""
    found = findings(in_global("g = function(){ h() } h = function(){ later } f = g() later = 1"))

    assert [(each.code, each.severity) for each in found] == [("too-early", "error")]


@pytest.mark.parametrize("call", ["later => g() | 1", "[].map(g)", "true || g()"])
def test_a_call_that_may_not_happen_is_only_doubtful(call):
    found = findings(in_global(f"g = function(){{ late }} later = 0 f = {call} late = later"))

    assert [(each.code, each.severity) for each in found] == [("too-early", "warning")]


def test_a_default_is_perhaps_not_needed():
    found = findings(in_global("g = function(a = late){ a } f = g(1) late = 2"))

    assert [(each.code, each.severity) for each in found] == [("too-early", "warning")]


def test_a_function_may_be_called_when_all_it_needs_is_there():
    assert findings(in_global("g = function(){ h() } h = function(){ 1 } f = g()")) == []


def test_in_an_inactive_rule_nothing_is_an_error():
    found = findings("ruleset a { rule r is inactive { select when a b pre { x = nowhere } nothing(x) } }")

    assert {each.severity for each in found} == {"warning"}


def test_findings_come_in_the_order_of_the_source():
    found = findings("ruleset a { global { x = y g = function(){ z } k = k } rule r { } }")

    assert [each.span.start for each in found] == sorted(each.span.start for each in found)


def test_a_text_that_does_not_parse_is_not_checked():
    assert [each.code for each in findings("ruleset a { global { x = } }")] == ["expected-expression"]


def test_many_slips_are_found_in_bounded_time():
    names = [f"name{number}" for number in range(3_000)]
    text = "; ".join(f"{name} = 1" for name in names) + "; " + "; ".join(name + "x" for name in names)

    assert len(findings(text)) == 3_000


def test_deep_nesting_is_no_danger():
    depth = 900

    assert errors("(" * depth + "1" + ")" * depth) == []
    assert errors("[" * depth + "nowhere" + "]" * depth) == ["undefined-name"]


def test_functions_nest_as_deep_as_the_compiler_goes():
    assert errors("function(){" * MAX_FUNCTIONS_DEEP + "1" + "}" * MAX_FUNCTIONS_DEEP) == []
    assert errors("function(){" * (MAX_FUNCTIONS_DEEP + 1) + "1" + "}" * (MAX_FUNCTIONS_DEEP + 1)) == ["too-deep"]
    assert MAX_FUNCTIONS_DEEP == functions.MAX_NESTED


def test_a_long_sum_is_no_danger():
    assert errors(" + ".join(["1"] * 1_500)) == []
