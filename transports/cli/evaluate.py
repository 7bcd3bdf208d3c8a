"""`picoengine eval`: the value of a KRL expression."""

from __future__ import annotations

import sys
from typing import Any

import click

from krl import Dialect, KRLError, KRLRuntimeError, KRLSyntaxError, evaluate, to_json

from .sources import dialect_option, json_lines


@click.command("eval", short_help="Print the value of a KRL expression.")
@click.argument("expression", metavar="[EXPR]", required=False)
@click.option("--jsonl", is_flag=True, help='Evaluate each {"id", "expr"} of the standard input.')
@dialect_option
def command(expression: str | None, jsonl: bool, dialect: Dialect) -> None:
    """Print the value of EXPR as JSON; declarations may stand in front: eval 'a = 6; a * 7'.

    With --jsonl each line {"id", "expr"} of the standard input is answered by a line {"id", "value"} or
    {"id", "error": {"kind", "message"}}. A value without JSON form is written as {"$type": …}.
    """
    if jsonl == (expression is not None):
        raise click.UsageError("give either an expression or --jsonl")
    if expression is None:
        _answer_lines(dialect)
        return
    try:
        click.echo(to_json(evaluate(expression, dialect=dialect)))
    except KRLError as error:
        kind, message = _described(error)
        click.echo(message if isinstance(error, KRLSyntaxError) else f"{kind}: {message}", err=True)
        sys.exit(1)


def _answer_lines(dialect: Dialect) -> None:
    for number, request in json_lines(sys.stdin.buffer):
        click.echo(_answer(number, request, dialect))


def _answer(number: int, request: Any, dialect: Dialect) -> str:
    """The answer to one line; the expressions know nothing of each other."""
    if not isinstance(request, dict) or not isinstance(request.get("expr"), str):
        problem = str(request) if isinstance(request, ValueError) else f'line {number} is no {{"id", "expr"}}'
        return to_json({"id": None, "error": {"kind": "Error", "message": problem}})
    try:
        return to_json({"id": request.get("id"), "value": evaluate(request["expr"], dialect=dialect)})
    except KRLError as error:
        kind, message = _described(error)
        return to_json({"id": request.get("id"), "error": {"kind": kind, "message": message}})


def _described(error: KRLError) -> tuple[str, str]:
    """Kind and message as a KRL author knows them."""
    if isinstance(error, KRLRuntimeError):
        return error.kind, error.message
    return "CompileError" if isinstance(error, KRLSyntaxError) else "Error", str(error)
