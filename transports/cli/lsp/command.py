"""`picoengine lsp`: the language server, for editors to start."""

from __future__ import annotations

import gc
import sys

import click

from krl import Dialect

from ..sources import dialect_option


@click.command("lsp", short_help="Serve editors: diagnostics, completion, renaming.")
@dialect_option
def command(dialect: Dialect) -> None:
    """Speak the Language Server Protocol on the standard input and output, for an editor that starts this command."""
    try:
        from .server import make_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        click.echo("the language server needs a package of its own: pip install 'picoengine[lsp]'", err=True)
        sys.exit(2)
    server = make_server(dialect)
    gc.freeze()
    gc.disable()  # the server says when: a collection that comes by itself keeps somebody waiting for 100 ms
    server.start_io()
