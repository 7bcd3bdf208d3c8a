"""`picoengine simulate`: events through a ruleset, in memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from krl import Dialect, KRLError, KRLSyntaxError, Program, compile_ruleset, simulate, to_json

from .sources import dialect_option, json_lines, read_source, write_json


@click.command("simulate", short_help="Run events through a ruleset in memory.")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--events", metavar="FILE.jsonl", required=True, type=click.File("rb"), help="The events, one a line.")
@click.option("--json", "as_json", is_flag=True, help="Write the findings on a bad ruleset as JSON, too.")
@dialect_option
def command(file: Path, events: Any, as_json: bool, dialect: Dialect) -> None:
    """Run events {"domain", "type", "attrs", "time"} (milliseconds) through the ruleset in FILE.

    The event's time is the clock. Writes one JSON object a line for each event: which rules were selected, the
    directives, the error if one failed (the event is then undone), and the entity variables. Exits with 1 if the
    ruleset cannot be loaded or an event failed.
    """
    try:
        program = _program(file, dialect)
        failed = False
        for outcome in simulate(program, (_event(number, each) for number, each in json_lines(events))):
            click.echo(to_json(outcome))
            failed = failed or outcome["error"] is not None
    except KRLError as error:
        _report(error, file, as_json)
        sys.exit(1)
    sys.exit(1 if failed else 0)


def _program(path: Path, dialect: Dialect) -> Program:
    source, unreadable = read_source(path)
    if unreadable:
        raise KRLSyntaxError([unreadable])
    return compile_ruleset(source, dialect=dialect)


def _event(number: int, event: Any) -> dict[str, Any]:
    """The event of one line. Raises click.UsageError (exit code 2) if it is none."""
    if isinstance(event, ValueError):
        raise click.UsageError(str(event))
    if not isinstance(event, dict) or not all(isinstance(event.get(key), str) for key in ("domain", "type")):
        raise click.UsageError(f'line {number} is no event {{"domain", "type", "attrs", "time"}}')
    return event


def _report(error: KRLError, path: Path, as_json: bool) -> None:
    if not as_json:
        click.echo(str(error), err=True)
    elif isinstance(error, KRLSyntaxError):
        write_json([each.as_json() for each in error.diagnostics])
    else:
        write_json([{"file": str(path), "severity": "error", "code": "load-failed", "message": str(error)}])
