"""Source text to tree, construct by construct. Rules: docs/language.md, "Grammar" and "Operators"."""

import itertools
import math

import pytest

from krl.errors import KRLSyntaxError
from krl.parser import parse, parse_all
from krl.source import Source
from krl.tree import (
    ActionBlock,
    ActionCall,
    Aggregate,
    Argument,
    Array,
    AttributeTest,
    Boolean,
    Call,
    Chevron,
    ClearVariable,
    Conditional,
    Configure,
    Counted,
    Declaration,
    Defaction,
    EventGroup,
    EventInfix,
    Function,
    Guarded,
    Index,
    Infix,
    Keys,
    Last,
    Log,
    Logging,
    Map,
    Member,
    MethodCall,
    Name,
    Null,
    Number,
    Pair,
    Parameter,
    Path,
    Postlude,
    Prefix,
    Primitive,
    Provides,
    ProvidesKeys,
    Qualified,
    Raise,
    RaiseError,
    Regex,
    Rule,
    Ruleset,
    Schedule,
    SelectWhen,
    SelectWhere,
    SetVariable,
    Shares,
    Span,
    Statements,
    String,
    Text,
    UseModule,
    Within,
)

AT = Span(0, 0)  # nodes compare by content, so any place will do


def words(text: str) -> list[str]:
    return text.split()


def name(text: str) -> Name:
    return Name(AT, text)


def names(text: str) -> tuple[Name, ...]:
    return tuple(map(name, words(text)))


def number(value: float) -> Number:
    return Number(AT, value)


def string(value: str) -> String:
    return String(AT, value)


def infix(left, operator, right) -> Infix:
    return Infix(AT, operator, left, right)


def arguments(*values) -> tuple[Argument, ...]:
    return tuple(Argument(AT, None, value) for value in values)


def declaration(text: str, value) -> Declaration:
    return Declaration(AT, name(text), value)


def statements(text: str) -> tuple:
    tree = parse(Source(text))
    assert isinstance(tree, Statements)
    return tree.items


def expression(text: str):
    (item,) = statements(text)
    return item


def ruleset(body: str) -> Ruleset:
    tree = parse(Source(f"ruleset a.b-c {{ {body} }}"))
    assert isinstance(tree, Ruleset)
    return tree


def rule(body: str, select: str = "select when a:b") -> Rule:
    (found,) = ruleset(f"rule r {{ {select} {body} }}").rules
    return found


def event(text: str):
    select = rule("", f"select when {text}").select
    assert isinstance(select, SelectWhen)
    return select.event


def primitive(domain: str, type: str, tests=(), where=None, setting=(), where_first=False) -> Primitive:
    return Primitive(AT, domain, type, tests, where, setting, where_first)


def postlude_statement(text: str):
    postlude = rule(f"always {{ {text} }}").postlude
    (statement,) = postlude.first
    return statement


a, b, c, x = (name(each) for each in "abcx")

# --- literals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("007", 7), ("1.0", 1), ("1.5", 1.5), (".5", 0.5), ("9007199254740992", 2**53), ("9007199254740993", 2**53)],
)
def test_a_number_is_the_nearest_double(text, value):
    found = expression(text).value

    assert found == value
    assert isinstance(found, int) == float(value).is_integer()


def test_an_integer_beyond_the_exact_ones_is_a_float():
    assert isinstance(expression("9007199254740994").value, float)


def test_a_number_of_any_length_is_read():
    assert expression("9" * 5000).value == math.inf


@pytest.mark.parametrize(
    ("text", "value"),
    [(r'"a \" b"', 'a " b'), (r'"\\"', "\\"), (r'"\n"', r"\n"), (r'"\\n"', r"\n"), (r'"\\\""', '\\"')],
)
def test_a_string_escapes_quotes_and_backslashes_only(text, value):
    assert expression(text) == string(value)


