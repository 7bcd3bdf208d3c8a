"""The engine reads every ruleset in the dialect that is set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import Engine, RulesetRefused, Settings
from tests.engine.conftest import TestPico

OLD = 'ruleset a { rule one { select when a b where n > 5 send_directive("seen") } }'


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    return replace(Settings(), dialect=getattr(request, "param", "1.x"))


@pytest.mark.parametrize("settings", ["0.x"], indirect=True)
async def test_in_the_old_dialect_a_name_in_where_is_an_attribute(pico: TestPico) -> None:
    await pico.install(OLD)

    assert [await pico.directives("a", "b", n=6), await pico.directives("a", "b", n=5)] == [["seen"], []]


async def test_by_default_it_is_refused(pico: TestPico) -> None:
    with pytest.raises(Exception, match="`n` is not defined"):
        await pico.install(OLD)


@pytest.mark.parametrize("settings", ["0.x"], indirect=True)
async def test_a_back_test_reads_the_same_dialect(engine: Engine, pico: TestPico) -> None:
    await pico.install(OLD)

    assert engine.history.replay(pico.eci, OLD) is not None


async def test_a_back_test_of_an_old_text_is_refused_by_default(engine: Engine, pico: TestPico) -> None:
    with pytest.raises(RulesetRefused, match="`n` is not defined"):
        engine.history.replay(pico.eci, OLD)
