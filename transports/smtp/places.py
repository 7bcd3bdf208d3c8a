"""Places in the network, as settings name them."""

from __future__ import annotations


def split_place(place: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host:port`, `host`, `[::1]:port`. Raises ValueError."""
    bare = place.strip()
    if bare.startswith("["):
        host, closed, rest = bare[1:].partition("]")
        port = rest.removeprefix(":")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(f"expected [address]:port, found {place!r}")
    elif bare.count(":") > 1:
        host, port = bare, ""
    else:
        host, _, port = bare.partition(":")
    if not host or (port and not (port.isascii() and port.isdigit() and int(port) < 65536)):
        raise ValueError(f"expected host:port, found {place!r}")
    return host, int(port) if port else default_port
