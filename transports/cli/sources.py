"""KRL files and streams of JSON lines, as the commands that need no engine read and write them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from krl import DIALECTS, Diagnostic, Source, Span

STANDARD_INPUT = Path("-")

dialect_option = click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    default="1.x",
    show_default=True,
    help="How to read the text: 0.x is the language of the engines before version 1.",
)


def read_source(path: Path) -> tuple[Source, Diagnostic | None]:
    """The text of a file, or of the standard input for `-`, and what is wrong with it as a text: KRL is UTF-8.

    Raises click.UsageError (exit code 2) if the file cannot be read.
    """
    name = "<stdin>" if path == STANDARD_INPUT else str(path)
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"cannot read {name}: {error.strerror}") from error
    source = Source(content.decode("utf-8", errors="replace"), name)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = len(content[: error.start].decode("utf-8"))
        return source, Diagnostic(source, Span(at, at + 1), "error", "bad-encoding", "the file is not in UTF-8 here")
    return source, None


def json_lines(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Line number and value of each line that is not blank; the value is the ValueError for a line that is no JSON."""
    for number, text in enumerate(stream, start=1):
        if text.strip():
            try:
                yield number, json.loads(text)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"line {number} is no JSON: {error}")


def write_json(value: Any) -> None:
    """One line of JSON, written at once: whoever reads the other end may be waiting for it."""
    click.echo(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
