"""Watched files: what changes on disk is what answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine import Delivery, Engine, Settings, open_engine
from transports import serve
from transports.configuration import ConfigurationError, read_configuration
from transports.watch import watch

UI = "io.picolabs.pico-engine-ui"


def ruleset(answer: str) -> str:
    return f"ruleset watched {{ meta {{ shares answer }} global {{ answer = function() {{ {answer} }} }} }}"


class Watched:
    """An engine with one ruleset in a file, and what the watcher has told."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self.engine = engine
        self.file = file
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def install(self) -> None:
        root = self.engine.ui_context()["eci"]
        body = b'{"url": "file://%s"}' % str(self.file).encode()
        await self.engine.deliver(Delivery("test", root, ("event", "engine_ui", "install"), body))
        body = b'{"tags": ["t"]}'
        words = ("event", "engine_ui", "new_channel", "query", UI, "pico")
        reply = await self.engine.deliver(Delivery("test", root, words, body))
        self.channel = next(each["id"] for each in reply.value["channels"] if each["tags"] == ["t"])

    async def answer(self) -> object:
        return (await self.engine.deliver(Delivery("test", self.channel, ("query", "watched", "answer")))).value

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        watcher = asyncio.create_task(watch(self.engine, [str(self.file.parent)], self.told.put_nowait))
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.wait([watcher])


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    file = tmp_path / "watched.krl"
    file.write_text(ruleset("1"))
    async with open_engine(Settings(file_folders=(str(tmp_path),))) as engine:
        watched = Watched(engine, file)
        await watched.install()
        yield watched


async def told(watched: Watched) -> str:
    return await asyncio.wait_for(watched.told.get(), 30)


async def test_a_change_while_nobody_watched_is_caught_up_with(watched: Watched) -> None:
    watched.file.write_text(ruleset("2"))

    async with watched.watching():
        assert await told(watched) == f"{watched.file}: ruleset watched is in force"

    assert await watched.answer() == 2


def overwrite(file: Path, text: str) -> None:
    file.write_text(text)


def replace(file: Path, text: str) -> None:
    """As many editors do."""
    beside = file.with_suffix(".tmp")
    beside.write_text(text)
    beside.rename(file)


@pytest.mark.parametrize("write", [overwrite, replace])
async def test_a_file_that_changes_is_in_force(watched: Watched, write: Callable[[Path, str], None]) -> None:
    watched.file.write_text(ruleset("2"))

    async with watched.watching():
        await told(watched)  # what it caught up with: from here on it watches
        write(watched.file, ruleset("3"))
        await told(watched)

    assert await watched.answer() == 3


async def test_a_mistake_is_told_with_its_place_and_the_text_before_stays(watched: Watched) -> None:
    watched.file.write_text(ruleset("1 +"))

    async with watched.watching():
        message = await told(watched)

    first, *rest = message.splitlines()
    assert first.startswith(f"{watched.file}:1:") and ": error: " in first
    assert any(line.strip() == "^" for line in rest)
    assert rest[-1] == f"{watched.file}: the text before stays in force"
    assert await watched.answer() == 1


async def test_a_file_that_is_gone_changes_nothing(watched: Watched) -> None:
    watched.file.unlink()

    async with watched.watching():
        (watched.file.parent / "other.krl").write_text(ruleset("4"))
        watched.file.write_text(ruleset("5"))
        await told(watched)

    assert await watched.answer() == 5
    assert watched.told.empty()


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "can_watch", lambda: False)

    with pytest.raises(ConfigurationError, match=r"pip install 'picoengine\[watch\]'"):
        serve.run(read_configuration({"home": str(tmp_path)}, {}), [str(tmp_path)])


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no folder"):
        serve.run(read_configuration({"home": str(tmp_path)}, {}), [str(tmp_path / "none")])
