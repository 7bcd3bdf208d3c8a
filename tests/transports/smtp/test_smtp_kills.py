"""A sender that behaves like a mail server, and an engine that is killed: every mail happens once.

With PICOENGINE_TORTURE=1 the engine is killed five times instead of once; `make torture` does so.
"""

from __future__ import annotations

import json
import os
import smtplib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from select import select
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.examples.engine_process import EngineProcess, free_port, pause
from tests.transports.smtp.post import LISTENER, SENDER, mail

KILLS = 5 if os.environ.get("PICOENGINE_TORTURE") == "1" else 1
MAILS_A_KILL = 20
UI = "io.picolabs.pico-engine-ui"


class Sender:
    """Keeps each mail until it was taken for all recipients, and sends it again until then, as mail servers do."""

    def __init__(self, port: int, recipients: list[str]) -> None:
        self.port = port
        self.recipients = recipients
        self.repeated = 0

    def send(self, number: int, blow: Callable[[smtplib.SMTP], None] | None = None) -> None:
        """Send it until it is taken; `blow` comes when the whole mail has been sent for the first time."""
        content = mail(id=f"{number}@example.com", subject=str(number))
        while not self._sent(content, blow):
            self.repeated += 1
            blow = None
            pause.wait(0.02)

    def _sent(self, content: bytes, blow: Callable[[smtplib.SMTP], None] | None) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, "client.example", timeout=20) as client:
                if blow is None:
                    client.sendmail(SENDER, self.recipients, content)
                    return True
                client.ehlo()
                client.mail(SENDER)
                for each in self.recipients:
                    client.rcpt(each)
                client.docmd("DATA")
                client.send(content + b".\r\n")
                blow(client)
        except (smtplib.SMTPException, OSError) as error:
            assert not isinstance(error, smtplib.SMTPResponseException) or error.smtp_code < 500
        return False


def once_answered(client: smtplib.SMTP) -> None:
    """Wait for the answer, and do not hear it: the mail is on disk, and its sender does not know."""
    select([client.sock], [], [], 20)


def ask(url: str, **members: Any) -> Any:
    request = Request(url, json.dumps(members).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def channels(engine: EngineProcess, tags: tuple[str, ...]) -> list[str]:
    """New channels of the root pico, which remembers its mail."""
    with urlopen(f"{engine.url}/api/ui-context", timeout=60) as response:
        ui = json.loads(response.read())["eci"]
    ask(f"{engine.url}/c/{ui}/event-wait/engine_ui/install", source=LISTENER)
    for tag in tags:
        ask(f"{engine.url}/c/{ui}/event-wait/engine_ui/new_channel", tags=[tag])
    known = ask(f"{engine.url}/c/{ui}/query/{UI}/pico")["channels"]
    return [next(each["id"] for each in known if each["tags"] == [tag]) for tag in tags]


@pytest.mark.slow
def test_every_mail_happens_once_though_the_engine_is_killed(tmp_path: Path) -> None:
    home, smtp, random = tmp_path / "home", free_port(), Random(7)
    home.mkdir()
    (home / "config.toml").write_text(f'[smtp]\nlisten = "127.0.0.1:{smtp}"\n')
    with EngineProcess(home) as engine:
        ecis = channels(engine, ("one", "two"))
        sender = Sender(smtp, [f"x+{eci}@h" for eci in ecis])

        def blow(client: smtplib.SMTP, kill: int) -> None:
            if kill % 2 == 0:
                once_answered(client)
            else:
                pause.wait(random.random() * 0.01)  # anywhere between the mail and its answer
            engine.kill()
            engine.start()

        for number in range(KILLS * MAILS_A_KILL):
            kill, at = divmod(number, MAILS_A_KILL)
            sender.send(number, partial(blow, kill=kill) if at == MAILS_A_KILL // 2 else None)
        seen = [
            (each["subject"], each["envelope"]["rcpt_to"]) for each in ask(f"{engine.url}/c/{ecis[0]}/query/seen/mails")
        ]

    assert sender.repeated >= KILLS
    expected = [(str(number), f"x+{eci}@h") for number in range(KILLS * MAILS_A_KILL) for eci in ecis]
    assert sorted(seen) == sorted(expected)
