"""The cookbook: its recipes work, and the tests show all that they can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from krl import Source, diagnose
from transports.testing import Coverage, run_file

COOKBOOK = Path(__file__).parents[3] / "docs" / "cookbook"
TESTS = sorted(COOKBOOK.glob("*.test.toml"))
RULESETS = sorted(COOKBOOK.glob("*.krl"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_a_recipe_works_and_each_way_through_its_rules_is_shown(path: Path) -> None:
    coverage = Coverage()

    outcomes = list(run_file(path, coverage=coverage))

    assert [each for each in outcomes if not each.passed] == []
    assert [(each.rule, each.missing) for each in coverage.rules() if each.missing] == []


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.name)
def test_a_recipe_gives_the_checker_nothing_to_say(path: Path) -> None:
    assert list(diagnose(Source(path.read_text(), path.name))) == []


def test_every_recipe_has_its_lines_in_the_index() -> None:
    page = (COOKBOOK / "README.md").read_text()

    assert [path.name for path in RULESETS if f"]({path.name})" not in page] == []
    assert len(re.findall(r"\.test\.toml\)", page)) == len(TESTS) >= 20
