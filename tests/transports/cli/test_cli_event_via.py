"""`picoengine event --via smtp`: the event as a mail, to a real engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.examples.engine_process import EngineProcess, free_port
from tests.transports.amqp.home import SEEN
from tests.transports.polling import until_now
from tests.transports.running_engine import RunningEngine
from transports.cli import command_line


@pytest.mark.slow
def test_an_event_may_go_as_a_mail(tmp_path: Path) -> None:
    home, place = tmp_path / "home", f"127.0.0.1:{free_port()}"
    home.mkdir()
    (home / "config.toml").write_text(f'[smtp]\nlisten = "{place}"\n')
    with EngineProcess(home) as process:
        engine = RunningEngine(process.url)
        engine.install(SEEN)
        eci = engine.channel("seer")
        by_mail = ["event", "--via", "smtp", "--smtp", place]

        sent = CliRunner().invoke(command_line(), [*by_mail, eci, "test:seen", "n=4"])
        refused = CliRunner().invoke(command_line(), [*by_mail, "a" * 26, "test:seen"])

        assert (sent.exit_code, sent.output[:5]) == (0, "2.0.0")
        assert refused.exit_code == 5  # 550 5.1.1: there is no such channel
        until_now(lambda: engine.query(eci, "seen", "all") == ["4"])


def test_what_no_address_can_say_is_a_usage_error() -> None:
    done = CliRunner().invoke(command_line(), ["event", "--via", "smtp", "e", "a b:c"])

    assert done.exit_code == 2


def test_no_mail_server_is_unreachable() -> None:
    place = f"127.0.0.1:{free_port()}"

    done = CliRunner().invoke(command_line(), ["event", "--via", "smtp", "--smtp", place, "e", "a:c"])

    assert done.exit_code == 3
