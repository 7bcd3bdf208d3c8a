"""TLS and logging in (docs/smtp.md, "TLS and passwords")."""

from __future__ import annotations

import smtplib
import ssl
from pathlib import Path

import pytest

from tests.transports.smtp import certificates
from tests.transports.smtp.post import SENDER, Post, SmtpSettings, mail, post
from transports.smtp.session import FAILED_LOGINS_A_MINUTE
from transports.smtp.transport import SmtpTransport
from transports.transport import ConfigurationError

ANYWHERE = "127.0.0.1:0"
USERS = {"printer": "correct horse"}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return certificates.make(tmp_path)


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def hand_in(there: Post, client: smtplib.SMTP) -> tuple[int, bytes]:
    client.mail(SENDER)
    code, text = client.rcpt(there.address)
    return client.data(mail()) if code == 250 else (code, text)


async def test_a_mail_can_come_by_tls(certificate: Path) -> None:
    async with post(SmtpSettings(listen=ANYWHERE, tls_cert=str(certificate))) as there:

        def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.starttls(context=trusting(certificate))
            client.ehlo()
            return hand_in(there, client)

        assert (await there.dialogue(talk))[0] == 250
        assert (await there.last())["envelope"]["tls"] is True


async def test_tls_can_be_insisted_on(certificate: Path) -> None:
    async with post(SmtpSettings(listen=ANYWHERE, tls_cert=str(certificate), require_tls=True)) as there:
        code, _ = await there.dialogue(lambda client: client.mail(SENDER))

        assert code == 530


async def test_commands_that_were_slipped_in_before_tls_are_not_carried_out(certificate: Path) -> None:
    async with post(SmtpSettings(listen=ANYWHERE, tls_cert=str(certificate))) as there:

        def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
            assert client.sock is not None
            client.sock.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x>\r\n")
            assert client.getreply()[0] == 220
            client.sock = trusting(certificate).wrap_socket(client.sock, server_hostname="localhost")
            client.file = None
            client.ehlo()
            return client.rcpt(there.address)

        try:
            code, _ = await there.dialogue(talk)
        except (ssl.SSLError, smtplib.SMTPServerDisconnected, ConnectionError):
            return  # the plain bytes have broken the handshake, which is as good
        assert code == 503


async def submitted(there: Post, certificate: Path, user: str, password: str, mechanism: str) -> tuple[int, bytes]:
    def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
        client.starttls(context=trusting(certificate))
        client.ehlo()
        client.user, client.password = user, password
        authobject = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[mechanism]
        client.auth(mechanism, authobject)
        return hand_in(there, client)

    return await there.dialogue(talk, "submission")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_who_has_logged_in_is_told(certificate: Path, mechanism: str) -> None:
    settings = SmtpSettings(submission=ANYWHERE, tls_cert=str(certificate), users=USERS)
    async with post(settings) as there:
        assert (await submitted(there, certificate, "printer", "correct horse", mechanism))[0] == 250

        assert (await there.last())["envelope"]["auth_user"] == "printer"


@pytest.mark.parametrize(("user", "password"), [("printer", "wrong"), ("nobody", ""), ("", "")])
async def test_a_wrong_password_opens_nothing(certificate: Path, user: str, password: str) -> None:
    settings = SmtpSettings(submission=ANYWHERE, tls_cert=str(certificate), users=USERS)
    async with post(settings) as there:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            await submitted(there, certificate, user, password, "PLAIN")


async def test_passwords_cannot_be_tried_one_after_the_other(certificate: Path) -> None:
    settings = SmtpSettings(submission=ANYWHERE, tls_cert=str(certificate), users=USERS)
    async with post(settings) as there:
        codes = []
        for password in [*map(str, range(FAILED_LOGINS_A_MINUTE)), USERS["printer"]]:
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                await submitted(there, certificate, "printer", password, "PLAIN")
            codes.append(refused.value.smtp_code)

        assert codes == [535] * FAILED_LOGINS_A_MINUTE + [454]


async def test_no_password_is_taken_in_the_clear(certificate: Path) -> None:
    settings = SmtpSettings(submission=ANYWHERE, tls_cert=str(certificate), users=USERS)
    async with post(settings) as there:
        answers = await there.raw(
            b"EHLO x\r\n", b"AUTH PLAIN AHByaW50ZXIAY29ycmVjdCBob3JzZQ==\r\n", listener="submission"
        )

        assert answers[-1][:3] in ("530", "538")


async def test_nothing_is_handed_in_without_logging_in(certificate: Path) -> None:
    settings = SmtpSettings(submission=ANYWHERE, tls_cert=str(certificate), users=USERS)
    async with post(settings) as there:

        def talk(client: smtplib.SMTP) -> int:
            client.starttls(context=trusting(certificate))
            client.ehlo()
            return client.mail(SENDER)[0]

        assert await there.dialogue(talk, "submission") == 530


async def test_mail_servers_are_not_asked_to_log_in(certificate: Path) -> None:
    async with post(SmtpSettings(listen=ANYWHERE, tls_cert=str(certificate), users=USERS)) as there:

        def talk(client: smtplib.SMTP) -> bool:
            client.starttls(context=trusting(certificate))
            client.ehlo()
            return client.has_extn("auth")

        assert await there.dialogue(talk) is False


async def test_a_profile_can_be_for_certain_users(certificate: Path) -> None:
    settings = SmtpSettings(
        ANYWHERE, submission=ANYWHERE, tls_cert=str(certificate), users=USERS, profiles={"x": "users=printer"}
    )
    async with post(settings) as there:
        assert (await there.rcpt(there.address))[1][:5] == "5.7.1"
        assert (await submitted(there, certificate, "printer", "correct horse", "PLAIN"))[0] == 250


@pytest.mark.parametrize(
    "settings",
    [
        SmtpSettings(submission=ANYWHERE),
        SmtpSettings(listen=ANYWHERE, require_tls=True),
        SmtpSettings(listen=ANYWHERE, tls_cert="/no/such/file"),
        SmtpSettings(listen="127.0.0.1:port"),
        SmtpSettings(listen=ANYWHERE, profiles={"x": "dmarc=maybe"}),
        SmtpSettings(listen=ANYWHERE, profiles={"x": "classic speed=high"}),
        SmtpSettings(listen=ANYWHERE, aliases={"x": ""}),
        SmtpSettings(smart_host="h", smart_host_tls="perhaps"),
    ],
)
def test_settings_that_will_never_do_are_refused_at_the_start(settings: SmtpSettings) -> None:
    with pytest.raises(ConfigurationError, match="smtp"):
        SmtpTransport(settings)
