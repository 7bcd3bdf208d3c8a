"""The rows that the bench writes are those that wrangler would have written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Chance, Settings, open_engine
from engine.store.sqlite import SQLiteStore
from tests.bench.bulk import State, copies, populate, state_of
from tests.rulesets.picos import send


def plain(state: State) -> State:
    """Two picos that are alike but for their names and their places are equal in this form."""
    roles = {name: f"name {number}" for number, name in enumerate(_in_order(state))}
    renamed = state.renamed(roles)
    in_order = sorted(renamed.channels, key=lambda channel: channel.eci)
    return replace(renamed, pico=replace(renamed.pico, child_no=0, head_hash=b""), channels=in_order)


def _in_order(state: State) -> list[str]:
    """Its names by what they stand for, since ECIs sort by chance."""
    return [state.pico.id, *(each.eci for each in sorted(state.channels, key=lambda channel: channel.tags))]


async def two_children(path: Path) -> None:
    """Two children of the root, made by wrangler."""
    store = SQLiteStore(path)
    async with open_engine(Settings(), store=store, chance=Chance(now=lambda: 1_700_000_000_000)) as engine:
        for _ in range(2):
            await send(engine, engine.ui_context()["eci"], "engine_ui", "new", {"name": "child"})
        while store.inbox():  # each child's own first events
            await asyncio.sleep(0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    """A store with two children, whose engine has ended."""
    await two_children(tmp_path / "db")
    store = SQLiteStore(tmp_path / "db")
    yield store
    store.close()


def children(store: SQLiteStore) -> list[str]:
    """The ids of the root's children in order."""
    return [row.id for row in store.children(store.roots()[0].id)]


def test_a_copy_has_the_rows_of_a_child_that_wrangler_made(store: SQLiteStore) -> None:
    first, second = children(store)

    copy = next(copies(state_of(store, first), 2))

    assert plain(copy) == plain(state_of(store, second))


def test_no_name_of_the_original_is_left_in_a_copy(store: SQLiteStore) -> None:
    original = state_of(store, children(store)[0])

    copy = next(copies(original, 2))

    assert not set(copy.names) & set(original.names)
    assert not any(name.encode() in value for name in original.names for _, _, value in copy.variables)


def test_copies_stand_behind_the_children_that_are_there(store: SQLiteStore) -> None:
    there = children(store)

    populate(store, there[0], 3)

    rows = store.children(store.roots()[0].id)
    assert [row.id for row in rows[:2]] == there
    assert [row.child_no for row in rows] == [0, 1, 2, 3, 4]
