"""Transports of others: found by entry points, told by the file, run with the engine. The one in docs/transports.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import Delivery, Engine, Settings, dumps, open_engine
from tests.transports.polling import until
from transports.configuration import ConfigurationError, read_configuration
from transports.installed import all_decoders, all_senders, answers, is_up, running, states, transports_of

DOCS = Path(__file__).parents[2] / "docs"
UI = "io.picolabs.pico-engine-ui"

RULESET = """
ruleset r {
  meta { shares seen }
  global { seen = function() { ent:seen.defaultsTo([]) } }
  rule see { select when test seen fired { ent:seen := seen().append(event:attrs{"n"}) } }
  rule pass_on {
    select when test send
    event:send({"eci": "far1", "domain": "d", "type": "t", "attrs": {"n": event:attrs{"n"}}}, "drop:")
  }
}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The documented transport, installed in a folder."""
    text = (DOCS / "transports.md").read_text()
    [module] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [name] = re.findall(r'^(drop = "drop:transport")$', text, re.MULTILINE)
    folder = tmp_path / "site"
    information = folder / "drop-1.0.dist-info"
    information.mkdir(parents=True)
    (folder / "drop.py").write_text(module)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: drop\nVersion: 1.0\n")
    entry = name.replace('"', "")
    (information / "entry_points.txt").write_text(f"[picoengine.transports]\n{entry}\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    import sys

    sys.modules.pop("drop", None)


def configured(home: Path, text: str) -> Any:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text)
    return read_configuration({"home": str(home)}, {})


async def ready(engine: Engine) -> str:
    """A channel of the root, which has the ruleset."""
    root = engine.ui_context()["eci"]
    for type, attrs in (("install", {"source": RULESET}), ("new_channel", {"tags": ["drop"]})):
        await engine.deliver(Delivery("test", root, ("event", "engine_ui", type), dumps(attrs)))
    reply = await engine.deliver(Delivery("test", root, ("query", UI, "pico")))
    found: str = next(each["id"] for each in reply.value["channels"] if each["tags"] == ["drop"])
    return found


@pytest.mark.usefixtures("package")
async def test_the_documented_transport_works_both_ways(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    configuration = configured(tmp_path / "home", f"[transports.drop]\nfolder = {json.dumps(str(spool))}\n")
    transports = transports_of(configuration)
    senders = all_senders(transports)

    async with (
        open_engine(Settings(cache="off"), decoders=all_decoders(transports, {}), senders=senders) as engine,
        running(transports, engine),
    ):
        eci = await ready(engine)
        assert states(transports) == {"drop": "watching"}
        (spool / "in" / f"{eci}.test.seen.first.json").write_text('{"n": 1}')
        (spool / "in" / "nosuch.test.seen.second.json").write_text('{"n": 2}')

        async def seen() -> Any:
            return (await engine.deliver(Delivery("test", eci, ("query", "r", "seen")))).value

        assert await until(seen) == [1]
        await until((spool / "in" / "nosuch.test.seen.second.refused").exists)
        await until(lambda: not list((spool / "in").glob("*.json")))
        (spool / "in" / f"{eci}.test.seen.first.json").write_text('{"n": 1}')
        await until(lambda: not list((spool / "in").glob("*.json")))
        assert await seen() == [1]

        await engine.deliver(Delivery("test", eci, ("event", "test", "send"), b'{"n": 3}'))
        [path] = await until(lambda: list((spool / "out").glob("far1.d.t.*.json")))
        assert path.read_text() == '{"n":3}'


@pytest.mark.usefixtures("package")
def test_a_transport_that_is_not_told_anything_is_not_there(tmp_path: Path) -> None:
    assert transports_of(configured(tmp_path / "home", "")) == ()


@pytest.mark.usefixtures("package")
def test_what_a_transport_does_not_understand_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"transports\.drop\.folder"):
        transports_of(configured(tmp_path / "home", "[transports.drop]\nfolder = 1\n"))


def test_a_transport_that_is_not_installed_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'telex' is not installed"):
        transports_of(configured(tmp_path / "home", "[transports.telex]\nnumber = 1\n"))


def test_two_transports_cannot_share_a_kind(package: Path, tmp_path: Path) -> None:
    other = package / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[picoengine.transports]\nother = drop:transport\n")
    table = '[transports.drop]\nfolder = "/a"\n[transports.other]\nfolder = "/b"\n'

    with pytest.raises(ConfigurationError, match="both have 'drop' in senders"):
        transports_of(configured(tmp_path / "home", table))


FAULTS = {
    "while it is loaded": "1 / 0",
    "while it is made": "def transport(configuration, table): return 1 / 0",
    "in what it says of itself": """
