"""Which ways through the rules the tests have taken.

Of each rule there is to be seen: that it is selected; that its condition holds, and that it does not; that a `foreach`
has something to go through, and that it has nothing; each block of its postlude.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krl import RuleOutline

from .seen import Report
from .sources import RulesetText

SELECTED, HOLDS, HOLDS_NOT, ROUNDS, NO_ROUND = "selected", "if true", "if false", "foreach some", "foreach none"
FIRED, NOT_FIRED, AT_LAST = "fired", "not fired", "finally"

Way = tuple[str, int]
"""What is to be seen, and the line in which it stands."""


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """One rule: the ways through it, and those that were taken."""

    path: Path
    rid: str
    rule: str
    line: int
    ways: tuple[Way, ...]
    taken: frozenset[str]

    @property
    def missing(self) -> tuple[Way, ...]:
        """The ways that no test has taken."""
        return tuple(way for way in self.ways if way[0] not in self.taken)


class Coverage:
    """What all tests together have seen of the rulesets that they test."""

    def __init__(self) -> None:
        self._texts: dict[Path, RulesetText] = {}
        self._taken: defaultdict[tuple[Path, str], set[str]] = defaultdict(set)

    def note(self, texts: Iterable[RulesetText], news: Iterable[Report]) -> None:
        """These events have happened where these rulesets were installed."""
        by_rid = {each.rid: each.path for each in texts}
        self._texts |= {each.path: each for each in texts}
        for report in news:
            failure = report.get("failure", {})
            for event in (report["trace"] or {}).get("events", ()):
                for ruleset in event["rulesets"]:
                    path = by_rid.get(ruleset["rid"])
                    if path is None:
                        continue
                    for rule in ruleset["rules"]:
                        self._taken[path, rule["rule"]].update(_taken(rule, rule["rule"] == failure.get("rule")))

    def rules(self) -> Iterator[RuleCoverage]:
        """Every active rule, file by file."""
        for path, text in sorted(self._texts.items()):
            for rule in text.outline.rules:
                ways = tuple(_ways(rule))
                yield RuleCoverage(
                    path, text.rid, rule.name, rule.line, ways, frozenset(self._taken.get((path, rule.name), ()))
                )

    @property
    def percent(self) -> float:
        """How many of all ways were taken; 100 if there are none."""
        rules = list(self.rules())
        ways = sum(len(each.ways) for each in rules)
        missing = sum(len(each.missing) for each in rules)
        return 100.0 if ways == 0 else 100 * (ways - missing) / ways


def _ways(rule: RuleOutline) -> Iterator[Way]:
    yield SELECTED, rule.line
    if rule.loops:
        yield ROUNDS, rule.loops[0]
        yield NO_ROUND, rule.loops[0]
    if rule.condition is not None:
        yield HOLDS, rule.condition
        yield HOLDS_NOT, rule.condition
    for way, line in ((FIRED, rule.fired), (NOT_FIRED, rule.not_fired), (AT_LAST, rule.at_last)):
        if line is not None and not (way == NOT_FIRED and rule.condition is None):
            yield way, line


def _taken(rule: dict[str, Any], failed: bool) -> Iterator[str]:
    """The ways that the rule has taken; one that failed did so in its last round, which has not come to an end."""
    if not rule["selected"]:
        return
    yield SELECTED
    rounds = rule["rounds"]
    yield ROUNDS if rounds else NO_ROUND
    for number, each in enumerate(rounds, 1):
        if "fired" in each:
            yield HOLDS if each["fired"] else HOLDS_NOT
            if not (failed and number == len(rounds)):
                yield from (FIRED if each["fired"] else NOT_FIRED, AT_LAST)
