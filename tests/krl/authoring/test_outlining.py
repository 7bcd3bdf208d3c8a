"""What can be seen of a ruleset without running it."""

from __future__ import annotations

import pytest

from krl import KRLSyntaxError, Source, outline

TEXT = """ruleset a.b {
  meta { use module c.d alias e  keys secret "s" }
  rule one is inactive { select when x:y }
  rule two {
    select when x y
      where event:attrs{"n"} > 1
    foreach [1] setting(n)
    foreach [2] setting(m)
    if n then
      noop()
    fired {
      ent:a := 1
    }
    else { ent:b := 1 }
    finally { ent:c := 1 }
  }
  rule three { select when x:z notfired { ent:d := 1 } }
  rule four { select when x:z always { } }
}"""


def test_rules_that_are_active_are_told_with_their_lines():
    seen = outline(Source(TEXT))

    assert [(each.name, each.line, each.last_line) for each in seen.rules] == [
        ("two", 4, 16),
        ("three", 17, 17),
        ("four", 18, 18),
    ]


def test_a_rule_tells_what_it_waits_for_and_the_ways_through_it():
    rule = outline(Source(TEXT)).rule("two")

    assert rule is not None
    assert rule.listens == 'x y where event:attrs{"n"} > 1'
    assert (rule.condition, rule.loops, rule.fired, rule.not_fired, rule.at_last) == (9, (7, 8), 12, 14, 15)


def test_a_block_that_is_empty_is_no_way():
    rules = outline(Source(TEXT)).rules

    assert [(each.fired, each.not_fired, each.at_last) for each in rules[1:]] == [(None, 17, None), (None, None, None)]


def test_modules_and_keys_are_told():
    seen = outline(Source(TEXT))

    assert (seen.rid, seen.uses, seen.keeps_keys) == ("a.b", ("c.d",), True)


@pytest.mark.parametrize("text", ["ruleset a {", "1 + 1"])
def test_what_is_no_ruleset_is_refused(text):
    with pytest.raises(KRLSyntaxError):
        outline(Source(text))
