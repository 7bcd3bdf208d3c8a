"""`picoengine doctor`: what does not fit together in an engine's store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from .client import Client, engine_options, write_json
from .place import place_options, store_at, telling

FINDINGS = 1


@click.command("doctor", short_help="Look for what is wrong with an engine's data.")
@click.option("--verify", is_flag=True, help="Check all logs, and what they lead to, too.")
@click.option("--fix", is_flag=True, help="Mend what can be mended; the engine must not run.")
@place_options
@engine_options
def command(verify: bool, fix: bool, home: str | None, store: str | None, client: Client, as_json: bool) -> None:
    """Look for what is wrong: rows of picos that are gone, missing rulesets and policies, logs that do not fit.

    A running engine is asked, which also tells what it has found lying about and taken up. With --home, --store or
    --fix the file is looked at itself. Exits with 1 if something is found that is not mended.
    """
    if fix or home is not None or store is not None:
        found = _look(store_at(home, store), verify, fix)
    else:
        found = client.get("api", "v1", "doctor", verify="true" if verify else None)["findings"]
    if as_json:
        write_json(found)
    else:
        write_findings(found)
    if not all(each["mended"] for each in found):
        raise click.exceptions.Exit(FINDINGS)


def _look(store: str, verify: bool, fix: bool) -> list[dict[str, Any]]:
    from engine import examine_file, mend_file

    with telling():
        if fix:
            before = [each.as_map() for each in examine_file(store)]
            mend_file(store)
        after = [each.as_map() for each in examine_file(store, chains=verify)]
    mended = [{**each, "mended": True} for each in before if each not in after] if fix else []
    return [*mended, *after]


def write_findings(findings: Iterable[dict[str, Any]]) -> None:
    """One line for each, and what can be done about it; who looks on is told if there is none."""
    findings = list(findings)
    if not findings:
        click.echo("nothing is wrong", err=True)
    for each in findings:
        mended = " (mended)" if each["mended"] else ""
        click.echo(f"{each['kind']}: {each['subject']}: {each['what']}{mended}")
        if each["help"] and not each["mended"]:
            click.echo(f"  {each['help']}")
        elif each["mendable"] and not each["mended"]:
            click.echo("  `picoengine doctor --fix` mends it while the engine is stopped")
