"""Torture with real processes: what it does follows from its seed, and the engine keeps its promises meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from transports.cli import command_line
from transports.torture import BLOWS, Orders, Record, Report, torture
from transports.torture.nemesis import plan
from transports.torture.round import Shape
from transports.torture.sink import Sink
from transports.torture.workload import Target, tasks

TARGETS = [Target("p0", "eci0"), Target("p1", "eci1")]


def chosen(seed: str) -> list[Any]:
    return list(islice(tasks(Random(seed), "c0", TARGETS, "http://sink/", 0.1), 50))


def test_the_same_seed_sends_the_same_events() -> None:
    assert chosen("7/0") == chosen("7/0")
    assert chosen("7/0") != chosen("7/1")


def test_the_same_seed_deals_the_same_blows() -> None:
    assert plan(Random("7"), 20) == plan(Random("7"), 20)
    assert plan(Random("7"), 20) != plan(Random("8"), 20)


def test_every_kind_of_blow_falls_before_one_falls_again() -> None:
    kinds = Counter(blow.name for blow in plan(Random("7"), 2 * len(BLOWS)))

    assert kinds == dict.fromkeys(BLOWS, 2)


@pytest.mark.slow
@pytest.mark.fault(54)
async def test_promises_survive_every_kind_of_blow(tmp_path: Path) -> None:
    orders = Orders("suite", rounds=1, blows=len(BLOWS), connections=16)

    report = await torture(orders, tmp_path, lambda text: None, Shape(connections=16, picos=8))

    assert report.as_json()["violations"] == {name: [0, []] for name in report.violations}
    assert report.acknowledged > 100
    assert report.effects > 0


@pytest.mark.slow
@pytest.mark.fault(54)
async def test_promises_survive_twenty_kills_under_load(tmp_path: Path) -> None:
    """64 connections; the rest of 300 kills is `make torture`."""
    orders = Orders("kills", rounds=1, blows=20, only=("kill",))

    report = await torture(orders, tmp_path, lambda text: None)

    assert report.as_json()["violations"] == {name: [0, []] for name in report.violations}
    assert report.blows == {"kill": 20}
    assert report.acknowledged > 1000


@pytest.mark.slow
def test_the_command_tells_its_verdict_and_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = ["--rounds", "1", "--blows", "1", "--only", "kill", "--connections", "4", "--seed", "7"]

    done = CliRunner().invoke(command_line(), ["torture", *arguments, "--home", str(tmp_path), "--json"])

    verdict = json.loads(done.stdout)
    assert (done.exit_code, verdict["seed"], verdict["holds"], verdict["blows"]) == (0, "7", True, {"kill": 1})
    assert "round 1: kill" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_report_tells_which_promises_were_broken() -> None:
    report = Report("7")
    report.add(Record((), {}, {}, {"e1/0": 2}))
    report.add(Record((), {}, {}, {}, left=("1 events are not finished",)))

    told = report.as_json()

    assert (told["holds"], told["rounds"], told["effects"], told["repeated"]) == (False, 2, 1, 1)
    assert told["violations"]["effects"][0] == 1
    assert told["violations"]["stuck"] == [1, ["round 2: 1 events are not finished"]]


async def test_an_engine_that_cannot_start_is_a_broken_promise(tmp_path: Path) -> None:
    (tmp_path / "round-1").write_text("no folder")

    report = await torture(Orders("7", rounds=1), tmp_path, lambda text: None)

    assert not report.holds
    assert report.kept == [str(tmp_path / "round-1")]


async def test_the_sink_notes_a_key_though_it_gives_no_answer() -> None:
    class Never(Random):
        def random(self) -> float:
            return 0.0

    sink = Sink(Never())
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"POST / HTTP/1.1\r\nIdempotency-Key: e1/0\r\ncontent-length: 2\r\n\r\n{}")
        answer = await reader.read()
        writer.close()

    assert (answer, sink.arrived) == (b"", {"e1/0": 1})
