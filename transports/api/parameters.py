"""Parameters of the query string, read and checked."""

from __future__ import annotations

from starlette.requests import Request

from engine import Undecodable


def number(request: Request, name: str) -> int | None:
    """A whole number, None if the parameter is not there. Raises Undecodable for anything else."""
    written = request.query_params.get(name)
    if written is None:
        return None
    if not (written.isascii() and written.isdecimal() and len(written) < 16):
        raise Undecodable(f"`{name}` is a whole number, found {written!r}")
    return int(written)
