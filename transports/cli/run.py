"""`picoengine run`: the engine itself."""

from __future__ import annotations

import os
import sys

import click

from ..smtp.settings import DEFAULT_LISTEN


@click.command("run", short_help="Start the engine.")
@click.option(
    "--home", metavar="FOLDER", help="Where data and config.toml are; also PICO_ENGINE_HOME. [default: ~/.picoengine]"
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any; also PORT. [default: 3000]")
@click.option("--base-url", metavar="URL", help="How others reach this engine; also PICO_ENGINE_BASE_URL.")
@click.option("--store", metavar="URL", help="sqlite:///FILE or memory:. [default: picoengine.db in the home folder]")
@click.option(
    "--smtp",
    metavar="[HOST:PORT]",
    is_flag=False,
    flag_value=DEFAULT_LISTEN,
    help=f"Take mail there, too. [{DEFAULT_LISTEN} if no place is given]",
)
@click.option("--amqp", metavar="URL", help="Take events from this broker, too; also PICO_ENGINE_AMQP_URL.")
@click.option("--supervise", is_flag=True, help="Start it again when it has crashed.")
@click.option("--watch", is_flag=True, help="Take rulesets from FOLDER… again whenever their files change.")
@click.argument("folders", metavar="[FOLDER…]", nargs=-1, type=click.Path(exists=True, file_okay=False))
def command(supervise: bool, watch: bool, folders: tuple[str, ...], **flags: object) -> None:
    """Start the engine and serve until it is told to stop.

    With --watch, rulesets can be installed from files below the FOLDERs (else: below those of the setting
    file_folders) by their file: URLs, and a file that changes is in force at once.

    What is not given here comes from the environment, then from config.toml in the home folder; `picoengine config
    show` tells what is set and by whom.
    """
    if supervise:
        sys.exit(_supervised())
    from engine import StoreUnavailable

    from ..configuration import ConfigurationError, read_configuration
    from ..serve import run

    if folders and not watch:
        raise click.UsageError("folders are given to be watched: say --watch")
    try:
        configuration = read_configuration(flags, os.environ)
        watched = folders or configuration.engine.file_folders
        if watch and not watched:
            raise click.UsageError("--watch: which folders? Give them here, or in the setting file_folders")
        sys.exit(run(configuration, [os.path.abspath(each) for each in watched] if watch else []))
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    except StoreUnavailable as error:
        raise click.ClickException(error.message) from error


def _supervised() -> int:
    """This very command line without --supervise, watched over."""
    from ..supervise import supervise

    return supervise([sys.executable, *(each for each in sys.orig_argv[1:] if each != "--supervise")])
