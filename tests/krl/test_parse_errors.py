"""What the parser says of a text that is no KRL. Rules: docs/language.md, "Parse errors".

The codes and places of single faults are tested by the vectors (tests/conformance/test_parse_vectors.py).
"""

import subprocess
import sys

import pytest

from krl.errors import Diagnostic, KRLSyntaxError
from krl.parser import MAX_ERRORS, parse, parse_all
from krl.source import Source


def errors(text: str) -> tuple[Diagnostic, ...]:
    return parse_all(Source(text))[1]


def first(text: str) -> Diagnostic:
    return errors(text)[0]


def faulty(text: str) -> list[str]:
    """What stands at the places at fault."""
    return [text[each.span.start : each.span.end] for each in errors(text)]


def in_rule(body: str) -> str:
    return f"ruleset a {{ rule r {{ select when a:b {body} }} }}"


def test_the_exception_carries_all_diagnostics():
    with pytest.raises(KRLSyntaxError) as caught:
        parse(Source("a = ; b = ;", "two.krl"))

    assert [each.span.start for each in caught.value.diagnostics] == [4, 10]
    assert str(caught.value).startswith("two.krl:1:5: error: expected an expression, found ';'\n    a = ; b = ;\n")


def test_a_diagnostic_covers_the_refused_token():
    assert faulty('f(1 "two")') == ['"two"']


def test_the_end_of_the_text_is_at_its_last_character():
    assert faulty("(1 ") == [" "]


def test_a_long_token_is_cut_in_the_message():
    found = first('f(1 "' + "x" * 1000 + '")')

    assert len(found.message) < 80


def test_a_token_of_several_lines_is_shown_on_one():
    assert first('f(1 "a\nb")').message == "expected ')', found '\"a b\"'"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("'a'", "double quotes"),
        ("a ? b", "test => one | other"),
        ("!a", "write 'not'"),
        ("{a: 1}", 'write "a"'),
        ("any + 1", "'any' is an operator"),
        ("a === b", "write '=='"),
        ("a;;b", "one ';' is enough"),
        ("a = 1, b = 2", "no comma"),
        ("a => b => c | d | e", "parentheses"),
        ("f(1 2)", "is a comma missing?"),
        ("function f(){ 1 }", "no name of its own"),
        ("x.null", "reserved word"),
        ("defaction(){ noop() noop() }", "every"),
        ("defaction(){ noop() returns 1 }", "write 'return'"),
        ("defaction(){ noop() return 1, 2 }", "an array or a map"),
        ('ruleset "a" {}', "bare word"),
        ("ruleset a {} }", "one '}' is too many"),
        ("ruleset a {} ruleset b {}", "one ruleset"),
        ("ruleset a { global { } meta { } }", "meta, global, rules"),
        ("ruleset a { meta { shares a b } }", "separated by commas"),
        ('ruleset a { meta { nam "x" } }', "did you mean 'name'?"),
        ("ruleset a { global { a := 1 } }", "ent:name := …"),
        ("ruleset a { global { ent:a = 1 } }", "in a postlude"),
        ("ruleset a { global { f(1) } }", "only declarations"),
        ("ruleset a { global { if x then 1 } }", "test => one | other"),
        ("ruleset a { rule r { select when a } }", "domain:type"),
        ('ruleset a { rule r { select when "a" "b" } }', "bare words"),
        ("ruleset a { rule r { select when * } }", "no wildcard"),
        ("ruleset a { rule r { select when not a:b } }", "before 'between'"),
        ("ruleset a { rule r { select when count 2 (a:b or c:d) } }", "take one event"),
        (in_rule("noop() noop()"), "every { … }"),
        (in_rule("if a then { noop() }"), "every { … }"),
        (in_rule("every { noop(), noop() }"), "separated by ';' or by nothing"),
        (in_rule('choose m{"k"} { }'), "in parentheses"),
        (in_rule("noop() pre { }"), "select, foreach, pre, actions, postlude"),
        (in_rule("finally { }"), "fired { … }"),
        (in_rule("fired { } notfired { }"), "one postlude"),
        (in_rule("fired { noop() }"), "before the postlude"),
        (in_rule("fired { ent:x = 1 }"), "set with ':='"),
        (in_rule('fired { ent:x{"a"}{"b"} := 1 }'), "is an array"),
        (in_rule("fired { ent:x[0] := 1 }"), "in braces"),
        (in_rule('fired { raise "a" event "b" }'), "bare word"),
        (in_rule('fired { raise a event "b" attributes {} for "r" }'), "before 'attributes'"),
        (in_rule("fired { last on }"), "write 'on final'"),
        ("ruleset a { rule r { select when a:b where a = 1 } }", "write '=='"),
        (in_rule("if a = 1 then noop()"), "write '=='"),
        (in_rule("if a and b then noop()"), "write '&&'"),
        (in_rule("if a noop()"), "'then' stands between"),
        (in_rule("foreach x in [1] noop()"), "setting(item)"),
        (in_rule("for x in [1] { noop() }"), "foreach"),
        (in_rule("fired { ent:n += 1 }"), "ent:name + 1"),
        (in_rule("fired { set ent:n 1 }"), "ent:name := …"),
        (in_rule("fired { raise a:b }"), "raise domain event"),
        (in_rule('fired { raise a event "b" with x = 1 }'), "attributes {…}"),
        (in_rule('fired { raise a event "b" {"x": 1} }'), "attributes {…}"),
        (in_rule('fired { log("x") }'), "log info …"),
        (in_rule("fired { x.klog() }"), "log info …"),
        ("ruleset a b { }", "joined by '.' or '-'"),
        ('ruleset a { name "x" }', "in 'meta { … }'"),
        ("ruleset a { import b }", "use module"),
        ('ruleset a { meta { name: "x" } }', "no colon"),
        ('ruleset a { meta { "name" "x" } }', "begins with a bare word"),
        ('ruleset a { rule "r" { } }', "is a bare word"),
        ("ruleset a { rule r { when a:b } }", "select when"),
        ("ruleset a { rule r { select on a:b } }", "select when"),
        ("ruleset a { global { let x = 1 } }", "without a word in front"),
        ("ruleset a { global { function f(x){ x } } }", "no name of its own"),
        ("a = function(x){ let y = x; y }", "without a word in front"),
        ("a = function(x){ if x then 1 else 2 }", "test => one | other"),
        ("a = function(x){ return x; return 1 }", "one result"),
        ("a = (x) => x + 1", "a function 'function(…){ … }'"),
        ("ruleset a { global { a = new Date() } }", "no 'new'"),
        ('ruleset a { global { a = await http:get("x") } }', "waits for its answer"),
        ("a = 1 === 1", "write '=='"),
        ("a = 1 !== 1", "write '!='"),
        ("ruleset a { global { a = true and false } }", "write '&&'"),
        ("ruleset a { global { a = true or false } }", "write '||'"),
        ('a = "x" . "y"', "joined by '+'"),
        ('a = {"b": 1 "c": 2}', "comma missing"),
    ],
)
def test_a_common_slip_has_a_hint(text, hint):
    assert hint in (first(text).hint or "")


