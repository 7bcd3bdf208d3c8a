"""A private RabbitMQ: a node of its own, with its own ports, names and folder, on the loopback interface.

As a program (`python -m tests.broker FOLDER OWNER`) it runs one for as long as the process OWNER lives, or until it is
told to stop; FOLDER/ready says where it is. So no way of ending a test run leaves a broker behind.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.bench.servers import ROOT, free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one in /usr/sbin becomes another user
HOST = "127.0.0.1"
START_SECONDS = 120.0
LOOK_SECONDS = 0.2
ADMIN = "admin"
PASSWORD = "secret-of-the-tests"


class Broker:
    """A node and its port mapper, which are processes of their own."""

    def __init__(self, folder: Path, configuration: str = "") -> None:
        """`configuration`: further lines of rabbitmq.conf."""
        self.folder = folder
        self.port, self.api_port, self._dist_port, self._epmd_port = (free_port() for _ in range(4))
        self._node: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            f"management.tcp.ip = {HOST}\nmanagement.tcp.port = {self.api_port}\n"
            f"default_user = {ADMIN}\ndefault_pass = {PASSWORD}\n"
            "loopback_users = none\nvm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 10MB\n"
            f"log.file.level = warning\n{configuration}"
        )
        (folder / "plugins").write_text("[rabbitmq_management, rabbitmq_auth_mechanism_ssl].\n")

    def start(self) -> Broker:
        """Start it, on the data of the last time; returns when it takes connections."""
        environment = self._environment()
        log = (self.folder / "output").open("ab")
        with log:
            if self._epmd is None:
                self._epmd = subprocess.Popen(
                    [_epmd(), "-port", str(self._epmd_port), "-address", HOST], stdout=log, stderr=log
                )
            self._node = subprocess.Popen(
                [PROGRAM], env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._node.poll() is not None or time.monotonic() > end:
                text = (self.folder / "output").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"no broker came up:\n{text}")
            time.sleep(LOOK_SECONDS)
        return self

    def kill(self) -> None:
        """End the node as a fault would."""
        assert self._node is not None
        os.killpg(self._node.pid, signal.SIGKILL)
        self._node.wait()
        self._node = None

    def stop(self) -> None:
        """End the node and the port mapper; nothing of them is left."""
        if self._node is not None:
            os.killpg(self._node.pid, signal.SIGTERM)
            try:
                self._node.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._node = None
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
        self._epmd = None

    def control(self, *words: str) -> None:
        """One command of rabbitmqctl."""
        program = PROGRAM.with_name("rabbitmqctl")
        subprocess.run([program, *words], env=self._environment(), check=True, capture_output=True, timeout=60)

    def _answers(self) -> bool:
        try:
            return bool(Api(self.api_port).ask("GET", "/overview"))
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }


class Api:
    """The broker's management, over HTTP."""

    def __init__(self, port: int) -> None:
        self._url = f"http://{HOST}:{port}/api"
        self._secret = base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()

    def ask(self, method: str, path: str, members: Any = None) -> Any:
        """The answer's JSON, None if it has no body. Raises OSError."""
        body = None if members is None else json.dumps(members).encode()
        headers = {"Authorization": f"Basic {self._secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            text = response.read()
        return json.loads(text) if text else None

    def make_vhost(self, name: str, user: str = ADMIN) -> None:
        """A virtual host in which the user may do everything."""
        self.ask("PUT", f"/vhosts/{quote(name, safe='')}", {})
        self.permit(name, user)

    def permit(self, vhost: str, user: str, configure: str = ".*", write: str = ".*", read: str = ".*") -> None:
        """What a user may do in a virtual host."""
        rights = {"configure": configure, "write": write, "read": read}
        self.ask("PUT", f"/permissions/{quote(vhost, safe='')}/{user}", rights)

    def publish(self, vhost: str, exchange: str, key: str, body: str, properties: dict[str, Any]) -> None:
        """Send a message with these properties only; clients like to add a message id."""
        place = f"/exchanges/{quote(vhost, safe='')}/{exchange}/publish"
        members = {"routing_key": key, "payload": body, "payload_encoding": "string", "properties": properties}
        self.ask("POST", place, members)

    def empty(self, vhost: str) -> None:
        """Take all messages out of a virtual host's queues, and all queues away that are not the engine's."""
        at = f"/queues/{quote(vhost, safe='')}"
        for queue in self.ask("GET", f"{at}?disable_stats=true&enable_queue_totals=true"):
            place = f"{at}/{quote(queue['name'], safe='')}"
            self.ask("DELETE", f"{place}/contents" if queue["name"].startswith("pico.") else place)

    def make_user(self, name: str) -> None:
        """A user with the tests' password."""
        self.ask("PUT", f"/users/{name}", {"password": PASSWORD, "tags": ""})


def folder_of(owner: int) -> Path:
    """Where the broker of a test run is, whose main process is the owner."""
    return Path(tempfile.gettempdir()) / f"picoengine-broker-{owner}"


def start_keeper(folder: Path, owner: int) -> int:
    """Start this file as a program, in a session of its own; its process id."""
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    command = [sys.executable, "-m", "tests.broker", str(folder), str(owner)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return os.posix_spawn(sys.executable, command, environment, file_actions=quiet, setsid=True)


def end_of_run() -> None:
    """End this process's broker, if it has one; returns when nothing is left of it."""
    folder = folder_of(os.getpid())
    folder.with_suffix(".lock").unlink(missing_ok=True)
    try:
        keeper = json.loads((folder / "ready").read_text())["pid"]
        os.kill(keeper, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    end = time.monotonic() + START_SECONDS
    while folder.exists() and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)


def _epmd() -> str:
    found = shutil.which("epmd") or next(map(str, Path("/usr/lib/erlang").glob("erts-*/bin/epmd")), None)
    if found is None:
        raise RuntimeError("no epmd, which Erlang brings")
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def main(folder: Path, owner: int) -> None:
    """Run a broker until the owner has ended, or SIGTERM."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    broker = Broker(folder)
    try:
        broker.start()
        told = folder / "telling"
        told.write_text(json.dumps({"port": broker.port, "api_port": broker.api_port, "pid": os.getpid()}))
        told.rename(folder / "ready")
        while not stopped and _lives(owner):
            time.sleep(LOOK_SECONDS)
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
