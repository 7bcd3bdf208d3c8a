from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.choose import open_store
from engine.store.interface import Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store in turn; what a test says of one it says of all."""
    opened = open_store("memory:" if request.param == "memory" else tmp_path / "store.db")
    yield opened
    opened.close()
