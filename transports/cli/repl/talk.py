"""The conversation: what is asked for, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import click

from krl import KRLError, only_declares

from ..client import write_json
from .places import Here, Mistake, There

HELP = """\
Type an expression for its value, or `name = value` to keep one; an input may go on over several lines.

:help              this
:names             what has been declared
:rid RID           in a pico: see what the functions of this ruleset see, its ent: among it
:send D:T k=v …    in a pico, with --write: send an event
:quit              end, as the end of the input does"""


@dataclass(slots=True)
class Talk:
    """Answers inputs; remembers whether all of them were right."""

    place: Here | There
    as_json: bool
    failed: bool = False

    def answer(self, inputs: Iterable[str]) -> None:
        """Answer each of them, until the end or `:quit`."""
        for text in inputs:
            if text.split()[0] in (":quit", ":q", ":exit"):
                return
            try:
                self._answer(text.strip())
            except (Mistake, click.UsageError) as error:
                self.failed = True
                message = error.message if isinstance(error, click.UsageError) else str(error)
                write_json({"error": message}) if self.as_json else click.echo(message, err=True)

    def _answer(self, text: str) -> None:
        if text.startswith(":"):
            self._command(*text[1:].split())
            return
        value = self.place.value(text)
        if self.as_json:
            write_json({"value": json.loads(value)})
        elif not _only_declares(text):
            click.echo(value)

    def _command(self, name: str = "", *words: str) -> None:
        match name, words, self.place:
            case "help" | "h" | "?", (), _:
                click.echo(HELP)
            case "names", (), _:
                click.echo(" ".join(self.place.names()))
            case "rid", (rid,), There():
                self.place.rid = rid
            case "send", (event, *attributes), There():
                click.echo(json.dumps(self.place.send(event, tuple(attributes)), ensure_ascii=False))
            case "rid" | "send", _, Here():
                raise Mistake(f":{name} needs a pico: start with --pico or --eci")
            case _:
                raise Mistake(f"no command :{name} of this form; :help tells which there are")


def _only_declares(text: str) -> bool:
    try:
        return only_declares(text)
    except KRLError:
        return False
