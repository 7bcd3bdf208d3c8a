"""`picoengine replay`: a pico's events evaluated again, by the rulesets of then or by another version."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from krl import Source

from .client import Client, Failure, engine_options, write_json
from .picos import pico_id
from .place import place_options, settings_at, telling
from .sources import read_source

DIVERGED = 1


@click.command("replay", short_help="Evaluate a pico's events again and compare.")
@click.argument("pico")
@click.option("--to", metavar="SEQ", type=click.IntRange(0), help="Up to the event of this number.")
@click.option(
    "--with",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Try another version of a ruleset: what would it have done otherwise?",
)
@place_options
@engine_options
def command(
    pico: str, to: int | None, file: Path | None, home: str | None, store: str | None, client: Client, as_json: bool
) -> None:
    """Evaluate the events of PICO (its id, an ECI of it, or its name) again, in memory, with what they took from
    outside then.

    What comes out is compared with the log, and at its end with the stored state. A running engine is asked; with
    --home or --store the file is looked at itself, whether an engine uses it or not, and a name is not known. Exits
    with 1 if anything differs.
    """
    source = None if file is None else _source(file)
    text = None if source is None else source.text
    try:
        if home is None and store is None:
            report = _ask(client, pico_id(client, pico), to, text)
            _tell(report.pop("found"), as_json)
        else:
            report = _run(pico, to, text, home, store, as_json)
    except Failure as failure:
        if source is None:
            raise
        raise failure.in_file(source.name) from failure
    write_json(report) if as_json else click.echo(_summary(report), err=True)
    if report["divergences"]:
        raise click.exceptions.Exit(DIVERGED)


def _source(file: Path) -> Source:
    source, unreadable = read_source(file)
    if unreadable is not None:
        raise click.UsageError(str(unreadable))
    return source


def _ask(client: Client, pico: str, to: int | None, source: str | None) -> dict[str, Any]:
    if source is None:
        answer = client.get("api", "v1", "picos", pico, "replay", to=to)
    else:
        answer = client.post("api", "v1", "picos", pico, "back-test", members={"source": source, "to": to})
    return dict(answer)


def _run(
    pico: str, to: int | None, source: str | None, home: str | None, store: str | None, as_json: bool
) -> dict[str, Any]:
    from engine import open_history

    with telling(), open_history(settings_at(home, store)) as history:
        replay = history.replay(pico, source)
        _tell((each.as_json() for each in replay.run(to) if each is not None), as_json)
        return replay.report()


def _tell(found: Iterable[dict[str, Any]], as_json: bool) -> None:
    for each in found:
        write_json(each) if as_json else click.echo("\n".join(lines(each)))


def lines(divergence: dict[str, Any]) -> Iterator[str]:
    """One divergence, to be read."""
    rule = f", rule {divergence['rule']} of {divergence['rid']}" if "rule" in divergence else ""
    event = f" {divergence['event']} ({divergence['eid']})" if divergence["eid"] else ""
    yield f"event {divergence['seq']}{event}{rule}: {divergence['what']}"
    for word in ("expected", "actual"):
        yield f"  {word:8}  {json.dumps(divergence[word], ensure_ascii=False) if word in divergence else 'nothing'}"


def _summary(report: dict[str, Any]) -> str:
    told = f"{report['evaluated']} events of pico {report['pico']} evaluated again, up to number {report['seq']}"
    return f"{told}: {report['divergences'] or 'no'} divergence{'' if report['divergences'] == 1 else 's'}"
