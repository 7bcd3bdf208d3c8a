"""`picoengine check`: what is wrong or doubtful in KRL files, without running them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from krl import Diagnostic, diagnose

from .sources import read_source, write_json


@click.command("check", short_help="Find mistakes in KRL files.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write one JSON array of all findings.")
def command(files: Sequence[Path], as_json: bool) -> None:
    """Find mistakes in KRL files; - reads the standard input.

    Writes one finding a line. Exits with 1 if one of them is an error, with 0 if there are only warnings.
    """
    found = [each for path in files for each in _findings(path)]
    if as_json:
        write_json([each.as_json() for each in found])
    else:
        for each in found:
            click.echo(line(each))
    errors = sum(each.severity == "error" for each in found)
    if found and not as_json:
        click.echo(f"{errors} errors, {len(found) - errors} warnings", err=True)
    sys.exit(1 if errors else 0)


def _findings(path: Path) -> Sequence[Diagnostic]:
    source, unreadable = read_source(path)
    return [unreadable] if unreadable else diagnose(source)


def line(finding: Diagnostic) -> str:
    """A finding on one line: place, severity, message, code and hint."""
    where = finding.source.position(finding.span.start)
    text = f"{finding.source.name}:{where.line}:{where.column}: {finding.severity}: {finding.message} [{finding.code}]"
    return f"{text} ({finding.hint})" if finding.hint else text
