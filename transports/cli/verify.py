"""`picoengine verify`: whether the logs are what was written, and lead to what is stored."""

from __future__ import annotations

import click

from .client import write_json
from .doctor import FINDINGS, write_findings
from .place import place_options, store_at, telling


@click.command("verify", short_help="Check the logs, and what they lead to.")
@click.argument("pico", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON value.")
@place_options
def command(pico: str | None, as_json: bool, home: str | None, store: str | None) -> None:
    """Check that every event in the log of PICO (its id), or of all picos, is what was written, and follows from the
    one before; and that variables and event expressions under way are what the log leads to. The engine may run
    meanwhile. Exits with 1 if something is not.
    """
    from engine import verify_file

    with telling():
        found = [each.as_map() for each in verify_file(store_at(home, store), pico)]
    if as_json:
        write_json(found)
    else:
        write_findings(found)
    if found:
        raise click.exceptions.Exit(FINDINGS)