@pytest.mark.parametrize(
    ("text", "pattern", "flags"), [("re##", "", ""), (r"re#a\#b#gi", "a#b", "gi"), (r"re#\d\\#m", r"\d\\", "m")]
)
def test_a_regular_expression_keeps_its_backslashes(text, pattern, flags):
    assert expression(text) == Regex(AT, pattern, flags)


def test_a_chevron_has_text_and_expressions():
    assert expression(r"<<a #{b}\#{c}\> \n>>") == Chevron(AT, (string("a "), b, string(r"#{c}> \n")))


def test_an_empty_chevron_has_no_parts():
    assert expression("<<>>") == Chevron(AT, ())


def test_other_literals():
    assert statements("true false null") == (Boolean(AT, True), Boolean(AT, False), Null(AT))


# --- operators --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", words("|| && == != < <= > >= like >< <=> cmp + - * / %"))
def test_infix_operators_are_left_associative(operator):
    assert expression(f"a {operator} b {operator} c") == infix(infix(a, operator, b), operator, c)


LEVELS = ["||", "&&", "<", "+", "*"]


@pytest.mark.parametrize(("loose", "tight"), list(itertools.pairwise(LEVELS)))
def test_each_level_binds_tighter_than_the_one_before(loose, tight):
    assert expression(f"a {loose} b {tight} c") == infix(a, loose, infix(b, tight, c))
    assert expression(f"a {tight} b {loose} c") == infix(infix(a, tight, b), loose, c)


@pytest.mark.parametrize("operator", ["-", "+", "not"])
def test_a_prefix_binds_tighter_than_any_infix_and_looser_than_a_call(operator):
    assert expression(f"{operator} a * b") == infix(Prefix(AT, operator, a), "*", b)
    assert expression(f"{operator} a(b)") == Prefix(AT, operator, Call(AT, a, arguments(b)))


def test_the_last_part_of_a_conditional_may_be_one():
    assert expression("a => b | c => 1 | 2") == Conditional(AT, a, b, Conditional(AT, c, number(1), number(2)))


def test_postfix_forms_read_from_left_to_right():
    target = Index(AT, Call(AT, Path(AT, x, string("a")), arguments(number(1))), number(2))

    assert expression('x{"a"}(1)[2].f()') == MethodCall(AT, target, name("f"), ())


def test_a_method_may_be_qualified():
    assert expression("x.math:abs(1)") == MethodCall(AT, x, Qualified(AT, "math", "abs"), arguments(number(1)))


def test_a_member_is_no_call():
    assert expression("x.count") == Member(AT, x, name("count"))


def test_a_line_that_could_go_on_does():
    assert statements("a = b\n(c)") == (declaration("a", Call(AT, b, arguments(c))),)
    assert statements("a = b;\n(c)") == (declaration("a", b), c)


def test_arguments_may_be_named_and_end_in_a_comma():
    assert expression("a(1, b = 2,)") == Call(AT, a, (Argument(AT, None, number(1)), Argument(AT, b, number(2))))


def test_collections_may_end_in_a_comma():
    assert expression("[1, a,]") == Array(AT, (number(1), a))
    assert expression('{"k": a,}') == Map(AT, (Pair(AT, string("k"), a),))


def test_a_key_only_has_to_begin_with_a_string():
    assert expression('{"a" + "b": 1}') == Map(AT, (Pair(AT, infix(string("a"), "+", string("b")), number(1)),))


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", words("if rule ruleset select every ent event fired else within max minutes on $ _1"))
def test_a_contextual_word_is_a_name_elsewhere(word):
    assert statements(f"1; {word}") == (number(1), name(word))


@pytest.mark.parametrize("word", words("like cmp and or before then after between any count repeat"))
def test_an_operator_word_can_be_declared_and_named_as_parameter_and_member(word):
    assert statements(f"{word} = 1") == (declaration(word, number(1)),)
    assert expression(f"function({word} = 1) {{ 2 }}").parameters == (Parameter(AT, name(word), number(1)),)
    assert expression(f"x.{word}") == Member(AT, x, name(word))


