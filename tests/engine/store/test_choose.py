from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InvalidValue
from engine.store.choose import open_store
from engine.store.memory import MemoryStore
from engine.store.sqlite import SQLiteStore


def test_memory_is_a_store_without_a_file() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_path_and_its_url_open_the_same_file(tmp_path: Path, form: str) -> None:
    store = open_store(form.format(tmp_path / "a b.db").replace(" ", "%20" if "://" in form else " "))

    assert isinstance(store, SQLiteStore)
    assert store.path == tmp_path / "a b.db"
    store.close()


def test_three_slashes_make_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    store = open_store("sqlite:///home.db")

    assert isinstance(store, SQLiteStore)
    assert store.path == tmp_path / "home.db"
    store.close()


def test_another_url_is_refused_without_showing_its_password() -> None:
    with pytest.raises(InvalidValue, match="'redis'") as refused:
        open_store("redis://me:secret@host/")

    assert "secret" not in str(refused.value)
