"""Any bytes at all: an event or a refusal, never a crash and never a hang."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DeliveryTooLarge, Undecodable, dumps
from tests.transports.smtp.mails import KINDS, case
from tests.transports.smtp.post import SmtpSettings, post
from tests.transports.smtp.test_smtp_mails import attrs

OWN = SmtpSettings(authserv_id="mx", max_parts=30)
PIECES = st.sampled_from(
    [
        *(
            b"Content-Type: ",
            b"multipart/mixed; boundary=b",
            b"multipart/alternative; boundary=",
            b"text/html; charset=",
        ),
        *(
            b"--b\r\n",
            b"--b--\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b"\t",
            b" ",
            b";",
            b"=",
            b'"',
            b"(",
            b"<",
            b">",
            b",",
        ),
        *(b"message/rfc822", b"message/delivery-status", b"message/partial", b"application/x-www-form-urlencoded"),
        *(
            b"From: ",
            b"To: ",
            b"Subject: ",
            b"Date: ",
            b"Bcc: ",
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"x-uuencode",
        ),
        *(
            b"begin 644 a\n",
            b"quoted-printable",
            b"=?utf-8?q?=C3?=",
            b"=?x?b?!!?=",
            b"=?idna?q?a?=",
            b"filename*0*=utf-8''%",
        ),
        *(
            b"name*=",
            b"Content-Disposition: attachment; ",
            b"Authentication-Results: mx; dmarc=",
            b"a&b=c&%ff",
            b"\xff\x00",
        ),
        *(b"References: <a", b"Content-ID: <", b"Fri, 1 Mar 2024 12:00:00 +9999", b"99999999999999", b"utf-16", b"hz"),
    ]
)
ANY_MAIL = st.lists(PIECES | st.binary(max_size=20), max_size=40).map(b"".join)


def is_event_or_refusal(content: bytes) -> None:
    try:
        seen = attrs(content, OWN, profile="classic")
    except (Undecodable, DeliveryTooLarge):
        return
    assert json.loads(dumps(seen))["envelope"]["rcpt_to"] == "x+eci@h"


@given(ANY_MAIL)
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_an_event_or_a_refusal(content: bytes) -> None:
    is_event_or_refusal(content)


@given(st.integers(0, len(KINDS) - 1), st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_mail_is_an_event_or_a_refusal(seed: int, data: st.DataObject) -> None:
    content = bytearray(case(seed).content[:3000])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 10))] = data.draw(st.binary(max_size=10) | PIECES)

    is_event_or_refusal(bytes(content))


LINES = st.sampled_from(
    [
        *(
            b"EHLO x",
            b"HELO x",
            b"MAIL FROM:<a@b>",
            b"MAIL FROM:<> SIZE=1",
            b"RCPT TO:<x+y@h>",
            b"RCPT TO:<postmaster>",
        ),
        *(
            b"DATA",
            b".",
            b"RSET",
            b"NOOP",
            b"HELP",
            b"VRFY \xff",
            b"AUTH PLAIN",
            b"STARTTLS",
            b'RCPT TO:<"',
            b"MAIL FROM:<\xc3",
        ),
        *(
            b"Subject: x",
            b"",
            b"MAIL FROM:<a@b> SIZE=x BODY=",
            b"LHLO x",
            b"\x00\x01",
            b"EXPN",
            b"MAIL FROM:(",
            b"RCPT TO:<@:>",
        ),
    ]
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of an engine that takes mail, in a thread."""
    begun: Future[Any] = Future()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(asyncio.run, _serve(begun))
        wait((begun, running), 30, FIRST_COMPLETED)
        if running.done():
            running.result()
        loop, stop, port = begun.result()
        yield port
        loop.call_soon_threadsafe(stop.set)
        running.result(30)


async def _serve(begun: Future[Any]) -> None:
    async with post() as there:
        stop = asyncio.Event()
        begun.set_result((asyncio.get_running_loop(), stop, there.transport.ports["listen"]))
        await stop.wait()


@given(st.lists(LINES | st.binary(max_size=30), max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_dialogue_is_answered(port: int, lines: list[bytes]) -> None:
    answers = said(port, b"\r\n".join([*lines, b".", b"QUIT", b""]))

    assert answers[0].startswith(b"220 ")
    assert all(re.match(rb"[2345]\d\d[ -]", line) for line in answers)
    assert not any(b"not now" in line for line in answers), "a fault of ours"


def said(port: int, content: bytes) -> list[bytes]:
    """The lines of the answers to all that is sent at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(content)
        found = b""
        with suppress(ConnectionResetError):  # what was sent behind QUIT is not read
            while more := connection.recv(65536):
                found += more
    return [line for line in found.split(b"\r\n") if line]
