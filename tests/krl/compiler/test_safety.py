"""A user's text is data: it never becomes code, and no value of KRL leads to the Python behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from krl import tree
from krl.compiler import compile_statements
from krl.compiler.operators import FUNCTIONS
from krl.compiler.ruleset import Writer
from krl.errors import KRLError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime.calls import Action
from krl.runtime.host import Here
from krl.runtime.namespace import NAMESPACE
from krl.runtime.regexp import RegExp
from krl.source import Source

SPAN = tree.Span(0, 0)
SOURCE = Source("", "hostile")

NAMES = [
    "h",
    "here",
    "use",
    "load",
    "__class__",
    "__import__",
    "eval",
    "type",
    "t1",
    "steps",
    "$",
    "$$",
    "a$1",
    "_",
    "None",
]
TEXTS = [
    '"',
    "'''",
    "\\",
    '")); import os #',
    "{0.__class__}",
    "%s",
    "\0",
    "\ud800",
    "\n",
    "é😀",
    "__globals__",
    "ent",
    "",
]
HOSTILE = st.sampled_from(TEXTS) | st.text(max_size=8)

# What compiled code may be made of besides constants: names of the namespace, variables of ours, mangled names.
ATTRIBUTES = re.compile(
    r"steps|depth|limits|max_depth|event|attrs|domain|type|get|isascii|provided|(get|set|clear)_variable(_path)?|"
    r"begin_round|fired|send_directive|(raise|schedule)_event|raise_error|log"
)
VARIABLES = re.compile(
    r"h|here|use|configuration|captured|load|evaluate|outcome|steps|depth|fired|decision|chosen|event|groups|more|problem|"
    r"unused|uses|testing|(t|last_|function_|action_|rule_|guard_|limit_|member_|module_|key_|pattern_)[0-9_]+"
)
MANGLED = re.compile(r"(outer_)?[vd]_[A-Za-z0-9_ø]+(·[0-9]+)?")


def is_ours(identifier: str) -> bool:
    return identifier in NAMESPACE or bool(ATTRIBUTES.fullmatch(identifier) or VARIABLES.fullmatch(identifier))


def identifiers(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars, code.co_name)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from identifiers(constant)


def is_harmless(code: CodeType) -> bool:
    names = set(identifiers(code)) - {"<module>"}
    return all(is_ours(each) or MANGLED.fullmatch(each) for each in names)


# --- random programs --------------------------------------------------------------------------------------


def node(kind: type[tree.Node], *parts: Any) -> Any:
    return kind(SPAN, *parts)


def name(text: str) -> tree.Name:
    return tree.Name(SPAN, text)


def expressions(names: list[str]) -> st.SearchStrategy[tree.Expression]:
    """Trees over declared names, with hostile texts wherever a text can stand."""
    leaves = st.one_of(
        HOSTILE.map(lambda text: node(tree.String, text)),
        st.integers(0, 2**53).map(lambda value: node(tree.Number, value)),
        st.sampled_from([True, False]).map(lambda value: node(tree.Boolean, value)),
        st.just(node(tree.Null)),
        st.tuples(HOSTILE, st.sampled_from(["", "g", "im"])).map(lambda each: node(tree.Regex, *each)),
        st.sampled_from(names).map(name),
        st.sampled_from(["uc", "length", "typeof", "klog"]).map(name),
        st.tuples(st.sampled_from(["ent", "event", "math", *NAMES]), st.sampled_from(NAMES)).map(
            lambda each: node(tree.Qualified, *each)
        ),
    )
    return st.recursive(leaves, partial(compound, names=names), max_leaves=12)


def compound(inner: st.SearchStrategy[Any], names: list[str]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, max_size=3).map(tuple)
    operators = st.sampled_from([*FUNCTIONS, "&&", "||"])
    argument = st.tuples(st.none() | st.sampled_from(NAMES).map(name), inner).map(
        lambda each: node(tree.Argument, *each)
    )
    arguments = st.lists(argument, max_size=3).map(
        lambda each: tuple(sorted(each, key=lambda one: one.name is not None))
    )
    parameter = st.tuples(st.sampled_from(NAMES).map(name), st.none() | inner)
    # (A dictionary keeps names apart; a filter would make hypothesis describe the whole strategy.)
    parameters = st.lists(parameter, max_size=3).map(
        lambda each: tuple(node(tree.Parameter, *one) for one in {one[0]: one for one in each}.values())
    )
    key = HOSTILE.map(lambda text: node(tree.String, text))
    pairs = st.lists(st.tuples(key, inner).map(lambda each: node(tree.Pair, *each)), max_size=3).map(tuple)
    methods = st.sampled_from(["uc", "map", "put", "split", "klog", *names]).map(name)
    return st.one_of(
        st.tuples(operators, inner, inner).map(lambda each: node(tree.Infix, *each)),
        st.tuples(st.sampled_from(["-", "+", "not"]), inner).map(lambda each: node(tree.Prefix, *each)),
        st.tuples(inner, inner, inner).map(lambda each: node(tree.Conditional, *each)),
        st.tuples(inner, inner).map(lambda each: node(tree.Index, *each)),
        st.tuples(inner, inner).map(lambda each: node(tree.Path, *each)),
        st.tuples(inner, st.sampled_from(NAMES).map(name)).map(lambda each: node(tree.Member, *each)),
        items.map(lambda each: node(tree.Array, each)),
        items.map(lambda each: node(tree.Chevron, each)),
        pairs.map(lambda each: node(tree.Map, each)),
        st.tuples(inner, arguments).map(lambda each: node(tree.Call, *each)),
        st.tuples(inner, methods, arguments).map(lambda each: node(tree.MethodCall, *each)),
        st.tuples(parameters, inner).map(lambda each: node(tree.Function, each[0], (), each[1])),
    )


@st.composite
def programs(draw: st.DrawFn) -> tree.Statements:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    declarations = [node(tree.Declaration, name(each), node(tree.Number, 1)) for each in names]
    return node(tree.Statements, (*declarations, draw(expressions(names))))  # type: ignore[no-any-return]


@st.composite
def rulesets(draw: st.DrawFn) -> tree.Ruleset:
    """A ruleset in which hostile words stand as events, attributes, labels, captures, variables and levels."""
    words = st.sampled_from(NAMES)
    names = draw(st.lists(words, min_size=1, max_size=3, unique=True))
    expression = expressions(names)
    globals_ = tuple(node(tree.Declaration, name(each), node(tree.Number, 1)) for each in names)
    test = node(tree.AttributeTest, draw(HOSTILE), node(tree.Regex, draw(HOSTILE), ""))
    captured = (name(draw(words)),)
    primitive = node(tree.Primitive, draw(HOSTILE), draw(HOSTILE), (test,), draw(expression), captured, False)
    action = node(tree.ActionCall, name(draw(words)), name("send_directive"), (), (name(draw(words)),))
    block = node(tree.ActionBlock, draw(expression), "choose", draw(expression), (action,))
    variable = node(tree.Qualified, "ent", draw(words))
    statements = (
        node(tree.SetVariable, variable, draw(expression), draw(expression)),
        node(tree.Raise, name(draw(words)), draw(expression), draw(expression), draw(expression)),
        node(tree.Log, "info", draw(expression)),
    )
    postlude = node(tree.Postlude, "always", statements, None, None)
    foreach = node(tree.Foreach, draw(expression), (name(draw(words)),))
    select = node(tree.SelectWhen, primitive, None)
    rule = node(tree.Rule, name(draw(words)), True, select, (foreach,), (), block, postlude)
    return node(tree.Ruleset, "hostile", SPAN, None, None, globals_, (rule,))  # type: ignore[no-any-return]


def is_value(value: Any) -> bool:
    """A value of KRL, all the way down."""
    if isinstance(value, list):
        return all(map(is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(is_value, value.values()))
    return value is None or type(value) in (bool, int, float, str, RegExp, Action, FunctionType)


@settings(deadline=None, max_examples=100)
@given(program=programs())
def test_random_programs_are_harmless_code_that_yields_values(program: tree.Statements) -> None:
    code = compile_statements(program, SOURCE)
    assert is_harmless(code)

    namespace = dict(NAMESPACE)
    exec(code, namespace)  # noqa: S102 - it has just been shown to be harmless
    try:
        value = namespace["evaluate"](LocalHost(), Here("hostile"))
    except KRLError:
        return
    assert is_value(value)


@settings(deadline=None, max_examples=50)
@given(ruleset=rulesets())
def test_random_rulesets_are_harmless_code(ruleset: tree.Ruleset) -> None:
    assert is_harmless(Writer(ruleset, SOURCE).code())


def test_compiled_code_has_no_python_builtins() -> None:
    assert NAMESPACE["__builtins__"] == {}
    assert not {"eval", "exec", "getattr", "open", "__import__", "globals"} & set(NAMESPACE)


VALUES = [
    "1",
    '"a"',
    "[1]",
    '{"a": 1}',
    "null",
    "true",
    "1.5",
    "re#a#",
    "uc",
    "noop",
    "function(x){ x }",
    "defaction(){ }",
]
KEYS = [
    "__class__",
    "__dict__",
    "__globals__",
    "__code__",
    "__init__",
    "constructor",
    "toString",
    "run",
    "source",
    "length",
]


@settings(deadline=None)
@given(value=st.sampled_from(VALUES), key=st.sampled_from(KEYS))
def test_no_look_up_finds_what_the_program_did_not_put_there(value: str, key: str) -> None:
    ways = [f'x{{"{key}"}}', f'x["{key}"]', f"x.{key}", f'x{{["{key}", "{key}"]}}', f'x.get("{key}")']

    assert evaluate(f"x = {value}; [{', '.join(ways)}]") == [None] * len(ways)
