"""What a test file says, as facts: what is given, the tests, their steps, and what is expected of each.

Source: docs/testing.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .problems import NOTHING

DEFAULT_PICO = "pico"
DEFAULT_TIME = 1_924_992_000_000  # 2031-01-01T00:00:00Z


@dataclass(frozen=True, slots=True)
class GivenRuleset:
    """A ruleset that is installed: from a file, under a URL of its own or under the one that the test gives it."""

    file: Path
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenChannel:
    """A channel with its ECI; of None everything may enter."""

    eci: str
    tags: tuple[str, ...]
    events: tuple[str, ...] | None  # `domain:type`
    queries: tuple[str, ...] | None  # `rid/name`


@dataclass(frozen=True, slots=True)
class GivenPico:
    """A pico, its rulesets in the order of installation, and what they have stored."""

    name: str
    parent: str | None = None
    rulesets: tuple[GivenRuleset, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)  # by `name` or `rid/name`
    expressions: Mapping[str, Any] = field(default_factory=dict)  # by `rule` or `rid/rule`
    channels: tuple[GivenChannel, ...] = ()
    introduce: bool = True  # rulesets are told that they were installed


@dataclass(frozen=True, slots=True)
class Subscription:
    """An established subscription between two picos, and the roles that they have in it."""

    between: tuple[str, str]
    roles: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stub:
    """What the network answers to some requests."""

    method: str  # `*`: any
    url: str  # with `*` for any characters
    sent: Any = NOTHING  # what the body must be: a text, or a value that it has as JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    no_answer: str | None = None  # why there is none
    times: int | None = None  # that it answers; None: always


@dataclass(frozen=True, slots=True)
class Answer:
    """What another pico answers to a query, instead of being asked."""

    pico: str
    query: str  # `rid/name`
    args: Any  # what it must be asked with; NOTHING: whatever
    answer: Any


@dataclass(frozen=True, slots=True)
class Given:
    """How the world is before the first step."""

    picos: tuple[GivenPico, ...]  # the first one is the one under test
    time: int = DEFAULT_TIME
    stubs: tuple[Stub, ...] = ()
    answers: tuple[Answer, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    texts: Mapping[str, Path] = field(default_factory=dict)  # further rulesets, by URL
    seed: int = 0
    numbers: tuple[float, ...] = ()  # what chance gives first
    names: tuple[str, ...] = ()  # and how the first new picos, channels and jobs are called


@dataclass(frozen=True, slots=True)
class Step:
    """Time passes, then something is sent or asked; then it is looked what has come of it."""

    number: int
    title: str
    pico: str
    channel: str | None = None
    event: tuple[str, str] | None = None
    query: tuple[str, str] | None = None  # the rid may be empty: that of the ruleset under test
    members: Mapping[str, Any] = field(default_factory=dict)
    after: int = 0  # milliseconds
    at: int | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        """It does something itself; one that does not looks at what the last one has done."""
        return bool(self.event or self.query or self.after or self.at is not None)


@dataclass(frozen=True, slots=True)
class Test:
    """A test: its name, what is given, its steps."""

    name: str
    given: Given
    steps: tuple[Step, ...]
    skip: str | None = None

    __test__ = False  # no test of the framework that runs our own


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of tests."""

    path: Path
    tests: tuple[Test, ...]

    __test__ = False
