"""A request that has arrived as a whole, and the line on which it is answered.

Most requests do: head and body lie in one packet. A server that sees this hands them over at once; neither a task nor
ASGI's messages are needed to read what is there already, and both together cost more than the engine's own work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .headers import RawHeaders


@dataclass(slots=True)
class WholeRequest:
    """A request with its body."""

    method: str
    raw_path: bytes
    query: bytes
    headers: RawHeaders  # names in lower case
    body: bytes
    client: str  # address
    scheme: str


class Line(Protocol):
    """Where the answer to one request goes."""

    give_up: Callable[[], None] | None  # called if the server cannot wait for the answer any longer

    def answer(self, head: bytes, body: bytes) -> bool:
        """Send the answer, whose head ends its last line; False if one was sent before: then nothing happens."""
        ...


AnswerWhole = Callable[[WholeRequest, Line], bool]
"""Answers soon, perhaps at once; False if the request must go the long way. Then nothing has happened."""
