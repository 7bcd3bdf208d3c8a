"""Python syntax, one short function for each form that compiled KRL needs.

All take the KRL line they stand for, so that a traceback of compiled code speaks of the KRL text. Nothing here knows
KRL: identifiers are Python's, and have gone through names.py if they come from a user.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

LOAD, STORE = ast.Load(), ast.Store()
AND, OR, NOT = ast.And(), ast.Or(), ast.Not()

BINARY: dict[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "%": ast.Mod()}
COMPARISONS: dict[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
    "is": ast.Is(),
    "is not": ast.IsNot(),
    "in": ast.In(),
}


def name(identifier: str, line: int) -> ast.Name:
    """`identifier`, read."""
    return ast.Name(identifier, LOAD, lineno=line, col_offset=0)


def constant(value: object, line: int) -> ast.Constant:
    """A literal: a text, a number, a truth value, None."""
    return ast.Constant(value, lineno=line, col_offset=0)  # type: ignore[arg-type]


def call(function: ast.expr | str, arguments: list[ast.expr], line: int) -> ast.Call:
    """`function(arguments)`."""
    called = name(function, line) if isinstance(function, str) else function
    return ast.Call(called, arguments, [], lineno=line, col_offset=0)


def keyword(identifier: str, value: ast.expr) -> ast.keyword:
    """`identifier=value` in a call, on the value's line."""
    return ast.keyword(identifier, value, lineno=value.lineno, col_offset=0)


def attribute(value: ast.expr | str, identifier: str, line: int) -> ast.Attribute:
    """`value.identifier`, read."""
    owner = name(value, line) if isinstance(value, str) else value
    return ast.Attribute(owner, identifier, LOAD, lineno=line, col_offset=0)


def method(value: ast.expr | str, identifier: str, arguments: list[ast.expr], line: int) -> ast.Call:
    """`value.identifier(arguments)`."""
    return call(attribute(value, identifier, line), arguments, line)


def subscript(value: ast.expr, index: ast.expr, line: int) -> ast.Subscript:
    """`value[index]`, read."""
    return ast.Subscript(value, index, LOAD, lineno=line, col_offset=0)


def binary(left: ast.expr, operator: str, right: ast.expr, line: int) -> ast.BinOp:
    """`left + right`, or another operator of BINARY."""
    return ast.BinOp(left, BINARY[operator], right, lineno=line, col_offset=0)


def compare(left: ast.expr, *rest: str | ast.expr, line: int) -> ast.Compare:
    """`compare(a, "<", b, "<", c, line=1)` is `a < b < c`."""
    operators = [COMPARISONS[each] for each in rest[::2] if isinstance(each, str)]
    operands = [each for each in rest[1::2] if isinstance(each, ast.expr)]
    return ast.Compare(left, operators, operands, lineno=line, col_offset=0)


def both(*tests: ast.expr, line: int) -> ast.expr:
    """All of the tests in order; of one test the test itself."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(AND, list(tests), lineno=line, col_offset=0)


def either(*tests: ast.expr, line: int) -> ast.expr:
    """`test or test …`, in order."""
    return ast.BoolOp(OR, list(tests), lineno=line, col_offset=0)


def negation(test: ast.expr, line: int) -> ast.UnaryOp:
    """`not test`."""
    return ast.UnaryOp(NOT, test, lineno=line, col_offset=0)


def minus(value: ast.expr, line: int) -> ast.UnaryOp:
    """`-value`."""
    return ast.UnaryOp(ast.USub(), value, lineno=line, col_offset=0)


def conditional(test: ast.expr, then: ast.expr, otherwise: ast.expr, line: int) -> ast.IfExp:
    """`then if test else otherwise`."""
    return ast.IfExp(test, then, otherwise, lineno=line, col_offset=0)


def walrus(identifier: str, value: ast.expr, line: int) -> ast.NamedExpr:
    """`(identifier := value)`."""
    return ast.NamedExpr(ast.Name(identifier, STORE, lineno=line, col_offset=0), value, lineno=line, col_offset=0)


def sequence(items: Iterable[ast.expr], line: int) -> ast.List:
    """`[item, …]`."""
    return ast.List(list(items), LOAD, lineno=line, col_offset=0)


def group(items: Iterable[ast.expr], line: int) -> ast.Tuple:
    """`(item, …)`."""
    return ast.Tuple(list(items), LOAD, lineno=line, col_offset=0)


def mapping(keys: Sequence[ast.expr], values: Sequence[ast.expr], line: int) -> ast.Dict:
    """`{key: value, …}`."""
    return ast.Dict(list(keys), list(values), lineno=line, col_offset=0)


# --- statements -------------------------------------------------------------------------------------------


def assign(identifier: str | Sequence[str], value: ast.expr, line: int) -> ast.Assign:
    """`identifier = value`, or `a = b = value` for several identifiers."""
    identifiers = [identifier] if isinstance(identifier, str) else identifier
    targets: list[ast.expr] = [ast.Name(each, STORE, lineno=line, col_offset=0) for each in identifiers]
    return ast.Assign(targets, value, lineno=line, col_offset=0)


def assign_attribute(owner: str, identifier: str, value: ast.expr, line: int, *, also: str | None = None) -> ast.Assign:
    """`owner.identifier = value`, or `owner.identifier = also = value`."""
    target = ast.Attribute(name(owner, line), identifier, STORE, lineno=line, col_offset=0)
    targets: list[ast.expr] = [target]
    if also is not None:
        targets.append(ast.Name(also, STORE, lineno=line, col_offset=0))
    return ast.Assign(targets, value, lineno=line, col_offset=0)


def do(value: ast.expr, line: int) -> ast.Expr:
    """The expression as a statement, for what it does."""
    return ast.Expr(value, lineno=line, col_offset=0)


def when(test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt], line: int) -> ast.If:
    """`if test: then`, `else: otherwise`; an empty `otherwise` is no `else`."""
    return ast.If(test, then, otherwise, lineno=line, col_offset=0)


def answer(value: ast.expr, line: int) -> ast.Return:
    """`return value`."""
    return ast.Return(value, lineno=line, col_offset=0)


def for_each(identifiers: Sequence[str], over: ast.expr, body: list[ast.stmt], line: int) -> ast.For:
    """`for a, b in over:`."""
    names: list[ast.expr] = [ast.Name(each, STORE, lineno=line, col_offset=0) for each in identifiers]
    target = ast.Tuple(names, STORE, lineno=line, col_offset=0)
    return ast.For(target, over, body, [], lineno=line, col_offset=0)


def define(identifier: str, parameters: Iterable[str], body: list[ast.stmt], line: int) -> ast.FunctionDef:
    """`def identifier(parameters):`; defaults are for the caller to add."""
    arguments = ast.arguments(
        posonlyargs=[],
        args=[parameter(each, line) for each in parameters],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    return ast.FunctionDef(identifier, arguments, body, [], lineno=line, col_offset=0)


def parameter(identifier: str, line: int) -> ast.arg:
    """A parameter of `define`."""
    return ast.arg(identifier, lineno=line, col_offset=0)


def attempt(body: list[ast.stmt], error: str, handler: str, line: int) -> ast.Try:
    """`try: body`, `except error as problem: raise handler(problem) from problem`."""
    problem = name("problem", line)
    raising = ast.Raise(call(handler, [problem], line), problem, lineno=line, col_offset=0)
    caught = ast.ExceptHandler(name(error, line), "problem", [raising], lineno=line, col_offset=0)
    return ast.Try(body, [caught], [], [], lineno=line, col_offset=0)
