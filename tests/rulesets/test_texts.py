"""The texts themselves: complete, without a mistake that can be known before running."""

import pytest

from krl import Source, compile_ruleset
from rulesets import RIDS, source


def test_a_root_installs_the_ui_first() -> None:
    assert RIDS == (
        "io.picolabs.pico-engine-ui",
        "io.picolabs.wrangler",
        "io.picolabs.subscription",
        "io.picolabs.did-o",
        "io.picolabs.pds",
    )


@pytest.mark.parametrize("rid", RIDS)
def test_a_text_holds_the_ruleset_it_is_named_after(rid: str) -> None:
    assert compile_ruleset(Source(source(rid), f"{rid}.krl")).rid == rid


@pytest.mark.parametrize("rid", RIDS)
def test_a_text_gives_the_checker_nothing_to_warn_of(rid: str) -> None:
    # did-o refuses to send by calling a module that this engine has not.
    expected = {"unknown-module"} if rid == "io.picolabs.did-o" else set()

    program = compile_ruleset(Source(source(rid), f"{rid}.krl"))

    assert {warning.code for warning in program.warnings} == expected


def test_there_is_no_ruleset_of_another_rid() -> None:
    with pytest.raises(LookupError, match=r"io\.picolabs\.nothing"):
        source("io.picolabs.nothing")
