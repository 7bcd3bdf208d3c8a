"""The store of an engine on this machine, for commands that look at the file itself: `--home` and `--store`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .client import Failure, errors_of
from .picos import NOT_FOUND

if TYPE_CHECKING:
    from engine import Settings

F = TypeVar("F", bound=Callable[..., Any])


def place_options(command: F) -> F:
    """`--home` and `--store`, as `run` has them."""
    command = click.option("--store", metavar="URL", help="The store itself: sqlite:///FILE.")(command)
    return click.option("--home", metavar="FOLDER", help="The engine's home folder; also PICO_ENGINE_HOME.")(command)


def store_at(home: str | None, store: str | None) -> str:
    """The store that an engine would use that was started with these options."""
    return settings_at(home, store).store


def settings_at(home: str | None, store: str | None) -> Settings:
    """The settings of an engine that was started with these options."""
    from ..configuration import ConfigurationError, read_configuration

    try:
        return read_configuration({"home": home, "store": store}, os.environ).engine
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def telling() -> Iterator[None]:
    """Errors of the store as errors of the command."""
    from engine import EngineError, InvalidValue, NotFound, RulesetRefused

    try:
        yield
    except NotFound as error:
        raise Failure(error.message, NOT_FOUND) from error
    except InvalidValue as error:
        raise click.UsageError(error.message) from error
    except RulesetRefused as error:
        raise Failure(error.message, 1, errors_of(error.diagnostics)) from error
    except EngineError as error:
        raise click.ClickException(error.message) from error
    except FileExistsError as error:
        raise click.ClickException(f"{error} is there already") from error
