"""Infix and prefix operators, with the common cases inlined.

What two integers or two texts give is written into the code; everything else, and every result that leaves the range
of exact integers, goes to the operators of the runtime, which know all of KRL's conversions. A test such as
`type(t1 := a) is type(t2 := b) is int` evaluates both operands, in order, whatever it answers.
"""

from __future__ import annotations

import ast
from typing import cast

from .. import tree
from ..runtime.limits import CHARACTERS_A_STEP
from ..runtime.values import LARGEST
from . import emit
from .frame import ANY, BOOLEAN, INTEGER, NULL, TEXT, Code, Frame

FUNCTIONS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "%": "modulo",
    "==": "equal",
    "!=": "unequal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "<=>": "compare",
    "cmp": "text_compare",
    "like": "like",
    "><": "has_element",
}
WITH_HOST = frozenset(["+", "/", "%", "like"])  # these may log, reach a limit or run out of time
TRUTHFUL = frozenset([BOOLEAN, TEXT, INTEGER, NULL])  # kinds of which Python and KRL agree what is true
BOOLEANS = frozenset(["==", "!=", "<", "<=", ">", ">=", "like", "><"])


def infix(frame: Frame, node: tree.Infix) -> Code:
    """Any infix operator: in Python where operands are of the usual kinds, by the runtime for all others."""
    if node.operator in ("&&", "||"):
        return logical(frame, node)
    line = frame.line(node)
    left, right = frame.expression(node.left), frame.expression(node.right)
    match node.operator:
        case "+" if TEXT in (left.kind, right.kind):
            return joined(frame, left, right, line)
        case "+" | "-" | "*":
            return arithmetic(frame, node.operator, left, right, line)
        case "%":
            return remainder(frame, left, right, line)
        case "==" | "!=":
            return equality(frame, node.operator, left, right, line)
        case "<" | "<=" | ">" | ">=":
            return ordering(frame, node.operator, left, right, line)
    kind = BOOLEAN if node.operator in BOOLEANS else ANY
    return Code(by_runtime(node.operator, left.code, right.code, line), kind)


def by_runtime(operator: str, left: ast.expr, right: ast.expr, line: int) -> ast.expr:
    """The operator by the runtime's function."""
    host: list[ast.expr] = [emit.name("h", line)] if operator in WITH_HOST else []
    return emit.call(FUNCTIONS[operator], [*host, left, right], line)


# --- operands that are named twice ------------------------------------------------------------------------


def is_atom(code: ast.expr) -> bool:
    """It costs nothing to evaluate twice, and gives the same: names of KRL are never assigned twice in one run."""
    return isinstance(code, ast.Name | ast.Constant)


class Operand:
    """An operand that is used several times: where it is first evaluated, and how it is called afterwards."""

    def __init__(self, frame: Frame, operand: Code, line: int) -> None:
        self.kind = operand.kind
        if is_atom(operand.code):
            self.first = self.again = operand.code
        else:
            temporary = frame.temporary()
            self.first = emit.walrus(temporary, operand.code, line)
            self.again = emit.name(temporary, line)

    @property
    def is_literal(self) -> bool:
        """A literal of known type."""
        return isinstance(self.again, ast.Constant) and self.kind != ANY


def type_of(value: ast.expr, line: int) -> ast.expr:
    """`type(value)`."""
    return emit.call("type", [value], line)


def both_are(type_name: str, left: Operand, right: Operand, line: int) -> list[ast.expr]:
    """The test that both are of a type, where literals are known to be; whatever it answers, both are evaluated."""
    types = [type_of(each.first, line) for each in (left, right) if not each.is_literal]
    wanted = emit.name(type_name, line)
    match types:
        case []:
            return []
        case [one]:
            return [emit.compare(one, "is", wanted, line=line)]
        case _:
            return [emit.compare(types[0], "is", types[1], "is", wanted, line=line)]


# --- arithmetic -------------------------------------------------------------------------------------------


def may_be_integers(left: Code, right: Code) -> bool:
    """Whether nothing that is known of the two speaks against their being integers."""
    return {left.kind, right.kind} <= {ANY, INTEGER}


