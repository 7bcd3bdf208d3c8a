"""Each kind of expectation, met and not met: what is told of it."""

from __future__ import annotations

import pytest

from tests.transports.testing.conftest import GIVEN

ORDER = f'{GIVEN}\n[[test]]\nname = "t"\nevent = "order:placed"\nattrs = {{ item = "tea", n = 2 }}\n'
LARGE = f'{GIVEN}\n[[test]]\nname = "t"\nevent = "order:placed"\nattrs = {{ item = "tea", n = 9 }}\n'

MET = """
selected = ["sell", "reorder"]
selected_include = ["shop/sell"]
not_selected = ["audit"]
fired = ["sell"]
not_fired = ["reorder"]
directives = [{ name = "sold", options = { item = "tea" }, rule = "sell" }]
not_directives = ["reorder"]
raised = [{ event = "stock:changed", attrs = { item = "tea", left = 1 } }]
sent = [{ event = "bill:due", to = "bob", attrs = { for = "tea" } }]
scheduled = [{ event = "order:overdue", at = 2031-01-02T00:00:00Z }]
requests = [{ request = "POST https://log.example.com/sold", json = { item = "tea" } }]
logs = [{ message = "sold tea", level = "info" }]
state = { stock = { tea = 1 } }
unset = ["counted"]
children = []
"""

NOT_MET = {
    'selected = ["sell", "reorder", "audit"]': [
        "rule audit (shop.krl:29)",
        "  expected  selected",
        "  actual    not asked",
        "  why       it waits for stock counted; what happened in this pico: order:placed, stock:changed",
    ],
    'selected = ["sell"]': [
        "rule reorder (shop.krl:23)",
        "  expected  not selected",
        "  actual    selected",
        "  why       it was offered stock:changed",
    ],
    'not_selected = ["sell"]': [
        "rule sell (shop.krl:5)",
        "  expected  not selected",
        "  actual    selected",
        "  why       it was offered order:placed",
    ],
    'not_fired = ["sel"]': ["rule sel", "  why       ruleset shop has no rule 'sel' (did you mean 'sell'?)"],
    'fired_include = ["reorder"]': [
        "rule reorder (shop.krl:23)",
        "  expected  fired",
        "  actual    selected, not fired",
        "  why       there was no round: its foreach had nothing to go through",
    ],
    'directives = [{ name = "sold", options = { item = "milk" } }]': [
        "directives, by rule sell (shop.krl:5)",
        '  expected  {"name": "sold", "options": {"item": "milk"}}',
        '  actual    {"name": "sold", "options": {"item": "tea"}}',
    ],
    "directives = []": ["directives", "  expected  []", '  actual    [{"name": "sold"}]'],
    'directives_include = ["thanks"]': [
        "among the directives",
        '  expected  {"name": "thanks"}',
        '  actual    [{"name": "sold"}]',
    ],
    'not_raised = ["stock:changed"]': [
        "no stock:changed among the events raised, by rule sell (shop.krl:5)",
        "  expected  nothing",
        '  actual    {"event": "stock:changed", "attrs": {"item": "tea", "left": 1}, "rule": "sell"}',
    ],
    'raised = ["stock:changed", "stock:short"]': [
        "events raised",
        '  expected  [{"event": "stock:changed"}, {"event": "stock:short"}]',
        '  actual    [{"event": "stock:changed"}]',
    ],
    'sent = [{ event = "bill:due", to = "ann" }]': [
        "events sent",
        '  expected  {"event": "bill:due", "to": "ann"}',
        '  actual    {"event": "bill:due", "to": "bob"}',
    ],
    'scheduled = [{ event = "order:overdue", at = "2031-01-03T00:00:00.000Z" }]': [
        "events scheduled, by rule sell (shop.krl:5)",
        '  expected  {"event": "order:overdue", "at": "2031-01-03T00:00:00.000Z"}',
        '  actual    {"event": "order:overdue", "at": "2031-01-02T00:00:00.000Z"}',
    ],
    'requests = [{ json = { item = "milk" } }]': [
        "requests",
        '  expected  {"json": {"item": "milk"}}',
        '  actual    {"json": {"item": "tea"}}',
    ],
    'logs = ["sold milk"]': [
        "log lines, by rule sell (shop.krl:5)",
        '  expected  {"message": "sold milk"}',
        '  actual    {"message": "sold tea"}',
    ],
    "state = { stock = { tea = 2 } }": [
        "state stock, by rule sell (shop.krl:5)",
        '  expected  {"tea": 2}',
        '  actual    {"tea": 1}',
    ],
    'unset = ["stock"]': [
        "state stock, by rule sell (shop.krl:5)",
        "  expected  nothing",
        '  actual    {"tea": 1}',
    ],
    'children = ["ann"]': ["children", '  expected  ["ann"]', "  actual    []"],
    'failed = "boom"': ["failed", "  expected  boom", "  actual    nothing failed"],
    "refused = true": ["refused", "  expected  a refusal", "  actual    it was let in"],
}


def test_what_is_as_expected_is_not_told(report):
    assert report(f"{ORDER}[test.expect]{MET}") == []


