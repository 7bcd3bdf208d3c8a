"""Play a network of temperature sensors against a running engine.

    python play.py --engine http://localhost:3000 --sensors 10 --heartbeats 100 --seed 1

It makes a manager pico under the root (or takes the one that is there), asks it for the sensors, and then posts
heartbeats as the devices would: each sensor one after the other, all sensors at the same time. Every heartbeat has
an `Idempotency-Key`, and one that was not answered is posted again under the same key, so that none is lost and none
is counted twice, whatever happens to the engine meanwhile.

Standard library only. The numbers come from a seed: the same seed plays the same heartbeats.
"""

from __future__ import annotations

import argparse
import functools
import http.client
import json
import random
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANAGER = "Sensor manager"
UI = "io.picolabs.pico-engine-ui"
THRESHOLD = 80.0  # degrees Fahrenheit
PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)  # seconds between attempts; the last one again and again
GIVE_UP_SECONDS = 60.0  # without an answer

MANAGER_EVENTS = {
    "allow": [{"domain": "sensors", "name": "new_sensor"}, {"domain": "sensors", "name": "unneeded_sensor"}],
    "deny": [],
}
MANAGER_QUERIES = {"allow": [{"rid": "sensor.manager", "name": "*"}], "deny": []}


# --- what the devices say ---


@dataclass(frozen=True)
class Heartbeat:
    """One post of one device."""

    sensor: str
    key: str  # the same at each attempt
    body: dict[str, Any]

    @property
    def temperatures(self) -> list[float]:
        """The readings that it carries, in degrees Fahrenheit; none if it only says that the device is alive."""
        if "genericThing" not in self.body:
            return []
        return [probe["temperatureF"] for probe in self.body["genericThing"]["data"]["temperature"]]


def heartbeats(seed: int, sensors: int, each: int) -> dict[str, list[Heartbeat]]:
    """For each sensor its heartbeats in order. The same arguments give the same heartbeats."""
    names = [f"sensor-{number:02}" for number in range(1, sensors + 1)]
    return {name: list(_of_one_sensor(seed, name, each)) for name in names}


def _of_one_sensor(seed: int, name: str, count: int) -> Iterator[Heartbeat]:
    chance = random.Random(f"{seed}/{name}")
    device = _device(chance, name)
    usual = chance.uniform(68.0, 79.0)
    for number in range(count):
        body = dict(device, eventDomain="wovyn", eventName="heartbeat")
        if chance.random() < 0.97:
            probes = 2 if chance.random() < 0.05 else 1
            body["genericThing"] = _measurement(chance, name, [chance.gauss(usual, 4.0) for _ in range(probes)])
        yield Heartbeat(name, f"{seed}-{name}-{number}", body)


def _device(chance: random.Random, name: str) -> dict[str, Any]:
    guid = f"{chance.getrandbits(48):012X}"
    return {
        "emitterGUID": guid,
        "specificThing": {
            "make": "Wovyn ESProto",
            "model": "Temp2000",
            "typeGUID": "1.3.6.1.4.1.40278.2.1",
            "thingGUID": f"{guid}.1",
            "firmwareVersion": "Wovyn-Temp2000-1.14",
            "transducer": [
                {"name": "probe temp", "transducerGUID": f"{name}.p{n}", "units": "degrees", "type": "TMP"}
                for n in (1, 2)
            ],
            "battery": {
                "maximumVoltage": 3.6,
                "minimumVoltage": 2.7,
                "currentVoltage": round(3 + chance.random() / 2, 2),
            },
        },
        "property": {
            "name": name,
            "description": "Temperature sensor",
            "location": {
                "description": f"Room {chance.randint(1, 40)}",
                "imageURL": "",
                "latitude": "40.25",
                "longitude": "-111.65",
            },
        },
    }


def _measurement(chance: random.Random, name: str, fahrenheit: list[float]) -> dict[str, Any]:
    return {
        "typeGUID": "1.3.6.1.4.1.40278.2.1.1",
        "heartbeatSeconds": 10,
        "healthPercent": round(chance.uniform(60, 100), 2),
        "data": {
            "temperature": [
                {
                    "name": "enclosure temperature",
                    "transducerGUID": f"{name}.p{number}",
                    "units": "degrees",
                    "temperatureF": round(degrees, 2),
                    "temperatureC": round((degrees - 32) / 1.8, 2),
                }
                for number, degrees in enumerate(fahrenheit, 1)
            ]
        },
    }


# --- talking to the engine ---


class Refused(Exception):
    """The engine answered that it will not: to ask again would not help."""


