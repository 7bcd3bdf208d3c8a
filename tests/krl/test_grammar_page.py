"""The grammar's page is that of the grammar."""

from __future__ import annotations

from tests.krl.grammar_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    """`python -m tests.krl.grammar_page` writes it anew."""
    assert PAGE.read_text("utf-8") == page()