class Telex:
    name = "drop"
    decoders = property(lambda self: 1 / 0)
def transport(configuration, table): return Telex()""",
    "by being none": "def transport(configuration, table): return object()",
    "by having no factory": "",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_package_stops_the_start_and_names_the_package(package: Path, tmp_path: Path, fault: str) -> None:
    (package / "drop.py").write_text(fault)

    with pytest.raises(ConfigurationError, match="'drop' of the package 'drop'"):
        transports_of(configured(tmp_path / "home", ""))


class Noted:
    """Notes when it is started and stopped."""

    decoders: dict[str, Any] = {}
    senders: dict[str, Any] = {}
    state = "fine"
    up = True

    def __init__(self, name: str, notes: list[str], fails: str = "") -> None:
        self.name = name
        self._notes = notes
        self._fails = fails

    async def start(self, engine: Engine) -> None:
        self._note("start")

    async def stop(self) -> None:
        self._note("stop")

    def _note(self, what: str) -> None:
        self._notes.append(f"{self.name} {what}")
        if what == self._fails:
            raise ConfigurationError(what)


async def test_transports_start_and_stop_together() -> None:
    notes: list[str] = []
    async with open_engine(Settings(cache="off")) as engine, running([Noted("a", notes), Noted("b", notes)], engine):
        assert notes == ["a start", "b start"]

    assert notes[2:] == ["a stop", "b stop"]


async def test_one_that_does_not_start_stops_those_that_have() -> None:
    notes: list[str] = []
    async with open_engine(Settings(cache="off")) as engine:
        with pytest.raises(ConfigurationError):
            async with running([Noted("a", notes), Noted("b", notes, "start"), Noted("c", notes)], engine):
                raise AssertionError("this is not reached")

    assert notes == ["a start", "b start", "a stop", "b stop"]


class Faulty(Noted):
    """Fails in whatever way it can."""

    state = property(lambda self: 1 / 0)  # type: ignore[assignment]
    up = property(lambda self: 1 / 0)  # type: ignore[assignment]
    answers = property(lambda self: 1 / 0)

    async def start(self, engine: Engine) -> None:
        raise ZeroDivisionError


async def test_a_fault_in_the_start_names_the_transport() -> None:
    async with open_engine(Settings(cache="off")) as engine:
        with pytest.raises(ConfigurationError, match="'telex' did not start: ZeroDivisionError"):
            async with running([Faulty("telex", [])], engine):
                raise AssertionError("this is not reached")


def test_one_that_cannot_tell_how_it_is_does_not_hide_the_others() -> None:
    faulty, fine = Faulty("a", []), Noted("b", [])

    assert states([faulty, fine]) == {"a": "cannot tell: ZeroDivisionError", "b": "fine"}
    assert [is_up(faulty), is_up(fine)] == [False, True]
    assert [answers(faulty), answers(fine)] == [{}, {}]


def test_one_that_counts_its_answers_is_asked_for_them() -> None:
    counting = Noted("a", [])
    counting.answers = {"250": 3}  # type: ignore[attr-defined]

    assert answers(counting) == {"250": 3}


async def test_one_that_does_not_stop_does_not_keep_the_others() -> None:
    notes: list[str] = []
    async with (
        open_engine(Settings(cache="off")) as engine,
        running([Noted("a", notes, "stop"), Noted("b", notes)], engine),
    ):
        pass

    assert notes[2:] == ["a stop", "b stop"]
