"""What a text declares, as far as its tokens tell; above all in texts that do not parse."""

from __future__ import annotations

import time

import pytest

from krl import Item, sketch_of

TEXT = """ruleset a.b {
  meta { use module x.y alias m provides f, g configure using unit = "m" keys k {} }
  global {
    // Adds one.
    // Really.
    f = function(a, b = 1) { c = a + b; c }
    g = defaction(n) { noop() }
  }
  rule one {
    select when a b n re#(.)# setting(n)
    foreach [1] setting(v)
    pre { p = v + n }
    noop() setting(d)
    fired { z = d; ent:z := z }
  }
}
"""


def shown(items: list[Item], level: int = 0) -> list[str]:
    return [
        line
        for each in items
        for line in [f"{'  ' * level}{each.kind} {each.name}{each.detail}", *shown(each.items, level + 1)]
    ]


def visible(marked: str) -> list[str]:
    return [each.name for each in sketch_of(marked.replace("¦", "")).visible(marked.index("¦"))]


def test_the_outline_tells_what_is_declared_within_what() -> None:
    assert shown(list(sketch_of(TEXT).outline)) == [
        "ruleset a.b",
        "  value unit",
        "  function f(a, b)",
        "    value c",
        "  action g(n)",
        "  rule onea:b",
        "    value p",
        "    value z",
    ]


def test_a_declaration_reaches_as_far_as_its_value() -> None:
    found = sketch_of(TEXT)
    f = found.outline[0].items[1]

    assert TEXT[f.span.start : f.end] == "f = function(a, b = 1) { c = a + b; c }"


@pytest.mark.parametrize(
    ("marked", "names"),
    [
        ("a = 1; b = a; ¦", {"a", "b"}),
        ("f = function(x) { y = 1; ¦ } z = 2", {"f", "x", "y", "z"}),
        ("f = function(x) { y = 1; y } ¦", {"f"}),
        (TEXT.replace("noop() setting", "noop(¦) setting"), {"p", "v", "n", "one", "f", "g", "unit", "m", "k", "a.b"}),
        (TEXT.replace("ent:z := z", "ent:z := ¦"), {"z", "d", "p", "v", "n", "one", "f", "g", "unit", "m", "k", "a.b"}),
    ],
)
def test_what_is_visible_follows_the_blocks(marked: str, names: set[str]) -> None:
    assert set(visible(marked)) == names


def test_a_rule_begins_anew_whatever_was_left_open() -> None:
    text = "ruleset a {\n  rule one { select when a:b pre { x = [1, {\n  rule two { select when c:d }\n}"

    assert shown(list(sketch_of(text).outline)) == ["ruleset a", "  rule onea:b", "    value x", "  rule twoc:d"]


def test_the_comment_above_a_declaration_is_its_explanation() -> None:
    found = sketch_of(TEXT)

    assert found.comment_above(TEXT.index("f = function")) == "Adds one.\nReally."
    assert found.comment_above(TEXT.index("g = defaction")) == ""


def test_modules_and_what_is_provided_are_known() -> None:
    found = sketch_of(TEXT)

    assert (found.module("m"), found.module("x"), found.provided) == ("x.y", None, {"f", "g"})


@pytest.mark.parametrize("text", ["([{" * 20_000, ")]}" * 20_000, "([{" * 10_000 + ")]}" * 10_000, "a = " * 20_000])
def test_nonsense_takes_time_in_proportion_to_its_length(text: str) -> None:
    begin = time.process_time()
    sketch_of(text)

    assert time.process_time() - begin < 5