def test_a_word_before_an_equals_sign_is_declared_though_a_property_could_begin():
    (found,) = ruleset("meta { configure using a = 1 name = 2 }").meta.properties

    assert found == Configure(AT, (declaration("a", number(1)), declaration("name", number(2))))


def test_like_goes_on_where_it_can_and_is_declared_where_it_cannot():
    assert statements("a = b like c") == (declaration("a", infix(b, "like", c)),)
    assert expression("defaction(){ like = 1 every {} }").declarations == (declaration("like", number(1)),)


# --- functions --------------------------------------------------------------------------------------------


def test_a_function_has_parameters_declarations_and_a_result():
    parameters = (Parameter(AT, a, None), Parameter(AT, b, number(1)))

    assert expression("function(a, b = 1,){ c = a; return c }") == Function(AT, parameters, (declaration("c", a),), c)


def test_the_declarations_of_a_function_end_where_no_equals_sign_follows():
    found = expression("function(){ a = 1; a == 1 }")

    assert (len(found.declarations), found.result) == (1, infix(a, "==", number(1)))


def test_a_defaction_has_an_action_block_and_a_result():
    block = ActionBlock(AT, a, "single", None, (ActionCall(AT, None, name("noop"), (), ()),))

    assert expression("defaction(a){ if a then noop(); return 1; }") == Defaction(
        AT, (Parameter(AT, a, None),), (), block, number(1)
    )


def test_a_defaction_may_be_empty():
    assert expression("defaction(){}") == Defaction(AT, (), (), None, None)


# --- rulesets ---------------------------------------------------------------------------------------------


def test_an_empty_ruleset():
    assert ruleset("") == Ruleset(AT, "a.b-c", AT, None, None, (), ())


def test_the_span_of_the_id():
    assert parse(Source("ruleset  a.b {}")).rid_span == (9, 12)


def test_a_version_before_the_meta_block():
    assert ruleset('version "1"').version == string("1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('name "n" + a', Text(AT, "name", infix(string("n"), "+", a))),
        ("description <<d>>", Text(AT, "description", Chevron(AT, (string("d"),)))),
        ("logging on", Logging(AT, True)),
        ("logging off", Logging(AT, False)),
        ("use module x.y", UseModule(AT, "x.y", None, ())),
        ("use module x alias a", UseModule(AT, "x", a, ())),
        (
            "use module x with a = 1 and b = 2 c = 3",
            UseModule(AT, "x", None, tuple(declaration(n, number(i)) for i, n in enumerate("abc", 1))),
        ),
        ("configure using a = 1;", Configure(AT, (declaration("a", number(1)),))),
        ("provide a", Provides(AT, (a,))),
        ("provides a, b", Provides(AT, (a, b))),
        ("share a", Shares(AT, (a,))),
        ("shares a, count", Shares(AT, (a, name("count")))),
        ("keys null 1", Keys(AT, name("null"), number(1))),
        ("key maps 1", Keys(AT, name("maps"), number(1))),
        ("provides keys a, b to x.y, z", ProvidesKeys(AT, (a, b), ("x.y", "z"))),
    ],
)
def test_a_property(text, found):
    assert ruleset(f"meta {{ {text} }}").meta.properties == (found,)


def test_the_global_block_has_declarations():
    assert ruleset("global { a = 1; b = 2 }").globals == (declaration("a", number(1)), declaration("b", number(2)))


def test_a_rule_without_parts():
    (found,) = ruleset("rule r { }").rules

    assert found == Rule(AT, name("r"), True, None, (), (), None, None)


@pytest.mark.parametrize(("state", "active"), [("", True), ("is active", True), ("is inactive", False)])
def test_a_rule_is_active_unless_it_says_otherwise(state, active):
    assert ruleset(f"rule r {state} {{ }}").rules[0].active is active


def test_foreach_and_pre():
    found = rule("foreach a setting(x) foreach b setting(c, x) pre { y = 1 }")

    assert [(each.over, each.names) for each in found.foreach] == [(a, (x,)), (b, (c, x))]
    assert found.pre == (declaration("y", number(1)),)


