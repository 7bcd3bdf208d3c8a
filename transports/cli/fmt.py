"""`picoengine fmt`: KRL files in the form in which all of them look alike."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import click

from krl import Diagnostic, Dialect, KRLSyntaxError, Modernised, Source, format, modernise

from .sources import STANDARD_INPUT, dialect_option, read_source, write_json


@click.command("fmt", short_help="Lay out KRL files.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write no file; exit with 1 if one would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Write no file; show what would change.")
@click.option("--modernise", "--modernize", "wants_modern", is_flag=True, help="Replace what is out of date, too.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON array: what became of each file.")
@dialect_option
@click.pass_context
def command(
    context: click.Context,
    files: Sequence[Path],
    check: bool,
    show_diff: bool,
    wants_modern: bool,
    as_json: bool,
    dialect: Dialect,
) -> None:
    """Lay out KRL files in place; - reads the standard input, and writes the text to the standard output.

    A file that cannot be parsed is left as it is, and told of. With --modernise, which reads its text as of the
    dialect 0.x unless --dialect says otherwise, what is out of date is replaced where that changes nothing, and the
    rest is told of. Exits with 1 if a file cannot be parsed, or with --check if one would change.
    """
    if wants_modern and context.get_parameter_source("dialect") is click.core.ParameterSource.DEFAULT:
        dialect = "0.x"
    outcomes = [_outcome(path, wants_modern, dialect) for path in files]
    for each in outcomes:
        _tell(each)
        if show_diff and not as_json:
            click.echo("".join(each.diff()), nl=False)
        if not (check or show_diff):
            _put(each, as_json)
        elif check and each.is_changed:
            click.echo(f"would change {each.source.name}", err=True)
    if as_json:
        write_json([each.as_json() for each in outcomes])
    failed = any(each.findings or (check and each.is_changed) for each in outcomes)
    sys.exit(1 if failed else 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one file."""

    path: Path
    source: Source
    text: str  # its text from now on
    findings: Sequence[Diagnostic] = ()  # why it stays as it is
    modernised: Modernised | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the file is not in its form."""
        return self.text != self.source.text

    def diff(self) -> Iterator[str]:
        """What would change, as a unified diff."""
        old, new = (each.splitlines(keepends=True) for each in (self.source.text, self.text))
        for line in unified_diff(old, new, self.source.name, self.source.name):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"

    def as_json(self) -> dict[str, object]:
        """The form of `--json`; the text is only told of the standard input."""
        told: dict[str, object] = {"file": self.source.name, "changed": self.is_changed}
        told["findings"] = [each.as_json() for each in self.findings]
        if self.modernised is not None:
            told["replaced"] = [each.as_json() for each in self.modernised.replaced]
            told["left"] = [each.as_json() for each in self.modernised.left]
        if self.path == STANDARD_INPUT and not self.findings:
            told["text"] = self.text
        return told


def _outcome(path: Path, wants_modern: bool, dialect: Dialect) -> Outcome:
    source, unreadable = read_source(path)
    if unreadable:
        return Outcome(path, source, source.text, [unreadable])
    try:
        modernised = modernise(source, dialect=dialect) if wants_modern else None
        return Outcome(path, source, modernised.text if modernised else format(source), modernised=modernised)
    except KRLSyntaxError as error:
        return Outcome(path, source, source.text, error.diagnostics)


def _tell(outcome: Outcome) -> None:
    """Mistakes, what was replaced and what was left, for people."""
    for finding in outcome.findings:
        click.echo(str(finding), err=True)
    if outcome.modernised is not None:
        for each in (*outcome.modernised.replaced, *outcome.modernised.left):
            click.echo(str(each), err=True)


def _put(outcome: Outcome, as_json: bool) -> None:
    """Write the text to where it came from."""
    if outcome.path == STANDARD_INPUT:
        if not outcome.findings and not as_json:
            click.echo(outcome.text, nl=False)
    elif outcome.is_changed:
        _replace(outcome.path, outcome.text)
        click.echo(f"changed {outcome.source.name}", err=True)


def _replace(path: Path, text: str) -> None:
    """Make this the file's content, all of it or nothing, with the permissions that it had."""
    target = path.resolve()  # a link goes on being one
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, target.stat().st_mode & 0o7777)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
