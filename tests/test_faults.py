"""The list of faults and the tests that prove each of them survived."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def listed() -> set[int]:
    """The numbers in the document."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    return {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}


def marked() -> Iterator[int]:
    """The numbers in `pytest.mark.fault(…)`, anywhere in the tests."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
                yield from (each.value for each in node.args if isinstance(each, ast.Constant))


def test_every_fault_that_is_listed_is_proven_survived_and_every_proof_is_listed() -> None:
    assert listed() == set(marked())
