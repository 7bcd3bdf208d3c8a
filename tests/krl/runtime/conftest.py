"""A host for functions of the runtime: it counts, it keeps the log, and does nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from krl.runtime.calls import call
from krl.runtime.host import Limits
from krl.runtime.methods import METHODS


class PlainHost:
    def __init__(self, steps: int = 10_000_000, **limits: Any) -> None:
        self.limits = Limits(**limits)
        self.steps = steps
        self.depth = 0
        self.callback_depth = 0
        self.known_slow = None
        self.rid = "own.rid"
        self.lines: list[tuple[Any, ...]] = []
        self.directives: list[tuple[Any, ...]] = []

    def too_slow(self, pattern, subject, pos):
        self.lines.append(("too slow", pattern, pos))

    def log(self, here, level, message, fields=None):
        self.lines.append((level, message, fields))

    def send_directive(self, here, name, options):
        self.directives.append((here.rid, name, options))
        return {"name": name, "options": options}


@pytest.fixture(scope="session")
def new_host():
    """To make hosts with limits of their own, or several in one property."""
    return PlainHost


@pytest.fixture
def h():
    return PlainHost()


@pytest.fixture
def run(h):
    """Runs a method by its KRL name, as a program would."""
    return lambda name, *args, **named: call(h, METHODS[name], args, named)