def arithmetic(frame: Frame, operator: str, left: Code, right: Code, line: int) -> Code:
    """`+`, `-`, `*` of integers with an exact result; else by the runtime."""
    if not may_be_integers(left, right):
        return Code(by_runtime(operator, left.code, right.code, line))
    one, two = Operand(frame, left, line), Operand(frame, right, line)
    result = frame.temporary()
    computed = emit.walrus(result, emit.binary(one.again, operator, two.again, line), line)
    test = emit.both(*both_are("int", one, two, line), in_range(computed, operator, left, right, line), line=line)
    slow = by_runtime(operator, one.again, two.again, line)
    return Code(emit.conditional(test, emit.name(result, line), slow, line))


def in_range(computed: ast.expr, operator: str, left: Code, right: Code, line: int) -> ast.expr:
    """The test that a result is exact. The operands are, so a literal of known sign leaves one side to test."""
    low, high = emit.constant(-LARGEST, line), emit.constant(LARGEST, line)
    step = None if operator == "*" else signed_step(operator, left, right)
    if step is None:
        return emit.compare(low, "<=", computed, "<=", high, line=line)
    return emit.compare(computed, "<=" if step >= 0 else ">=", high if step >= 0 else low, line=line)


def signed_step(operator: str, left: Code, right: Code) -> int | None:
    """By how much a sum or difference differs from its other operand, if that stands in the text."""
    if right.kind == INTEGER and isinstance(right.code, ast.Constant):
        value = cast(int, right.code.value)
        return value if operator == "+" else -value
    if left.kind == INTEGER and isinstance(left.code, ast.Constant) and operator == "+":
        return cast(int, left.code.value)
    return None


def remainder(frame: Frame, left: Code, right: Code, line: int) -> Code:
    """Python's `%` is KRL's where neither side is negative."""
    if not may_be_integers(left, right):
        return Code(by_runtime("%", left.code, right.code, line))
    one, two = Operand(frame, left, line), Operand(frame, right, line)
    zero = emit.constant(0, line)
    signs = emit.compare(one.again, ">=", zero, line=line), emit.compare(two.again, ">", zero, line=line)
    test = emit.both(*both_are("int", one, two, line), *signs, line=line)
    fast = emit.binary(one.again, "%", two.again, line)
    return Code(emit.conditional(test, fast, by_runtime("%", one.again, two.again, line), line))


def joined(frame: Frame, left: Code, right: Code, line: int) -> Code:
    """`+` where one side is surely a text, so that both are taken as texts.

    What is joined here stays if it is short enough to cost nothing, and if the left one cannot end in half an astral
    character (`isascii` is cheap, and true of most texts).
    """
    one, two = (Operand(frame, as_text(frame, each, line), line) for each in (left, right))
    result = frame.temporary()
    computed = emit.walrus(result, emit.binary(one.first, "+", two.first, line), line)
    is_short = emit.compare(emit.call("len", [computed], line), "<", emit.constant(CHARACTERS_A_STEP, line), line=line)
    test = emit.both(is_short, emit.method(one.again, "isascii", [], line), line=line)
    slow = by_runtime("+", one.again, two.again, line)
    return Code(emit.conditional(test, emit.name(result, line), slow, line), TEXT)


def as_text(frame: Frame, value: Code, line: int) -> Code:
    """The KRL text of a value, that of texts and integers without help of the runtime."""
    if value.kind == TEXT:
        return value
    operand = Operand(frame, value, line)
    type_is = [
        emit.compare(type_of(each, line), "is", emit.name(type_name, line), line=line)
        for each, type_name in ((operand.first, "str"), (operand.again, "int"))
    ]
    by_kind = emit.conditional(
        type_is[1], emit.call("str", [operand.again], line), emit.call("text", [operand.again], line), line
    )
    return Code(emit.conditional(type_is[0], operand.again, by_kind, line), TEXT)


# --- comparison -------------------------------------------------------------------------------------------


def ordering(frame: Frame, operator: str, left: Code, right: Code, line: int) -> Code:
    """`<` and its kin on integers; of everything else the runtime knows the order."""
    if not may_be_integers(left, right):
        return Code(by_runtime(operator, left.code, right.code, line), BOOLEAN)
    one, two = Operand(frame, left, line), Operand(frame, right, line)
    fast = emit.compare(one.again, operator, two.again, line=line)
    tests = both_are("int", one, two, line)
    if not tests:
        return Code(fast, BOOLEAN)
    slow = by_runtime(operator, one.again, two.again, line)
    return Code(emit.conditional(tests[0], fast, slow, line), BOOLEAN)


