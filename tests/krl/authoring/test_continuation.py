"""What could stand at a place, in texts that end there."""

from __future__ import annotations

import pytest

from krl import Continuation, possible_at, sketch_of

RULE = "ruleset a {\n global { x = 1 }\n rule r { select when a:b "


def possible(marked: str) -> Continuation:
    text = marked.replace("¦", "")
    return possible_at(sketch_of(text), marked.index("¦"))


@pytest.mark.parametrize(
    ("marked", "keywords"),
    [
        ("ruleset a { ¦", {"version", "meta", "global", "rule"}),
        ("ruleset a { global {} rule r { ¦}", {"select", "foreach", "pre", "if", "every", "sample", "choose", "fired"}),
        ("ruleset a { rule r { select ¦", {"when", "where"}),
        (RULE + "fired { raise ¦", {"event"}),
        (RULE + "fired { log ¦", {"error", "warn", "info", "debug"}),
        ("x = 1 ¦", {"like", "cmp"}),
        ("x = ¦", {"function", "defaction", "not", "null", "true", "false"}),
        ("ruleset a { meta { logging ¦", {"on", "off"}),
    ],
)  # fmt: skip
def test_the_keywords_are_those_of_the_place(marked: str, keywords: set[str]) -> None:
    found = possible(marked).keywords

    assert keywords <= found
    assert not keywords & {"when"} or found == keywords


def test_a_value_an_action_a_variable_an_id_and_an_export_have_places_of_their_own() -> None:
    assert possible("x = ¦").value
    assert possible(RULE + "¦").action
    assert possible(RULE + "every { ¦").action
    assert possible(RULE + "fired { ¦").variable
    assert possible("ruleset a { meta { use module ¦").rid
    assert possible("ruleset a { meta { shares x, ¦").export


@pytest.mark.parametrize("marked", ["ruleset a { rule ¦", RULE + "fired { raise ¦", RULE + "noop() setting(¦", "x¦"])
def test_where_a_name_is_declared_none_is_proposed(marked: str) -> None:
    found = possible(marked)

    assert not (found.action or found.variable or found.export)


def test_mistakes_on_other_lines_do_not_matter() -> None:
    broken = "ruleset a {\n rule q { select when ]]] }\n rule r { select when a:b\n pre { y = )\n x = ¦"

    assert possible(broken).value


def test_nothing_is_possible_where_nothing_can_be_known() -> None:
    assert possible("ruleset a { ( ( ¦") == Continuation()
