"""What a transport is: it brings deliveries in, takes effects out, and starts and stops with the engine.

Who offers one registers a factory under the entry-point group `picoengine.transports`, by the transport's name:

    [project.entry-points."picoengine.transports"]
    telex = "my_package.telex:transport"

Source: docs/transports.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from engine import Decoder, Engine, Sender

from .configuration import Configuration, ConfigurationError

GROUP = "picoengine.transports"


class Transport(Protocol):
    """A way in, a way out, or both."""

    @property
    def name(self) -> str:
        """What it is called in deliveries, in /readyz, in /metrics and in the configuration."""
        ...

    @property
    def decoders(self) -> Mapping[str, Decoder]:
        """Its decoders, by the names that its deliveries give; the names are the whole program's."""
        ...

    @property
    def senders(self) -> Mapping[str, Sender]:
        """Its senders, by the kind of the effects that each takes; a kind is also the scheme of their targets."""
        ...

    @property
    def state(self) -> str:
        """A word or two on how it is: "connected", "reconnecting", "listening on 127.0.0.1:2525"."""
        ...

    @property
    def up(self) -> bool:
        """Whether it can do its work now."""
        ...

    async def start(self, engine: Engine) -> None:
        """Begin to hand deliveries to the engine, which is ready.

        Returns soon: who must be found first is looked for in the background. Raises ConfigurationError for what will
        never do, such as an address that is taken: then the program ends.
        """
        ...

    async def stop(self) -> None:
        """Take in nothing more, let what the engine has been given be acknowledged, let go of everything.

        The engine still runs. Called once, also after a `start` that failed.
        """
        ...


Factory = Callable[[Configuration, Mapping[str, Any]], Transport | None]
"""`factory(configuration, table)`: the transport, or None if it is not wanted; raises ConfigurationError.

`table` is what the file says under `[transports.NAME]`, unchecked; nothing said is an empty table. The factory touches
neither network nor disk: the engine is not open yet.
"""

__all__ = ["GROUP", "Configuration", "ConfigurationError", "Factory", "Transport"]