@pytest.mark.parametrize(
    ("text", "bracket"),
    [
        ("ruleset a {\n rule one {\n  select when a:b\n\n rule two { select when a:b }\n}", "'{' of line 2"),
        ("ruleset a {\n global {\n  f = function(){\n   1\n\n  g = 2\n }\n}", "'{' of line 3"),
        ("ruleset a {\n global {\n  f = (1 +\n   2\n  g = 2\n }\n}", "'(' of line 3"),
        ("ruleset a {\n global {\n  f = <<text\n  g = 2\n }\n}", "'<<' of line 3"),
        ("ruleset a {\n rule one { select when a:b every {\n noop()\n fired { last } }\n}", "'{' of line 2"),
        ("ruleset a {\n rule one { select when a:b }\n", "'{' of line 1"),
    ],
)
def test_a_bracket_that_was_forgotten_is_named(text, bracket):
    assert first(text).hint == f"the {bracket} is not closed"


def test_a_bracket_is_not_blamed_for_what_is_wrong_within_a_line():
    assert first("a = f(1 2)").hint == "is a comma missing?"


# --- several errors in one text ---------------------------------------------------------------------------


def test_every_faulty_declaration_is_reported():
    assert faulty("ruleset a { global { a = 1 + ; b = 2; c = [1 2]; d := 3\n e = 4 } }") == [";", "2", "d"]


def test_every_faulty_property_is_reported():
    assert faulty("ruleset a { meta { colour 1 logging maybe\n use thing } }") == ["colour", "maybe", "thing"]


def test_every_faulty_rule_is_reported_once():
    text = """ruleset a {
      rule one { select when ; pre { x } noop() noop() }
      rule two { select when a:b }
      rule three { select when a:b fired { ent:x = 1 } }
    }"""

    assert faulty(text) == [";", "="]


def test_every_faulty_statement_is_reported():
    assert faulty("a = +; b = 1; c = ]; d = {a: 1};\ne = 2") == [";", "]", "a"]


def test_a_rule_that_is_not_closed_is_reported_where_the_next_one_begins():
    text = """ruleset a {
      rule one { select when a:b
        fired { last
      rule two { select when a:b }
      rule three { select when }
    }"""

    assert [Source(text).position(each.span.start).line for each in errors(text)] == [4, 5]


def test_a_declaration_that_is_not_closed_does_not_hide_the_next_one():
    text = """ruleset a {
      global {
        f = function(x) { [1, 2
        g = 1
        h = = 2
      }
    }"""

    assert [Source(text).position(each.span.start).line for each in errors(text)] == [4, 5]


def test_brackets_that_do_not_add_up_are_no_second_error():
    assert len(errors("ruleset a { global { a = 1 + } } }")) == 1


def test_errors_in_different_parts_are_all_reported():
    text = """ruleset a {
      meta {
        logging x
      }
      global {
        a = 1, b = 2
      }
      rule r is asleep { }
      rule s { select }
    }"""

    assert [each.code for each in errors(text)] == [
        "expected-on-or-off",
        "expected-declaration",
        "expected-active-or-inactive",
        "expected-when-or-where",
    ]


def test_the_number_of_errors_is_bounded():
    assert len(errors("a = ;\n" * 100)) == MAX_ERRORS


def test_a_faulty_regular_expression_is_no_hindrance():
    tree, found, _ = parse_all(Source("a = re#(#; b = re#x#gg; c = 1 2"))

    assert tree is not None
    assert [each.code for each in found] == ["invalid-regex", "invalid-regex"]


def test_faults_of_both_kinds_come_in_the_order_of_the_text():
    assert faulty("a = re#(#; b = ; c = re#)#") == ["re#(#", ";", "re#)#"]


def test_python_without_docstrings_is_refused_with_a_word():
    """The grammar is written in docstrings."""
    done = subprocess.run([sys.executable, "-OO", "-c", "import krl.parser"], capture_output=True, text=True)

    assert "run it without -OO" in done.stderr
