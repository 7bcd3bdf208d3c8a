"""Evaluate a KRL expression, or declarations and an expression behind them, without an engine."""

from __future__ import annotations

from . import tree
from .checker import check
from .compiler import compile_statements
from .errors import Diagnostic, KRLRuntimeError, KRLSyntaxError
from .local import LocalHost
from .parser import parse
from .runtime.host import Here, Host, Value
from .runtime.intrinsics import too_early
from .runtime.namespace import NAMESPACE
from .source import Source

NAME = "expression"


def evaluate(text: str, host: Host | None = None, *, dialect: str = "1.x") -> Value:
    """The value of the last expression of `text`; null if a declaration comes last.

    Raises KRLSyntaxError for a text that cannot run (a ruleset among them), KRLRuntimeError for one that fails.
    """
    source = Source(text, NAME)
    node = parse(source)
    if not isinstance(node, tree.Statements):
        span = tree.Span(0, min(1, len(text)))
        raise KRLSyntaxError([Diagnostic(source, span, "error", "expected-expression", "expected no ruleset")])
    return run(node, source, host or LocalHost(), Here(NAME), dialect=dialect)


def run(node: tree.Statements, source: Source, host: Host, here: Here, *, dialect: str = "1.x") -> Value:
    """The value of the last of the statements, in the place of a ruleset. Raises as `evaluate`."""
    found = check(node, source, dialect=dialect)
    if any(each.severity == "error" for each in found):
        raise KRLSyntaxError(found)
    namespace = {**NAMESPACE, "testing": None}
    exec(compile_statements(node, source), namespace)  # noqa: S102 - our own code object
    try:
        value: Value = namespace["evaluate"](host, here)
    except NameError as problem:
        raise KRLRuntimeError(too_early(problem).message) from problem
    return value
