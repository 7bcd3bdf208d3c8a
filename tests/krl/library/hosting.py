"""A host for the tests of library modules: clock, chance and ids are what the test says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from krl.library import LIBRARY
from krl.runtime.host import EventFacts, Here, Limits, QueryFacts

HERE = Here("rid")


class Clockwork:
    """Answers as told, and keeps what it was told to log."""

    def __init__(self, chances: Iterable[float] = (), now: int = 1_700_000_000_000) -> None:
        self.limits = Limits(max_text_units=100_000)
        self.steps, self.depth, self.callback_depth = 1_000_000, 0, 0
        self.event: EventFacts | None = None
        self.query: QueryFacts | None = None
        self.rule_name: str | None = None
        self.pico_id, self.base_url = "p1", "http://localhost:3000"
        self.chances, self.clock = iter(chances), now
        self.logged: list[tuple[str, str]] = []
        self.directives: list[tuple[str, Any, Any]] = []
        self.asked_the_time = 0

    def now(self) -> int:
        self.asked_the_time += 1
        return self.clock

    def random(self) -> float:
        return next(self.chances)

    def new_id(self) -> str:
        return "abcdefghijklmnopqrstuvwxyz"

    def log(self, here: Here | None, level: str, message: Any, fields: dict[str, Any] | None = None) -> None:
        self.logged.append((level, message))

    def send_directive(self, here: Here, name: Any, options: Any) -> Any:
        self.directives.append((here.rid, name, options))
        return {"name": name}


def use(member: str, *args: Any, h: Any = None, here: Here = HERE) -> Any:
    """`domain:name(args)`, or `domain:name`."""
    domain, name = member.split(":")
    return LIBRARY[domain][name].call(h or Clockwork(), here, *args)
