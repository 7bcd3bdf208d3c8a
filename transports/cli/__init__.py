"""The command `picoengine`: one verb a module, imported only when it is used.

Data goes to the standard output, everything else to the standard error. Exit codes: 0 ok, 1 findings or a rule's
error, 2 usage, 3 engine unreachable, 4 denied, 5 not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

import click

__all__ = ["VERBS", "LazyGroup", "command_line", "main"]

VERBS = {
    "backup": ("backup", "Copy an engine's data."),
    "cancel": ("cancel", "Take back a waiting or a scheduled event."),
    "channel": ("channel", "List, make, delete and test channels."),
    "check": ("check", "Find mistakes in KRL files."),
    "completion": ("completion", "Write a completion script for a shell."),
    "config": ("config", "Show what is set, and by whom."),
    "dead": ("dead", "Events that failed, effects that did not leave, calls that are held."),
    "doctor": ("doctor", "Look for what is wrong with an engine's data."),
    "eval": ("evaluate", "Print the value of a KRL expression."),
    "event": ("event", "Send an event to a pico."),
    "fmt": ("fmt", "Lay out KRL files."),
    "import": ("move.command", "Copy the picos of another engine."),
    "install": ("install", "Install a ruleset on a pico."),
    "lsp": ("lsp.command", "Serve editors: diagnostics, completion, renaming."),
    "pause": ("pause", "Let the events of a pico wait."),
    "pico": ("pico", "Make, show and delete picos."),
    "query": ("query", "Call a shared function of a pico's ruleset."),
    "repl": ("repl.command", "Evaluate KRL at a prompt, also in a pico."),
    "replay": ("replay", "Evaluate a pico's events again and compare."),
    "restore": ("restore", "Make an engine's data from a copy."),
    "resume": ("resume", "Let a paused pico go on."),
    "ruleset": ("ruleset", "List, flush and uninstall rulesets."),
    "run": ("run", "Start the engine."),
    "simulate": ("simulate", "Run a ruleset against events from a file, without an engine."),
    "state": ("state", "Show what a pico is, or was."),
    "torture": ("torture", "Hurt an engine while it works, and check its promises."),
    "test": ("test", "Run the tests of rulesets."),
    "trace": ("trace", "Show what became of events."),
    "tree": ("tree", "Show the picos of an engine."),
    "verify": ("verify", "Check the logs, and what they lead to."),
}
"""Name, module here (its `command` is the verb), and the line in the help."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; the help needs none of them."""

    def __init__(self, verbs: Mapping[str, tuple[str, str]], name: str, help: str) -> None:
        super().__init__(name, help=help)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in alphabetical order."""
        return sorted(self._verbs)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The verb, imported now; None if there is none of this name."""
        if name not in self._verbs:
            return None
        command: click.Command = import_module(f"{__name__}.{self._verbs[name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs and their lines, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        return [(name, self._verbs[name][1]) for name in sorted(self._verbs)]


def _print_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # slow; `--help` does without

        try:
            click.echo(f"picoengine {version('picoengine')}")
        except PackageNotFoundError:
            click.echo("picoengine, not installed")
        ctx.exit()


def command_line() -> LazyGroup:
    """The command with all its verbs."""
    group = LazyGroup(
        VERBS, "picoengine", "A pico engine: small persistent objects that answer events by rules in KRL."
    )
    group.params.append(
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version.",
        )
    )
    return group


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command; ends the process with its exit code."""
    command_line().main(list(arguments) if arguments is not None else None, prog_name="picoengine")
