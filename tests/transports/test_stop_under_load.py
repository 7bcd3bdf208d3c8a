"""SIGTERM while many clients send: what was acknowledged is there, once, and nobody hears more than "again later"."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Semaphore, Thread
from typing import Any

import pytest

from tests.examples.engine_process import EngineProcess

UI = "io.picolabs.pico-engine-ui"
CLIENTS = 8
ACKNOWLEDGED_FIRST = 300  # before the signal

RULESET = """ruleset list { meta { shares seen }
  global { seen = function() { ent:seen.defaultsTo([]) } }
  rule adds { select when n add fired { ent:seen := ent:seen.defaultsTo([]).append(event:attrs{"n"}) } } }"""


class Client(Thread):
    """Sends events, every other one without waiting for its end, until nobody answers any more."""

    def __init__(self, port: int, eci: str, name: str, acknowledged: Semaphore) -> None:
        super().__init__(name=name)
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._eci = eci
        self._told = acknowledged
        self.acknowledged: list[str] = []
        self.refused: set[int] = set()

    def run(self) -> None:
        for n in range(100_000):
            word = "event" if n % 2 else "event-wait"
            try:
                status = ask(self._connection, f"/c/{self._eci}/{word}/n/add", {"n": f"{self.name}-{n}"})[0]
            except (OSError, HTTPException):
                break
            if status == 200:
                self.acknowledged.append(f"{self.name}-{n}")
                self._told.release()
            else:
                self.refused.add(status)
        self._connection.close()


def ask(connection: HTTPConnection, path: str, members: dict[str, Any]) -> tuple[int, Any]:
    connection.request("POST", path, json.dumps(members), {"Content-Type": "application/json"})
    with connection.getresponse() as response:
        return response.status, json.loads(response.read())


@pytest.mark.slow
@pytest.mark.fault(46)
def test_a_stop_under_load_loses_nothing_and_ends_in_good_order(tmp_path: Path) -> None:
    with EngineProcess(tmp_path / "home") as engine:
        connection = HTTPConnection("127.0.0.1", engine.port)
        connection.request("GET", "/api/ui-context")
        root = json.loads(connection.getresponse().read())["eci"]
        ask(connection, f"/c/{root}/event-wait/engine_ui/install", {"source": RULESET})
        made = ask(connection, f"/c/{root}/event/engine_ui/new_channel/query/{UI}/pico", {"tags": ["t"]})[1]
        eci = next(each["id"] for each in made["channels"] if each["tags"] == ["t"])
        connection.close()
        acknowledged = Semaphore(0)
        clients = [Client(engine.port, eci, f"c{n}", acknowledged) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(ACKNOWLEDGED_FIRST):
            acknowledged.acquire()

        code = engine.stop()

        for client in clients:
            client.join()
        engine.start()
        seen = ask(connection, f"/c/{eci}/query/list/seen", {})[1]
        connection.close()
    told = [each for client in clients for each in client.acknowledged]
    assert code == 0
    assert set.union(*(client.refused for client in clients)) <= {503}
    assert len(seen) == len(set(seen))
    assert [each for each in told if each not in set(seen)] == []
    for client in clients:
        mine = [each for each in seen if each.startswith(f"{client.name}-")]
        assert mine == sorted(mine, key=lambda each: int(each.partition("-")[2]))
