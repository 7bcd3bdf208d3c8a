"""Each decision about the layout: a text before, a line of dashes, and the text as it is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from krl import Source, format

ROOT = Path(__file__).parent.parent.parent.parent
DECISIONS = sorted((Path(__file__).parent / "layout").glob("*.txt"))
WIDTH = 120  # columns of a page
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


@pytest.mark.parametrize(
    "text",
    [
        "a = f(NAME, b)",
        "a = [\n  f(NAME, b),\n  c\n]",
        "a = f(NAME, function(x) {\n  x\n})",
        "a = f(function(x) {\n  x\n}, NAME)",
        "a = f(function(x) {\n  x\n}) + NAME",
        "a = [\n  b\n    + f(NAME, c),\n  d\n]",
        'a = "x\ny" + f(NAME, b)',
        'a = {\n  "x\ny": f(NAME, b)\n}',
        'a = f(NAME, "x\nlong enough to tell the first line from the whole")',
        "ruleset a {\n  meta {\n    shares b, NAME,\n      c\n  }\n}",
        "ruleset a {\n  rule b {\n    select when c d\n    fired {\n      ent:e{f(NAME, g)} := h\n    }\n  }\n}",
    ],
)
def test_a_line_is_as_wide_as_a_page_or_broken(text: str) -> None:
    """NAME is as long as makes its line so wide."""
    around = next(len(line) for line in text.split("\n") if "NAME" in line) - len("NAME")
    fits, exceeds = (text.replace("NAME", "n" * (width - around)) for width in (WIDTH, WIDTH + 1))

    assert format(Source(fits)) == fits + "\n"
    assert max(map(len, format(Source(exceeds)).splitlines())) <= WIDTH


@pytest.mark.parametrize("text", ['a = "x  \n\n\n  y \n"\n', "a = <<x  \n\n\n  y \n>>\n", "/* x  \n\n\n  y */\n"])
def test_what_stands_in_a_text_or_a_comment_is_left_alone_to_the_last_blank(text: str) -> None:
    assert format(Source(text)) == text


def test_line_ends_and_a_byte_order_mark_of_other_editors_go() -> None:
    assert format(Source('\ufeffa = 1 // one  \r\n\r\n\r\nb = "x\r\ny"\r\n')) == 'a = 1 // one\n\nb = "x\r\ny"\n'
