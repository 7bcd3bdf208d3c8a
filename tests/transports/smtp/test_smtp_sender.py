"""Mail that leaves by a smart host (docs/smtp.md, "Sending")."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from engine import Effect, Exhausted, Mark, SendFailed, SendRefused, dumps
from tests.engine.conftest import eventually
from tests.engine.want import no_thread_starts
from tests.transports.smtp import certificates
from tests.transports.smtp.post import SmtpSettings, mail, post
from transports.smtp.sender import SmartHost

MARK = Mark("0193-eid/0", "pico", 1, 0)
ENVELOPE = {"mail-from": "a@x.org", "rcpt-to": "b@x.org"}
LETTER = Effect("smtp", "mail", "smtp:b@x.org", ENVELOPE, b"Subject: s\r\n\r\n.hi\r\n")

LOGIN = {"smart_host_tls": "auto", "smart_host_user": "u"}


class OtherServer:
    """Somebody's mail server, which answers what a test wants."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.rcpt = "250 ok"
        self.data = "250 ok"
        self.tls: list[bool] = []
        self.users: list[bytes] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.tls.append(session.ssl is not None)
        if self.data.startswith("2"):
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.users.append(data.login)
        return AuthResult(success=data.password == b"secret", handled=False, auth_data=data)


@asynccontextmanager
async def other_server(**options: Any) -> AsyncIterator[tuple[OtherServer, str]]:
    """It listens while the block runs; the place."""
    handler = OtherServer()
    loop = asyncio.get_running_loop()
    make: Callable[[], SMTP] = lambda: SMTP(  # noqa: E731
        handler, loop=loop, hostname="other", authenticator=handler.authenticate, **options
    )
    server = await loop.create_server(make, "127.0.0.1", 0)
    try:
        yield handler, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def host(place: str, **settings: Any) -> SmartHost:
    chosen = SmtpSettings(smart_host=place, **{"smart_host_tls": "never", "send_seconds": 10.0, **settings})
    return SmartHost(chosen, "client.example", "home@pico.example")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return certificates.make(tmp_path)


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


async def test_a_mail_is_handed_over() -> None:
    async with other_server() as (other, place):
        await host(place).send(LETTER, MARK)

    assert other.mails == [("a@x.org", ["b@x.org"], b"Subject: s\r\n\r\n.hi\r\n")]


async def test_a_reply_has_no_sender() -> None:
    async with other_server() as (other, place):
        await host(place).send(replace(LETTER, headers={**LETTER.headers, "mail-from": ""}), MARK)

    assert other.mails[0][0] == "<>"


@pytest.mark.parametrize("stage", ["rcpt", "data"])
async def test_a_passing_refusal_is_worth_another_try(stage: str) -> None:
    async with other_server() as (other, place):
        setattr(other, stage, "451 4.3.0 later")

        with pytest.raises(SendFailed, match="451"):
            await host(place).send(LETTER, MARK)


@pytest.mark.parametrize("stage", ["rcpt", "data"])
async def test_a_final_refusal_is_final(stage: str) -> None:
    async with other_server() as (other, place):
        setattr(other, stage, "550 5.1.1 nobody")

        with pytest.raises(SendRefused, match="550"):
            await host(place).send(LETTER, MARK)


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with other_server() as (_, place):
        pass

    with pytest.raises(SendFailed, match="cannot be reached"):
        await host(place).send(LETTER, MARK)


@pytest.mark.fault(53)
async def test_a_mail_that_there_is_no_thread_for_leaves_once_when_there_is_one() -> None:
    async with other_server() as (other, place):
        smart_host = host(place)
        with no_thread_starts(), pytest.raises(Exhausted):
            await smart_host.send(LETTER, MARK)

        await smart_host.send(LETTER, MARK)
        await smart_host.send(LETTER, Mark("0193-eid/1", "pico", 1, 1))

    assert len(other.mails) == 2


async def test_a_password_is_said_inside_tls(tls: Any, trusted: None) -> None:
    async with other_server(tls_context=tls) as (other, place):
        await host(place, **LOGIN, smart_host_password="secret").send(LETTER, MARK)

    assert (other.users, other.tls) == ([b"u"], [True])


