"""Mails of all kinds, and what rules see of them (docs/smtp.md, "Attributes")."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from engine import Delivery, Event
from tests.transports.smtp.mails import KINDS, Case, case
from tests.transports.smtp.post import SmtpSettings, mail, post
from transports.smtp.decode import decoder
from transports.smtp.profile import Addresses

SAID = {"mail-from": "ann@example.com", "rcpt-to": "x+eci@h", "helo": "client"}


def event(content: bytes, settings: SmtpSettings | None = None, **said: str) -> Event:
    """The event of a mail, straight from the decoder."""
    chosen = settings or SmtpSettings()
    headers = {**SAID, **{name.replace("_", "-"): value for name, value in said.items()}}
    delivery = Delivery("smtp", "eci", ("event", "email", "received"), content, headers=headers, peer="192.0.2.1")
    request = decoder(chosen, Addresses(chosen))(delivery, "eid", 0)
    assert isinstance(request, Event)
    return request


def attrs(content: bytes, settings: SmtpSettings | None = None, **said: str) -> dict[str, Any]:
    return event(content, settings, **said).attrs


def check(seen: dict[str, Any], expected: Case) -> None:
    assert {name: seen[name] for name in expected.expected} == expected.expected
    assert len(seen["attachments"]) == len(expected.attachments)
    for found, facts in zip(seen["attachments"], expected.attachments, strict=True):
        starts = facts.pop("starts", None)
        assert {name: found[name] for name in facts} == facts
        assert starts is None or base64.b64decode(found["content"]).replace(b"\r\n", b"\n").startswith(starts)


@pytest.mark.parametrize("seed", range(210))
def test_a_real_mail_is_what_it_was_made_of(seed: int) -> None:
    expected = case(seed)

    seen = attrs(expected.content)

    check(seen, expected)
    assert seen["headers"]["X-Twice"] == ["one", "two"]
    assert seen["headers_list"][0][0] == "Received"
    if expected.kind != "unended":
        assert seen["defects"] == []


async def test_a_mail_of_every_kind_arrives_by_the_wire() -> None:
    async with post(SmtpSettings(listen="127.0.0.1:0", max_message_bytes=1_000_000)) as there:
        for seed in range(len(KINDS)):
            expected = case(seed)
            code, text = await there.send(expected.content)
            assert code == 250, text
            check(await there.last(), expected)


# --- headers ----------------------------------------------------------------------------------------------------------


def test_an_address_in_a_decoded_name_is_no_address() -> None:
    """The comma and the brackets were encoded: they are a part of the name."""
    name = base64.b64encode(b"a <evil@x>, b").decode()

    seen = attrs(f"From: =?utf-8?b?{name}?= <real@example.com>\r\n\r\n".encode())

    assert seen["from"] == {"name": "a <evil@x>, b", "address": "real@example.com"}


def test_a_character_that_was_cut_in_two_words_is_whole() -> None:
    seen = attrs(b"Subject: =?utf-8?b?w6Q=?= =?utf-8?q?=C3?= =?utf-8?q?=A4?=\r\n\r\n")

    assert seen["subject"] == "ää"


def test_raw_bytes_in_a_header_are_utf_8_or_latin_1() -> None:
    assert attrs("Subject: Grüße\r\n\r\n".encode())["subject"] == "Grüße"
    assert attrs("Subject: Grüße\r\n\r\n".encode("latin-1"))["subject"] == "Grüße"


def test_headers_keep_their_order_and_first_spelling() -> None:
    seen = attrs(b"X-A: 1\r\nSubject: s\r\nx-a: 2\r\n\r\n")

    assert seen["headers"] == {"X-A": ["1", "2"], "Subject": "s"}
    assert seen["headers_list"] == [["X-A", "1"], ["Subject", "s"], ["x-a", "2"]]


def test_a_thread_is_told() -> None:
    seen = attrs(b"In-Reply-To: <1@x>\r\nReferences: <0@x>\r\n\t<1@x>\r\nReply-To: b@x\r\n\r\n")

    assert (seen["in_reply_to"], seen["references"]) == ("<1@x>", "<0@x>\t<1@x>")
    assert seen["reply_to"] == [{"name": "", "address": "b@x"}]


@pytest.mark.parametrize("date", ["yesterday", "Fri, 99 Mar 2024 12:00:00 +0000", "=?x?", "1 Jan 99999 00:00:00 +0000"])
def test_a_date_that_is_none_is_null_and_told(date: str) -> None:
    seen = attrs(f"Date: {date}\r\n\r\n".encode())

    assert seen["date"] is None
    assert any("date" in each for each in seen["defects"])


def test_a_mail_that_says_nothing_has_all_attributes() -> None:
    seen = attrs(b"X: y\r\n\r\n")

    assert seen["from"] is None
    assert (seen["to"], seen["cc"], seen["attachments"], seen["subject"]) == ([], [], [], None)
    assert seen["envelope"] == {
        "mail_from": "ann@example.com",
        "rcpt_to": "x+eci@h",
        "helo": "client",
        "peer": "192.0.2.1",
        "tls": False,
        "smtp_utf8": False,
        "auth_user": None,
    }


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_bytes_that_are_no_text_are_replaced_and_told() -> None:
    content = base64.b64encode(b"caf\xe9").decode()
    lines = f"Subject: s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{content}\n"

    seen = attrs(lines.encode())

    assert seen["text"] == "caf\ufffd"
    assert seen["defects"] == ["bytes that are no utf-8"]


def test_an_unknown_charset_is_taken_for_utf_8_and_told() -> None:
    seen = attrs("Content-Type: text/plain; charset=x-none\r\n\r\nä".encode())

    assert (seen["text"], seen["defects"]) == ("ä", ["unknown charset 'x-none'"])


@pytest.mark.parametrize("charset", ["rot13", "zlib", "idna", "unicode_escape", "punycode"])
def test_codecs_that_are_no_charsets_are_unknown(charset: str) -> None:
    seen = attrs(f"Content-Type: text/plain; charset={charset}\r\n\r\n\\ud800".encode())

    assert seen["text"] == "\\ud800"


def test_a_mail_that_says_it_has_parts_and_has_none_keeps_its_text() -> None:
    assert attrs(b"Content-Type: multipart/mixed\r\n\r\nhello")["text"] == "hello"


def test_base64_with_dirt_in_it_is_read_as_far_as_it_goes() -> None:
    seen = attrs(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs!bG8=")

    assert seen["text"] == "hello"
    assert seen["defects"]


def test_a_files_name_has_no_folders() -> None:
    lines = b'Content-Disposition: attachment; filename="C:\\\\temp\\\\..\\\\a.txt"\r\n\r\nx'

    assert attrs(lines)["attachments"][0]["name"] == "a.txt"


# --- profiles, trust, loops -------------------------------------------------------------------------------------------


def test_the_classic_profile_has_the_oldest_attributes_too() -> None:
    content = b"Message-ID: <1@x>\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nitem=tea&subject=forged"

    seen = attrs(content, profile="classic", tag="label")

    assert (seen["unique_id"], seen["label"], seen["item"]) == ("<1@x>", "label", "tea")
    assert seen["subject"] is None
    assert seen["msg"].startswith("Message-ID: <1@x>")


def test_other_profiles_do_not_spread_forms() -> None:
    content = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nitem=tea"

    assert "item" not in attrs(content)


def test_only_our_own_server_is_believed() -> None:
    content = (
        b"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=a;\r\n dkim=fail;"
        b" dkim=pass (x;y); dmarc=pass\r\n"
        b"Authentication-Results: mx.example.com; spf=fail\r\n"
        b"Authentication-Results: evil.org; dmarc=pass\r\nSubject: s\r\n\r\n"
    )

    ours = attrs(content, SmtpSettings(authserv_id="MX.example.com"))
    nobodys = attrs(content)

    assert ours["auth"] == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    assert "evil.org" not in str(ours)
    assert nobodys["auth"] == {"spf": None, "dkim": None, "dmarc": None}
    assert "Authentication-Results" not in nobodys["headers"]


@pytest.mark.parametrize(
    ("header", "auto"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: no", False),
        ("Precedence: bulk", True),
        ("List-Id: <a.b>", True),
        ("X-None: 1", False),
    ],
)
def test_what_a_program_wrote_is_automatic(header: str, auto: bool) -> None:
    assert attrs(f"{header}\r\n\r\n".encode())["auto"] is auto


def test_what_comes_from_nobody_is_automatic() -> None:
    assert attrs(b"Subject: s\r\n\r\n", mail_from="")["auto"] is True


def test_a_blind_copy_is_seen_nowhere() -> None:
    content = b"Bcc: secret@x,\r\n other@x\r\nSubject: s\r\n\r\nBcc: in the text\r\n"

    seen = attrs(content, profile="classic")

    assert "secret" not in str(seen)
    assert seen["msg"] == "Subject: s\r\n\r\nBcc: in the text\r\n"


# --- large attachments ------------------------------------------------------------------------------------------------


def test_a_large_attachment_is_beside_its_event() -> None:
    content = base64.encodebytes(b"x" * 70_000)
    lines = b"Content-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content

    found = event(lines)

    [facts] = found.attrs["attachments"]
    assert "content" not in facts
    assert found.attachments == ((facts["ref"], b"x" * 70_000),)


@pytest.mark.parametrize(("count", "code"), [(199, 250), (200, 552)])
async def test_a_mail_has_at_most_200_parts(count: int, code: int) -> None:
    parts = b"".join(b"--b\r\n\r\nx\r\n" for _ in range(count))
    async with post() as there:
        answer = await there.send(mail("Content-Type: multipart/mixed; boundary=b") + parts + b"--b--\r\n")

    assert answer[0] == code


@pytest.mark.parametrize(("levels", "code"), [(19, 250), (25, 552), (1000, 552)])
async def test_parts_are_nested_20_levels_deep(levels: int, code: int) -> None:
    content = b"Content-Type: text/plain\r\n\r\nx"
    for level in range(levels):
        content = (
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
            + content
            + b"\r\n--b%d--\r\n" % level
        )
    async with post() as there:
        answer = await there.send(b"From: a@x\r\n" + content + b"\r\n")

    assert answer[0] == code


async def test_headers_have_a_limit_of_their_own() -> None:
    async with post(SmtpSettings(max_header_bytes=1000)) as there:
        assert (await there.send(mail(*["X-A: " + "y" * 60] * 5)))[0] == 250
        code, text = await there.send(mail(*["X-A: " + "y" * 60] * 50))

    assert (code, text[:5]) == (552, "5.3.4")
