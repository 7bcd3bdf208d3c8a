"""`picoengine check`: what is wrong or doubtful in KRL files, without running them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from krl import Diagnostic, Dialect, diagnose

from .sources import dialect_option, read_source, write_json


@click.command("check", short_help="Find mistakes in KRL files.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write one JSON array of all findings.")
@dialect_option
def command(files: Sequence[Path], as_json: bool, dialect: Dialect) -> None:
    """Find mistakes in KRL files; - reads the standard input.

    Writes one finding a line. Exits with 1 if one of them is an error, with 0 if there are only warnings.
    """
    found = [each for path in files for each in _findings(path, dialect)]
    if as_json:
        write_json([each.as_json() for each in found])
    else:
        for each in found:
            click.echo(line(each))
    errors = sum(each.severity == "error" for each in found)
    if found and not as_json:
        click.echo(f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}", err=True)
    sys.exit(1 if errors else 0)


def _findings(path: Path, dialect: Dialect) -> Sequence[Diagnostic]:
    source, unreadable = read_source(path)
    return [unreadable] if unreadable else diagnose(source, dialect=dialect)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def line(finding: Diagnostic) -> str:
    """A finding on one line: place, severity, message, code and hint."""
    where = finding.source.position(finding.span.start)
    text = f"{finding.source.name}:{where.line}:{where.column}: {finding.severity}: {finding.message} [{finding.code}]"
    return f"{text} ({finding.hint})" if finding.hint else text
