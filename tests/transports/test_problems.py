"""Errors as problems, whatever transport they leave by."""

from __future__ import annotations

from engine import RulesetRefused
from transports.problems import problem_of


def test_a_refused_ruleset_is_placed_at_its_first_error_not_at_a_warning() -> None:
    warning = {"severity": "warning", "line": 2, "column": 3}
    error = {"severity": "error", "line": 5, "column": 7}

    problem = problem_of(RulesetRefused("no", [warning, error]))

    assert (problem["line"], problem["column"]) == (5, 7)
    assert problem["diagnostics"] == [warning, error]
