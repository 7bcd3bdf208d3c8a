"""`picoengine completion`: what a shell needs to complete the command's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "fish", "zsh")


@click.command("completion", short_help="Write a completion script for a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Write the script that lets SHELL complete picoengine's words.

    For bash, put this into ~/.bashrc: eval "$(picoengine completion bash)"
    """
    from . import command_line

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(script(command_line(), {}, "picoengine", "_PICOENGINE_COMPLETE").source())
