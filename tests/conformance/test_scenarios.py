"""The scenarios that were recorded from the Node engine, played over HTTP against the real program."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

# docs/adr/0005: a flushed module reloads its users, so a value that one of them computed from it is new, too.
DIFFERENT_ON_PURPOSE = {"module-flush"}


@pytest.fixture(scope="module")
def engine_url(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "transports.cli", "run", "--port", str(port), "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (home / "log").open("wb") as log:
        program = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url)
            yield url
        finally:
            program.terminate()
            program.wait(20)


def wait_until_ready(url):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)  # another process starts: there is no clock of ours to move
    pytest.fail("the engine did not start")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 8])
def test_the_scenarios_of_the_node_engine_hold(engine_url, jobs):
    command = [sys.executable, HERE / "run_scenarios.py", engine_url, HERE / "scenarios", "--jobs", str(jobs)]

    played = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)

    failed = set(re.findall(r"^FAIL ([\w-]+):", played.stdout, re.MULTILINE))
    assert failed == DIFFERENT_ON_PURPOSE, played.stdout
    assert re.search(rf"^{101 - len(failed)} passed, {len(failed)} failed$", played.stdout, re.MULTILINE)
