"""Each decision about the layout: a text before, a line of dashes, and the text as it is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from krl import Source, format

ROOT = Path(__file__).parent.parent.parent.parent
DECISIONS = sorted((Path(__file__).parent / "layout").glob("*.txt"))
RULESETS = sorted(path for folder in ("rulesets", "docs", "tests") for path in (ROOT / folder).rglob("*.krl"))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_text_is_laid_out_as_decided(decision: Path) -> None:
    before, after = decision.read_text("utf-8").split("-----\n")

    assert format(Source(before)) == after


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_what_is_laid_out_is_left_alone(decision: Path) -> None:
    after = decision.read_text("utf-8").split("-----\n")[1]

    assert format(Source(after)) == after


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.name)
def test_our_own_rulesets_are_in_their_form(path: Path) -> None:
    text = path.read_text("utf-8")

    assert format(Source(text)) == text


def test_line_ends_and_a_byte_order_mark_of_other_editors_go() -> None:
    assert format(Source('\ufeffa = 1 // one  \r\n\r\n\r\nb = "x\r\ny"\r\n')) == 'a = 1 // one\n\nb = "x\r\ny"\n'