@pytest.mark.parametrize("expectation", NOT_MET)
def test_what_is_not_as_expected_is_told_with_step_and_rule(report, expectation):
    told = report(f"{ORDER}[test.expect]\n{expectation}\n")

    assert told == ["  step 1: event order:placed", *(f"    {line}" for line in NOT_MET[expectation])]


def test_a_rule_that_did_not_fire_tells_its_condition(report):
    assert report(f'{LARGE}expect.fired = ["sell"]\n')[1:] == [
        "    rule sell (shop.krl:5)",
        "      expected  fired",
        "      actual    selected, not fired",
        "      why       its condition came to false",
    ]


def test_a_rule_whose_test_did_not_hold_says_so(report):
    told = report(
        f'{GIVEN}[[test]]\nname = "t"\nevent = "stock:changed"\nattrs = {{ left = 5 }}\nexpect.selected = ["reorder"]\n'
    )

    assert told[-2:] == [
        "      actual    not selected",
        "      why       an attribute test or `where` did not hold",
    ]


def test_a_failure_that_nobody_expects_is_told_with_its_line(report):
    assert report(f'{GIVEN}[[test]]\nname = "t"\nevent = "stock:counted"\n') == [
        "  step 1: event stock:counted",
        "    the step, by rule audit (shop.krl:29)",
        "      expected  no failure",
        "      actual    TypeError: 1 cannot be subtracted from x (rule audit, line 31)",
    ]


def test_a_failure_that_is_expected_is_none(report):
    failed = 'failed = { rule = "audit", line = 31, message = "subtracted" }'

    assert report(f'{GIVEN}[[test]]\nname = "t"\nevent = "stock:counted"\nexpect.{failed}\n') == []


def test_another_failure_than_the_expected_one_is_told(report):
    told = report(f'{GIVEN}[[test]]\nname = "t"\nevent = "stock:counted"\nexpect.failed = {{ rule = "sell" }}\n')

    assert told[1:3] == ["    failed, by rule audit (shop.krl:29)", "      expected  a failure (rule sell)"]


def test_a_request_that_nothing_answers_is_told(report):
    told = report(ORDER.replace("log.example.com", "other.example.com"))

    assert told[1:] == [
        "    request POST https://log.example.com/sold",
        "      why       no [[given.http]] answers it",
    ]


def test_an_answer_is_compared(report):
    told = report(f'{GIVEN}[[test]]\nname = "t"\nquery = "stock"\nargs = {{ item = "tea" }}\nexpect.answer = 4\n')

    assert told == ["  step 1: query stock", "    answer", "      expected  4", "      actual    3"]


def test_null_is_an_answer(report):
    assert (
        report(
            f'{GIVEN}[[test]]\nname = "t"\nquery = "stock"\nargs = {{ item = "milk" }}\nexpect."answer:=" = "null"\n'
        )
        == []
    )


def test_of_a_large_value_the_places_that_differ_are_told(report):
    stock = ", ".join(f"item_{number} = {number}" for number in range(20))
    test = f'{GIVEN}[[test]]\nname = "t"\nevent = "x:y"\n[test.given]\nstate = {{ stock = {{ {stock} }} }}\n'

    told = report(f"{test}[test.expect]\nstate = {{ stock = {{ {stock.replace('item_7 = 7', 'item_7 = 8')} }} }}\n")

    assert told[1:] == ["    state stock", "      at item_7", "        expected  8", "        actual    7"]


def test_an_event_that_fails_in_another_pico_is_told(report):
    ruleset = 'ruleset shop { rule one { select when x:y event:send({"eci": "bob", "domain": "a", "type": "b"}) } }'
    other = 'ruleset other { rule two { select when a:b fired { ent:x := 1 - "x" } } }'
    (test,) = ['[given]\npicos = [{ name = "bob", rulesets = ["other.krl"] }]\n[[test]]\nname = "t"\nevent = "x:y"\n']
    report("[[test]]\nname = 'other'\nevent = 'a:c'\n", ruleset=other, name="other")

    told = report(test, ruleset=ruleset)

    assert told[1:3] == ["    event a:b in pico bob, by rule two (other.krl:1)", "      expected  no failure"]


def test_unless_a_look_at_that_pico_expects_it(report):
    ruleset = 'ruleset shop { rule one { select when x:y event:send({"eci": "bob", "domain": "a", "type": "b"}) } }'
    other = 'ruleset other { rule two { select when a:b fired { ent:x := 1 - "x" } } }'
    report("[[test]]\nname = 'other'\nevent = 'a:c'\n", ruleset=other, name="other")
    test = '[given]\npicos = [{ name = "bob", rulesets = ["other.krl"] }]\n[[test]]\nname = "t"\n'

    steps = '[[test.step]]\nevent = "x:y"\n[[test.step]]\npico = "bob"\nexpect.failed = { rule = "two" }\n'

    assert report(test + steps, ruleset=ruleset) == []


def test_a_channel_lets_in_what_its_policy_says(report):
    given = '[[given.channels]]\neci = "door"\nevents = ["order:placed"]\n'
    test = '[[test]]\nname = "t"\nchannel = "door"\nevent = "stock:counted"\n'

    assert report(f'{given}{test}expect.refused = "Not allowed by channel policy"\n') == []
    assert report(f"{given}{test}")[1:] == [
        "    the step",
        "      expected  to be let in",
        "      actual    refused: Not allowed by channel policy",
    ]
