"""`picoengine test`: run the tests of rulesets, each on an engine of its own in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from .client import write_json

if TYPE_CHECKING:
    from ..testing import Coverage, Outcome

FAILED = 1


@click.command("test", short_help="Run the tests of rulesets.")
@click.argument("places", metavar="[FILE…]", nargs=-1, type=click.Path(path_type=Path))
@click.option("-k", "text", metavar="TEXT", default="", help="Only tests whose file or name has this in it.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Show which ways through the rules no test has taken.")
@click.option("--min-coverage", metavar="PERCENT", type=click.FloatRange(0, 100), help="Fail below this.")
@click.option("--junit", "report", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit's XML, too.")
@click.option("--watch", is_flag=True, help="Run again whenever a file changes.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON value.")
def command(
    places: Sequence[Path],
    text: str,
    with_coverage: bool,
    min_coverage: float | None,
    report: Path | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Run the tests in files *.test.toml, or in all such files below folders; by default below this one.

    Exits with 1 if a test fails, or if fewer than --min-coverage of the ways through the rules were taken, with 2 for
    a file that is no test, or if there is none.
    """
    places = places or (Path("."),)

    def run() -> int:
        return _run(places, text, with_coverage, min_coverage, report, as_json)

    if watch:
        _watch(places, run)
    else:
        sys.exit(run())


def _run(
    places: Sequence[Path],
    text: str,
    with_coverage: bool,
    min_coverage: float | None,
    report: Path | None,
    as_json: bool,
) -> int:
    """The exit code. Raises click.UsageError."""
    from .. import testing
    from ..logs import log_nothing

    log_nothing()
    began = perf_counter()
    coverage = testing.Coverage()
    painter = testing.Painter(sys.stdout.isatty() and not as_json)
    outcomes: list[Outcome] = []
    try:
        for file in testing.find_files(places):
            for outcome in testing.run_file(file, wanted=_wanted(text, file), coverage=coverage):
                outcomes.append(outcome)
                if outcome.problems and not as_json:
                    click.echo("\n".join(testing.told(outcome, painter)) + "\n")
    except testing.FormatError as error:
        raise click.UsageError(str(error)) from error
    if not outcomes:
        raise click.UsageError(f"no test has {text!r} in its name" if text else "there is no test")
    if report is not None:
        _write(report, testing.junit(outcomes))
    if as_json:
        write_json(testing.as_json(outcomes, coverage if with_coverage or min_coverage is not None else None))
    elif with_coverage:
        click.echo("\n".join(testing.coverage_lines(coverage, painter)))
    click.echo(testing.summary(outcomes, perf_counter() - began), err=True)
    return _exit_code(outcomes, coverage, min_coverage)


def _wanted(text: str, file: Path) -> Callable[[str], bool]:
    return lambda name: text.casefold() in f"{file}: {name}".casefold()


def _exit_code(outcomes: Sequence[Outcome], coverage: Coverage, min_coverage: float | None) -> int:
    code = FAILED if any(each.problems for each in outcomes) else 0
    if min_coverage is not None and coverage.percent < min_coverage:
        click.echo(f"coverage is {coverage.percent:.1f} %, below {min_coverage:g} %", err=True)
        code = FAILED
    return code


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from error


def _watch(places: Sequence[Path], run: Callable[[], Any]) -> None:
    """Run now and whenever a ruleset or a test changes, until interrupted."""
    from ..testing.watching import can_watch, changes

    if not can_watch():
        raise click.UsageError("--watch takes a package of its own: pip install 'picoengine[watch]'")
    waiting = changes(places)
    try:
        while True:
            try:
                run()
            except click.UsageError as error:  # the next change may mend it
                click.echo(f"Error: {error.format_message()}", err=True)
            next(waiting)
            click.echo("", err=True)
    except KeyboardInterrupt:
        return
