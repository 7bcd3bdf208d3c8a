"""How tests are run: what is given, and the time that passes."""

from __future__ import annotations

TIMERS = """ruleset shop {
  global { base = ent:base || 0 }
  rule tick { select when wrangler ruleset_installed where event:attrs{"rids"} >< meta:rid
    fired { schedule a event "tick" repeat {"second": 0, "tz": "UTC"} } }
  rule take { select when a tick fired { ent:ticks := (ent:ticks || base) + 1 } }
  rule two { select when x:a then x:b send_directive("both") }
  rule chance { select when x:chance fired { ent:drawn := random:number() } }
  rule ask { select when x:ask fired { ent:told := ctx:query("bob", "other", "f", {"a": event:attrs{"a"}}) } }
  rule loop { select when x:loop fired { schedule x event "loop" at time:now() } }
}"""


def test_timers_fire_at_their_time_and_as_often_as_it_comes(report):
    steps = (
        '[[test.step]]\nafter = "59s"\nexpect.unset = ["ticks"]\n[[test.step]]\nafter = "1h"\nexpect.state.ticks = 60\n'
    )

    assert report(f'[[test]]\nname = "t"\n{steps}', TIMERS) == []


def test_rulesets_that_are_not_introduced_do_not_begin(report):
    assert (
        report('[given]\nintroduce = false\n[[test]]\nname = "t"\nafter = "1h"\nexpect.unset = ["ticks"]\n', TIMERS)
        == []
    )


def test_globals_see_the_state_that_is_given(report):
    assert (
        report('[given]\nstate = { base = 41 }\n[[test]]\nname = "t"\nafter = "1m"\nexpect.state.ticks = 42\n', TIMERS)
        == []
    )


def test_an_expression_may_be_under_way(report):
    memory = '[given.expressions]\ntwo = { states = [2], captured = {}, windows = {}, "since:=" = "null" }\n'

    assert report(f'{memory}[[test]]\nname = "t"\nevent = "x:b"\nexpect.selected = ["two"]\n', TIMERS) == []


def test_chance_gives_first_what_is_laid_out(report):
    assert (
        report(
            '[given]\nrandom = [0.25]\n[[test]]\nname = "t"\nevent = "x:chance"\nexpect.state.drawn = 0.25\n', TIMERS
        )
        == []
    )


def test_chance_is_the_same_each_time(outcomes):
    text = '[[test]]\nname = "t"\nevent = "x:chance"\nexpect.state.drawn = 7\n'

    drawn = [outcomes(text, TIMERS)[0].problems[0].actual for _ in range(2)]

    assert drawn[0] == drawn[1]


def test_other_picos_answer_what_is_laid_out(report):
    answers = '[[given.answers]]\npico = "bob"\nquery = "other/f"\nargs = { a = 1 }\nanswer = "one"\n'
    asked = '[given]\npicos = ["bob"]\n' + answers + '[[test]]\nname = "t"\nevent = "x:ask"\nattrs = { a = 1 }\n'

    assert report(f'{asked}expect.state.told = "one"\n', TIMERS) == []


def test_a_pico_that_does_not_come_to_rest_is_told(report, monkeypatch):
    monkeypatch.setattr("engine.rehearsal.REST_SECONDS", 0.2)

    told = report('[[test]]\nname = "t"\nevent = "x:loop"\n', TIMERS)

    assert told == [
        "  step 1: event x:loop",
        "    the step",
        "      why       the picos have not come to rest within 0.2 s",
    ]


def test_a_ruleset_that_does_not_compile_is_told_with_its_place(report):
    told = report(
        '[[test]]\nname = "t"\nevent = "x:y"\n', "ruleset shop { rule a { select when x:y fired { ent:b := c } } }"
    )

    assert told[:3] == [
        "  given",
        "    it cannot be set up",
        "      why       shop.krl:1:58: error: `c` is not defined",
    ]


def test_a_pico_that_nobody_has_made_is_told(report):
    told = report('[[test]]\nname = "t"\npico = "bbo"\nevent = "x:y"\n[test.given]\npicos = ["bob"]\n', TIMERS)

    assert told[1:] == ["    the step", "      why       there is no pico 'bbo' (did you mean 'bob'?)"]


def test_a_test_may_be_skipped(outcomes):
    [outcome] = outcomes('[[test]]\nname = "t"\nskip = "later"\nevent = "x:y"\n', TIMERS)

    assert (outcome.skipped, outcome.problems, outcome.passed) == ("later", (), False)
