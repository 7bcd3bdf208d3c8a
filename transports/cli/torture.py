"""`picoengine torture`: hurt an engine while it works, and see whether it keeps its promises."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..torture.nemesis import BLOWS
from .client import write_json

if TYPE_CHECKING:
    from ..torture import Orders, Report

BROKEN = 1


@click.command("torture", short_help="Hurt an engine while it works, and check its promises.")
@click.option("--minutes", type=click.FloatRange(0), default=5.0, show_default=True, help="For how long.")
@click.option("--seed", metavar="TEXT", help="Chooses events and blows. [default: a new one]")
@click.option("--connections", type=click.IntRange(1), default=64, show_default=True, help="Clients at one time.")
@click.option("--blows", type=click.IntRange(1), default=8, show_default=True, help="Blows in a round.")
@click.option("--rounds", type=click.IntRange(1), help="So many rounds, however long they take.")
@click.option("--only", type=click.Choice(list(BLOWS)), multiple=True, help="Blows of this kind; may be repeated.")
@click.option("--home", metavar="FOLDER", help="Where the engines' homes are made. [default: a temporary folder]")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON value.")
def command(
    minutes: float,
    seed: str | None,
    connections: int,
    blows: int,
    rounds: int | None,
    only: tuple[str, ...],
    home: str | None,
    as_json: bool,
) -> None:
    """Start engines of its own, let clients send events, and kill, stop, pause and starve the engines meanwhile.

    Then each is left in peace, and everything that it promises is checked. Your own engine and its data are not
    touched. The homes of rounds in which a promise was broken are kept. Exits with 1 if there was one.
    """
    from ..torture import Orders

    orders = Orders(seed or secrets.token_hex(4), minutes, rounds, blows, only or tuple(BLOWS), connections)
    if home is not None:
        Path(home).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="picoengine-torture-", dir=home))
    click.echo(f"seed {orders.seed}, in {folder}", err=True)
    report = _run(orders, folder)
    write_json(report.as_json()) if as_json else _write(report)
    if not report.holds:
        raise click.exceptions.Exit(BROKEN)


def _run(orders: Orders, folder: Path) -> Report:
    from ..torture import torture

    try:
        report = asyncio.run(torture(orders, folder, lambda text: click.echo(text, err=True)))
    except BaseException:
        click.echo(f"broken off; what there is lies in {folder}", err=True)
        raise
    if report.holds:
        shutil.rmtree(folder)
    return report


def _write(report: Report) -> None:
    told = report.as_json()
    blows = ", ".join(f"{number} {name}" for name, number in told["blows"].items())
    rounds = "1 round" if report.rounds == 1 else f"{report.rounds} rounds"
    click.echo(f"seed {report.seed}: {rounds}, blows: {blows}")
    click.echo(f"{report.acknowledged} of {report.sent} events acknowledged, {report.finished} evaluated")
    click.echo(f"{report.effects} effects, of which arrived again {report.repeated} times")
    click.echo(f"at the latest {told['slowest_seconds']} s after the last blow everything was done")
    for name, (number, texts) in told["violations"].items():
        click.echo(f"  {name:14}{'ok' if not number else f'BROKEN, {number} times'}")
        for text in texts:
            click.echo(f"    {text}")
    click.echo("every promise was kept" if report.holds else f"homes are kept: {', '.join(report.kept)}")
