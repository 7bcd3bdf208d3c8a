"""`picoengine config show`: every setting, its value, and who said it."""

from __future__ import annotations

import os

import click


@click.group("config")
def command() -> None:
    """Show what is set, and by whom."""


@command.command("show")
@click.option("--home", metavar="FOLDER", help="The home folder; also PICO_ENGINE_HOME.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON map.")
def show(home: str | None, as_json: bool) -> None:
    """Show every setting, its value and where it comes from.

    Settings stand in config.toml in the home folder, or in the environment as PICO_ENGINE_<NAME>.
    """
    from ..configuration import ConfigurationError, read_configuration
    from .client import write_json

    try:
        configuration = read_configuration({"home": home}, os.environ)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        write_json({each.key: {"value": each.shown_value, "source": each.source} for each in configuration.settings})
        return
    click.echo(f"home = {str(configuration.home)!r}")
    for each in configuration.settings:
        click.echo(f"{each.key} = {each.shown_value!r}  # {each.source}")