async def test_a_wrong_password_says_nothing_of_the_mail(tls: Any, trusted: None) -> None:
    async with other_server(tls_context=tls) as (_, place):
        with pytest.raises(SendFailed, match="does not let us in"):
            await host(place, **LOGIN, smart_host_password="wrong").send(LETTER, MARK)


@pytest.mark.parametrize("encrypted", [True, False])
async def test_a_password_goes_to_nobody_unproven(tls: Any, encrypted: bool) -> None:
    options = {"tls_context": tls} if encrypted else {"auth_require_tls": False}
    async with other_server(**options) as (other, place):
        with pytest.raises(SendFailed):
            await host(place, **LOGIN, smart_host_password="secret").send(LETTER, MARK)

    assert other.users == []


async def test_tls_is_used_where_it_is_offered(tls: Any) -> None:
    async with other_server(tls_context=tls) as (other, place):
        await host(place, smart_host_tls="auto").send(LETTER, MARK)

    assert other.tls == [True]


async def test_tls_that_is_insisted_on_must_be_there_and_true(tls: Any) -> None:
    async with other_server() as (_, place):
        with pytest.raises(SendFailed):
            await host(place, smart_host_tls="always").send(LETTER, MARK)
    async with other_server(tls_context=tls) as (other, place):
        with pytest.raises(SendFailed, match="certificate"):  # nobody we trust has signed it
            await host(place, smart_host_tls="always").send(LETTER, MARK)
    assert other.mails == []


async def test_what_is_no_mail_is_refused() -> None:
    with pytest.raises(SendRefused):
        await host("127.0.0.1:1").send(replace(LETTER, method="directives"), MARK)


async def test_an_event_that_no_address_can_say_is_refused() -> None:
    effect = Effect("smtp", "event", "smtp:h", {}, b"{}", words=("eci", "a b", "c"))

    with pytest.raises(SendRefused, match="cannot stand"):
        await host("127.0.0.1:1").send(effect, MARK)


@pytest.mark.parametrize(
    "target", ["smtp:", "smtp:a b", "smtp:h>x", "smtp:h\r\nRCPT TO:<b@c>", "smtp:[::1", "smtp:h:25"]
)
async def test_an_event_to_what_is_no_host_is_refused(target: str) -> None:
    with pytest.raises(SendRefused, match="no host"):
        await host("127.0.0.1:1").send(Effect("smtp", "event", target, {}, b"{}", words=("eci", "d", "t")), MARK)


async def test_an_event_travels_as_a_mail_to_another_engine() -> None:
    async with post() as there:
        eci, port = there.pico.eci, there.transport.ports["listen"]
        effect = Effect(
            "smtp", "event", "smtp://pico.example", {}, dumps({"a": "ä & b", "n": 2}), words=(eci, "mail", "sent")
        )
        await host(f"127.0.0.1:{port}").send(effect, MARK)
        await host(f"127.0.0.1:{port}").send(effect, MARK)  # after a crash, nobody knows

        [seen] = await there.mails()
        assert (seen["a"], seen["n"], seen["_type"]) == ("ä & b", "2", "sent")


async def test_what_a_rule_writes_comes_back_to_no_channel_that_it_came_from() -> None:
    """By way of a smart host that brings everything to us."""
    async with post() as other:
        settings = SmtpSettings("127.0.0.1:0", smart_host=f"127.0.0.1:{other.transport.ports['listen']}")
        async with post(replace(settings, smart_host_tls="never")) as there:
            await there.pico.install(
                'ruleset echo { rule echo { select when email received email:reply("again: " + event:attrs{"text"}) } }'
            )
            # The mail's sender is the other engine's pico, which only notes what it gets.
            sender = f"x+{other.pico.eci}@h"
            content = mail(f"Reply-To: {sender}", id="1@x")
            assert (await there.send(content, sender=sender))[0] == 250

            async def seen() -> int:
                return len(await other.mails())

            assert await eventually(seen, 1) == 1
            reply = await other.last()
            assert (reply["subject"], reply["auto"], reply["in_reply_to"]) == ("Re: hi", True, "<1@x>")
            # Sent on to where it came from, it is refused.
            code, text = await there.send(mail(f"X-Pico-Loop: {reply['headers']['X-Pico-Loop']}"))
            assert (code, text[:5]) == (554, "5.4.6")
