"""The texts of the rulesets under test: where their rules stand, and what each of them waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from krl import KRLSyntaxError, RuleOutline, RulesetOutline, Source, diagnose, outline


@dataclass(frozen=True, slots=True)
class RulesetText:
    """One ruleset's file."""

    path: Path
    outline: RulesetOutline

    @property
    def rid(self) -> str:
        """The ruleset's name."""
        return self.outline.rid


def ruleset_text(path: Path) -> RulesetText:
    """The ruleset in a file. Raises KRLSyntaxError, OSError."""
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _parsed(path: Path, mtime: int) -> RulesetText:
    source = Source(path.read_text(encoding="utf-8", errors="replace"), path.name)
    errors = [each for each in diagnose(source) if each.severity == "error"]
    if errors:
        raise KRLSyntaxError(errors)
    return RulesetText(path, outline(source))


class Sources:
    """The rulesets of one test, by rid."""

    def __init__(self, texts: Sequence[RulesetText]) -> None:
        self._texts = {each.rid: each for each in texts}

    def place(self, rid: str, rule: str) -> str | None:
        """`file.krl:12`, where the rule stands."""
        found = self._rule(rid, rule)
        return None if found is None else f"{self._texts[rid].path.name}:{found.line}"

    def rules(self, rid: str) -> list[str] | None:
        """The names of its active rules; None if the test has no such ruleset."""
        text = self._texts.get(rid)
        return None if text is None else [each.name for each in text.outline.rules]

    def listens(self, rid: str, rule: str) -> str:
        """What the rule waits for, as it is written."""
        found = self._rule(rid, rule)
        return "nothing" if found is None else found.listens

    def _rule(self, rid: str, rule: str) -> RuleOutline | None:
        text = self._texts.get(rid)
        return None if text is None else text.outline.rule(rule)
