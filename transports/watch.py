"""`picoengine run --watch`: a ruleset whose file changes is in force a moment later.

Only files that some pico has by a `file:` URL are looked at; a file that nobody has installed is nobody's ruleset yet.
A text that is refused is told with the place and the reason, and the one before stays in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine import Engine, EngineError, RulesetRefused

SETTLING_MS = 200  # an editor's several writes are one change

Tell = Callable[[str], None]


def can_watch() -> bool:
    """Whether the package that watches is installed."""
    return find_spec("watchfiles") is not None


async def watch(engine: Engine, folders: Sequence[str], tell: Tell) -> None:
    """Reload rulesets below these folders as their files change, until cancelled; also what has changed before.

    Raises OSError or RuntimeError if the folders cannot be watched.
    """
    # The first to be started is listening when the second looks: nothing changes unseen between the two.
    await asyncio.gather(_follow(engine, folders, tell), _catch_up(engine, folders, tell))


async def _catch_up(engine: Engine, folders: Sequence[str], tell: Tell) -> None:
    """What has changed while nobody watched."""
    places = [Path(folder).resolve() for folder in folders]
    for path, url in _files(engine):
        if any(path.is_relative_to(place) for place in places):
            await reload(engine, path, url, tell)


async def _follow(engine: Engine, folders: Sequence[str], tell: Tell) -> None:
    from watchfiles import awatch

    async for changes in awatch(*folders, debounce=SETTLING_MS, step=SETTLING_MS // 4):
        changed = {Path(path).resolve() for _, path in changes}
        for path, url in _files(engine):
            if path in changed:
                await reload(engine, path, url, tell)


async def reload(engine: Engine, path: Path, url: str, tell: Tell) -> None:
    """Take the file's text, unless it is the one in force; tell what came of it."""
    if not path.exists():
        return  # an editor that writes beside and renames, or a ruleset that now lives in the store alone
    before = {each["url"]: each["hash"] for each in engine.reports.rulesets()}
    try:
        taken = await engine.flush(url)
    except EngineError as error:
        tell("\n".join(_refusal(path, error)))
        return
    if taken["hash"] != before.get(url):
        tell(f"{path}: ruleset {taken['rid']} is in force")


def _files(engine: Engine) -> Iterator[tuple[Path, str]]:
    """The rulesets that have a file, by its real path."""
    for each in engine.reports.rulesets():
        if each["url"].startswith("file:"):
            yield Path(unquote(urlsplit(each["url"]).path)).resolve(), each["url"]


def _refusal(path: Path, error: EngineError) -> Iterator[str]:
    """Each mistake with its place and an excerpt."""
    if isinstance(error, RulesetRefused) and error.diagnostics:
        for each in error.diagnostics:
            yield f"{path}:{each['line']}:{each['column']}: {each['severity']}: {each['message']}"
            yield each["excerpt"]
    else:
        yield f"{path}: {error.text}"
    yield f"{path}: the text before stays in force"