def equality(frame: Frame, operator: str, left: Code, right: Code, line: int) -> Code:
    """`==` and `!=`: inlined where Python's answer is KRL's, between integers and between texts."""
    if isinstance(right.code, ast.Constant) and not isinstance(left.code, ast.Constant):
        return equality_with_literal(frame, operator, left, right.code, line)
    one, two = Operand(frame, left, line), Operand(frame, right, line)
    kind = frame.temporary()
    same = emit.compare(emit.walrus(kind, type_of(one.first, line), line), "is", type_of(two.first, line), line=line)
    simple = emit.compare(emit.name(kind, line), "in", emit.name("SIMPLE", line), line=line)
    fast = emit.compare(one.again, operator, two.again, line=line)
    slow = by_runtime(operator, one.again, two.again, line)
    return Code(emit.conditional(emit.both(same, simple, line=line), fast, slow, line), BOOLEAN)


def equality_with_literal(frame: Frame, operator: str, left: Code, literal: ast.Constant, line: int) -> Code:
    """Only a text equals a text literal; null, true and false are single objects."""
    if literal.value is None or isinstance(literal.value, bool):
        operator = "is" if operator == "==" else "is not"
        return Code(emit.compare(left.code, operator, literal, line=line), BOOLEAN)
    one = Operand(frame, left, line)
    fast = emit.compare(one.again, operator, literal, line=line)
    if isinstance(literal.value, str):
        unlike: ast.expr = emit.constant(operator == "!=", line)
    else:  # a double may equal an integer
        unlike = by_runtime(operator, one.again, literal, line)
    expected = emit.name("str" if isinstance(literal.value, str) else "int", line)
    return Code(
        emit.conditional(emit.compare(type_of(one.first, line), "is", expected, line=line), fast, unlike, line), BOOLEAN
    )


# --- truth ------------------------------------------------------------------------------------------------


def condition(frame: Frame, operand: Code, line: int) -> ast.expr:
    """A Python test that holds exactly if KRL calls the value true."""
    return operand.code if operand.kind in TRUTHFUL else truth(Operand(frame, operand, line), line)


def truth(operand: Operand, line: int) -> ast.expr:
    """KRL's truth is Python's, but for empty collections, which are true."""
    if operand.kind in TRUTHFUL:
        return operand.first
    is_collection = emit.compare(type_of(operand.again, line), "in", emit.name("COLLECTIONS", line), line=line)
    return emit.either(operand.first, is_collection, line=line)


def logical(frame: Frame, node: tree.Infix) -> Code:
    """`&&` and `||`: the left operand if it decides, else the right one."""
    line = frame.line(node)
    left, right = frame.expression(node.left), frame.expression(node.right)
    value = Operand(frame, left, line)
    then, otherwise = (right.code, value.again) if node.operator == "&&" else (value.again, right.code)
    return Code(emit.conditional(truth(value, line), then, otherwise, line), common_kind(left, right))


def common_kind(one: Code, other: Code) -> str:
    """What is known of a value that is one or the other. (Only literals are known to be integers.)"""
    return one.kind if one.kind == other.kind and one.kind in (BOOLEAN, TEXT) else ANY


def prefix(frame: Frame, node: tree.Prefix) -> Code:
    """`not x`, `-x`, `+x`."""
    line = frame.line(node)
    operand = frame.expression(node.operand)
    match node.operator:
        case "not":
            return Code(emit.negation(condition(frame, operand, line), line), BOOLEAN)
        case "+":
            return operand  # no conversion, as in the peer
        case "-":
            return negated(frame, operand, line)


def negated(frame: Frame, operand: Code, line: int) -> Code:
    """`-x`: a literal at once, an integer in Python, anything else by the runtime."""
    if operand.kind == INTEGER and isinstance(operand.code, ast.Constant):
        return Code(emit.constant(-cast(int, operand.code.value), line), INTEGER)
    value = Operand(frame, operand, line)
    is_integer = emit.compare(type_of(value.first, line), "is", emit.name("int", line), line=line)
    slow = emit.call("negate", [value.again], line)
    return Code(emit.conditional(is_integer, emit.minus(value.again, line), slow, line))


def choice(frame: Frame, node: tree.Conditional) -> Code:
    """`test => then | otherwise`."""
    line = frame.line(node)
    test = condition(frame, frame.expression(node.test), line)
    then, otherwise = frame.expression(node.then), frame.expression(node.otherwise)
    return Code(emit.conditional(test, then.code, otherwise.code, line), common_kind(then, otherwise))
