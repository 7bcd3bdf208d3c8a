"""Outcomes and coverage as a person reads them, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .coverage import Coverage
from .problems import NOTHING, Outcome, Problem, Words
from .values import differences

WIDTH = 100  # characters of a value on one line
MOST = 10  # places of a large value that are told apart


class Painter:
    """Colours for a terminal; without `on` texts stay as they are."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def bad(self, text: str) -> str:
        """Red."""
        return self._painted(text, 31)

    def good(self, text: str) -> str:
        """Green."""
        return self._painted(text, 32)

    def faint(self, text: str) -> str:
        """Of less interest."""
        return self._painted(text, 2)

    def _painted(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def written(value: Any) -> str:
    """A value in one line of JSON; what is not there as `nothing`."""
    if value is NOTHING or isinstance(value, Words):
        return "nothing" if value is NOTHING else str(value)
    return json.dumps(value, ensure_ascii=False, default=lambda each: "nothing")


def told(outcome: Outcome, painter: Painter) -> Iterator[str]:
    """A test that has failed: each problem with its step, its rule, what was expected and what came."""
    yield painter.bad(f"FAILED {outcome.file}: {outcome.name}")
    step = None
    for problem in outcome.problems:
        if problem.step != step:
            step = problem.step
            yield f"  step {step}: {problem.title}" if step else f"  {problem.title}"
        yield from (f"    {line}" for line in _problem(problem, painter))


def _problem(problem: Problem, painter: Painter) -> Iterator[str]:
    rule = f"rule {problem.rule}" if problem.rule is not None else ""
    by = "" if not rule or problem.what == rule else f", by {rule}"
    place = f" ({problem.place})" if problem.place else ""
    yield f"{problem.what}{by}{place}"
    expected, actual = problem.expected, problem.actual
    if not (expected is NOTHING and actual is NOTHING):
        large = max(len(written(expected)), len(written(actual))) > WIDTH
        places = list(differences(expected, actual)) if large else []
        if large and places and places[0][0]:
            for path, there, found in places[:MOST]:
                yield f"  at {path}"
                yield from (f"  {line}" for line in _pair(there, found, painter))
            if len(places) > MOST:
                yield f"  and {len(places) - MOST} more places"
        else:
            yield from _pair(expected, actual, painter)
    if problem.why:
        first, *more = problem.why.splitlines()
        yield f"  why       {first}"
        yield from (f"            {line}" for line in more)


def _pair(expected: Any, actual: Any, painter: Painter) -> Iterator[str]:
    yield painter.good(f"  expected  {written(expected)}")
    yield painter.bad(f"  actual    {written(actual)}")


def coverage_lines(coverage: Coverage, painter: Painter) -> Iterator[str]:
    """A table: of each rule how many of its ways were taken, and the lines of those that were not."""
    path = None
    for rule in coverage.rules():
        if rule.path != path:
            path = rule.path
            yield f"{rule.path.name} ({rule.rid})"
        taken = f"{len(rule.ways) - len(rule.missing)}/{len(rule.ways)}"
        missing = ", ".join(f"{line} ({way})" for way, line in rule.missing)
        line = f"  {rule.rule:<32} {taken:>5}  {missing}".rstrip()
        yield painter.bad(line) if missing else line
    yield f"{coverage.percent:.1f} % of the ways through the rules"


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """How many tests there were, and how they ended."""
    files = len({each.file for each in outcomes})
    failed = sum(bool(each.problems) for each in outcomes)
    skipped = sum(each.skipped is not None for each in outcomes)
    passed = len(outcomes) - failed - skipped
    parts = [f"{passed} passed", f"{failed} failed" if failed else "", f"{skipped} skipped" if skipped else ""]
    count = f"{len(outcomes)} test{'' if len(outcomes) == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    return f"{count}: {', '.join(part for part in parts if part)} ({seconds:.2f} s)"


def as_json(outcomes: Iterable[Outcome], coverage: Coverage | None = None) -> dict[str, Any]:
    """All of it as plain data."""
    told: dict[str, Any] = {"tests": [_outcome(each) for each in outcomes]}
    if coverage is not None:
        told["coverage"] = {"percent": round(coverage.percent, 1), "rules": [_rule(each) for each in coverage.rules()]}
    return told


def _rule(rule: Any) -> dict[str, Any]:
    missing = [{"way": way, "line": line} for way, line in rule.missing]
    return {
        "file": str(rule.path),
        "rid": rule.rid,
        "rule": rule.rule,
        "line": rule.line,
        "ways": len(rule.ways),
        "missing": missing,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    status = "skipped" if outcome.skipped is not None else "failed" if outcome.problems else "passed"
    told: dict[str, Any] = {"file": outcome.file, "name": outcome.name, "status": status}
    if outcome.skipped is not None:
        told["reason"] = outcome.skipped
    if outcome.problems:
        told["problems"] = [_as_map(each) for each in outcome.problems]
    return {**told, "seconds": round(outcome.seconds, 4)}


def _as_map(problem: Problem) -> dict[str, Any]:
    told: dict[str, Any] = {"step": problem.step, "title": problem.title, "what": problem.what}
    for name in ("expected", "actual"):
        value = getattr(problem, name)
        if value is not NOTHING:
            told[name] = str(value) if isinstance(value, Words) else json.loads(written(value))
    for name in ("rule", "place", "why"):
        value = getattr(problem, name)
        if value is not None:
            told[name] = value
    return told
