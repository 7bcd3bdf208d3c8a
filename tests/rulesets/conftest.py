"""A root pico with the system rulesets."""

from collections.abc import AsyncIterator

import pytest

from engine import Settings, open_engine
from tests.rulesets.picos import Pico, with_open_channel


@pytest.fixture
async def root() -> AsyncIterator[Pico]:
    """The root pico of an engine of its own."""
    async with open_engine(Settings()) as engine:
        yield await with_open_channel(engine, engine.ui_context()["eci"])
