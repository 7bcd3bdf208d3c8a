"""`picoengine run`: the engine itself."""

from __future__ import annotations

import os
import sys

import click


@click.command("run", short_help="Start the engine.")
@click.option(
    "--home", metavar="FOLDER", help="Where data and config.toml are; also PICO_ENGINE_HOME. [default: ~/.picoengine]"
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any; also PORT. [default: 3000]")
@click.option("--base-url", metavar="URL", help="How others reach this engine; also PICO_ENGINE_BASE_URL.")
@click.option("--store", metavar="URL", help="sqlite:///FILE or memory:. [default: picoengine.db in the home folder]")
def command(**flags: object) -> None:
    """Start the engine and serve until it is told to stop.

    What is not given here comes from the environment, then from config.toml in the home folder; `picoengine config
    show` tells what is set and by whom.
    """
    from engine import StoreUnavailable

    from ..configuration import ConfigurationError, read_configuration
    from ..serve import run

    try:
        sys.exit(run(read_configuration(flags, os.environ)))
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    except StoreUnavailable as error:
        raise click.ClickException(error.message) from error