# --- actions ----------------------------------------------------------------------------------------------

NOOP = ActionCall(AT, None, name("noop"), (), ())


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("noop();", ActionBlock(AT, None, "single", None, (NOOP,))),
        ("if a then noop()", ActionBlock(AT, a, "single", None, (NOOP,))),
        ("every { noop() noop(); }", ActionBlock(AT, None, "every", None, (NOOP, NOOP))),
        ("if a then sample { noop() }", ActionBlock(AT, a, "sample", None, (NOOP,))),
        ("choose a { }", ActionBlock(AT, None, "choose", a, ())),
        ("choose a(1) { }", ActionBlock(AT, None, "choose", Call(AT, a, arguments(number(1))), ())),
        ('choose (a{"k"}) { }', ActionBlock(AT, None, "choose", Path(AT, a, string("k")), ())),
    ],
)
def test_an_action_block(text, block):
    assert rule(text).actions == block


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("a => noop()", ActionCall(AT, a, name("noop"), (), ())),
        ("http:get(1) setting(x)", ActionCall(AT, None, Qualified(AT, "http", "get"), arguments(number(1)), (x,))),
        ("x => http:get() setting(a, b)", ActionCall(AT, x, Qualified(AT, "http", "get"), (), (a, b))),
        ("like(1)", ActionCall(AT, None, name("like"), arguments(number(1)), ())),
    ],
)
def test_an_action(text, action):
    assert rule(text).actions.actions == (action,)
    assert rule(f"every {{ {text} }}").actions.actions == (action,)


def test_inside_a_block_an_action_may_have_the_name_of_a_postlude():
    assert rule("every { fired() }").actions.actions == (ActionCall(AT, None, name("fired"), (), ()),)


# --- postludes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "postlude"),
    [
        ("always { last }", Postlude(AT, "always", (Last(AT),), None, None)),
        ("fired { }", Postlude(AT, "fired", (), None, None)),
        ("notfired { } finally { last }", Postlude(AT, "notfired", (), None, (Last(AT),))),
        ("fired { } else { last } finally { }", Postlude(AT, "fired", (), (Last(AT),), ())),
    ],
)
def test_a_postlude(text, postlude):
    assert rule(text).postlude == postlude


ENT_X = Qualified(AT, "ent", "x")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("ent:x := 1", SetVariable(AT, ENT_X, None, number(1))),
        ("ent:x{a} := 1;", SetVariable(AT, ENT_X, a, number(1))),
        ("clear ent:x", ClearVariable(AT, ENT_X, None)),
        ("clear ent:x{a}", ClearVariable(AT, ENT_X, a)),
        ('raise a event "t"', Raise(AT, a, string("t"), None, None)),
        ("raise event a for b attributes c", Raise(AT, None, a, b, c)),
        ("raise event event", Raise(AT, None, name("event"), None, None)),
        ("schedule a event b at c", Schedule(AT, a, b, "at", c, None, None)),
        ("schedule event a repeat b attributes c setting(x)", Schedule(AT, None, a, "repeat", b, c, x)),
        ("log info a", Log(AT, "info", a)),
        ("log error a", Log(AT, "error", a)),
        ("error warn a", RaiseError(AT, "warn", a)),
        ("error error a", RaiseError(AT, "error", a)),
        ("last", Last(AT)),
        ("a = 1", declaration("a", number(1))),
        ("last if a", Guarded(AT, Last(AT), a)),
        ("last on final", Guarded(AT, Last(AT), None)),
        ("log info on on final", Guarded(AT, Log(AT, "info", name("on")), None)),
    ],
)
def test_a_statement(text, statement):
    assert postlude_statement(text) == statement


# --- event expressions ------------------------------------------------------------------------------------

p, q, r = (primitive(each, "x") for each in "pqr")


def both(left, operator, right) -> EventInfix:
    return EventInfix(AT, operator, left, right)


