"""The program as a process: its line, its signals, its home."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-W", "error", "-c", "from transports.cli import main; main()"]
ROOT = Path(__file__).parents[2]

Start = Callable[..., "Program"]


class Program:
    """A running engine and what it said."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.line)
        assert found is not None, self.finish()[1]
        return found.group()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return json.loads(response.read())

    def finish(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.finish()[0]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def start(*arguments: str, **environment: str) -> Program:
        programs.append(Program("run", "--home", str(tmp_path), "--port", "0", *arguments, **environment))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.process.communicate()


def test_it_serves_where_it_says_and_stops_with_0(start: Start, tmp_path: Path) -> None:
    program = start()

    assert program.get("/api/ui-context")["eci"]
    assert program.stop() == 0
    assert (tmp_path / "picoengine.db").exists()


def test_it_is_the_same_engine_after_a_restart(start: Start) -> None:
    first = start()
    eci = first.get("/api/ui-context")["eci"]
    first.stop()

    assert start().get("/api/ui-context")["eci"] == eci


def test_sigint_stops_it_as_sigterm_does(start: Start) -> None:
    program = start()

    program.process.send_signal(signal.SIGINT)

    assert program.finish()[0] == 0


def test_an_idle_connection_does_not_hold_the_stop(start: Start) -> None:
    program = start()
    port = int(program.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(4096)
        assert program.stop() == 0


@pytest.mark.fault(46)
def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    program = start()
    port = int(program.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)) as busy:
        # A request without its end keeps the server waiting for it.
        busy.sendall(b"POST /c/x/event/d/n HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        program.get("/api/ui-context")
        program.process.send_signal(signal.SIGTERM)
        wait_until_refused(port)
        program.process.send_signal(signal.SIGTERM)
        assert program.finish()[0] == 128 + signal.SIGTERM


def wait_until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # it was in the row of those that nobody will accept


def test_a_taken_port_is_told_and_no_data_is_touched(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, errors = start("--port", str(port)).finish()

    assert (code, (tmp_path / "picoengine.db").exists()) == (2, False)
    assert f"cannot listen on 127.0.0.1, port {port}" in errors


def test_a_node_engines_files_are_left_alone(start: Start, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "CURRENT").write_text("MANIFEST-000001\n")
    program = start()

    program.process.send_signal(signal.SIGTERM)

    assert "home of a Node pico engine" in program.finish()[1]
    assert (tmp_path / "db" / "CURRENT").read_text() == "MANIFEST-000001\n"


def test_a_wrong_setting_is_wrong_usage(start: Start) -> None:
    code, errors = start(PICO_ENGINE_MAX_DEPTH="deep").finish()

    assert code == 2 and "PICO_ENGINE_MAX_DEPTH" in errors


def test_a_second_engine_of_the_same_home_is_refused(start: Start) -> None:
    first = start()

    code, errors = start().finish()

    assert code == 1 and "Traceback" not in errors
    assert first.get("/api/ui-context")["eci"]


def test_an_event_makes_a_child_that_the_tree_shows(start: Start) -> None:
    program = start()
    root = program.get("/api/ui-context")["eci"]

    assert verb(program, "event", root, "engine_ui:new", "name=Ann").returncode == 0

    tree = json.loads(verb(program, "tree", "--json").stdout)
    assert len(tree["children"]) == 1


def test_a_ruleset_from_a_file_answers_queries(start: Start, tmp_path: Path) -> None:
    program = start()
    root = program.get("/api/ui-context")["eci"]
    (tmp_path / "hello.krl").write_text(
        'ruleset hello { meta { shares hi } global { hi = function(name){ "Hello, " + name } } }'
    )

    assert verb(program, "install", str(tmp_path / "hello.krl")).returncode == 0
    channel = verb(program, "channel", "new", "greeter").stdout.strip()

    assert verb(program, "query", channel, "hello/hi", "name=Ann").stdout == "Hello, Ann\n"
    assert verb(program, "query", root, "hello/hi").returncode == 4
    assert verb(program, "query", channel, "hello/nope").returncode == 5


def test_metrics_tell_of_calls_and_of_answers_to_mail(start: Start, tmp_path: Path) -> None:
    program = start("--smtp", "127.0.0.1:0")
    (tmp_path / "caller.krl").write_text(
        'ruleset caller { rule call { select when x call http:post("ftp://far.example/", json = {}) setting(answer) } }'
    )
    verb(program, "install", str(tmp_path / "caller.krl"))
    channel = verb(program, "channel", "new", "caller").stdout.strip()
    verb(program, "event", channel, "x:call")
    [port] = re.findall(r"listen on 127.0.0.1:(\d+)", text(program, "/readyz"))
    with smtplib.SMTP("127.0.0.1", int(port)) as mail:
        mail.ehlo()
        mail.mail("ann@example.com")
        mail.rcpt("nosuch@localhost")

    lines = text(program, "/metrics").splitlines()

    assert {
        'picoengine_transport_answers_total{code="550",transport="smtp"} 1.0',
        "picoengine_steps_made_total 1.0",
        "picoengine_steps_without_answer_total 1.0",
        'picoengine_steps_waiting{for="answer"} 0.0',
        'picoengine_steps_waiting{for="operator"} 0.0',
    } <= set(lines)


def text(program: Program, path: str) -> str:
    with urllib.request.urlopen(program.url + path, timeout=30) as response:
        found: str = response.read().decode()
    return found


def verb(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PICO_ENGINE_URL": program.url}
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_watched_ruleset_is_in_force_when_its_file_changes(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "rulesets"
    folder.mkdir()
    file = folder / "hello.krl"
    text = "ruleset hello {{ meta {{ shares n }} global {{ n = function() {{ {} }} }} }}"
    file.write_text(text.format(1))
    program = start("--watch", str(folder))
    assert verb(program, "install", f"file://{file}").returncode == 0
    channel = verb(program, "channel", "new", "own").stdout.strip()

    file.write_text(text.format(2))

    assert program.process.stderr is not None
    assert "ruleset hello is in force" in program.process.stderr.readline()
    assert verb(program, "query", channel, "hello/n").stdout == "2\n"
    assert program.stop() == 0


def test_folders_are_given_to_be_watched(start: Start, tmp_path: Path) -> None:
    code, errors = start(str(tmp_path)).finish()

    assert code == 2 and "--watch" in errors


def test_watching_needs_a_folder(start: Start) -> None:
    code, errors = start("--watch").finish()

    assert code == 2 and "file_folders" in errors
