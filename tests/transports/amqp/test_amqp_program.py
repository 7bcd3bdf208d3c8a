"""AMQP as users meet it: settings, flags, the state of the link, and events from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from tests.examples.engine_process import EngineProcess
from tests.transports.amqp.home import SEEN, Client, Home, input_queue
from tests.transports.polling import until, until_now
from tests.transports.running_engine import RunningEngine
from transports.amqp import AmqpSettings
from transports.amqp.link import with_heartbeat
from transports.amqp.transport import check
from transports.cli import command_line
from transports.configuration import Configuration, ConfigurationError, read_configuration
from transports.installed import transports_of

URL = "amqp://ann:hidden@broker.example/v"


def read(home: Path, file: str = "", environment: dict[str, str] | None = None, **flags: Any) -> Configuration:
    (home / "config.toml").write_text(file)
    return read_configuration({"home": str(home), **flags}, environment or {})


def test_without_a_broker_there_is_no_amqp(tmp_path: Path) -> None:
    assert transports_of(read(tmp_path)) == ()


def test_a_broker_may_be_named_in_the_file_the_environment_or_a_flag(tmp_path: Path) -> None:
    assert read(tmp_path, f'[amqp]\nurl = "{URL}"\nprefetch = 5').amqp == AmqpSettings(url=URL, prefetch=5)
    assert read(tmp_path, environment={"PICO_ENGINE_AMQP_URL": URL}).amqp.url == URL
    assert read(tmp_path, '[amqp]\nurl = "amqp://x/"', amqp=URL).amqp.url == URL
    [transport] = transports_of(read(tmp_path, amqp=URL))
    assert (transport.name, transport.state, transport.up) == ("amqp", "reconnecting", False)


def test_the_password_is_not_shown(tmp_path: Path) -> None:
    [url] = [each for each in read(tmp_path, amqp=URL).settings if each.key == "amqp.url"]

    assert url.shown_value == "amqp://ann:***@broker.example/v"


def test_a_secret_with_an_at_sign_is_not_shown(tmp_path: Path) -> None:
    [token] = [each for each in read(tmp_path, '[http]\ntoken = "a@b"').settings if each.name == "token"]

    assert token.shown_value == "***"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://user:hidden@x/"},
        {"url": "amqp:"},
        {"url": "amqp://broker.example/"},
        {"url": "amqp://guest:hidden@broker.example/"},
        {"url": "amqp://broker.example/?auth=external"},
        {"url": "amqps://u:hidden@x/", "ca_file": "/no/such/file"},
        {"url": URL, "name": "a b"},
        {"url": URL, "prefetch": 0},
        {"url": URL, "high_water": 5, "low_water": 5},
    ],
)
def test_what_will_never_do_stops_the_start_and_tells_no_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check(AmqpSettings(**wrong))

    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("url", ["amqp://localhost/", "amqp://guest:guest@127.0.0.1/", "amqp://u:p@far.example/v"])
def test_a_guest_is_welcome_at_home_only(url: str) -> None:
    check(AmqpSettings(url=url))


def test_a_heartbeat_of_the_url_is_kept() -> None:
    assert with_heartbeat(AmqpSettings(url="amqp://x/?heartbeat=7")) == "amqp://x/?heartbeat=7"
    assert with_heartbeat(AmqpSettings(url="amqp://x/?a=b")) == "amqp://x/?a=b&heartbeat=30"


@pytest.mark.slow
def test_the_program_speaks_amqp(broker: Any, vhost: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    url = broker.url(vhost)
    (home / "config.toml").write_text(f"[amqp]\nurl = {json.dumps(url)}\n")
    with EngineProcess(home) as process:
        engine = RunningEngine(process.url)
        until_now(lambda: "amqp: connected" in text(process.url + "/readyz"))
        engine.install(SEEN)
        eci = engine.channel("seer")
        run = CliRunner().invoke

        sent = run(command_line(), ["event", eci, "test:seen", "n:=4", "--via", "amqp", "--amqp", url])
        by_amqp = ["event", eci, "test:seen", "--via", "amqp"]
        unwaited = run(command_line(), [*by_amqp, "n:=5", "--no-wait"], env={"PICO_ENGINE_AMQP_URL": url})
        refused = run(command_line(), ["event", "nosuch", "test:seen", "--via", "amqp", "--amqp", url])
        nobody = run(command_line(), [*by_amqp, "--amqp", "amqp://a:hidden@127.0.0.1:1/"])

        assert (sent.exit_code, sent.output) == (0, 'noted {"n": 4}\n')
        assert unwaited.exit_code == 0
        assert (refused.exit_code, "ECI not found nosuch" in refused.output) == (5, True)
        assert (nobody.exit_code, "hidden" in nobody.output) == (3, False)
        until_now(lambda: engine.query(eci, "seen", "all") == [4, 5])
        up = 'picoengine_transport_up{state="connected",transport="amqp"} 1.0'
        assert up in text(process.url + "/metrics")
        assert process.stop() == 0


def text(url: str) -> str:
    with urlopen(url, timeout=30) as response:
        found: str = response.read().decode()
    return found


async def test_an_engine_that_stops_acknowledges_what_it_has(broker: Any, vhost: str) -> None:
    async with Client(broker.url(vhost)) as client:
        async with Home.opened({}, {"url": broker.url(vhost)}) as home:
            await home.connected()
            eci = await home.seer()
            for n in range(30):
                await client.send(f"event.{eci}.test.seen", {"n": n})

            async def all_there() -> bool:
                return len(await home.seen(eci)) == 30

            await until(all_there)

        assert await client.depth(input_queue()) == 0
