"""Reads a text as an editor does that has a TextMate grammar: line by line, with a stack of rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import regex

Scopes = tuple[str, ...]


class Rule:
    """A rule of the grammar that is open."""

    def __init__(self, rule: dict[str, Any], scopes: Scopes) -> None:
        self.rule = rule
        self.scopes = scopes

    @cached_property
    def end(self) -> regex.Pattern[str] | None:
        return regex.compile(self.rule["end"]) if "end" in self.rule else None


class Grammar:
    """A grammar, and the scopes that it gives to each character of a text."""

    def __init__(self, grammar: dict[str, Any]) -> None:
        self._grammar = grammar
        self._compiled: dict[str, regex.Pattern[str]] = {}

    def scopes(self, text: str) -> list[Scopes]:
        """For each character its scopes, the innermost last."""
        stack = [Rule(self._grammar, ())]
        return [scopes for line in text.splitlines(keepends=True) for scopes in self._line(line, stack)]

    def _line(self, line: str, stack: list[Rule]) -> list[Scopes]:
        found: list[Scopes] = []
        while len(found) < len(line):
            at = len(found)
            match, rule = self._next(line, at, stack[-1])
            if match is None:
                found += [stack[-1].scopes] * (len(line) - at)
                break
            found += [stack[-1].scopes] * (match.start() - at)
            if rule is None:
                found += self._captured(match, stack[-1].rule.get("endCaptures", {}), stack[-1].scopes)
                stack.pop()
                continue
            scopes = stack[-1].scopes + ((rule["name"],) if "name" in rule else ())
            captures = rule.get("beginCaptures" if "begin" in rule else "captures", {})
            found += self._captured(match, captures, scopes)
            if "begin" in rule:
                stack.append(Rule(rule, scopes))
            assert "begin" in rule or match.end() > at, f"{rule} does not go on"
        return found

    def _next(self, line: str, at: int, top: Rule) -> tuple[Any, dict[str, Any] | None]:
        """The leftmost match, of those the first; the end of the open rule comes before its patterns."""
        best, chosen = (top.end.search(line, at) if top.end else None), None
        for rule in self._patterns(top.rule):
            match = self._pattern(rule.get("match") or rule["begin"]).search(line, at)
            if match is not None and (best is None or match.start() < best.start()):
                best, chosen = match, rule
        return best, chosen

    def _pattern(self, text: str) -> regex.Pattern[str]:
        if text not in self._compiled:
            self._compiled[text] = regex.compile(text)
        return self._compiled[text]

    def _patterns(self, rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for each in rule.get("patterns", ()):
            match each.get("include"):
                case None:
                    yield from [each] if "match" in each or "begin" in each else self._patterns(each)
                case "$self":
                    yield from self._patterns(self._grammar)
                case name:
                    inner = self._grammar["repository"][name[1:]]
                    yield from [inner] if "begin" in inner or "match" in inner else self._patterns(inner)

    def _captured(self, match: Any, captures: dict[str, Any], scopes: Scopes) -> list[Scopes]:
        found = [scopes] * (match.end() - match.start())
        for number, capture in captures.items():
            start, end = match.span(int(number))
            for at in range(start, end):
                found[at - match.start()] = (*scopes, capture["name"])
        return found