@pytest.mark.parametrize("text", ["p:x", "p x", "p : x"])
def test_the_colon_of_an_event_is_optional(text):
    assert event(text) == p


@pytest.mark.parametrize("operator", ["or", "and", "before", "then", "after"])
def test_event_operators_are_left_associative(operator):
    assert event(f"p:x {operator} q:x {operator} r:x") == both(both(p, operator, q), operator, r)


def test_before_binds_tighter_than_and_and_this_tighter_than_or():
    assert event("p:x or q:x and r:x before p:x") == both(p, "or", both(q, "and", both(r, "before", p)))


def test_between_binds_tightest_and_may_be_chained():
    found = event("p:x and q:x between (p:x, r:x) not between (q:x, q:x)")

    assert found.operator == "and"
    outer = found.right
    assert (outer.negated, outer.opening, outer.closing) == (True, q, q)
    assert (outer.middle.negated, outer.middle.middle) == (False, q)


def test_the_word_after_a_domain_is_the_type_whatever_it_is():
    assert event("bus or") == primitive("bus", "or")
    assert event("a:null") == primitive("a", "null")
    assert event("setting:rule") == primitive("setting", "rule")


@pytest.mark.parametrize("operator", ["or", "and", "before", "then", "after"])
def test_an_operator_in_front_takes_a_list(operator):
    assert event(f"{operator}(p:x, q:x, r:x)") == EventGroup(AT, operator, None, (p, q, r))


def test_any_takes_a_number():
    assert event("any 2 (p:x, q:x)") == EventGroup(AT, "any", 2, (p, q))


def test_count_and_repeat_take_one_primitive_and_an_aggregate():
    assert event("count 3 (p:x)") == Counted(AT, "count", 3, p, None)
    assert event("repeat 2 (null:x) max(a, b)") == Counted(
        AT, "repeat", 2, primitive("null", "x"), Aggregate(AT, "max", (a, b))
    )


def test_attributes_are_words_before_a_regular_expression():
    tests = (AttributeTest(AT, "a", Regex(AT, "x", "")), AttributeTest(AT, "where", Regex(AT, "y", "i")))

    assert event("p:x a re#x# where re#y#i setting(b) where c") == primitive("p", "x", tests, c, (b,))


def test_a_tested_regular_expression_may_have_methods():
    tested = MethodCall(AT, Regex(AT, "x", ""), name("klog"), arguments(string("y")))

    assert event('p:x a re#x#.klog("y")') == primitive("p", "x", (AttributeTest(AT, "a", tested),))


def test_where_may_stand_before_setting():
    assert event("p:x where a setting(b)") == primitive("p", "x", (), a, (b,), True)


def test_within_governs_the_whole_expression():
    select = rule("", "select when p:x or q:x within 5 minutes;").select

    assert select == SelectWhen(AT, both(p, "or", q), Within(AT, number(5), "minutes"))


def test_select_where_has_a_condition_only():
    assert rule("", "select where a").select == SelectWhere(AT, a)


# --- the parser itself ------------------------------------------------------------------------------------


def test_comments_are_returned():
    _, _, comments = parse_all(Source("// one\na /* two */ + b"))

    assert [comment.text for comment in comments] == ["// one", "/* two */"]


def test_a_long_chain_of_operators_is_no_deep_nesting_yet():
    assert parse(Source("1" + " + 1" * 2_900))


@pytest.mark.parametrize(
    "text", ["1" + " + 1" * 300, "(" * 2_000 + "1" + ")" * 2_000, "-" * 400 + "1", "a" + "[0]" * 300]
)
def test_depth_is_bounded(text):
    tree, diagnostics, _ = parse_all(Source(text), max_depth=200)

    assert tree is None
    assert [each.code for each in diagnostics] == ["too-deep"]


def test_the_size_of_a_source_is_bounded():
    with pytest.raises(KRLSyntaxError, match="10 are allowed"):
        parse(Source("1 + 1 + 1 + 1"), max_characters=10)