class Client:
    """One connection to an engine, opened anew when it broke."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self._host = urllib.parse.urlsplit(engine).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=30)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        """The decoded answer. Raises Refused for a status that says no, OSError if nothing was answered."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            self._connection.request("POST", path, json.dumps(body or {}), headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as problem:
            self._connection.close()
            raise ConnectionError(f"{self.engine} did not answer: {problem}") from problem
        if response.status in (429, 503):
            raise ConnectionError(f"{self.engine} is busy or stopping: {response.status}")
        if response.status != 200:
            raise Refused(f"{path}: {response.status} {content.decode(errors='replace')}")
        return json.loads(content)

    def post_until_answered(self, path: str, body: dict[str, Any], key: str | None) -> Any:
        """The answer of the first attempt that has one; all attempts go under the same key."""
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        for attempt in range(10_000):
            try:
                return self.post(path, body, key)
            except ConnectionError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
        raise ConnectionError(f"{path}: too many attempts")

    def root_ui(self) -> str:
        """The UI channel of the root pico: where every client begins."""
        self._connection.request("GET", "/api/ui-context")
        eci: str = json.loads(self._connection.getresponse().read())["eci"]
        return eci

    def query(self, eci: str, rid: str, name: str, /, **args: Any) -> Any:
        """The value of a shared function. It changes nothing, so it can be asked again without a key."""
        return self.post_until_answered(f"/c/{eci}/query/{rid}/{name}", args, None)

    def event(self, eci: str, domain: str, type: str, /, **attrs: Any) -> list[dict[str, Any]]:
        """Send an event, wait for its end; the directives."""
        reply = self.post_until_answered(f"/c/{eci}/event-wait/{domain}/{type}", attrs, f"play-{uuid.uuid4()}")
        directives: list[dict[str, Any]] = reply["directives"]
        return directives


# --- the picos ---


@dataclass(frozen=True)
class Network:
    """The manager's channel for clients, and of each sensor the device's channel and the family's name for it."""

    manager: str
    sensors: dict[str, dict[str, str]]


def set_up(client: Client, names: list[str], threshold: float = THRESHOLD) -> Network:
    """Make what is missing: the manager pico, its ruleset and channel, a child for each name."""
    ui = _manager_ui(client)
    with _served(HERE) as url:
        client.event(ui, "engine_ui", "install", url=f"{url}/sensor.manager.krl")
        manager = _manager_channel(client, ui)
        for name in names:
            client.event(manager, "sensors", "new_sensor", name=name, threshold=threshold)
        sensors = _when_all_are_ready(client, manager, names)
    return Network(manager, sensors)


def _manager_ui(client: Client) -> str:
    root = client.root_ui()
    before: list[str] = client.query(root, UI, "box")["children"]
    for eci in before:
        if client.query(eci, UI, "name") == MANAGER:
            return eci
    client.event(root, "engine_ui", "new", name=MANAGER, backgroundColor="#cc9944")
    after: list[str] = client.query(root, UI, "box")["children"]
    return next(eci for eci in after if eci not in before)


def _manager_channel(client: Client, ui: str) -> str:
    def known() -> str | None:
        channels = client.query(ui, UI, "pico")["channels"]
        return next((channel["id"] for channel in channels if channel["tags"] == ["sensors"]), None)

    if known() is None:
        client.event(
            ui, "engine_ui", "new_channel", tags=["sensors"], eventPolicy=MANAGER_EVENTS, queryPolicy=MANAGER_QUERIES
        )
    eci = known()
    if eci is None:
        raise Refused("the manager has no channel for clients")
    return eci


def _when_all_are_ready(client: Client, manager: str, names: list[str]) -> dict[str, dict[str, str]]:
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < give_up_at:
        sensors: dict[str, dict[str, str]] = client.query(manager, "sensor.manager", "sensors")
        if sensors.keys() >= set(names):
            return {name: sensors[name] for name in names}
        time.sleep(PAUSES[0])
    raise Refused("not every sensor introduced itself to the manager")


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve the folder's files over HTTP, since rulesets are installed by URL."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


# --- playing ---


def play(
    engine: str,
    network: Network,
    beats: dict[str, list[Heartbeat]],
    on_answer: Callable[[Heartbeat], None] = lambda beat: None,
) -> Counter[str]:
    """Post all heartbeats, the sensors side by side; how many directives of each name came back.

    `on_answer` is told of each answered heartbeat, in the thread of its sensor.
    """
    with ThreadPoolExecutor(len(beats)) as sensors:
        answers = sensors.map(
            lambda name: _play_sensor(engine, network.sensors[name]["eci"], beats[name], on_answer), beats
        )
        return sum(answers, Counter())


def _play_sensor(engine: str, eci: str, beats: list[Heartbeat], on_answer: Callable[[Heartbeat], None]) -> Counter[str]:
    directives: Counter[str] = Counter()
    with Client(engine) as client:
        for beat in beats:
            reply = client.post_until_answered(f"/c/{eci}/event-wait/wovyn/heartbeat", beat.body, beat.key)
            directives.update(directive["name"] for directive in reply["directives"])
            on_answer(beat)
    return directives


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Play a network of temperature sensors against a running engine.")
    parser.add_argument("--engine", default="http://localhost:3000", help="where the engine answers")
    parser.add_argument("--sensors", type=int, default=10)
    parser.add_argument("--heartbeats", type=int, default=100, help="of each sensor")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    beats = heartbeats(options.seed, options.sensors, options.heartbeats)
    sent = sum(map(len, beats.values()))
    with Client(options.engine) as client:
        network = set_up(client, list(beats))
        started = time.monotonic()
        directives = play(options.engine, network, beats)
        print(f"{sent} heartbeats in {time.monotonic() - started:.1f} s")
        for name, count in sorted(directives.items()):
            print(f"  {name}: {count}")
        print("violations by sensor:", json.dumps(client.query(network.manager, "sensor.manager", "violations")))


if __name__ == "__main__":
    main()
