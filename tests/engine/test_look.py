"""An expression in a pico: it sees all and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine import Engine, InvalidValue, PicoNotFound, QueryFailed, RulesetNotFound

if TYPE_CHECKING:
    from tests.engine.conftest import TestPico

RULESET = """ruleset shelf {
  meta { shares total }
  global { total = function(n) { n + ent:sum.defaultsTo(0) } act = defaction() { noop() } }
  rule adds { select when shelf got fired { ent:sum := total(event:attrs{"n"}) } } }"""


@pytest.fixture
async def shelf(pico: TestPico) -> TestPico:
    await pico.install(RULESET)
    await pico.send("shelf", "got", n=5)
    return pico


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ent:sum", "5"),
        ("x = 10; total(x)", "15"),
        ("ctx:rid", '"shelf"'),
        ("event:attrs", "null"),
        ("meta:inQuery", "true"),
        ("re#a#", '{"$type":"RegExp","source":"a","flags":""}'),
    ],
)
async def test_it_sees_what_a_function_of_the_ruleset_sees(
    engine: Engine, shelf: TestPico, text: str, value: str
) -> None:
    assert await engine.operations.look(shelf.eci, text, "shelf") == value


async def test_a_pico_may_be_named_by_its_id(engine: Engine, shelf: TestPico) -> None:
    id = engine.reports.pico_row(shelf.eci).id

    assert await engine.operations.look(id, "ent:sum", "shelf") == "5"


async def test_without_a_ruleset_it_sees_the_pico_only(engine: Engine, shelf: TestPico) -> None:
    id = engine.reports.pico_row(shelf.eci).id

    assert await engine.operations.look(id, "[ent:sum, ctx:picoId]") == f'[null,"{id}"]'


@pytest.mark.parametrize("text", ["ent:sum := 1", "x = ", "ruleset a {}", "nobody"])
async def test_what_is_no_expression_is_refused(engine: Engine, shelf: TestPico, text: str) -> None:
    with pytest.raises(InvalidValue):
        await engine.operations.look(shelf.eci, text, "shelf")

    assert await engine.operations.look(shelf.eci, "ent:sum", "shelf") == "5"


async def test_one_that_fails_is_told(engine: Engine, shelf: TestPico) -> None:
    with pytest.raises(QueryFailed, match="cannot be subtracted"):
        await engine.operations.look(shelf.eci, '"a" - 1', "shelf")


async def test_an_unknown_pico_or_ruleset_is_told(engine: Engine, shelf: TestPico) -> None:
    with pytest.raises(PicoNotFound):
        await engine.operations.look("none", "1")
    with pytest.raises(RulesetNotFound):
        await engine.operations.look(shelf.eci, "1", "none")


async def test_no_rule_can_be_run_by_it(engine: Engine, shelf: TestPico) -> None:
    before = engine.reports.events(pico=shelf.eci)

    await engine.operations.look(shelf.eci, "[total(1), time:now(), random:uuid()]", "shelf")

    assert engine.reports.events(pico=shelf.eci) == before
