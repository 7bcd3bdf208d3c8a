"""Whatever the text, the parser gives a tree or diagnostics, soon, and knows where its nodes stand."""

import json
import re
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from krl import tree as trees
from krl.parser import parse, parse_all
from krl.source import Source
from krl.tree import (
    Array,
    Boolean,
    Call,
    Conditional,
    Expression,
    Index,
    Infix,
    Map,
    MethodCall,
    Name,
    Node,
    Null,
    Number,
    Prefix,
    Qualified,
    Span,
    String,
    children,
)

VECTORS = Path(__file__).parent.parent / "conformance"
TEXTS = [each["source"] for each in json.loads((VECTORS / "parse.json").read_text(encoding="utf-8"))]
TEXTS += [each["ruleset"] for each in json.loads((VECTORS / "events.json").read_text(encoding="utf-8"))]
PIECE = re.compile(r'\s+|\w+|re#(?:\\.|[^#])*#|"(?:\\.|[^"])*"|<<|>>|#\{|=>|:=|.', re.DOTALL)
PIECES = sorted({piece for text in TEXTS for piece in PIECE.findall(text)})

patient = settings(deadline=timedelta(seconds=5), max_examples=300)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A text of the vectors with some pieces dropped, replaced or put in."""
    pieces = PIECE.findall(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(pieces)))
        pieces[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(PIECES), max_size=2))
    return "".join(pieces)


def nodes(root: Node) -> list[Node]:
    found, unseen = [], [root]
    while unseen:
        found.append(unseen.pop())
        unseen.extend(children(found[-1]))
    return found


@patient
@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join) | mutants())
def test_there_is_a_tree_or_a_diagnostic(text):
    tree, diagnostics, comments = parse_all(Source(text))

    assert tree is not None or diagnostics
    for each in [*diagnostics, *comments]:
        assert 0 <= each.span.start <= each.span.end <= len(text)
    assert [each.span for each in diagnostics] == sorted(each.span for each in diagnostics)
    assert all(str(each) for each in diagnostics)


@patient
@given(mutants())
def test_a_node_lies_within_its_parent_and_apart_from_its_siblings(text):
    tree = parse_all(Source(text))[0]

    for node in nodes(tree) if tree else []:
        end = node.span.start
        for child in sorted(children(node), key=lambda each: each.span):
            assert end <= child.span.start <= child.span.end <= node.span.end
            end = child.span.end


@patient
@given(mutants())
def test_a_node_begins_and_ends_with_its_text(text):
    tree = parse_all(Source(text))[0]

    for node in nodes(tree) if tree else []:
        own = text[node.span.start : node.span.end]
        if isinstance(node, Name):
            assert own == node.name
        elif not isinstance(node, String | trees.Statements):
            assert own == own.strip() != ""


@patient
@given(mutants(), st.sampled_from(["\n", " ", "/* … */", "// …\n"]))
def test_blanks_and_comments_in_front_change_nothing_but_places(text, blank):
    before, after = parse_all(Source(text)), parse_all(Source(blank + text))

    assert not text or after[0] == before[0]
    assert [each.code for each in after[1]] == [each.code for each in before[1]] or not text


# --- trees and back ---------------------------------------------------------------------------------------

AT = Span(0, 0)
NAMES = st.sampled_from(["a", "rule", "$x", "within", "_1"])
INFIX = ["||", "&&", "==", "!=", "<", "<=", ">", ">=", "like", "><", "<=>", "cmp", "+", "-", "*", "/", "%"]
LITERALS = st.one_of(
    NAMES.map(lambda name: Name(AT, name)),
    st.builds(Qualified, st.just(AT), NAMES, NAMES),
    st.integers(0, 2**53).map(lambda value: Number(AT, value)),
    st.text(alphabet='ab\\"\n#{').map(lambda value: String(AT, value)),
    st.booleans().map(lambda value: Boolean(AT, value)),
    st.just(Null(AT)),
)


def compound(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    at = st.just(AT)
    args = st.lists(st.builds(trees.Argument, at, st.none(), inner), max_size=2).map(tuple)
    strings = st.text(alphabet="ab").map(lambda value: String(AT, value))
    return st.one_of(
        st.builds(Infix, at, st.sampled_from(INFIX), inner, inner),
        st.builds(Prefix, at, st.sampled_from(["-", "+", "not"]), inner),
        st.builds(Conditional, at, inner, inner, inner),
        st.builds(Index, at, inner, inner),
        st.builds(trees.Path, at, inner, inner),
        st.builds(Call, at, inner, args),
        st.builds(MethodCall, at, inner, NAMES.map(lambda name: Name(AT, name)), args),
        st.lists(inner, max_size=2).map(lambda items: Array(AT, tuple(items))),
        st.lists(st.builds(trees.Pair, at, strings, inner), max_size=2).map(lambda pairs: Map(AT, tuple(pairs))),
    )


def written(node: Node) -> str:
    """The expression as text, with parentheses wherever they may stand."""
    match node:
        case Name(name=name):
            return name
        case Qualified(domain=domain, name=name):
            return f"{domain}:{name}"
        case Number(value=value):
            return str(value)
        case String(value=value):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Boolean(value=value):
            return str(value).lower()
        case Null():
            return "null"
        case Infix(operator=operator, left=left, right=right):
            return f"({written(left)} {operator} {written(right)})"
        case Prefix(operator=operator, operand=operand):
            return f"({operator} {written(operand)})"
        case Conditional(test=test, then=then, otherwise=otherwise):
            return f"({written(test)} => {written(then)} | {written(otherwise)})"
        case Index(target=target, key=key):
            return f"({written(target)})[{written(key)}]"
        case trees.Path(target=target, path=path):
            return f"({written(target)}){{{written(path)}}}"
        case Call(callee=callee, arguments=arguments):
            return f"({written(callee)})({', '.join(written(each.value) for each in arguments)})"
        case MethodCall(target=target, method=method, arguments=arguments):
            return f"({written(target)}).{written(method)}({', '.join(written(each.value) for each in arguments)})"
        case Array(items=items):
            return f"[{', '.join(map(written, items))}]"
        case Map(pairs=pairs):
            return "{" + ", ".join(f"{written(each.key)}: {written(each.value)}" for each in pairs) + "}"
    raise AssertionError(node)


@patient
@given(st.recursive(LITERALS, compound, max_leaves=12))
def test_an_expression_that_is_written_out_parses_to_itself(expression):
    assert parse(Source(written(expression))).items == (expression,)
