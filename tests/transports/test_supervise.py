"""The watch over the program: crashes are mended, signals passed on, and a poisonous event is set aside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from transports.supervise import Watch

ROOT = Path(__file__).parents[2]


class Naps:
    """Sleeps that are over at once, and how long they should have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def program(text: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", text, *arguments]


def crashing(times: int, folder: Path, last: int = 0) -> list[str]:
    """A program that is killed so many times, and then ends with the status `last`."""
    text = """if True:
        import os, pathlib, signal, sys
        count = pathlib.Path(sys.argv[1])
        runs = int(count.read_text()) if count.exists() else 0
        count.write_text(str(runs + 1))
        if runs < int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        sys.exit(int(sys.argv[3]))"""
    return program(text, str(folder / "count"), str(times), str(last))


async def test_a_program_that_ends_in_good_order_is_not_started_again(tmp_path: Path) -> None:
    naps = Naps()

    assert await Watch(crashing(0, tmp_path), naps).run() == 0
    assert naps.seconds == []


async def test_a_program_that_crashes_is_started_again_later_and_later(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    naps = Naps()

    assert await Watch(crashing(4, tmp_path), naps).run() == 0

    assert naps.seconds == [0.5, 1.0, 2.0, 4.0]
    assert "ended by SIGKILL; it is started again in 0.5 s" in capfd.readouterr().err


async def test_the_delay_begins_anew_when_the_program_has_run_for_long(tmp_path: Path) -> None:
    naps = Naps()
    clock = iter([0, 1, 1, 100, 100, 101])  # the second run takes long

    watch = Watch(crashing(2, tmp_path), naps, lambda: float(next(clock)))

    assert await watch.run() == 0
    assert naps.seconds == [0.5, 0.5]


@pytest.mark.parametrize("code", [1, 2])
async def test_a_program_that_cannot_start_is_not_started_again(tmp_path: Path, code: int) -> None:
    naps = Naps()

    assert await Watch(crashing(0, tmp_path, code), naps).run() == code
    assert naps.seconds == []


async def test_a_program_that_could_start_once_is_started_again_whatever_it_says(tmp_path: Path) -> None:
    naps = Naps()
    text = """if True:
        import pathlib, sys
        count = pathlib.Path(sys.argv[1])
        runs = int(count.read_text()) if count.exists() else 0
        count.write_text(str(runs + 1))
        sys.exit(3 if runs == 0 else 1 if runs == 1 else 0)"""

    assert await Watch(program(text, str(tmp_path / "count")), naps).run() == 0
    assert len(naps.seconds) == 2


async def test_a_signal_is_passed_on_and_ends_the_watch() -> None:
    text = """if True:
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print("up", flush=True)
        signal.pause()"""
    watcher = program(
        "import sys; from transports.supervise import supervise; sys.exit(supervise(sys.argv[1:]))", *program(text)
    )
    process = await asyncio.create_subprocess_exec(*watcher, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"

    process.terminate()

    assert await process.wait() == 0


async def test_a_signal_during_a_delay_ends_the_watch() -> None:
    watcher = program(
        "import sys; from transports.supervise import supervise; sys.exit(supervise(sys.argv[1:]))",
        *program("import sys; sys.exit(3)"),
    )
    process = await asyncio.create_subprocess_exec(*watcher, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    while b"in 4 s" not in await process.stderr.readline():
        pass

    process.terminate()

    assert await asyncio.wait_for(process.wait(), 3) == 0


# --- an event that ends the process ---------------------------------------------------------------------------

RULESET = """ruleset deadly { meta { shares count }
  global { count = function() { ent:count.defaultsTo(0) } }
  rule send { select when do start
    event:send({"eci": event:eci, "domain": "do", "type": "deadly", "attrs": event:attrs}) }
  rule deadly { select when do deadly pre { word = random:word(event:attrs{"how"}) } }
  rule good { select when do good fired { ent:count := ent:count.defaultsTo(0) + 1 } } }"""


@contextmanager
def supervised(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    deadly = [sys.executable, "-m", "tests.transports.deadly_engine", "run", "--home", str(home), "--port", str(port)]
    text = "import sys; from transports.supervise import supervise; sys.exit(supervise(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PICO_ENGINE_WATCHDOG_SECONDS": "1"}
    process = subprocess.Popen(
        program(text, *deadly), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def ask(url: str, members: dict[str, Any] | None = None, *, seconds: float = 60.0) -> Any:
    """What the engine answers, as soon as there is one that does."""
    until = time.monotonic() + seconds
    body = None if members is None else json.dumps(members).encode()
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.loads(response.read())
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # the engine is being started: nothing tells when it is there


def deadly_channel(url: str) -> str:
    """The ECI of a channel of a root that has the ruleset."""
    root = ask(f"{url}/api/ui-context")["eci"]
    ask(f"{url}/c/{root}/event-wait/engine_ui/install", {"source": RULESET})
    path = f"{url}/c/{root}/event/engine_ui/new_channel/query/io.picolabs.pico-engine-ui/pico"
    return next(each["id"] for each in ask(path, {"tags": ["t"]})["channels"] if each["tags"] == ["t"])


@pytest.mark.slow
@pytest.mark.fault(36)
@pytest.mark.parametrize("how", ["kill", "segfault", "hang"])
def test_an_event_that_ends_the_process_three_times_is_a_dead_letter_and_its_pico_goes_on(
    tmp_path: Path, how: str
) -> None:
    """ONCE, LIVE: it is visible in the dead letters, and nothing waits behind it."""
    with supervised(tmp_path) as (process, url):
        eci = deadly_channel(url)

        with suppress(OSError):  # the answer may be lost with the process
            ask(f"{url}/c/{eci}/event-wait/do/start", {"how": how}, seconds=0)
        letters: list[dict[str, Any]] = []
        while not letters:
            letters = ask(f"{url}/api/v1/dead")["letters"]

        assert [(each["status"], each["domain"], each["type"]) for each in letters] == [("dead", "do", "deadly")]
        assert "ended 3 times" in letters[0]["error"]
        ask(f"{url}/c/{eci}/event-wait/do/good", {})
        assert ask(f"{url}/c/{eci}/query/deadly/count") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.slow
@pytest.mark.fault(36)
def test_an_event_that_wants_more_memory_than_there_is_fails_alone(tmp_path: Path) -> None:
    with supervised(tmp_path) as (_, url):
        eci = deadly_channel(url)

        with pytest.raises(urllib.error.HTTPError, match="500"):
            ask(f"{url}/c/{eci}/event-wait/do/deadly", {"how": "allocate"}, seconds=0)

        ask(f"{url}/c/{eci}/event-wait/do/good", {}, seconds=0)
        assert ask(f"{url}/c/{eci}/query/deadly/count", seconds=0) == 1


def test_a_program_that_nobody_watches_over_is_not_ended_by_the_watchdog() -> None:
    assert hangs_for_half_a_second({}) == 0


def test_a_program_that_hangs_is_ended_by_the_watchdog() -> None:
    assert hangs_for_half_a_second({"PICO_ENGINE_SUPERVISED": "1"}) == -signal.SIGPROF


def test_a_program_that_works_without_end_and_does_not_hang_is_left_alone() -> None:
    text = """if True:
        import asyncio, time
        from transports.watchdog import watchdog
        async def work():
            with watchdog(0.3):
                while time.process_time() < 1.5:
                    await asyncio.sleep(0)
        asyncio.run(work())"""
    environment = {**os.environ, "PICO_ENGINE_SUPERVISED": "1"}

    assert subprocess.run(program(text), cwd=ROOT, env=environment).returncode == 0


def hangs_for_half_a_second(environment: dict[str, str]) -> int:
    """How a program ends whose loop is held up for longer than its watchdog allows."""
    text = """if True:
        import asyncio, time
        from transports.watchdog import watchdog
        async def hang():
            with watchdog(0.2):
                await asyncio.sleep(0)
                until = time.process_time() + 0.5
                while time.process_time() < until:
                    pass
        asyncio.run(hang())"""
    return subprocess.run(program(text), cwd=ROOT, env={**os.environ, **environment}).returncode
